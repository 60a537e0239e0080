"""Every module that runs inside QGIS can be imported on Qt 6, and names nothing that Qt 6 does not have."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest
from qgis.core import QgsMapCanvasSnappingUtils, QgsRasterLayer
from qgis.PyQt.QtCore import QT_VERSION, Qt

ROOT = Path(__file__).resolve().parents[2]
RING_3 = [
    path.relative_to(ROOT)
    for folder in ("gui", "qgis_adapters", "processing_provider")
    for path in sorted((ROOT / "astroloc_qgis" / folder).rglob("*.py"))
]
OTHERS = [
    path.relative_to(ROOT)
    for folder in (".ci", "tests/qgis", "tests/desktop", "tests/qt6")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "stand_in" not in path.parts
]
OF_QT_5_ALONE = {("gui/model/history.py", "QUndoCommand"), ("gui/model/history.py", "QUndoStack")}
"""Imports from the place that a class has in Qt 5, made where Qt 6's fails."""


def qt_names(source: str) -> list[str]:
    """Each class or function of Qt that a source imports, and each chain of attributes that begins with one."""
    tree = ast.parse(source)
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis.PyQt."):
            modules |= {alias.asname or alias.name: f"{node.module}:{alias.name}" for alias in node.names}
    found = set(modules.values())
    for node in ast.walk(tree):
        names: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if names and isinstance(inner, ast.Name) and inner.id in modules:
            found.add(".".join([modules[inner.id], *names]))
    return sorted(found)


def value(name: str) -> object:
    """What Qt 6 has by a name like ``qgis.PyQt.QtCore:Qt.Key.Key_Escape``; None where it has none."""
    module, _, chain = name.partition(":")
    thing: object = importlib.import_module(module)
    for part in chain.split("."):
        thing = getattr(thing, part, None)
    return thing


def turned_into_numbers(source: str) -> list[str]:
    """The names of Qt inside every ``int(...)`` of a source."""
    imports = "\n".join(
        ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and not node.level
    )
    calls = [
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "int" and node.args
    ]
    return [name for call in calls for name in qt_names(f"{imports}\n{call}") if name.count(".") > 3]


def test_this_is_qt_6_and_qt_5_is_not_loaded():
    assert QT_VERSION >= 0x060000
    assert "PyQt5" not in sys.modules


def test_what_the_stand_in_has_not_says_so_when_it_is_used():
    with pytest.raises(NotImplementedError, match="QgsRasterLayer is not part of the stand-in"):
        QgsRasterLayer("a.tif", "a")
    with pytest.raises(NotImplementedError, match="QgsMapCanvasSnappingUtils is not part"):
        type("Ours", (QgsMapCanvasSnappingUtils,), {})()


def test_names_of_qt_are_found_with_all_that_follows_them():
    source = "from qgis.PyQt.QtCore import Qt, QTimer as T\ndef f(x):\n    T.singleShot(Qt.Key.Key_A, x.Qt.y)\n"
    assert qt_names(source) == [
        "qgis.PyQt.QtCore:QTimer",
        "qgis.PyQt.QtCore:QTimer.singleShot",
        "qgis.PyQt.QtCore:Qt",
        "qgis.PyQt.QtCore:Qt.Key",
        "qgis.PyQt.QtCore:Qt.Key.Key_A",
    ]
    assert value("qgis.PyQt.QtCore:Qt.Key.Key_A") == Qt.Key.Key_A
    assert value("qgis.PyQt.QtCore:Qt.Key_A") is None


def test_numbers_are_made_of_enumerations_of_numbers_only():
    source = "from qgis.PyQt.QtCore import Qt\nint(Qt.CheckState.Checked)\nint(3)\nint(Qt.Key.Key_A | 1)"
    assert turned_into_numbers(source) == [
        "qgis.PyQt.QtCore:Qt.CheckState.Checked",
        "qgis.PyQt.QtCore:Qt.Key.Key_A",
    ]
    made = [name for path in RING_3 for name in turned_into_numbers((ROOT / path).read_text(encoding="utf-8"))]
    assert len(made) > 5
    assert [name for name in made if not isinstance(value(name), int)] == []


@pytest.mark.parametrize("path", RING_3, ids=str)
def test_it_is_imported(path):
    importlib.import_module(".".join(part for part in path.with_suffix("").parts if part != "__init__"))


@pytest.mark.parametrize("path", [*RING_3, *OTHERS], ids=str)
def test_qt_6_has_every_name_of_qt_that_it_uses(path):
    names = qt_names((ROOT / path).read_text(encoding="utf-8"))
    old = {f"qgis.PyQt.QtWidgets:{name}" for file, name in OF_QT_5_ALONE if path.as_posix().endswith(file)}
    assert [name for name in names if value(name) is None and name not in old] == []
