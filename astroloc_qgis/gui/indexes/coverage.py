"""The coverage of an index on the map: an outline of the extent of its zooms, not a layer of the project."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtGui import QColor

Extent = tuple[float, float, float, float]
COLOURS = ("#d7191c", "#2c7bb6", "#7b3294", "#1a9641")
MOST_LATITUDE = 85.0
STEPS = 32
"""Straight lines along each side, which a map of another CRS bends."""
ROOM = 1.1


def group_by_extent(extents: Mapping[int, Extent]) -> dict[Extent, list[int]]:
    """The zooms of each different extent, in their order."""
    found: dict[Extent, list[int]] = {}
    for zoom in sorted(extents):
        found.setdefault(extents[zoom], []).append(zoom)
    return found


def boxes_of(extent: Extent) -> list[Extent]:
    """The extent as boxes that do not cross the antimeridian, within the latitudes of a web map."""
    west, south, east, north = extent
    south, north = max(south, -MOST_LATITUDE), min(north, MOST_LATITUDE)
    if west < east:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


class CoverageOutline:
    """Outlines on the map canvas; one for each different extent among an index's zooms.

    Args:
        canvas: the map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self.bands: list[QgsRubberBand] = []

    def show(self, extents: Mapping[int, Extent]) -> None:
        """Show an index, and zoom to it."""
        self.clear()
        wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
        whole: QgsGeometry | None = None
        for number, extent in enumerate(group_by_extent(extents)):
            band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
            colour = QColor(COLOURS[number % len(COLOURS)])
            band.setStrokeColor(colour)
            colour.setAlpha(30)
            band.setFillColor(colour)
            band.setWidth(3)
            for box in boxes_of(extent):
                shape = QgsGeometry.fromPolygonXY([_ring(box)])
                band.addGeometry(shape, wgs84)
                whole = shape if whole is None else whole.combine(shape)
            self.bands.append(band)
        if whole is not None:
            self._zoom_to(whole, wgs84)

    def clear(self) -> None:
        """Take the outlines off the map."""
        for band in self.bands:
            self._canvas.scene().removeItem(band)
        self.bands.clear()

    def _zoom_to(self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        target = self._canvas.mapSettings().destinationCrs()
        if not target.isValid():
            return
        transform = QgsCoordinateTransform(crs, target, QgsProject.instance())
        transform.setBallparkTransformsAreAppropriate(True)
        try:
            box = transform.transformBoundingBox(shape.boundingBox())
        except QgsCsException:  # the map's CRS does not show that part of the world
            return
        if box.isFinite() and not box.isEmpty():
            box.scale(ROOM)
            self._canvas.setExtent(box)
            self._canvas.refresh()


def _ring(box: Extent) -> list[QgsPointXY]:
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        ring += [QgsPointXY(x0 + (x1 - x0) * n / STEPS, y0 + (y1 - y0) * n / STEPS) for n in range(STEPS)]
    return [*ring, ring[0]]
