"""Lets go of the files of a photo's layers while the engine replaces them: Windows replaces no file that is open."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsMapLayerStyle, QgsProject, QgsVectorLayer

from astroloc_qgis.qgis_adapters.layers import photo_layers

OPEN_FILES_STAY = os.name == "nt"
"""Whether this system refuses to replace a file that is open."""


@dataclass(frozen=True)
class ReleasedFile:
    """A layer without its file, and what it takes to give the file back."""

    layer_id: str
    source: str
    provider: str
    style: QgsMapLayerStyle


def release_files(photo: Path, project: QgsProject) -> list[ReleasedFile]:
    """Close the files of a photo's layers where the system needs it; the layers stay in the project, without data.

    A layer with edits that are not saved keeps its file.
    """
    released = []
    for layer in photo_layers(photo, project) if OPEN_FILES_STAY else ():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            if layer.isModified():
                continue
            layer.rollBack()
        style = QgsMapLayerStyle()
        style.readFromLayer(layer)
        released.append(ReleasedFile(layer.id(), layer.source(), layer.providerType(), style))
        layer.setDataSource("", layer.name(), layer.providerType())
    return released


def restore_files(released: list[ReleasedFile], project: QgsProject) -> None:
    """Give layers that are still in the project their files back."""
    for one in released:
        layer = project.mapLayer(one.layer_id)
        if layer is not None:
            layer.setDataSource(one.source, layer.name(), one.provider)
            one.style.writeToLayer(layer)
