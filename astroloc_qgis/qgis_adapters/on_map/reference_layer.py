"""The reference imagery as a layer at the bottom of the map, so that a result does not lie on white."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import quote

from qgis.core import QgsProject, QgsRasterLayer

from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.text import tr

REFERENCE_PROPERTY = "astroloc/reference"
"""Custom property of the layer: the imagery as the engine opens it."""
SERVICE = "<GDAL_WMS"
PARTS = (("${x}", "{x}"), ("${y}", "{y}"), ("${z}", "{z}"))


def shown_reference(project: QgsProject) -> QgsRasterLayer | None:
    """Return the layer that ``show_reference`` has added, if the project still has it."""
    for layer in project.mapLayers().values():
        if layer.customProperty(REFERENCE_PROPERTY) and isinstance(layer, QgsRasterLayer):
            return layer
    return None


def show_reference(
    imagery: str, project: QgsProject, *, shown: str = "", name: str = "", attribution: str = ""
) -> QgsRasterLayer | None:
    """Add imagery below all layers, once.

    Args:
        imagery: what the engine opens: a file, or the description of a tiled service in XML.
        project: where to add it.
        shown: what QGIS opens in its place; by default itself.
        name: of the layer; by default the file's, of a service “Reference”.
        attribution: whom to name for it.

    Returns:
        The layer, or None where QGIS cannot show such imagery.
    """
    before = shown_reference(project)
    if before is not None and before.customProperty(REFERENCE_PROPERTY) == imagery:
        return before
    hide_reference(project)
    layer = _layer(shown or imagery, name)
    if not layer.isValid() or not layer.crs().isValid():
        log_line(f"The reference {imagery} cannot be shown on the map. {layer.error().message()}")
        return None
    layer.setCustomProperty(REFERENCE_PROPERTY, imagery)
    if attribution:
        metadata = layer.metadata()
        metadata.setRights([attribution])
        layer.setMetadata(metadata)
        layer.serverProperties().setAttribution(attribution)
    project.addMapLayer(layer, False)
    project.layerTreeRoot().addLayer(layer).setExpanded(False)
    return layer


def hide_reference(project: QgsProject) -> None:
    """Take the layer that ``show_reference`` has added off the project."""
    if (layer := shown_reference(project)) is not None:
        project.removeMapLayer(layer.id())


def tile_source(description: str) -> str:
    """Return the source of QGIS's XYZ layer for a tiled service that GDAL knows by a description in XML.

    Returns:
        "" for a service of another kind, or one that is not in Web Mercator.
    """
    try:
        root = ElementTree.fromstring(description)  # noqa: S314 - the engine reads it too: the user's own index or file
    except ElementTree.ParseError:
        return ""
    address = (root.findtext("Service/ServerUrl") or "").strip()
    service = root.find("Service")
    tms = service is not None and service.get("name") == "TMS"
    if not tms or root.findtext("Projection") != "EPSG:3857" or not all(gdals in address for gdals, _ in PARTS):
        return ""
    for gdals, ours in PARTS:
        if gdals == "${y}" and root.findtext("DataWindow/YOrigin") == "bottom":
            ours = "{-y}"
        address = address.replace(gdals, ours)
    level = (root.findtext("DataWindow/TileLevel") or "18").strip()
    return f"type=xyz&url={quote(address, safe='')}&zmin=0&zmax={level}"


def _layer(imagery: str, name: str) -> QgsRasterLayer:
    if imagery.lstrip().startswith(SERVICE):
        source = tile_source(imagery)
        return QgsRasterLayer(source or imagery, name or tr("Reference"), "wms" if source else "gdal")
    return QgsRasterLayer(imagery, name or Path(imagery).stem, "gdal")
