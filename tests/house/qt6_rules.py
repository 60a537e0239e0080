"""Finds in a source what works on Qt 5 only, without importing anything.

The rules are those of QGIS's own migration checker (``scripts/pyqt5_to_pyqt6`` in its repository) and of Qt's list of
what Qt 6 has removed, in our own code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

GONE_MODULES = {"Qt", "QtWebKit", "QtWebKitWidgets", "QtXmlPatterns", "QtScript", "QtOpenGLExtensions"}
"""Modules of ``qgis.PyQt`` that are empty or missing on Qt 6."""
GONE_CLASSES = {
    "QDesktopWidget", "QDirModel", "QGLFormat", "QGLWidget", "QMatrix", "QNetworkConfiguration",
    "QNetworkConfigurationManager", "QNetworkSession", "QRegExp", "QRegExpValidator", "QStringRef", "QTextCodec",
    "QTextDecoder", "QTextEncoder", "QVariant", "qApp",
}  # fmt: skip
"""Classes that Qt 6 lacks, and QVariant, which QGIS 4 only imitates: fields take ``QMetaType.Type``, a null is None."""
MOVED_CLASSES = {"QFileSystemModel", "QUndoCommand", "QUndoGroup", "QUndoStack"}
"""Classes that went from QtWidgets to QtGui and that QGIS 4 does not offer at the old place."""
GONE_METHODS = {
    "exec_", "filterRegExp", "globalPos", "globalX", "globalY", "hiResGlobalX", "hiResGlobalY", "localPos", "posF",
    "screenPos", "setFilterRegExp", "setMargin", "setTabStopWidth", "toTime_t", "windowPos",
}  # fmt: skip
GONE_VALUES = {
    "AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps", "BackgroundColorRole", "HighQualityAntialiasing", "MidButton",
    "SystemLocaleDate", "TextColorRole", "UserType",
}  # fmt: skip
GONE_ROLES = {"Background", "Foreground"}
"""Of QPalette: they are Window and WindowText."""
FLAGS = {
    "Alignment", "DockOptions", "DockWidgetAreas", "DockWidgetFeatures", "DropActions", "EditTriggers", "Edges",
    "Filters", "Flags", "GraphicsItemFlags", "ItemFlags", "KeyboardModifiers", "MatchFlags", "MouseButtons",
    "NumberOptions", "OpenMode", "OptimizationFlags", "Options", "Orientations", "RenderHints", "SelectionFlags",
    "SortFlags", "StandardButtons", "State", "TextInteractionFlags", "ToolBarAreas", "WindowFlags", "WindowStates",
}  # fmt: skip
"""Classes of combined flags: on Qt 6 the enumeration itself is combined."""
OVERLOADED = {"activated", "buttonClicked", "buttonPressed", "buttonReleased", "currentIndexChanged", "highlighted"}
"""Signals that had a form for text and one for a number."""
WITHOUT_POS = {"QDragEnterEvent", "QDragMoveEvent", "QDropEvent", "QEnterEvent", "QHoverEvent", "QWheelEvent"}
"""Events whose place is ``position()``."""
CONSTANTS = {"QGIS_VERSION", "QGIS_VERSION_INT"}
VALUE_PLACES = (ast.Call, ast.keyword, ast.BinOp, ast.Compare, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Return,
                ast.IfExp, ast.arguments, ast.BoolOp)  # fmt: skip


def faults(source: str) -> list[str]:
    """What a source has that works on Qt 5 only: line and sentence of each."""
    tree = ast.parse(source)
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    annotations = {id(inner) for note in _annotations(tree) for inner in ast.walk(note)}
    found = []
    for node in ast.walk(tree):
        sentences = (*_of_import(node, parents), *_of_attribute(node, parents, annotations), *_of_call(node))
        found += [f"{node.lineno}: {sentence}" for sentence in sentences]
        if isinstance(node, ast.FunctionDef):
            found += [f"{line}: {sentence}" for line, sentence in _of_event(node)]
            if node.name == "exec_":
                found.append(f"{node.lineno}: exec_ is called exec")
    return found


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if (note := getattr(node, name, None)) is not None:
                yield note


def _of_import(node: ast.AST, parents: dict[int, ast.AST]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        names = [node.module]
    else:
        return
    yield from (f"{name} is imported past qgis.PyQt" for name in names if name.split(".")[0] in ("PyQt5", "PySide2"))
    for name in names:
        if name.startswith("qgis.PyQt.") and name.split(".")[2] in GONE_MODULES:
            yield f"{name} is not there on Qt 6"
    if not isinstance(node, ast.ImportFrom):
        return
    for alias in node.names:
        if names[0].startswith("qgis.PyQt") and alias.name in GONE_CLASSES | GONE_MODULES - {"Qt"}:
            yield f"{alias.name} is not there on Qt 6"
        elif names[0] == "qgis.PyQt.QtWidgets" and alias.name in MOVED_CLASSES and not _is_fallback(node, parents):
            yield f"{alias.name} is in QtGui on Qt 6"
        elif alias.name.endswith("resources_rc"):
            yield "compiled resources are not there on Qt 6"


def _is_fallback(node: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """Whether it is done where an import has failed."""
    above = parents.get(id(node))
    return isinstance(above, ast.ExceptHandler) and isinstance(above.type, ast.Name) and above.type.id == "ImportError"


def _of_attribute(node: ast.AST, parents: dict[int, ast.AST], annotations: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr in OVERLOADED:
        yield f"{ast.unparse(node)}: the signal has one form on Qt 6"
    if not isinstance(node, ast.Attribute):
        return
    above = parents.get(id(node))
    if node.attr in GONE_METHODS:
        yield f"{node.attr} is not there on Qt 6"
    if node.attr == "width" and _is_font_metrics(node.value):
        yield "the width of a text is horizontalAdvance"
    name = ast.unparse(node)
    head = name.split(".")[0]
    if not head.startswith("Q") or not name.replace(".", "").replace("_", "").isalnum():
        return
    if node.attr in GONE_VALUES or (head == "QPalette" and node.attr in GONE_ROLES):
        yield f"{name} is not there on Qt 6"
    if name.count(".") > 1 or isinstance(above, ast.Attribute):
        return
    if node.attr in FLAGS:
        yield f"{name}: Qt 6 has the enumeration alone"
    elif (
        node.attr[0].isupper()
        and node.attr not in CONSTANTS
        and id(node) not in annotations
        and isinstance(above, VALUE_PLACES)
        and not (isinstance(above, ast.Call) and (above.func is node or ast.unparse(above.func) == "isinstance"))
    ):
        yield f"{name}: say which enumeration it is of"


def _is_font_metrics(value: ast.AST) -> bool:
    called = value.func if isinstance(value, ast.Call) else value
    last = getattr(called, "attr", getattr(called, "id", ""))
    return last in ("fontMetrics", "QFontMetrics", "QFontMetricsF", "metrics")


def _of_call(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    count = len(node.args)
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name == "QMouseEvent" and count < 6:
        yield "QMouseEvent needs the place on the screen too"
    elif name == "addAction" and count >= 4:
        yield "addAction with keys: make the action first"
    elif name == "desktop" and not count:
        yield "desktop() is not there on Qt 6"
    elif name == "QFontDatabase":
        yield "QFontDatabase has static methods only"
    elif name == "QDateTime" and (
        count >= 8 or (count == 1 and isinstance(node.args[0], ast.Call) and ast.unparse(node.args[0].func) == "QDate")
    ):
        yield "QDateTime is made of a QDate and a QTime"


def _of_event(node: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """Calls of a handler on its event that the event of Qt 6 does not answer."""
    kinds = {each.arg: ast.unparse(each.annotation) for each in node.args.args if each.annotation is not None}
    for call in ast.walk(node):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        kind = kinds.get(getattr(call.func.value, "id", ""), "")
        gone = {"x", "y"} if kind.endswith("Event") else set()
        gone |= {"pos", "delta"} if kind in WITHOUT_POS else set()
        if call.func.attr in gone:
            yield call.lineno, f"{kind}.{call.func.attr}() is not there on Qt 6: take position()"
