"""The analyst's desk at work: which photo is on it, what is shown of it, and what the analyst's hands do to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, Qt, QTimer

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.desk.canvas.desk_map import DeskMap
from astroloc_qgis.gui.desk.canvas.footprint_sync import FootprintSync
from astroloc_qgis.gui.desk.canvas.footprint_tool import FootprintTool
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.desk.canvas.tie_point_tool import TiePointTool
from astroloc_qgis.gui.desk.desk_dock import DeskDock
from astroloc_qgis.gui.desk.desk_export import DeskExport
from astroloc_qgis.gui.desk.exporting import update_job
from astroloc_qgis.gui.desk.known_places import KnownPlaces
from astroloc_qgis.gui.desk.placing import place_in_view, points_to_placement
from astroloc_qgis.gui.desk.tie_point_edits import TiePointEdits
from astroloc_qgis.gui.model.work import Candidate, PhotoState, Work
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid, PyramidTask, photo_size
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from pathlib import Path

    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.dock.dock import AstroLocDock
    from astroloc_qgis.gui.model.history import PhotoDesk
    from astroloc_qgis.gui.model.photo_list import PhotoItem

HALF_SEEN = 0.35
"""How opaque the photo is while the place of a tie point is looked for in the reference below it."""
DOCK_HEIGHT = 250
"""The desk's own height when it is opened: the map keeps the larger part of a screen of 720 lines."""
SETTLE_MS = 150


class Desk(QObject):
    """One photo on the desk: the map, the dock and the hands of the analyst.

    Args:
        iface: QGIS's interface for plugins.
        main: the dock with the list of photos.
        dock: the desk's own dock.
    """

    def __init__(self, iface: QgisInterface, main: AstroLocDock, dock: DeskDock) -> None:
        super().__init__(dock)
        self._iface, self._main, self.dock = iface, main, dock
        self.canvas = iface.mapCanvas()
        self.item: PhotoItem | None = None
        self._pyramid: Pyramid | None = None
        self._task: PyramidTask | None = None
        self.live = LiveItem(self.canvas)
        self.map = DeskMap(self.canvas, self.live)
        self.footprint_tool = FootprintTool(self.canvas, self, self.live)
        self.tie_points = TiePointEdits(self, self.current_desk, self._size)
        self.tie_tool = TiePointTool(self.canvas, self, self.tie_points, self.live)
        self.footprint_tool.setAction(dock.correct)
        self.tie_tool.setAction(dock.tie)
        self.sync = FootprintSync(self, iface)
        self.places = KnownPlaces(self, main)
        self.output = DeskExport(self, main, iface)
        self._connect()
        self.refresh()

    # -- which photo

    def current_desk(self) -> PhotoDesk | None:
        """Return the photo on the desk, if there is one."""
        return self.item.desk if self.item is not None else None

    def work(self) -> Work | None:
        """Return the work on it."""
        return self.item.desk.work if self.item is not None else None

    def take(self, item: PhotoItem | None) -> None:
        """Put another photo on the desk, or none."""
        if item is self.item:
            return
        if self.item is not None:
            self.item.desk.changed.disconnect(self.refresh)
            self.item.desk.previewed.disconnect(self._on_preview)
            self.tie_points.set_pending(None)
            if not self.item.desk.work.stale:  # files that show the photo elsewhere stay hidden until they are renewed
                self.map.clear_below(self.item.path, None)
        self.item = item
        self._pyramid = None
        self.map.forget_candidate()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if item is not None:
            item.desk.changed.connect(self.refresh)
            item.desk.previewed.connect(self._on_preview)
        self.dock.photo.show_photo(None)
        self.sync.follow(item)
        self.load()
        self.refresh()
        if self.is_open and not self._is_in_view():
            self.show_on_map()

    def load(self) -> None:
        """Read the photo in the background, if it is to be seen and has not been read."""
        item = self.item
        if item is None or self._pyramid is not None or self._task is not None or not self.is_open:
            return
        self._task = PyramidTask(item.path)
        self._task.loaded.connect(self._on_loaded)
        self._task.refused.connect(self._on_refused)
        self.dock.photo.empty_text = tr("Reading the photo…")
        QgsApplication.taskManager().addTask(self._task)

    @property
    def is_open(self) -> bool:
        """Whether the desk is to be seen."""
        return not self.dock.isHidden()

    @property
    def pyramid(self) -> Pyramid | None:
        """The photo, once it is read."""
        return self._pyramid

    def stop(self) -> None:
        """Let go of the map and the photo (the plugin is being switched off)."""
        self.take(None)
        self.dock.compare.stop()
        self.sync.follow(None)
        for tool in (self.footprint_tool, self.tie_tool):
            self.canvas.unsetMapTool(tool)
        self.map.stop()

    def show_published(self, item: PhotoItem) -> bool:
        """A photo was localized: while the desk is open the map is the analyst's, and moves only for the photo on it.

        Returns:
            Whether the desk is open, and has seen to it.
        """
        if self.is_open and item is self.item and not self._is_in_view():
            self.show_on_map()
        return self.is_open

    def _is_in_view(self) -> bool:
        work = self.work()
        return work is not None and work.placement is not None and self.map.shows(work.placement)

    # -- what the analyst does

    def place_here(self) -> None:
        """Put the photo in the middle of the map, north up, to be corrected by hand."""
        item = self.item
        if item is None:
            return
        try:
            size = self._pyramid.size if self._pyramid is not None else photo_size(item.path)
        except AstroLocError as error:
            self._main.messages.warning(str(error), error.details)
            return
        placement = place_in_view(self.live.screen, size, item.desk.work.nadir)
        if placement is None:
            self._main.messages.warning(tr("The map shows no ground in its middle: move it first."))
            return
        item.desk.change(item.desk.work.moved_to(placement), tr("Place by hand"))
        self.canvas.setMapTool(self.footprint_tool)

    def show_on_map(self) -> None:
        """Bring the photo on the desk into view, if it lies anywhere."""
        work = self.work()
        if work is not None and work.placement is not None:
            self.map.bring_into_view(work.placement)

    def accept(self) -> None:
        """Decide that the photo lies right."""
        if self.item is not None and self.item.desk.work.placement is not None:
            work = self.item.desk.work
            self.item.desk.change(replace(work, state=PhotoState.ACCEPTED, note=""), tr("Accept"))
            self.bring_up_to_date(self.item)

    def reject(self) -> None:
        """Decide that the photo is not there."""
        if self.item is not None:
            self.item.desk.change(self.item.desk.work.not_localized(tr("rejected")), tr("Reject"))

    def fit(self) -> None:
        """Put the photo where its tie points say."""
        if (desk := self.current_desk()) is None:
            return
        fitted = points_to_placement(desk.work, self._size())
        if fitted is None:
            self._main.messages.warning(tr("The tie points that are on say nothing about where the photo lies."))
        else:
            desk.change(desk.work.moved_to(fitted), tr("Fit to the tie points"))

    def refine(self, block: str | None = None) -> None:
        """Let the engine register the photo from where it lies, or from a block."""
        if self.item is not None:
            self._main.localization.refine(self.item, block=block)
            self.refresh()

    def bring_up_to_date(self, item: PhotoItem) -> None:
        """Have the files written again that show the photo elsewhere."""
        if item.desk.work.stale or not item.desk.work.outputs:
            self._main.localization.run([update_job(self._main, item)])

    def undo(self) -> None:
        """Take back what was done last to this photo."""
        if (desk := self.current_desk()) is not None:
            desk.stack.undo()

    def redo(self) -> None:
        """Do it again."""
        if (desk := self.current_desk()) is not None:
            desk.stack.redo()

    # -- candidates

    def reject_candidate(self, one: Candidate) -> None:
        """Strike a candidate out."""
        if (desk := self.current_desk()) is not None:
            desk.change(desk.work.without_candidates([one]), tr("Reject a candidate"))

    def none_of_these(self) -> None:
        """Strike all candidates out."""
        if (desk := self.current_desk()) is not None:
            struck = desk.work.without_candidates(desk.work.candidates)
            desk.change(struck.not_localized(tr("none of the candidates")), tr("None of the candidates"))

    # -- showing

    def refresh(self) -> None:
        """Show the photo on the desk as it is now."""
        work, dock = self.work(), self.dock
        placement = work.placement if work else None
        busy = self._main.localization.busy
        desk = self.current_desk()
        dock.place.setEnabled(self.item is not None)
        for action in (dock.correct, dock.accept):
            action.setEnabled(placement is not None)
        dock.tie.setEnabled(self.item is not None)
        dock.refine.setEnabled(placement is not None and not busy)
        dock.reject.setEnabled(placement is not None)
        dock.fit.setEnabled(bool(work and work.tie_points))
        dock.read_points.setEnabled(self.item is not None)
        dock.export.setEnabled(bool(self.output.exportable()) and not busy)
        for action, can, text, name in (
            (dock.undo, desk and desk.stack.canUndo(), desk and desk.stack.undoText(), tr("Undo")),
            (dock.redo, desk and desk.stack.canRedo(), desk and desk.stack.redoText(), tr("Redo")),
        ):
            action.setEnabled(bool(can))
            keys = action.shortcut().toString()
            action.setToolTip(f"{name}: {text} ({keys})" if text else f"{name} ({keys})")
        if placement is None and self.canvas.mapTool() is self.footprint_tool:
            self.canvas.unsetMapTool(self.footprint_tool)
        dock.candidates.show_work(work, busy)
        dock.table.points.show(work or Work())
        dock.details.show_photo(self.item.path if self.item else None, work, self._size())
        dock.history.show_entries(desk.history() if desk else [])
        dock.status.setText(self._status())
        dock.status.setToolTip(dock.status.text())
        if self._pyramid is None and self._task is None:
            dock.photo.empty_text = tr("Choose a photo in the AstroLoc list to work on it.")
        if self.item is not None:
            self.map.clear_below(self.item.path, placement if self.is_open else None)
        self.sync.write()
        self._on_preview()
        self._show_points()
        self.output.ask_for_pictures()
        self.load()

    def open(self) -> None:
        """Bring the desk to the front."""
        first = not self.is_open
        self.dock.show()
        self.dock.raise_()
        window = self._iface.mainWindow()
        if first and not self.dock.isFloating():
            window.resizeDocks([self.dock], [DOCK_HEIGHT], Qt.Orientation.Vertical)
        self.set_open(True)
        QTimer.singleShot(SETTLE_MS if first else 0, self.show_on_map)  # once the map has its new size

    def set_open(self, is_open: bool) -> None:
        """The desk was opened or closed."""
        if not is_open:
            for tool in (self.footprint_tool, self.tie_tool):
                self.canvas.unsetMapTool(tool)
            self.map.forget_candidate()
        self.refresh()

    def _on_preview(self) -> None:
        desk = self.current_desk()
        shown = desk if self.is_open else None
        self.live.show_photo(self._pyramid, shown.placement if shown else None, shown.work if shown else None)

    def _on_loaded(self, path: Path, pyramid: Pyramid) -> None:
        self._task = None
        if self.item is not None and self.item.path == path:
            self._pyramid = pyramid
            self.dock.photo.show_photo(pyramid)
            self._apply_look()
            self.refresh()

    def _on_refused(self, path: Path, sentence: str, details: str) -> None:
        self._task = None
        if self.item is not None and self.item.path == path:
            self.dock.photo.empty_text = sentence
            self.dock.photo.viewport().update()
            self._main.messages.warning(sentence, details)

    def _on_pending(self) -> None:
        self.live.pending = self.tie_points.pending
        self._apply_look()
        self._show_points()

    def _show_points(self) -> None:
        work = self.work()
        points = work.tie_points if work else ()
        self.dock.photo.show_points(points, set(self.dock.table.selected()), self.tie_points.pending)

    def _apply_look(self) -> None:
        look = self.dock.compare.look()
        if self.tie_points.pending is not None:
            look = replace(look, opacity=min(look.opacity, HALF_SEEN))
        self.live.set_look(look)
        self.dock.photo.set_look(look)

    def _size(self) -> tuple[int, int] | None:
        if self._pyramid is not None:
            return self._pyramid.size
        work = self.work()
        return work.placement.size if work and work.placement else None

    def _status(self) -> str:
        work = self.work()
        if self.item is None or work is None:
            return ""
        words = [self.item.name, self.item.state_text]
        used = [number for number, point in enumerate(work.tie_points) if point.on]
        if used and work.placement is not None:
            pixels, metres = work.residuals()
            rms = [float(np.sqrt(np.nanmean((values[used] ** 2).sum(axis=1)))) for values in (pixels, metres)]
            words.append(tr("{n} tie points, off by {px:.1f} px, {m:.0f} m").format(n=len(used), px=rms[0], m=rms[1]))
        return "  ·  ".join(words)

    def _connect(self) -> None:
        dock = self.dock
        dock.connect_actions(
            {
                dock.place: self.place_here,
                dock.correct: lambda: self.canvas.setMapTool(self.footprint_tool),
                dock.tie: lambda: self.canvas.setMapTool(self.tie_tool),
                dock.undo: self.undo,
                dock.redo: self.redo,
                dock.refine: lambda: self.refine(),
                dock.fit: self.fit,
                dock.accept: self.accept,
                dock.reject: self.reject,
                dock.export: self.output.export,
                dock.read_points: self.places.ask_for_control_points,
            }
        )
        self.canvas.mapToolSet.connect(self._on_tool)
        dock.visibilityChanged.connect(lambda _visible: self.set_open(self.is_open))
        points = self.tie_points
        points.pending_changed.connect(self._on_pending)
        points.grown.connect(lambda: dock.tabs.setCurrentWidget(dock.table))
        dock.photo.clicked.connect(lambda x, y: points.set_pending((x, y)))
        dock.photo.point_moved.connect(lambda number, x, y, final: points.move_in_photo(number, x, y, final=final))
        dock.photo.point_toggled.connect(points.toggle)
        dock.table.points.toggled.connect(points.toggle)
        dock.table.delete_requested.connect(points.delete)
        dock.table.selected_changed.connect(self._show_points)
        dock.table.show_requested.connect(self._show_tie_point)
        dock.compare.look_changed.connect(lambda _look: self._apply_look())
        dock.compare.blinked.connect(self._on_blink)
        dock.compare.exaggeration_changed.connect(self._on_exaggeration)
        dock.candidates.chosen.connect(self.map.show_candidate)
        dock.candidates.refine_requested.connect(lambda one: self.refine(one.block))
        dock.candidates.reject_requested.connect(self.reject_candidate)
        dock.candidates.none_requested.connect(self.none_of_these)
        jobs = self._main.localization.jobs
        jobs.idle.connect(lambda: QTimer.singleShot(0, self.refresh))

    def _on_tool(self, tool: object, _before: object = None) -> None:
        setting = tool is self.tie_tool
        self.dock.photo.set_setting(setting)
        if setting and self.work() is not None:
            self.dock.tabs.setCurrentWidget(self.dock.table)

    def _on_blink(self, dark: bool) -> None:
        self.live.dark = dark
        self.live.update()

    def _on_exaggeration(self, factor: float) -> None:
        self.live.exaggeration = factor
        self.live.update()

    def _show_tie_point(self, number: int) -> None:
        work = self.work()
        if work is None or number >= len(work.tie_points):
            return
        point = work.tie_points[number]
        self.dock.photo.center_on_point(point.x, point.y)
        self.map.show_tie_point(point)
