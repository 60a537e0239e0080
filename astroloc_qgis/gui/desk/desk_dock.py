"""The desk as a dock: actions, the photo itself, and tabs for candidates, tie points, comparison, history."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon, QKeySequence
from qgis.PyQt.QtWidgets import QAction, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from astroloc_qgis.gui.desk.panels.candidate_panel import CandidatePanel
from astroloc_qgis.gui.desk.panels.compare_panel import ComparePanel
from astroloc_qgis.gui.desk.panels.desk_bar import DeskBar
from astroloc_qgis.gui.desk.panels.details_panel import DetailsPanel
from astroloc_qgis.gui.desk.panels.history_panel import HistoryPanel
from astroloc_qgis.gui.desk.panels.photo_view import PhotoView
from astroloc_qgis.gui.desk.panels.tie_point_table import TiePointTable
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.text import tr


class DeskDock(QgsDockWidget):
    """The widgets of the desk; ``Desk`` connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("AstroLoc desk"), parent)
        self.setObjectName("AstroLocDesk")
        self.bar = DeskBar(self)
        self.place = self._action(
            tr("Place here"),
            "mActionAddRasterLayer.svg",
            tr("Put the photo in the middle of the map, to be moved by hand"),
        )
        self.correct = self._action(
            tr("Correct"),
            "mActionMoveFeature.svg",
            tr("Drag the photo on the map: inside to move it, corners, edges to scale, the stalk to turn it"),
            "Ctrl+1",
            checkable=True,
        )
        self.tie = self._action(
            tr("Tie points"),
            "georeferencer/mActionAddGCPPoint.svg",
            tr("Set, move, switch off and delete tie points: first a place in the photo, then the same on the map"),
            "Ctrl+2",
            checkable=True,
        )
        self.bar.addSeparator()
        self.undo = self._action("", "mActionUndo.svg", tr("Undo"), QKeySequence.StandardKey.Undo)
        self.redo = self._action("", "mActionRedo.svg", tr("Redo"), QKeySequence.StandardKey.Redo)
        self.bar.addSeparator()
        self.refine = self._action(
            tr("Refine from here"),
            "mActionRefresh.svg",
            tr("Let the engine match the photo with the reference, starting from where it lies now"),
            "Ctrl+R",
        )
        self.fit = self._action(
            tr("Fit"), "georeferencer/mGeorefRun.svg", tr("Put the photo where its tie points say, by least squares")
        )
        self.read_points = self._action(
            "", "georeferencer/mActionLoadGCPpoints.svg", tr("Read tie points from a .points file of the Georeferencer")
        )
        self.bar.addSeparator()
        self.accept = self._action(
            tr("Accept"),
            "mIconSuccess.svg",
            tr("The photo lies right: accept it and bring its files up to date"),
            "Ctrl+Return",
        )
        self.reject = self._action(
            tr("Reject"), "mIconWarning.svg", tr("The photo is not there: take it off the map; it can be undone")
        )
        self.export = self._action(
            tr("Export…"),
            "mActionSharingExport.svg",
            tr("Write GeoTIFF, footprint, tie points, report and more"),
            "Ctrl+E",
        )
        self.bar.drop_first(
            (self.reject, self.fit, self.place, self.tie, self.correct, self.refine, self.accept, self.export)
        )
        self.status = QLabel(self)
        self.status.setContentsMargins(6, 0, 6, 0)
        self.photo = PhotoView(self)
        self.candidates = CandidatePanel(self)
        self.table = TiePointTable(self)
        self.compare = ComparePanel(self)
        self.details = DetailsPanel(self)
        self.history = HistoryPanel(self)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        for widget, title in (
            (self.candidates, tr("Candidates")),
            (self.table, tr("Tie points")),
            (self.compare, tr("Compare")),
            (self.details, tr("Photo")),
            (self.history, tr("History")),
        ):
            self.tabs.addTab(widget, title)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.addWidget(self.photo)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 5)
        self.splitter.setSizes([260, 640])
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addWidget(self.splitter, 1)
        content.setMinimumHeight(150)
        self.setWidget(content)

    def connect_actions(self, slots: dict[QAction, Callable[[], None]]) -> None:
        """Connect actions with what they do."""
        for action, slot in slots.items():
            action.triggered.connect(slot)

    def show_item(self, item: PhotoItem | None, size: tuple[int, int] | None, *, busy: bool, can_export: bool) -> None:
        """Show a photo in the panels, and enable what can be done with it.

        Args:
            item: the photo, or None.
            size: its width and height in pixels, where they are known.
            busy: whether the engine works.
            can_export: whether any photo can be exported.
        """
        desk = item.desk if item is not None else None
        work = desk.work if desk is not None else None
        placed = work is not None and work.placement is not None
        for action in (self.place, self.tie, self.read_points):
            action.setEnabled(item is not None)
        for action in (self.correct, self.accept, self.reject):
            action.setEnabled(placed)
        self.refine.setEnabled(placed and not busy)
        self.fit.setEnabled(bool(work and work.tie_points))
        self.export.setEnabled(can_export and not busy)
        for action, can, text, name in (
            (self.undo, desk and desk.stack.canUndo(), desk and desk.stack.undoText(), tr("Undo")),
            (self.redo, desk and desk.stack.canRedo(), desk and desk.stack.redoText(), tr("Redo")),
        ):
            action.setEnabled(bool(can))
            keys = action.shortcut().toString()
            action.setToolTip(f"{name}: {text} ({keys})" if text else f"{name} ({keys})")
        self.candidates.show_work(work, busy)
        self.table.points.show(work or Work())
        self.details.show_photo(item.path if item else None, work, size)
        self.history.show_entries(desk.history() if desk else [])
        self.status.setText(_status(item))
        self.status.setToolTip(self.status.text())

    def _action(
        self,
        text: str,
        icon: str,
        tip: str,
        shortcut: str | QKeySequence.StandardKey | None = None,
        *,
        checkable: bool = False,
    ) -> QAction:
        action = QAction(QIcon(QgsApplication.getThemeIcon(icon)), text or tip, self)
        action.setCheckable(checkable)
        keys = ""
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            keys = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})"
        action.setToolTip(tip + keys)
        self.bar.addAction(action)
        self.addAction(action)
        if not text:
            self.bar.widgetForAction(action).setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        return action


def _status(item: PhotoItem | None) -> str:
    """The line above the panels: name, state, and how well the tie points fit."""
    if item is None:
        return ""
    work = item.desk.work
    words = [item.name, item.state_text]
    if (rms := work.rms()) is not None:
        used = sum(point.on for point in work.tie_points)
        words.append(tr("{n} tie points, off by {px:.1f} px, {m:.0f} m").format(n=used, px=rms[0], m=rms[1]))
    return "  ·  ".join(words)
