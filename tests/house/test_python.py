"""The sources are those of every Python that QGIS comes with: 3.10 to 3.13 (3.12 in QGIS 4 on Windows and macOS)."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 10)
SOURCES = [
    path.relative_to(ROOT)
    for folder in ("astroloc_qgis", "tests", ".ci")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
GONE = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
    "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "pkg_resources", "smtpd", "sndhdr",
    "spwd", "sunau", "telnetlib", "uu", "xdrlib",
}  # fmt: skip
"""Modules that Python 3.12 or 3.13 has no more, and setuptools's, which comes with no environment of 3.12."""
GONE_NAMES = {
    "SafeConfigParser", "find_loader", "getargspec", "load_module", "makeSuite", "readfp", "utcfromtimestamp", "utcnow",
}  # fmt: skip
"""Functions that 3.12 has no more or warns of."""
COMPILE_ALL = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("error")
for name in sys.argv[1:]:
    compile(Path(name).read_text(encoding="utf-8"), name, "exec", dont_inherit=True)
print(len(sys.argv) - 1)
"""


def faults(source: str) -> list[str]:
    """What a source uses that newer Pythons have not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in GONE]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [str(node.module)] if str(node.module).split(".")[0] in GONE else []
            found += [alias.name for alias in node.names if alias.name in GONE_NAMES]
        elif isinstance(node, ast.Attribute) and node.attr in GONE_NAMES:
            found.append(node.attr)
    return found


def other_pythons() -> list[str]:
    """Pythons of later versions on this machine: on the path, and those of pyenv."""
    names = [f"python3.{minor}" for minor in range(sys.version_info.minor + 1, sys.version_info.minor + 5)]
    found = [shutil.which(name) for name in names]
    pyenv = Path.home() / ".pyenv" / "versions"
    found += [str(path) for name in names for path in sorted(pyenv.glob(f"*/bin/{name}"))]
    runs = [path for path in found if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0]
    return list(dict.fromkeys(runs))


@pytest.mark.parametrize(
    "source",
    [
        "import distutils.version",
        "from imp import reload",
        "import pkg_resources as p",
        "datetime.utcnow()",
        "from inspect import getargspec",
    ],
)
def test_what_newer_pythons_have_no_more_is_found(source):
    assert faults(source)


def test_our_own_module_of_such_a_name_is_left_alone():
    assert faults("from astroloc_qgis.worker.pipes import claim\nfrom datetime import datetime, UTC") == []


def test_no_source_uses_what_newer_pythons_have_no_more():
    assert len(SOURCES) > 300
    found = {str(path): faults((ROOT / path).read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_source_is_of_the_oldest_python_and_compiles_without_warning():
    for path in SOURCES:
        source = (ROOT / path).read_text(encoding="utf-8")
        ast.parse(source, feature_version=OLDEST)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(source, str(path), "exec", dont_inherit=True)


def test_the_newer_pythons_of_this_machine_compile_every_source_without_warning():
    pythons = other_pythons()
    if not pythons:
        pytest.skip("There is no Python newer than the one that runs the tests on this machine.")
    for python in pythons:
        command = [python, "-I", "-c", COMPILE_ALL, *map(str, SOURCES)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{python}: {done.stderr}"
        assert done.stdout.strip() == str(len(SOURCES))
