"""Rings and layers import only what lies further in, no imports go in a circle, and files and packages are small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.module_graph import Graph, circles, module_files, module_graph

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "astroloc_qgis"
GRAPH = module_graph(PACKAGE)

RINGS = (
    ("engine",),
    ("worker", "installer", "cli", "__main__"),
    ("qgis_adapters", "gui", "processing_provider"),
)
"""From the inside out: the science, the processes it runs in, QGIS."""

LAYERS = (
    "errors", "writable", "progress", "resources", "device", "geometry", "tiles", "block_table", "orbit", "weights",
    "photo", "imagery", "nasa", "matchers", "descriptors", "units", "index", "retrieval", "registration", "confidence",
    "verification", "coregistration", "exports", "georeference", "result", "pipeline", "api", "sequence", "batch",
    "labelling", "simulation", "training", "benchmark",
)  # fmt: skip
"""The engine's modules and packages; each may import those before it, none after it."""

MOST_LINES = 400
MOST_MODULES = 20
MOST_MODULES_OF_THE_ENGINE = 12


def place_of(module: str) -> str:
    """The engine's own module or package that a module of the engine belongs to."""
    return module.split(".")[1]


def imports_between(first: str, second: str, graph: Graph = GRAPH) -> Iterator[str]:
    """Every import of one package's modules by another's."""
    for module, imported in sorted(graph.items()):
        if f"{module}.".startswith(f"{first}."):
            yield from (f"{module} imports {each}" for each in sorted(imported) if f"{each}.".startswith(f"{second}."))


def write_package(folder: Path, sources: dict[str, str]) -> Path:
    """A package of these sources, by their paths."""
    package = folder / "toy"
    for name, source in sources.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return package


def test_the_graph_has_late_relative_and_type_checking_imports(tmp_path):
    package = write_package(
        tmp_path,
        {
            "__init__.py": "def plugin():\n    from toy import a\n",
            "a.py": "import toy\nfrom toy.inner import b\n\n\ndef f():\n    import toy.inner.c\n",
            "inner/__init__.py": "from .b import X\n",
            "inner/b.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .. import a\n",
            "inner/c.py": "import os.path\nfrom toy.inner import X\n",
        },
    )
    graph = module_graph(package)
    assert graph == {
        "a": {"inner.b", "inner.c"},
        "inner": {"inner.b"},
        "inner.b": {"a"},
        "inner.c": {"inner"},
    }
    assert circles(graph) == [["a", "inner", "inner.b", "inner.c"]]


def test_a_circle_is_told_from_what_only_leads_to_it():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == [["b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_modules_import_each_other_in_a_circle():
    assert len(GRAPH) > 100
    assert circles(GRAPH) == []


def test_every_module_is_in_a_ring():
    named = {package for ring in RINGS for package in ring}
    assert {module.split(".")[0] for module in GRAPH} <= named


@pytest.mark.parametrize("number", range(len(RINGS) - 1))
def test_an_inner_ring_does_not_import_an_outer_one(number):
    outer = [package for ring in RINGS[number + 1 :] for package in ring]
    assert [line for inner in RINGS[number] for each in outer for line in imports_between(inner, each)] == []


def test_every_part_of_the_engine_is_in_a_layer():
    parts = {place_of(module) for module in GRAPH if module.startswith("engine.")}
    assert sorted(parts - set(LAYERS)) == [], "give each its place in LAYERS"
    assert sorted(set(LAYERS) - parts) == [], "these are gone: take them out of LAYERS"


def test_the_engines_layers_import_only_earlier_ones():
    height = {name: number for number, name in enumerate(LAYERS)}
    wrong = [
        f"{module} imports {imported}"
        for module, every in sorted(GRAPH.items())
        if module.startswith("engine.")
        for imported in sorted(every)
        if imported.startswith("engine.") and height.get(place_of(imported), -1) > height.get(place_of(module), -1)
    ]
    assert wrong == []


def test_the_dock_and_the_desk_do_not_know_each_other():
    assert [*imports_between("gui.dock", "gui.desk"), *imports_between("gui.desk", "gui.dock")] == []


def test_no_source_is_long():
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in module_files(PACKAGE).items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_package_has_many_modules():
    folders = {path.parent for path in module_files(PACKAGE).values()}
    counts = {folder: len([path for path in folder.glob("*.py") if path.stem != "__init__"]) for folder in folders}
    assert {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > MOST_MODULES} == {}
    assert counts[PACKAGE / "engine"] <= MOST_MODULES_OF_THE_ENGINE
