"""Puts a localized photo on the map: its raster and its footprint, in a group of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsLayerTreeGroup,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import tr

GROUP = "AstroLoc"
PHOTO_PROPERTY = "astroloc/photo"
"""Custom property of our layers: the path of the photo they come from."""
PLACE_PROPERTY = "astroloc/photo_from_project"
"""Custom property of our layers in a project's file: the same path, relative to the project as QGIS keeps paths."""
MARGIN = 1.15
"""How much larger than the photo the map's view is, so that the surroundings can be compared."""


@dataclass(frozen=True)
class PhotoLayers:
    """The layers of a localized photo."""

    raster: QgsRasterLayer
    footprint: QgsVectorLayer


def add_photo_layers(report: Mapping[str, Any], photo: Path, project: QgsProject) -> PhotoLayers:
    """Add the raster and the footprint of a report entry to the project, in the group AstroLoc > photo name.

    Layers of an earlier run of the same photo are replaced.

    Args:
        report: the engine's entry.
        photo: its path.
        project: where to add them.

    Raises:
        AstroLocError: a file that the engine wrote cannot be opened.
    """
    paths = [Path(path) for path in _strings(report["outputs"])]
    name = photo.stem
    raster = QgsRasterLayer(str(_first(paths, ".tif")), name)
    footprint = QgsVectorLayer(str(_first(paths, ".gpkg")), tr("Footprint"), "ogr")
    for layer in (raster, footprint):
        if not layer.isValid():
            sentence = tr("QGIS cannot open {file}, which the engine wrote.").format(file=layer.source())
            raise AstroLocError(sentence, layer.error().message())
        layer.setCustomProperty(PHOTO_PROPERTY, str(photo))
    footprint.loadNamedStyle(str(resource("styles", "footprint.qml")))
    remove_photo_layers(photo, project)
    group = _photo_group(project, name)
    for layer in (raster, footprint):
        project.addMapLayer(layer, False)
        group.insertLayer(0, layer).setExpanded(False)  # the legend of the bands is of no use for a photo
    return PhotoLayers(raster, footprint)


def photo_layers(photo: Path, project: QgsProject) -> list[QgsMapLayer]:
    """Return the layers in the project that show ``photo``."""
    return [layer for layer in project.mapLayers().values() if layer.customProperty(PHOTO_PROPERTY) == str(photo)]


def all_photo_layers(project: QgsProject) -> list[QgsMapLayer]:
    """Return the layers in the project that AstroLoc added."""
    return [layer for layer in project.mapLayers().values() if layer.customProperty(PHOTO_PROPERTY)]


def write_photo_paths(project: QgsProject) -> None:
    """Note on our layers, before the project is written, where their photos lie from the project."""
    resolver = project.pathResolver()
    for layer in all_photo_layers(project):
        layer.setCustomProperty(PLACE_PROPERTY, resolver.writePath(str(layer.customProperty(PHOTO_PROPERTY))))


def read_photo_paths(project: QgsProject) -> None:
    """Find the photos of our layers again in a project that was read: its folder may have been moved."""
    resolver = project.pathResolver()
    for layer in all_photo_layers(project):
        place = layer.customProperty(PLACE_PROPERTY)
        if place and (photo := resolver.readPath(str(place))) != layer.customProperty(PHOTO_PROPERTY):
            layer.setCustomProperty(PHOTO_PROPERTY, photo)


def has_unsaved_edits(photo: Path, project: QgsProject) -> bool:
    """Whether the footprint of ``photo`` has been corrected by hand and not been saved yet."""
    layers = photo_layers(photo, project)
    return any(isinstance(layer, QgsVectorLayer) and layer.isModified() for layer in layers)


def remove_photo_layers(photo: Path, project: QgsProject) -> None:
    """Take the layers of ``photo`` off the project, with their group if nothing else is in it."""
    root = project.layerTreeRoot()
    for layer in photo_layers(photo, project):
        node = root.findLayer(layer.id())
        group = node.parent() if node is not None else None
        project.removeMapLayer(layer.id())
        if isinstance(group, QgsLayerTreeGroup) and group.parent() is not None and not group.children():
            group.parent().removeChildNode(group)


def zoom_to(layers: Iterable[QgsMapLayer], canvas: QgsMapCanvas, project: QgsProject) -> None:
    """Show ``layers`` on the map, whatever CRS it is in.

    Raises:
        InputError: the map's CRS has no place for them.
    """
    crs, extent = canvas.mapSettings().destinationCrs(), QgsRectangle()
    try:
        for layer in layers:
            transform = QgsCoordinateTransform(layer.crs(), crs, project)
            extent.combineExtentWith(transform.transformBoundingBox(layer.extent()))
    except QgsCsException as error:
        raise _undefined_there(crs, str(error)) from error
    if not extent.isFinite():
        raise _undefined_there(crs, extent.toString())
    if not extent.isEmpty():
        extent.scale(MARGIN)
        canvas.setExtent(extent)
        canvas.refresh()


def _undefined_there(crs: QgsCoordinateReferenceSystem, details: str) -> InputError:
    sentence = tr("The photo lies where the project's CRS, {crs}, is not defined: choose another for the map.")
    return InputError(sentence.format(crs=crs.authid()), details)


def _photo_group(project: QgsProject, name: str) -> QgsLayerTreeGroup:
    root = project.layerTreeRoot()
    ours = root.findGroup(GROUP) or root.insertGroup(0, GROUP)
    group = ours.insertGroup(0, name)
    _show(group)
    return group


def _show(node: QgsLayerTreeNode) -> None:
    node.setItemVisibilityCheckedParentRecursive(True)


def _strings(outputs: Any) -> list[str]:
    """Return all paths in the report's ``outputs``, whether they come with names or in a list."""
    if isinstance(outputs, str):
        return [outputs]
    values = outputs.values() if isinstance(outputs, Mapping) else outputs
    return [text for value in values for text in _strings(value)]


def _first(paths: list[Path], suffix: str) -> Path:
    for path in paths:
        if path.suffix == suffix:
            return path
    raise AstroLocError(tr("The engine wrote no {suffix} file.").format(suffix=suffix), "\n".join(map(str, paths)))
