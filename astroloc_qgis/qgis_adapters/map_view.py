"""What happens to the map when layers come: to a project that has layers already, and to one that had none.

QGIS shows the first layer of an empty project in full, in that layer's CRS, and does so a moment after it was added:
whoever clicks in that moment clicks on a map that is about to move.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtGui import QColor

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.layers import PhotoLayers, add_photo_layers, zoom_to
from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.on_map.map_crs import WEB_MERCATOR, give_crs

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

ROOM = 1.8
"""How much larger than a marked place the map's view is."""
MARK = QColor(60, 200, 255)
MARK_INSIDE = QColor(60, 200, 255, 30)


@contextlib.contextmanager
def map_stays(iface: QgisInterface) -> Iterator[None]:
    """Layers added inside are shown at once, and the map stays where it is."""
    bridge = iface.layerTreeCanvasBridge()
    before = bridge.autoSetupOnFirstLayer()
    bridge.setAutoSetupOnFirstLayer(False)
    try:
        yield
        bridge.setCanvasLayers()
    finally:
        bridge.setAutoSetupOnFirstLayer(before)


def show_layers_now(iface: QgisInterface) -> None:
    """Have QGIS show the layers that were just added at once, and zoom to the first of a project."""
    iface.layerTreeCanvasBridge().setCanvasLayers()


def add_photo_to_map(
    iface: QgisInterface,
    report: Mapping[str, Any],
    photo: Path,
    project: QgsProject,
    add_below: Callable[[], object] | None = None,
) -> PhotoLayers:
    """Add the layers of a localized photo; a project that had no layers gets a projected CRS and shows the photo.

    Args:
        iface: QGIS's interface for plugins.
        report: the engine's entry.
        photo: its path.
        project: where to add them.
        add_below: adds what lies below the photo in a project that had no layers.

    Raises:
        AstroLocError: a file that the engine wrote cannot be opened.
    """
    if project.mapLayers():
        added = add_photo_layers(report, photo, project)
        show_layers_now(iface)
        return added
    with map_stays(iface):
        added = add_photo_layers(report, photo, project)
        give_crs(project, added.raster)
        if add_below is not None:
            add_below()
    try:
        zoom_to([added.raster], iface.mapCanvas(), project)
    except InputError as error:
        log_line(f"{error}\n{error.details}")
    return added


class MarkedPlace:
    """A place on the map, outlined.

    Args:
        canvas: the map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._band = QgsRubberBand(canvas)
        self._band.setStrokeColor(MARK)
        self._band.setFillColor(MARK_INSIDE)
        self._band.setWidth(2)

    def show(self, bounds: tuple[float, float, float, float]) -> None:
        """Outline a place and bring it into view, as far as the map's CRS has it.

        Args:
            bounds: west, south, east, north in metres of EPSG:3857.
        """
        crs = QgsCoordinateReferenceSystem(WEB_MERCATOR)
        geometry = QgsGeometry.fromRect(QgsRectangle(*bounds))
        self._band.setToGeometry(geometry, crs)
        map_crs = self._canvas.mapSettings().destinationCrs()
        try:
            geometry.transform(QgsCoordinateTransform(crs, map_crs, QgsProject.instance()))
        except QgsCsException:
            return
        shown = geometry.boundingBox()
        shown.scale(ROOM)
        if shown.isFinite():
            self._canvas.setExtent(shown)
            self._canvas.refresh()

    def forget(self) -> None:
        """Take the outline off the map."""
        self._band.reset()

    def stop(self) -> None:
        """Take everything off the map for good."""
        self._canvas.scene().removeItem(self._band)
