"""Nadir, centre and search area of the photo on the desk: clicked on the map, or read from tables and orbits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from qgis.gui import QgsMapToolEmitPoint
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import QFileDialog

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.exports.points_file import read_points
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.gui.model.work import TiePoint
from astroloc_qgis.qgis_adapters.desk_settings import DeskSettings
from astroloc_qgis.qgis_adapters.desk_tables import photo_key, read_metadata
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import Failure

if TYPE_CHECKING:
    from astroloc_qgis.gui.desk.desk import Desk
    from astroloc_qgis.gui.dock.dock import AstroLocDock


class KnownPlaces(QObject):
    """Puts what is known of a photo into its work.

    Args:
        desk: whose photo it is.
        main: the dock with the list of photos.
    """

    def __init__(self, desk: Desk, main: AstroLocDock) -> None:
        super().__init__(desk)
        self._desk, self._main = desk, main
        self._settings = DeskSettings()
        self._picking = ""
        self.tool = QgsMapToolEmitPoint(desk.canvas)
        self.tool.setCursor(Qt.CursorShape.CrossCursor)
        self.tool.canvasClicked.connect(self._on_click)
        details = desk.dock.details
        details.nadir_edited.connect(lambda place: self.set_place("nadir", place))
        details.centre_edited.connect(lambda place: self.set_place("centre", place))
        details.area_edited.connect(self.set_area)
        details.map_view_requested.connect(self.take_map_view)
        details.pick_requested.connect(self.pick)
        details.csv_requested.connect(lambda: self._ask(tr("Table of metadata"), "*.csv *.txt *.tsv", self.read_table))
        details.tle_requested.connect(
            lambda: self._ask(tr("Orbital elements"), "*.tle *.txt *.3le", self.read_elements)
        )
        details.refused.connect(main.messages.warning)

    def pick(self, name: str) -> None:
        """Let the next click on the map be the "nadir" or the "centre"."""
        self._picking = name
        self._desk.canvas.setMapTool(self.tool)

    def set_place(self, name: str, place: tuple[float, float] | None) -> None:
        """Give the photo another nadir or centre."""
        desk = self._desk.current_desk()
        if desk is None or getattr(desk.work, name) == place:
            return
        changed = replace(desk.work, nadir=place) if name == "nadir" else replace(desk.work, centre=place)
        desk.change(changed, tr("Change the nadir") if name == "nadir" else tr("Change the centre"))
        self._main.refresh()

    def set_area(self, area: Mapping[str, Any]) -> None:
        """Search somewhere else."""
        desk = self._desk.current_desk()
        if desk is not None:
            desk.change(replace(desk.work, area=dict(area)), tr("Change the search area"))

    def take_map_view(self) -> None:
        """Search in the polygon that is selected, else in what the map shows."""
        canvas, project = self._desk.canvas, QgsProject.instance()
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
            self._main.messages.warning(tr("The map shows more than the Earth: zoom in first."), str(error))
            return
        extent = [found.xMinimum(), max(found.yMinimum(), -85.0), found.xMaximum(), min(found.yMaximum(), 85.0)]
        if not np.isfinite(extent).all() or extent[2] - extent[0] > 360:
            self._main.messages.warning(tr("The map shows more than the Earth: zoom in first."))
            return
        area: dict[str, Any] = {"extent": [round(value, 6) for value in extent]}
        if shape is not None:
            area["polygon"] = shape.asWkt(6)
        self.set_area(area)

    def read_table(self, path: Path) -> None:
        """Take nadir and centre of all photos on the list from a table."""
        try:
            known = read_metadata(path)
        except InputError as error:
            self._main.messages.warning(str(error), error.details)
            return
        done = 0
        for item in self._main.photos.photos.items:
            one = known.get(photo_key(item.path.name))
            if one is not None:
                work = item.desk.work
                changed = replace(work, nadir=one.nadir or work.nadir, centre=one.centre or work.centre)
                item.desk.change(changed, tr("Read {file}").format(file=path.name))
                done += 1
        if done:
            self._main.messages.success(tr("{file} knows {n} of the photos.").format(file=path.name, n=done))
        else:
            self._main.messages.warning(tr("{file} names none of the photos on the list.").format(file=path.name))
        self._main.refresh()

    def read_elements(self, path: Path) -> None:
        """Have the nadir computed from orbital elements and the photo's time."""
        item = self._desk.item
        if item is None:
            return
        taken = read_exif(item.path).taken
        if taken is None:
            self._main.messages.warning(tr("{name} does not say when it was taken.").format(name=item.name))
            return

        def done(result: Mapping[str, Any]) -> None:
            lat, lon = (round(float(value), 4) for value in result["nadir"])
            item.desk.change(replace(item.desk.work, nadir=(lat, lon)), tr("Nadir from orbital elements"))
            self._main.refresh()

        def failed(failure: Failure) -> None:
            self._main.messages.warning(failure.message, failure.details)

        params = {"tle": str(path), "time": taken.isoformat()}
        self._main.localization.run([Job(item.name, "nadir", params, done, failed)])

    def read_control_points(self, path: Path) -> None:
        """Take tie points from a file of QGIS's Georeferencer."""
        if self._desk.current_desk() is None:
            return
        try:
            points, crs = read_points(path)
        except AstroLocError as error:
            self._main.messages.warning(str(error), error.details)
            return
        crs = crs or QgsProject.instance().crs().toWkt()
        lonlat = transform_points(np.array([[point.map_x, point.map_y] for point in points]), crs, WGS84)
        added = tuple(
            TiePoint(point.x, point.y, float(lon), float(lat), point.enabled)
            for point, (lon, lat) in zip(points, lonlat, strict=True)
            if np.isfinite((lon, lat)).all()
        )
        self._desk.tie_points.append(added, tr("Read {file}").format(file=path.name))

    def ask_for_control_points(self) -> None:
        """Ask for a file of control points and read it."""
        self._ask(tr("Control points"), "*.points", self.read_control_points)

    def _on_click(self, point: QgsPointXY, _button: Qt.MouseButton) -> None:
        lon, lat = transform_points(np.array([[point.x(), point.y()]]), self._desk.live.screen.crs, WGS84)[0]
        self._desk.canvas.unsetMapTool(self.tool)
        if self._picking and np.isfinite((lon, lat)).all():
            self.set_place(self._picking, (round(float(lat), 5), round(float(lon), 5)))

    def _ask(self, title: str, patterns: str, use: Any) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._desk.dock, title, self._settings.tables, f"{title} ({patterns});;" + tr("All files") + " (*)"
        )
        if name:
            self._settings.tables = str(Path(name).parent)
            use(Path(name))


def _has_selected_polygon(layer: QgsMapLayer) -> bool:
    return (
        isinstance(layer, QgsVectorLayer)
        and layer.geometryType() == Qgis.GeometryType.Polygon
        and layer.selectedFeatureCount() > 0
    )
