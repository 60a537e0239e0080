"""The names of QGIS that the plugin uses are those that QGIS 4 has too, not aliases that are kept for old plugins."""

from __future__ import annotations

import ast
import enum
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RING_3 = [f"astroloc_qgis/{package}" for package in ("gui", "qgis_adapters", "processing_provider")]
SOURCES = [
    path.relative_to(ROOT)
    for folder in (*RING_3, ".ci", "tests/qgis", "tests/desktop")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def chains(source: str) -> list[tuple[str, str]]:
    """Each chain of attributes that begins with a name of QGIS, and the module the name comes from."""
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("qgis.core", "qgis.gui")
        for alias in node.names
    }
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            text = ast.unparse(node)
            if text.replace(".", "").replace("_", "").isalnum() and text.split(".")[0] in modules:
                found.add((modules[text.split(".")[0]], text))
    return sorted(found)


def is_enumeration(kind: type) -> bool:
    """Whether a class is an enumeration: of Python's, or of those of SIP in QGIS 3, which are integers."""
    return issubclass(kind, enum.Enum) or (issubclass(kind, int) and kind not in (int, bool))


def trouble(module: str, chain: str) -> str:
    """What is wrong with a name, or nothing."""
    thing: object = importlib.import_module(module)
    above: object = None
    names = chain.split(".")
    for place, name in enumerate(names):
        if not isinstance(thing, type) and place > 1:
            break  # an attribute of a value
        if not hasattr(thing, name):
            return f"{chain}: QGIS has no {name} there"
        above, thing = thing, getattr(thing, name)
    if is_enumeration(type(thing)):
        if above is not type(thing):
            return f"{chain}: write {type(thing).__qualname__} between"
        if isinstance(thing, enum.Enum) and thing.name != names[-1]:
            return f"{chain}: it is called {type(thing).__qualname__}.{thing.name}"
    if isinstance(thing, type) and is_enumeration(thing) and thing.__qualname__ != chain:
        return f"{chain}: it is called {thing.__qualname__}"
    return ""


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ("Qgis.GeometryType.Polygon", ""),
        ("QgsMapTool.Flag.EditTool", ""),
        ("QgsMapLayer.VectorLayer", "Qgis.LayerType"),
        ("QgsWkbTypes.PolygonGeometry", "Qgis.GeometryType"),
        ("QgsMapTool.EditTool", "QgsMapTool.Flag"),
        ("QgsUnitTypes.DistanceUnit.DistanceKilometers", "Qgis.DistanceUnit.Kilometers"),
        ("QgsProject.noSuchThing", "no noSuchThing"),
    ],
)
def test_unscoped_moved_and_missing_names_are_found(chain, said):
    module = "qgis.gui" if chain.startswith("QgsMapTool") else "qgis.core"
    found = trouble(module, chain)
    assert (said in found) if said else not found


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_names_of_qgis_are_those_of_qgis_4(path):
    found = [trouble(*chain) for chain in chains((ROOT / path).read_text(encoding="utf-8"))]
    assert [text for text in found if text] == []
