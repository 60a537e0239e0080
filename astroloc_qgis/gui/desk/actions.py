"""The actions of the desk's buttons: place, accept, reject, fit, refine, and reject candidates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from qgis.core import QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.exports.points_file import read_points
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.export_jobs import update_job
from astroloc_qgis.gui.desk.file_question import ask_for_file
from astroloc_qgis.gui.desk.placing import place_in_view, points_to_placement
from astroloc_qgis.gui.desk.tie_point_edits import TiePointEdits
from astroloc_qgis.gui.localization_jobs import LocalizationJobs
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate, PhotoState
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_photo import photo_size, upright_points
from astroloc_qgis.qgis_adapters.engine.photo_copies import is_readable_now
from astroloc_qgis.qgis_adapters.text import tr


class DeskActions(QObject):
    """Changes the photo on the desk as the analyst decides.

    Args:
        session: tells messages and has the queue of jobs.
        jobs: refines photos.
        current: the photo on the desk.
        tie_points: takes tie points that are read from a file.
        canvas: the map.
    """

    placed = pyqtSignal()
    """The photo was put in the middle of the map."""

    def __init__(
        self,
        session: Session,
        jobs: LocalizationJobs,
        current: CurrentPhoto,
        tie_points: TiePointEdits,
        canvas: QgsMapCanvas,
    ) -> None:
        super().__init__(current)
        self._session, self._jobs, self._current = session, jobs, current
        self._tie_points, self._canvas = tie_points, canvas
        self._to_place: PhotoItem | None = None
        current.loaded.connect(self._place_read)

    def place_here(self) -> None:
        """Put the photo in the middle of the map, north up, to be corrected by hand."""
        item = self._current.item
        if item is None:
            return
        try:
            size = self._size_now(item)
        except AstroLocError as error:
            self._session.messages.warning(str(error), error.details)
            return
        self._to_place = item if size is None else None
        if size is None:
            self._session.messages.info(tr("The photo is being read: it is placed as soon as that is done."))
            return
        placement = place_in_view(Screen.of(self._canvas.mapSettings()), size, item.desk.work.nadir)
        if placement is None:
            self._session.messages.warning(tr("The map shows no ground in its middle: move it first."))
            return
        item.desk.change(item.desk.work.moved_to(placement), tr("Place by hand"))
        self.placed.emit()

    def _size_now(self, item: PhotoItem) -> tuple[int, int] | None:
        """The size of the photo on the desk; None where it must be waited for, which happens in the background."""
        if (known := self._current.size) is not None:
            return known
        if is_readable_now(item.path):
            return photo_size(item.path)
        if not self._current.is_loading:
            self._current.load()
        return None

    def _place_read(self) -> None:
        """Place the photo that was to be placed and has been read, if it is still on the desk and not placed."""
        item, self._to_place = self._to_place, None
        if item is not None and item is self._current.item and item.desk.work.placement is None:
            self.place_here()

    def accept(self) -> None:
        """Accept the placement of the photo."""
        item = self._current.item
        if item is not None and item.desk.work.placement is not None:
            item.desk.change(replace(item.desk.work, state=PhotoState.ACCEPTED, note=""), tr("Accept"))
            self.bring_up_to_date(item)

    def reject(self) -> None:
        """Reject the placement of the photo."""
        if (desk := self._current.desk) is not None:
            desk.change(desk.work.not_localized(tr("rejected")), tr("Reject"))

    def fit(self) -> None:
        """Fit the photo to its tie points."""
        if (desk := self._current.desk) is None:
            return
        fitted = points_to_placement(desk.work, self._current.size)
        if fitted is None:
            self._session.messages.warning(tr("The tie points that are on say nothing about where the photo lies."))
        else:
            desk.change(desk.work.moved_to(fitted), tr("Fit to the tie points"))

    def refine(self, block: str | None = None) -> None:
        """Have the engine register the photo from its placement, or from a block of the index."""
        if (item := self._current.item) is not None:
            self._jobs.refine(item, block=block)

    def bring_up_to_date(self, item: PhotoItem) -> None:
        """Have the files written again if they show the photo at an earlier place."""
        if item.desk.work.stale or not item.desk.work.outputs:
            self._session.run([update_job(self._session, item)])

    def reject_candidate(self, one: Candidate) -> None:
        """Reject a candidate."""
        if (desk := self._current.desk) is not None:
            desk.change(desk.work.without_candidates([one]), tr("Reject a candidate"))

    def none_of_these(self) -> None:
        """Reject all candidates, and take the photo off the map."""
        if (desk := self._current.desk) is not None:
            struck = desk.work.without_candidates(desk.work.candidates)
            desk.change(struck.not_localized(tr("none of the candidates")), tr("None of the candidates"))

    def ask_for_control_points(self, parent: QWidget) -> None:
        """Ask for a file of control points and read it."""
        if (path := ask_for_file(parent, tr("Control points"), "*.points")) is not None:
            self.read_control_points(path)

    def read_control_points(self, path: Path) -> None:
        """Add the tie points in a file of QGIS's Georeferencer, which counts pixels as the photo's file has them."""
        item = self._current.item
        if item is None:
            return
        try:
            points, crs = read_points(path)
            stored = np.array([[point.x, point.y] for point in points]).reshape(-1, 2)
            photo_xy = upright_points(item.path, stored)
        except AstroLocError as error:
            self._session.messages.warning(str(error), error.details)
            return
        crs = crs or QgsProject.instance().crs().toWkt()
        on_map = np.array([[point.map_x, point.map_y] for point in points]).reshape(-1, 2)
        lonlat = transform_points(on_map, crs, WGS84)
        added = tuple(
            TiePoint(float(x), float(y), float(lon), float(lat), point.enabled)
            for point, (x, y), (lon, lat) in zip(points, photo_xy, lonlat, strict=True)
            if np.isfinite((lon, lat)).all()
        )
        self._tie_points.append(added, tr("Read {file}").format(file=path.name))
        if lost := len(points) - len(added):
            sentence = tr("{n} points in {file} lie where their CRS is not defined: they are left out.")
            self._session.messages.warning(sentence.format(n=lost, file=path.name))
