"""Keeps a photo and its footprint layer in step: edits of the polygon move the photo, and the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.gui.desk.canvas.footprint_tool import placement_from_corners, settled
from astroloc_qgis.gui.model.placement import Placement, wrapped
from astroloc_qgis.qgis_adapters.desk_layers import (
    footprint_layer,
    make_footprint_layer,
    read_corners,
    write_corners,
)
from astroloc_qgis.qgis_adapters.map_view import map_stays
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.model.photo_list import PhotoItem

SAME_DEGREES = 1e-7


class FootprintSync(QObject):
    """Watches the footprint layer of the photo on the desk.

    Args:
        iface: QGIS's interface for plugins.
        parent: owns this.
    """

    def __init__(self, iface: QgisInterface, parent: QObject) -> None:
        super().__init__(parent)
        self._iface = iface
        self._item: PhotoItem | None = None
        self._layer: QgsVectorLayer | None = None
        self._writing = False
        self._shown: Placement | None = None

    def follow(self, item: PhotoItem | None) -> None:
        """Watch the footprint of another photo."""
        self._watch(None)
        self._item = item
        self._shown = None

    def write(self) -> None:
        """Update the footprint layer from the photo; make the layer where there is none."""
        if self._item is None or self._writing:
            return
        project, work = QgsProject.instance(), self._item.desk.work
        layer = footprint_layer(self._item.path, project)
        new = layer is not self._layer
        self._watch(layer)
        if work.placement is None:
            self._shown = None
            if layer is not None and not layer.isEditable() and layer.providerType() == "memory":
                self._watch(None)
                project.removeMapLayer(layer.id())
            return
        if work.placement == self._shown and not new and layer is not None:
            return
        corners = work.placement.footprint()
        if not np.isfinite(corners).all():
            return
        self._shown = work.placement
        self._writing = True
        try:
            if layer is None:
                with map_stays(self._iface):
                    layer = make_footprint_layer(self._item.path, wrapped(corners), project)
                self._watch(layer)
            elif work.placement != work.written or _elsewhere(layer, corners):
                write_corners(layer, wrapped(corners))
        finally:
            self._writing = False

    def _watch(self, layer: QgsVectorLayer | None) -> None:
        if layer is self._layer:
            return
        if self._layer is not None and not sip.isdeleted(self._layer):
            self._layer.geometryChanged.disconnect(self._on_geometry)
            self._layer.afterRollBack.disconnect(self._on_roll_back)
            self._layer.willBeDeleted.disconnect(self._on_deleted)
        self._layer = layer
        if layer is not None:
            layer.geometryChanged.connect(self._on_geometry)
            layer.afterRollBack.connect(self._on_roll_back)
            layer.willBeDeleted.connect(self._on_deleted)

    def _on_geometry(self, _feature: int, geometry: QgsGeometry) -> None:
        """The polygon was edited in QGIS: the photo follows."""
        item, layer = self._item, self._layer
        if self._writing or item is None or layer is None or item.desk.work.placement is None:
            return
        corners = read_corners(layer, geometry)
        placement = None if corners is None else placement_from_corners(corners, item.desk.work.placement)
        if placement is None:
            return  # five corners, or crossing sides, in the middle of an edit: the photo waits
        moved = settled(placement)
        self._shown = moved
        self._writing = True
        try:
            item.desk.change(item.desk.work.moved_to(moved), tr("Edit the footprint"))
        finally:
            self._writing = False

    def _on_roll_back(self) -> None:
        """The edits were discarded: the photo goes back to the layer's polygon."""
        if self._layer is not None and self._item is not None and self._item.desk.work.placement is not None:
            corners = read_corners(self._layer)
            now = self._item.desk.work.placement.footprint()
            if corners is not None and np.abs(corners - now).max() > SAME_DEGREES:
                placement = placement_from_corners(corners, self._item.desk.work.placement)
                if placement is not None:
                    self._shown = placement
                    work = self._item.desk.work.moved_to(placement)
                    self._item.desk.change(work, tr("Discard edits of the footprint"))

    def _on_deleted(self) -> None:
        self._layer = None
        self._shown = None


def _elsewhere(layer: QgsVectorLayer, corners: Array) -> bool:
    """Whether a layer's four corners differ; an outline with more corners (cut at the horizon) is the engine's."""
    now = read_corners(layer)
    return now is not None and bool(np.abs(now - corners).max() > SAME_DEGREES)
