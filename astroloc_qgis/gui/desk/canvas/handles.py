"""The handles by which the photo on the map is dragged: corners, edges, and one that turns it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.model.placement import Placement

STALK = 26
"""Distance of the rotation handle above the upper edge, pixels."""


@dataclass(frozen=True, eq=False)
class Handles:
    """Where the photo can be grabbed, canvas pixels.

    Attributes:
        corners: (4, 2) top left, top right, bottom right, bottom left of the photo.
        edges: (4, 2) the middles of its edges, the upper one first.
        turn: (2,) the handle that turns it.
    """

    corners: Array
    edges: Array
    turn: Array

    @classmethod
    def of(cls, screen: Screen, placement: Placement) -> Handles:
        """Compute the handles of a placement; NaN where they are not on the map."""
        anchors = placement.anchors()
        middles = (anchors + np.roll(anchors, -1, axis=0)) / 2
        points = screen.from_photo(placement, np.concatenate([anchors, middles, placement.centre[None]]))
        up = points[4] - points[8]
        length = np.hypot(*up)
        return cls(points[:4], points[4:8], points[4] + up / max(float(length), 1e-9) * STALK)
