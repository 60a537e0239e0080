"""The analyst's desk: puts a photo on it, shows it on the map and in the panels, and connects them."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, Qt, QTimer

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.candidate_pictures import CandidatePictures
from astroloc_qgis.gui.desk.actions import DeskActions
from astroloc_qgis.gui.desk.canvas.desk_map import DeskMap
from astroloc_qgis.gui.desk.canvas.footprint_sync import FootprintSync
from astroloc_qgis.gui.desk.canvas.footprint_tool import FootprintTool
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.desk.canvas.tie_point_tool import TiePointTool
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.desk_dock import DeskDock
from astroloc_qgis.gui.desk.photo_export import PhotoExport
from astroloc_qgis.gui.desk.photo_position import PhotoPosition
from astroloc_qgis.gui.desk.tie_point_edits import TiePointEdits
from astroloc_qgis.gui.localization_jobs import LocalizationJobs
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_layers import raster_layers
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid
from astroloc_qgis.qgis_adapters.layers import zoom_to
from astroloc_qgis.qgis_adapters.text import tr

HALF_SEEN = 0.35
"""How opaque the photo is while the place of a tie point is looked for in the reference below it."""
DOCK_HEIGHT = 250
"""The desk's own height when it is opened: the map keeps the larger part of a screen of 720 lines."""
SETTLE_MS = 150


class Desk(QObject):
    """Connects the photo on the desk with the map, the desk's dock and the session.

    Args:
        session: what the desk shares with the dock that lists the photos.
        jobs: refines photos.
        dock: the desk's own dock.

    Attributes:
        current: the photo on the desk.
        actions: what the buttons do to it.
        tie_points: the edits of its tie points.
        position: its nadir, centre and search area.
        export: writes photos in other forms.
        live: draws the photo on the map.
        map: the map as the desk uses it.
    """

    def __init__(self, session: Session, jobs: LocalizationJobs, dock: DeskDock) -> None:
        super().__init__(dock)
        self.session, self.dock = session, dock
        self.canvas = session.iface.mapCanvas()
        self.current = CurrentPhoto(self)
        self.live = LiveItem(self.canvas)
        self.map = DeskMap(self.canvas, self.live)
        self.tie_points = TiePointEdits(self.current)
        self.footprint_tool = FootprintTool(self.canvas, self.current, self.live)
        self.tie_tool = TiePointTool(self.canvas, self.current, self.tie_points, self.live)
        self.footprint_tool.setAction(dock.correct)
        self.tie_tool.setAction(dock.tie)
        self.sync = FootprintSync(session.iface, self)
        self.position = PhotoPosition(session, self.current, dock.details, self.canvas)
        self.export = PhotoExport(session, self.current, self.canvas)
        self.pictures = CandidatePictures(session, self)
        self.actions = DeskActions(session, jobs, self.current, self.tie_points, self.canvas)
        self._connect_session()
        self._connect_photo()
        self._connect_dock()
        self.refresh()

    # -- which photo

    @property
    def is_open(self) -> bool:
        """Whether the desk is open."""
        return not self.dock.isHidden()

    def take(self, item: PhotoItem | None) -> None:
        """Put another photo on the desk, or none."""
        before = self.current.item
        if item is before:
            return
        if before is not None:
            self.tie_points.set_pending(None)
            if not before.desk.work.stale:  # files that show the photo elsewhere stay hidden until they are renewed
                self.map.clear_below(before.path, None)
        self.current.put(item)
        self.map.forget_candidate()
        self.dock.photo.show_photo(None)
        self.sync.follow(item)
        self.load()
        self.refresh()
        if self.is_open and not self._is_in_view():
            self.show_on_map()

    def load(self) -> None:
        """Read the photo in the background, if the desk is open and it has not been read."""
        current = self.current
        if current.item is None or current.pyramid is not None or current.is_loading or not self.is_open:
            return
        self.dock.photo.empty_text = tr("Reading the photo…")
        current.load()

    def open(self) -> None:
        """Bring the desk to the front."""
        first = not self.is_open
        self.dock.show()
        self.dock.raise_()
        if first and not self.dock.isFloating():
            window = self.session.iface.mainWindow()
            window.resizeDocks([self.dock], [DOCK_HEIGHT], Qt.Orientation.Vertical)
        self.set_open(True)
        QTimer.singleShot(SETTLE_MS if first else 0, self.show_on_map)  # once the map has its new size

    def set_open(self, is_open: bool) -> None:
        """The desk was opened or closed."""
        if not is_open:
            self._drop_tools()
            self.map.forget_candidate()
        self.refresh()

    def stop(self) -> None:
        """Clear the map and release the photo (the plugin is being switched off)."""
        self.take(None)
        self.dock.compare.stop()
        self.sync.follow(None)
        self._drop_tools()
        self.map.stop()

    # -- showing

    def show_on_map(self) -> None:
        """Bring the photo on the desk into view, if it has a placement."""
        work = self.current.work
        if work is not None and work.placement is not None:
            self.map.bring_into_view(work.placement)

    def refresh(self) -> None:
        """Show the photo on the desk as it is now."""
        current, dock = self.current, self.dock
        work = current.work
        placement = work.placement if work else None
        dock.show_item(current.item, current.size, busy=self.session.busy, can_export=bool(self.export.exportable()))
        if placement is None and self.canvas.mapTool() is self.footprint_tool:
            self.canvas.unsetMapTool(self.footprint_tool)
        if current.pyramid is None and not current.is_loading:
            dock.photo.empty_text = tr("Choose a photo in the AstroLoc list to work on it.")
        if current.item is not None:
            self.map.clear_below(current.item.path, placement if self.is_open else None)
        self.sync.write()
        self._on_preview()
        self._show_points()
        if self.is_open:
            self.pictures.ask(work.candidates if work else ())
        self.load()

    def _is_in_view(self) -> bool:
        work = self.current.work
        return work is not None and work.placement is not None and self.map.shows(work.placement)

    def _drop_tools(self) -> None:
        for tool in (self.footprint_tool, self.tie_tool):
            self.canvas.unsetMapTool(tool)

    def _show_points(self) -> None:
        work = self.current.work
        points = work.tie_points if work else ()
        self.dock.photo.show_points(points, set(self.dock.table.selected()), self.tie_points.pending)

    def _apply_appearance(self) -> None:
        appearance = self.dock.compare.appearance()
        if self.tie_points.pending is not None:
            appearance = replace(appearance, opacity=min(appearance.opacity, HALF_SEEN))
        self.live.set_appearance(appearance)
        self.dock.photo.set_appearance(appearance)

    # -- wiring

    def _connect_session(self) -> None:
        session = self.session
        session.selection_changed.connect(self._on_selection)
        session.review_requested.connect(self._on_review)
        session.localized.connect(self._on_localized)
        session.jobs.idle.connect(lambda: QTimer.singleShot(0, self.refresh))

    def _connect_photo(self) -> None:
        self.current.changed.connect(self.refresh)
        self.current.previewed.connect(self._on_preview)
        self.current.loaded.connect(self._on_loaded)
        self.current.refused.connect(self._on_refused)
        self.canvas.mapToolSet.connect(self._on_tool)
        self.actions.placed.connect(lambda: self.canvas.setMapTool(self.footprint_tool))

    def _connect_dock(self) -> None:
        dock, actions, points = self.dock, self.actions, self.tie_points
        dock.connect_actions(
            {
                dock.place: actions.place_here,
                dock.correct: lambda: self.canvas.setMapTool(self.footprint_tool),
                dock.tie: lambda: self.canvas.setMapTool(self.tie_tool),
                dock.undo: self.current.undo,
                dock.redo: self.current.redo,
                dock.refine: lambda: self._refine(None),
                dock.fit: actions.fit,
                dock.accept: actions.accept,
                dock.reject: actions.reject,
                dock.export: self.export.export,
                dock.read_points: lambda: actions.ask_for_control_points(dock),
            }
        )
        dock.visibilityChanged.connect(lambda _visible: self.set_open(self.is_open))
        points.pending_changed.connect(self._on_pending)
        points.grown.connect(lambda: dock.tabs.setCurrentWidget(dock.table))
        dock.photo.clicked.connect(lambda x, y: points.set_pending((x, y)))
        dock.photo.point_moved.connect(lambda number, x, y, final: points.move_in_photo(number, x, y, final=final))
        dock.photo.point_toggled.connect(points.toggle)
        dock.table.points.toggled.connect(points.toggle)
        dock.table.delete_requested.connect(points.delete)
        dock.table.selected_changed.connect(self._show_points)
        dock.table.show_requested.connect(self._show_tie_point)
        dock.compare.appearance_changed.connect(lambda _appearance: self._apply_appearance())
        dock.compare.blinked.connect(self._on_blink)
        dock.compare.exaggeration_changed.connect(self._on_exaggeration)
        self.pictures.drawn.connect(lambda: dock.candidates.add_pictures(self.pictures.files))
        dock.candidates.chosen.connect(self.map.show_candidate)
        dock.candidates.refine_requested.connect(lambda one: self._refine(one.block))
        dock.candidates.reject_requested.connect(actions.reject_candidate)
        dock.candidates.none_requested.connect(actions.none_of_these)

    def _on_selection(self) -> None:
        selected = self.session.selected
        self.take(selected[0] if len(selected) == 1 else None)

    def _on_review(self, item: PhotoItem) -> None:
        self.take(item)
        self.open()

    def _on_localized(self, item: PhotoItem) -> None:
        """Show a photo that was localized; while the desk is open the map moves only for the photo on it."""
        if self.is_open:
            if item is self.current.item and not self._is_in_view():
                self.show_on_map()
            return
        project = QgsProject.instance()
        try:
            zoom_to(raster_layers(item.path, project), self.canvas, project)
        except InputError as error:
            self.session.messages.warning(str(error), error.details)

    def _refine(self, block: str | None) -> None:
        self.actions.refine(block)
        self.refresh()

    def _on_preview(self) -> None:
        desk = self.current.desk
        shown = desk if self.is_open else None
        pyramid = self.current.pyramid
        self.live.show_photo(pyramid, shown.placement if shown else None, shown.work if shown else None)

    def _on_loaded(self, pyramid: Pyramid) -> None:
        item = self.current.item
        placed = item is not None and item.desk.work.placement is not None
        self.session.photo_read.emit(item)
        if not placed and self.is_open and not self._is_in_view():
            self.show_on_map()
        self.dock.photo.show_photo(pyramid)
        self._apply_appearance()
        self.refresh()

    def _on_refused(self, sentence: str, details: str) -> None:
        self.dock.photo.empty_text = sentence
        self.dock.photo.viewport().update()
        self.session.messages.warning(sentence, details)

    def _on_pending(self) -> None:
        self.live.pending = self.tie_points.pending
        self._apply_appearance()
        self._show_points()

    def _on_tool(self, tool: object, _before: object = None) -> None:
        setting = tool is self.tie_tool
        self.dock.photo.set_setting(setting)
        if setting and self.current.item is not None:
            self.dock.tabs.setCurrentWidget(self.dock.table)

    def _on_blink(self, dark: bool) -> None:
        self.live.dark = dark
        self.live.update()

    def _on_exaggeration(self, factor: float) -> None:
        self.live.exaggeration = factor
        self.live.update()

    def _show_tie_point(self, number: int) -> None:
        work = self.current.work
        if work is None or number >= len(work.tie_points):
            return
        point = work.tie_points[number]
        self.dock.photo.center_on_point(point.x, point.y)
        self.map.show_tie_point(point)
