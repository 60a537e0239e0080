"""Nadir, centre and search area of the photo on the desk: typed, clicked on the map, or read from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsMapLayer,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas, QgsMapToolEmitPoint
from qgis.PyQt.QtCore import QObject, Qt

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.file_question import ask_for_file
from astroloc_qgis.gui.desk.panels.details_panel import DetailsPanel
from astroloc_qgis.gui.model.nasa_facts import time_of
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_tables import photo_key, read_metadata
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import Failure


class PhotoPosition(QObject):
    """Sets nadir, centre and search area of photos.

    Args:
        session: has the list of photos and the queue of jobs.
        current: the photo on the desk.
        details: the panel whose fields and buttons this serves.
        canvas: the map.
    """

    def __init__(self, session: Session, current: CurrentPhoto, details: DetailsPanel, canvas: QgsMapCanvas) -> None:
        super().__init__(current)
        self._session, self._current, self._details, self._canvas = session, current, details, canvas
        self._picking = ""
        self.tool = QgsMapToolEmitPoint(canvas)
        self.tool.setCursor(Qt.CursorShape.CrossCursor)
        self.tool.canvasClicked.connect(self._on_click)
        details.nadir_edited.connect(self.set_nadir)
        details.centre_edited.connect(self.set_centre)
        details.area_edited.connect(self.set_area)
        details.map_view_requested.connect(self.take_map_view)
        details.pick_requested.connect(self.pick)
        details.csv_requested.connect(lambda: self._ask(tr("Table of metadata"), "*.csv *.txt *.tsv", self.read_table))
        details.tle_requested.connect(
            lambda: self._ask(tr("Orbital elements"), "*.tle *.txt *.3le", self.read_elements)
        )
        details.refused.connect(session.messages.warning)

    def pick(self, name: str) -> None:
        """Let the next click on the map be the "nadir" or the "centre"."""
        self._picking = name
        self._canvas.setMapTool(self.tool)

    def set_nadir(self, nadir: Nadir | None) -> None:
        """Give the photo another nadir."""
        if (desk := self._current.desk) is not None and desk.work.nadir != nadir:
            desk.change(replace(desk.work, nadir=nadir), tr("Change the nadir"))
            self._session.nadir_changed.emit()

    def set_centre(self, centre: tuple[float, float] | None) -> None:
        """Give the photo another centre (latitude, longitude)."""
        if (desk := self._current.desk) is not None and desk.work.centre != centre:
            area = desk.work.area if centre is None or "extent" in desk.work.area else {}  # {}: about the centre
            desk.change(replace(desk.work, centre=centre, area=area), tr("Change the centre"))

    def set_area(self, area: Mapping[str, Any]) -> None:
        """Give the photo another search area."""
        desk = self._current.desk
        if desk is not None:
            desk.change(replace(desk.work, area=dict(area)), tr("Change the search area"))

    def take_map_view(self) -> None:
        """Make the selected polygon the search area, else what the map shows."""
        canvas, project = self._canvas, QgsProject.instance()
        box, crs = canvas.extent(), canvas.mapSettings().destinationCrs()
        shape: QgsGeometry | None = None
        for layer in canvas.layers():
            if _has_selected_polygon(layer):
                box, crs = layer.boundingBoxOfSelected(), layer.crs()
                shape = QgsGeometry.unaryUnion([feature.geometry() for feature in layer.selectedFeatures()])
                break
        wgs84 = QgsCoordinateReferenceSystem(WGS84)
        try:
            to_wgs84 = QgsCoordinateTransform(crs, wgs84, project)
            found = to_wgs84.transformBoundingBox(box)
            if shape is not None:
                shape.transform(to_wgs84)
        except QgsCsException as error:
            self._session.messages.warning(tr("The map shows more than the Earth: zoom in first."), str(error))
            return
        extent = [found.xMinimum(), max(found.yMinimum(), -85.0), found.xMaximum(), min(found.yMaximum(), 85.0)]
        if not np.isfinite(extent).all() or extent[2] - extent[0] > 360:
            self._session.messages.warning(tr("The map shows more than the Earth: zoom in first."))
            return
        area: dict[str, Any] = {"extent": [round(value, 6) for value in extent]}
        if shape is not None:
            area["polygon"] = shape.asWkt(6)
        self.set_area(area)

    def read_table(self, path: Path) -> None:
        """Read nadir and centre of all photos on the list from a table."""
        try:
            table = read_metadata(path)
        except InputError as error:
            self._session.messages.warning(str(error), error.details)
            return
        done = 0
        for item in self._session.photos.items:
            one = table.known.get(photo_key(item.path.name))
            if one is not None:
                work = item.desk.work
                changed = replace(work, nadir=one.nadir or work.nadir, centre=one.centre or work.centre)
                item.desk.change(changed, tr("Read {file}").format(file=path.name))
                done += 1
        if done:
            self._session.messages.success(tr("{file} knows {n} of the photos.").format(file=path.name, n=done))
        elif table.known:
            self._session.messages.warning(tr("{file} names none of the photos on the list.").format(file=path.name))
        elif not table.problems:
            self._session.messages.warning(tr("{file} has no places of photos.").format(file=path.name))
        if table.problems:
            self._warn_of_rows(table.problems)
        self._session.nadir_changed.emit()

    def _warn_of_rows(self, problems: Sequence[str]) -> None:
        """Name the first row of a table that could not be read; the details have all."""
        sentence = problems[0]
        if len(problems) > 1:
            sentence = tr("{problem} {n} more rows could not be read.").format(problem=sentence, n=len(problems) - 1)
        self._session.messages.warning(sentence, "\n".join(problems))

    def read_elements(self, path: Path) -> None:
        """Have the nadir computed from orbital elements and the photo's time."""
        item = self._current.item
        if item is None:
            return
        taken = read_exif(item.path).taken or time_of(item.desk.work)
        if taken is None:
            self._session.messages.warning(tr("{name} does not say when it was taken.").format(name=item.name))
            return

        def done(result: Mapping[str, Any]) -> None:
            lat, lon = (round(float(value), 4) for value in result["nadir"])
            altitude = round(float(result["altitude_km"]), 2)
            try:
                nadir = Nadir.at(lat, lon, altitude, source="tle")
            except ValueError as error:
                sentence = tr(
                    "The orbital elements in {file} put the camera at a height of {km} km: are they the ISS's?"
                )
                self._session.messages.warning(sentence.format(file=path.name, km=f"{altitude:.0f}"), str(error))
                return
            clues = {**item.desk.work.clues, "tle": list(nadir.numbers)}
            item.desk.change(replace(item.desk.work, nadir=nadir, clues=clues), tr("Nadir from orbital elements"))
            self._session.nadir_changed.emit()

        params = {"tle": str(path), "time": taken.isoformat()}
        self._session.run([Job(item.name, "nadir", params, done, self._tell)])

    def _tell(self, failure: Failure) -> None:
        self._session.messages.warning(failure.message, failure.details)

    def _on_click(self, point: QgsPointXY, _button: Qt.MouseButton) -> None:
        crs = Screen.of(self._canvas.mapSettings()).crs
        lon, lat = transform_points(np.array([[point.x(), point.y()]]), crs, WGS84)[0]
        self._canvas.unsetMapTool(self.tool)
        if not np.isfinite((lon, lat)).all():
            return
        latitude, longitude = round(float(lat), 5), round(float(lon), 5)
        if self._picking == "nadir":
            self.set_nadir(Nadir(latitude, longitude))
        elif self._picking == "centre":
            self.set_centre((latitude, longitude))

    def _ask(self, title: str, patterns: str, use: Callable[[Path], None]) -> None:
        if (path := ask_for_file(self._details, title, patterns)) is not None:
            use(path)


def _has_selected_polygon(layer: QgsMapLayer) -> bool:
    return (
        isinstance(layer, QgsVectorLayer)
        and layer.geometryType() == Qgis.GeometryType.Polygon
        and layer.selectedFeatureCount() > 0
    )
