"""The map as the desk uses it: shows the photo's place or a candidate's, and hides layers that would cover them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsPointXY, QgsRectangle
from qgis.gui import QgsMapCanvas

from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate
from astroloc_qgis.qgis_adapters.desk_layers import hide_labels_below, show_rasters
from astroloc_qgis.qgis_adapters.map_view import MarkedPlace

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 1.6
"""How much larger than the photo the map's view is: room for the handles, also below the message bar."""


class DeskMap:
    """The map canvas as the desk uses it.

    Args:
        canvas: the map.
        live: draws the photo on it.
    """

    def __init__(self, canvas: QgsMapCanvas, live: LiveItem) -> None:
        self._canvas, self._live = canvas, live
        self._mark = MarkedPlace(canvas)

    def stop(self) -> None:
        """Take everything off the map."""
        hide_labels_below(None, self._canvas)
        self._canvas.scene().removeItem(self._live)
        self._mark.stop()

    def shows(self, placement: Placement) -> bool:
        """Whether all of a photo is in view."""
        pixels = self._live.screen.outline(placement)
        return len(pixels) > 0 and bool((pixels > 0).all() and (pixels < self._live.screen.size).all())

    def bring_into_view(self, placement: Placement) -> None:
        """Show all of a photo, with some room about it."""
        pixels = self._live.screen.outline(placement)
        if len(pixels) < 3:
            return
        on_map = apply_homography(self._live.screen.to_map, pixels)
        box = QgsRectangle(*on_map.min(axis=0), *on_map.max(axis=0))
        box.scale(ROOM)
        self._canvas.setExtent(box)
        self._canvas.refresh()

    def show_candidate(self, one: Candidate) -> None:
        """Show a candidate's place."""
        self._mark.show(one.bounds())

    def forget_candidate(self) -> None:
        """Remove the candidate's place from the map."""
        self._mark.forget()

    def show_tie_point(self, point: TiePoint) -> None:
        """Bring a tie point's place into the middle."""
        pixel = self._live.screen.from_lonlat(np.array([[point.lon, point.lat]]))
        if np.isfinite(pixel).all():
            x, y = apply_homography(self._live.screen.to_map, pixel)[0]
            self._canvas.setCenter(QgsPointXY(float(x), float(y)))
            self._canvas.refresh()

    def clear_below(self, photo: Path, placement: Placement | None) -> None:
        """Hide a photo's rasters and the labels that its live picture would cut; None shows them again."""
        show_rasters(photo, placement is None)
        hide_labels_below(None if placement is None else placement.footprint().tolist(), self._canvas)
