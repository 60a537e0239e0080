"""The three rings stay apart, and the repository holds nothing of the machine it was written on."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "astroloc_qgis"
HEAVY = {"torch", "faiss", "cv2", "kornia"}
QGIS = {"qgis", "PyQt5", "PyQt6", "PySide2", "PySide6"}
RING_3 = ("gui", "qgis_adapters", "processing_provider")


def imports(source: str) -> set[str]:
    """Top-level names of all modules that a source imports, anywhere in it; relative imports count as ours."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("import_module", "__import__"):
                found.add(str(node.args[0].value).split(".")[0])
    return found


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((PACKAGE / folder).rglob("*.py"))


def offenders(paths: Iterator[Path] | list[Path], forbidden: set[str]) -> dict[str, set[str]]:
    found = {str(path.relative_to(ROOT)): imports(path.read_text(encoding="utf-8")) & forbidden for path in paths}
    return {path: names for path, names in found.items() if names}


def test_the_finder_of_imports_sees_late_and_dynamic_ones():
    source = "def f():\n    import torch.nn\n    from cv2 import x\n    importlib.import_module('faiss.contrib')\n"
    assert imports(source) == {"torch", "cv2", "faiss"}


def test_the_engine_knows_no_qgis():
    assert len(list(sources("engine"))) > 5
    assert offenders(sources("engine"), QGIS) == {}


def test_the_worker_knows_no_qgis():
    assert offenders(sources("worker"), QGIS) == {}


def test_what_runs_inside_qgis_imports_no_heavy_library():
    assert list(sources("gui"))
    assert offenders([PACKAGE / "__init__.py", *sources(*RING_3)], HEAVY) == {}


def test_the_engine_does_not_import_what_stands_above_it():
    above = {f"astroloc_qgis.{ring}" for ring in (*RING_3, "worker")}
    for path in sources("engine"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            wrong = [name for name in modules if any(f"{name}.".startswith(f"{ring}.") for ring in above)]
            assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(wrong)}"


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("This is not a git checkout (or there is no git), so there is no list of tracked files.")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of the machine it was written on": re.compile(
        rb"/(?:work/(?:main|shared)|root/|opt/(?:pypi|wheels)|tmp/setup)"
    ),
    "the host of a package registry or mirror": re.compile(
        rb"(?:pypi\." rb"org|pythonhosted\." rb"org|download\.pytorch\." rb"org|deb\." rb"debian|archive\." rb"ubuntu)"
    ),
}

ADDRESS_OF_THE_SMALL_TORCH = PACKAGE / "installer" / "builds" / "torch_cpu.json"
"""The one file that names an index: PyTorch's own, from which users get the build without CUDA."""


def test_no_tracked_file_names_this_machine_or_a_registry():
    found = [
        f"{path.relative_to(ROOT)}: {what} ({match.group().decode()})"
        for path in tracked()
        if path != ADDRESS_OF_THE_SMALL_TORCH
        for what, pattern in FORBIDDEN.items()
        if (match := pattern.search(path.read_bytes()))
    ]
    assert found == []


def test_no_tracked_file_is_large():
    # The model and the world's index are what the plugin exists for; they have limits of their own.
    limits = {"resources/models": 10_000_000, "resources/index": 14_000_000}
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in tracked()}
    large = {
        name: size
        for name, size in sizes.items()
        if size > next((limit for folder, limit in limits.items() if name.startswith(folder)), 2_000_000)
    }
    assert large == {}


def test_every_make_target_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    helped = set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))
    assert {"help", "env", "demo", "test", "lint", "bench", "package", "run", "desktop-test", "clean"} <= helped
    assert targets == helped


def test_every_folder_of_tests_is_run_by_make_test():
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    groups = set(re.findall(r'Group\(\s*"([a-z0-9_]+)"', (ROOT / ".ci" / "test.py").read_text(encoding="utf-8")))
    assert folders <= groups
