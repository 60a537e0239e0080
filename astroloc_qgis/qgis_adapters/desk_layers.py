"""The footprint layer of a photo on the desk: found or made, brought up to date, read when QGIS edited it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from qgis.core import (
    QgsExpressionContextScope,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.engine.photo.suffixes import is_photo_name
from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.layers import GROUP, PHOTO_PROPERTY, all_photo_layers, photo_layers
from astroloc_qgis.qgis_adapters.on_map.reference_layer import REFERENCE_PROPERTY
from astroloc_qgis.qgis_adapters.text import tr

ON_DESK = "astroloc_on_desk"
"""The map's variable with the outline of the photo on the desk (WKT), which the footprints' style reads."""
HIDDEN_PROPERTY = "astroloc/hidden"
"""Custom property of a node of the layer tree: the desk hid it, not the user."""
FIELDS = "field=photo:string&field=nasa_id:string&field=status:string&field=confidence:double"


def footprint_layer(photo: Path, project: QgsProject) -> QgsVectorLayer | None:
    """Return the layer with a photo's footprint, if it is in the project."""
    layers = [layer for layer in photo_layers(photo, project) if isinstance(layer, QgsVectorLayer)]
    return layers[0] if layers else None


def raster_layers(photo: Path, project: QgsProject) -> list[QgsRasterLayer]:
    """Return the layers with a photo's georeferenced raster that are in the project."""
    return [layer for layer in photo_layers(photo, project) if isinstance(layer, QgsRasterLayer)]


def image_layers(project: QgsProject) -> list[tuple[QgsRasterLayer, Path]]:
    """Return the project's raster layers that are image files, with their paths; those that we added are left out."""
    found = []
    for layer in project.mapLayers().values():
        path = Path(layer.source().split("|")[0])
        ours = layer.customProperty(PHOTO_PROPERTY) or layer.customProperty(REFERENCE_PROPERTY)
        if isinstance(layer, QgsRasterLayer) and not ours and is_photo_name(path) and path.is_file():
            found.append((layer, path))
    return sorted(found, key=lambda pair: pair[0].name().lower())


def make_footprint_layer(photo: Path, corners: Sequence[Sequence[float]], project: QgsProject) -> QgsVectorLayer:
    """Add a footprint layer, in memory, for a photo that was placed by hand; QGIS saves it with the project on demand.

    Args:
        photo: its path.
        corners: four longitude, latitude.
        project: where to add it.
    """
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:4326&{FIELDS}", tr("Footprint"), "memory")
    layer.setCustomProperty(PHOTO_PROPERTY, str(photo))
    layer.setCustomProperty("skipMemoryLayersCheck", 1)  # the desk keeps it: no warning that it will be lost
    layer.loadNamedStyle(str(resource("styles", "footprint.qml")))
    feature = QgsFeature(layer.fields())
    feature["photo"] = photo.name
    feature["status"] = "by hand"
    feature.setGeometry(_polygon(corners))
    layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    project.addMapLayer(layer, False)
    root = project.layerTreeRoot()
    ours = root.findGroup(GROUP) or root.insertGroup(0, GROUP)
    group = ours.findGroup(photo.stem) or ours.insertGroup(0, photo.stem)
    group.insertLayer(0, layer).setExpanded(False)
    group.setItemVisibilityCheckedParentRecursive(True)
    return layer


def show_rasters(photo: Path, visible: bool) -> None:
    """Hide a photo's rasters while its live picture replaces them, or show the hidden ones again.

    The layer tree remembers which: a project saved (or a QGIS killed) meanwhile has them back when it is opened.
    """
    root = QgsProject.instance().layerTreeRoot()
    for layer in raster_layers(photo, QgsProject.instance()):
        node = root.findLayer(layer.id())
        if node is None:
            continue
        if not visible and node.itemVisibilityChecked():
            node.setCustomProperty(HIDDEN_PROPERTY, True)
            node.setItemVisibilityChecked(False)
        elif visible and node.customProperty(HIDDEN_PROPERTY):
            node.removeCustomProperty(HIDDEN_PROPERTY)
            node.setItemVisibilityChecked(True)


def hide_labels_below(ring: Sequence[Sequence[float]] | None, canvas: QgsMapCanvas) -> None:
    """Have the map leave out the labels of footprints that touch a ring (of a picture drawn above all layers).

    The style of the footprints looks at a variable of this map alone: neither layers nor project are changed.

    Args:
        ring: longitude, latitude; None leaves no label out.
        canvas: the map.
    """
    shape = "" if ring is None or not np.isfinite(ring).all() else _polygon(ring).asWkt(5)
    scope = QgsExpressionContextScope(canvas.expressionContextScope())
    if str(scope.variable(ON_DESK) or "") == shape:
        return
    scope.setVariable(ON_DESK, shape)
    canvas.setExpressionContextScope(scope)
    for layer in all_photo_layers(QgsProject.instance()):
        if isinstance(layer, QgsVectorLayer):
            layer.triggerRepaint()


def write_corners(layer: QgsVectorLayer, corners: Sequence[Sequence[float]]) -> None:
    """Give the footprint other corners: in the edit buffer where the layer is being edited, else in its file."""
    ids = layer.allFeatureIds()
    if not ids:
        return
    geometry = _polygon(corners)
    if layer.crs().authid() != WGS84:
        points = transform_points(np.array(corners), WGS84, layer.crs().toWkt())
        geometry = _polygon(points.tolist())
    if layer.isEditable():
        layer.changeGeometry(min(ids), geometry)
    else:
        layer.dataProvider().changeGeometryValues({min(ids): geometry})
        layer.updateExtents()
        layer.triggerRepaint()


def read_corners(layer: QgsVectorLayer, geometry: QgsGeometry | None = None) -> Array | None:
    """Read four corners, in the photo's own order, from the footprint (or from a geometry of its layer).

    Returns:
        (4, 2) longitude, latitude, or None where the polygon has not four corners.
    """
    if geometry is None:
        feature = next(iter(layer.getFeatures()), None)
        geometry = None if feature is None else feature.geometry()
    if geometry is None or geometry.isEmpty():
        return None
    polygon = geometry.asMultiPolygon()[0] if geometry.isMultipart() else geometry.asPolygon()
    ring = np.array([[point.x(), point.y()] for point in polygon[0]])[:-1] if polygon else np.empty((0, 2))
    if len(ring) != 4:
        return None
    if signed_area(ring) > 0:  # a photo is never mirrored: reverse the ring, keep its first corner
        ring = np.roll(ring[::-1], 1, axis=0)
    return transform_points(ring, layer.crs().toWkt(), WGS84)


def _polygon(corners: Sequence[Sequence[float]]) -> QgsGeometry:
    """Corners as a polygon that stays in one piece across the antimeridian."""
    lons = np.unwrap(np.array([lon for lon, _ in corners]), period=360.0)
    lons += float(wrap_lon(lons.min())) - lons.min()
    return QgsGeometry.fromPolygonXY(
        [[QgsPointXY(float(lon), float(lat)) for lon, (_, lat) in zip(lons, corners, strict=True)]]
    )
