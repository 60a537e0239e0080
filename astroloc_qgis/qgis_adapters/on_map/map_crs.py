"""A CRS for the map of a project that had no layers: a projected one, in which a photo looks as it does from above."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsMapLayer,
    QgsProject,
    QgsSettings,
)

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.projection import WGS84

BEHAVIOUR = "app/projections/newProjectCrsBehavior"
"""QGIS's setting: whether a new project takes the CRS of its first layer, or one that the user has set."""
WEB_MERCATOR = "EPSG:3857"
ARCTIC, ANTARCTIC = "EPSG:3995", "EPSG:3031"
UTM_NORTH, UTM_SOUTH = 84.0, -80.0
"""Latitudes in degrees beyond which UTM has no zones."""
WIDEST_UTM = 24.0
"""Degrees of longitude of the widest layer that is shown in the UTM zone of its middle."""


def suited_crs(layer: QgsMapLayer) -> QgsCoordinateReferenceSystem:
    """Return a projected CRS for a map of a layer: its own, else the UTM zone of its middle, at the poles a polar one.

    A layer that is too wide for UTM, or whose place is not known, gets Web Mercator.
    """
    own = layer.crs()
    if own.isValid() and not own.isGeographic():
        return own
    return QgsCoordinateReferenceSystem(_suited_name(layer))


def give_crs(project: QgsProject, layer: QgsMapLayer) -> None:
    """Give a project whose first layer comes a CRS suited to it, unless the user has set a projected one for all."""
    now = project.crs()
    if str(QgsSettings().value(BEHAVIOUR) or "") == "UsePresetCrs" and now.isValid() and not now.isGeographic():
        return
    project.setCrs(suited_crs(layer), True)


def _suited_name(layer: QgsMapLayer) -> str:
    try:
        transform = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem(WGS84), QgsProject.instance())
        box = transform.transformBoundingBox(layer.extent())
    except QgsCsException:
        return WEB_MERCATOR
    lon, lat = float(wrap_lon(box.center().x())), box.center().y()
    if not abs(lat) <= 90:
        return WEB_MERCATOR
    if lat > UTM_NORTH or lat < UTM_SOUTH:
        return ARCTIC if lat > 0 else ANTARCTIC
    if box.width() > WIDEST_UTM:
        return WEB_MERCATOR
    zone = min(60, int((lon + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
