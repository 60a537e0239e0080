"""The result of the current photo: seen through, blinking, over the reference; where there is none, the candidates."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QEvent, QSize, Qt, QTimer
from qgis.PyQt.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.candidate_pictures import CandidatePictures
from astroloc_qgis.gui.dock.result_candidates import ResultCandidates
from astroloc_qgis.gui.localization_jobs import LocalizationJobs
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoState
from astroloc_qgis.gui.model.work import Candidate
from astroloc_qgis.gui.reference_under import is_wanted, show_under, show_under_if_wanted
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_layers import raster_layers, show_rasters
from astroloc_qgis.qgis_adapters.layers import all_photo_layers, zoom_to
from astroloc_qgis.qgis_adapters.map_view import MarkedPlace, map_stays
from astroloc_qgis.qgis_adapters.on_map.map_crs import suited_crs
from astroloc_qgis.qgis_adapters.on_map.reference_layer import hide_reference, shown_reference
from astroloc_qgis.qgis_adapters.text import tr

BLINK_MS = 450
SLIDER = 80
"""Least width of the slider, pixels: narrower, it cannot be set."""


class ResultPanel(QWidget):
    """What one wants right after a photo was localized, or was not; hidden while there is nothing to show.

    Args:
        session: has the photos, the map and the imagery.
        jobs: tries a candidate.
        parent: the dock.
    """

    def __init__(self, session: Session, jobs: LocalizationJobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs = session, jobs
        self._item: PhotoItem | None = None
        self._last: PhotoItem | None = None
        self._mark: MarkedPlace | None = None
        self._dark = False
        self.pictures = CandidatePictures(session, self)
        self.controls = QWidget(self)
        self.zoom_button = self._tool_button(tr("&Zoom"), "mActionZoomToLayer.svg", tr("Show all of the photo"))
        self.zoom_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.blink_button = self._tool_button(
            tr("Blink"), "mActionShowAllLayers.svg", tr("Photo and reference in turn: what is off jumps")
        )
        self.blink_button.setCheckable(True)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self.controls)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip(tr("How much of the reference shines through the photo"))
        self.opacity.setAccessibleName(tr("Opacity"))
        self.opacity.setMinimumWidth(SLIDER)
        self.under = QCheckBox(tr("Show the reference &under the result"), self.controls)
        self.under.setChecked(is_wanted(session))
        self.under.setToolTip(
            tr("A project without layers gets the imagery that the photo was matched with, below the photo")
        )
        self.candidates = ResultCandidates(self)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(BLINK_MS)
        self._timer.timeout.connect(lambda: self._show_photo(self._dark))
        self.zoom_button.clicked.connect(self._zoom)
        self.blink_button.toggled.connect(self._on_blink)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.under.toggled.connect(self._on_under)
        self.candidates.chosen.connect(self._go_to)
        self.candidates.try_requested.connect(self._try)
        self.pictures.drawn.connect(self.refresh)
        session.localized.connect(self._on_localized)
        session.jobs.started.connect(lambda *_job: self.stop_blinking())
        QgsProject.instance().layerTreeRoot().visibilityChanged.connect(self._on_visibility)
        self.refresh()

    def current_item(self) -> PhotoItem | None:
        """Return the photo whose result is shown: the selected one, else the last localized, else the only one."""
        items, selected = self._session.photos.items, self._session.selected
        if selected:
            return selected[0] if len(selected) == 1 else None
        if self._last in items:
            return self._last
        return items[0] if len(items) == 1 else None

    def refresh(self) -> None:
        """Show the result of the current photo as it is now."""
        item = self.current_item()
        if item is not self._item:
            self.stop_blinking()
            self._forget_place()
            self._item = item
        rasters = self._rasters()
        work = None if item is None else item.desk.work
        lost = item is not None and work is not None and item.state is PhotoState.NOT_LOCALIZED
        candidates = work.candidates if lost and work is not None else ()
        if rasters:
            self._forget_place()
        self.controls.setVisible(bool(rasters))
        self.candidates.setVisible(bool(candidates))
        self.setVisible(bool(rasters or candidates))
        if rasters:
            self._enable(self._dark or self._is_shown(rasters))
            self._show_opacity(rasters[0].opacity())
        if candidates and work is not None:
            QTimer.singleShot(0, self._ask_for_pictures)
            reason = str(work.facts.get("reason", ""))
            self.candidates.show_candidates(candidates, self.pictures.files, reason, busy=self._session.busy)

    def stop_blinking(self) -> None:
        """Show the photo again, and keep it shown."""
        self.blink_button.setChecked(False)

    def stop(self) -> None:
        """Take everything off the map, and stop listening to the project (the plugin is being switched off)."""
        self.stop_blinking()
        QgsProject.instance().layerTreeRoot().visibilityChanged.disconnect(self._on_visibility)
        if self._mark is not None:
            self._mark.stop()
            self._mark = None

    def hideEvent(self, event: QEvent) -> None:
        """A photo does not blink on while nobody sees the button that stops it."""
        super().hideEvent(event)
        self.stop_blinking()

    # -- the result

    def _rasters(self) -> list[QgsRasterLayer]:
        return [] if self._item is None else raster_layers(self._item.path, QgsProject.instance())

    def _is_shown(self, rasters: list[QgsRasterLayer]) -> bool:
        """Whether the layer tree shows the photo; the desk hides it while it draws the photo itself."""
        root = QgsProject.instance().layerTreeRoot()
        nodes = [root.findLayer(layer.id()) for layer in rasters]
        return any(node is not None and node.isVisible() for node in nodes)

    def _enable(self, shown: bool) -> None:
        for widget in (self.blink_button, self.opacity):
            widget.setEnabled(shown)

    def _show_opacity(self, opacity: float) -> None:
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(100 * opacity))
        self.opacity.blockSignals(False)

    def _on_opacity(self, percent: int) -> None:
        for layer in self._rasters():
            layer.setOpacity(percent / 100)
            layer.triggerRepaint()

    def _zoom(self) -> None:
        try:
            zoom_to(self._rasters(), self._session.iface.mapCanvas(), QgsProject.instance())
        except InputError as error:
            self._session.messages.warning(str(error), error.details)

    def _on_blink(self, on: bool) -> None:
        if on:
            self._timer.start()
            self._show_photo(False)
        else:
            self._timer.stop()
            if self._dark:
                self._show_photo(True)

    def _show_photo(self, shown: bool) -> None:
        self._dark = not shown
        if self._item is not None:
            show_rasters(self._item.path, shown)

    def _on_visibility(self, _node: object) -> None:
        if self._timer.isActive() or self._item is None:
            return
        if rasters := self._rasters():
            self._enable(self._is_shown(rasters))

    def _on_under(self, on: bool) -> None:
        self._session.settings.under = "yes" if on else "no"
        project = QgsProject.instance()
        if not on:
            hide_reference(project)
        elif all_photo_layers(project):
            show_under(self._session)

    def _on_localized(self, item: PhotoItem) -> None:
        self._last = item
        self.refresh()

    # -- the candidates

    def _ask_for_pictures(self) -> None:
        item = self._item
        if item is not None and self.isVisible() and item.state is PhotoState.NOT_LOCALIZED:
            self.pictures.ask(item.desk.work.candidates)

    def _go_to(self, one: Candidate) -> None:
        """Bring a candidate's place into view; a project without layers gets the reference to look at."""
        project, iface = QgsProject.instance(), self._session.iface
        if not project.mapLayers():
            with map_stays(iface):
                show_under_if_wanted(self._session)
                if (layer := shown_reference(project)) is not None:
                    project.setCrs(suited_crs(layer), True)
        if self._mark is None:
            self._mark = MarkedPlace(iface.mapCanvas())
        self._mark.show(one.bounds())

    def _try(self, one: Candidate) -> None:
        if self._item is not None:
            self._go_to(one)
            self._jobs.refine(self._item, block=one.block)

    def _forget_place(self) -> None:
        if self._mark is not None:
            self._mark.forget()

    # -- widgets

    def _lay_out(self) -> None:
        grid = QGridLayout(self.controls)
        grid.setContentsMargins(0, 0, 0, 0)
        label = QLabel(tr("Opacity"), self.controls)
        for column, widget in enumerate((self.zoom_button, self.blink_button, label, self.opacity)):
            grid.addWidget(widget, 0, column)
        grid.setColumnStretch(3, 1)
        grid.addWidget(self.under, 1, 0, 1, 4)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.controls)
        outer.addWidget(self.candidates)

    def _tool_button(self, text: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self.controls)
        button.setText(text)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        button.setToolTip(tip)
        return button
