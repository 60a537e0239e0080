"""Overlap zones: which training places may show the same ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.training.data.overlap import circles_about

_ROOM = 1.25
"""Factor on the radii: a place moves a little each time it is shown, and its tile reaches beyond it."""


class OverlapZones:
    """A circle about each place; two places may share ground where their circles meet.

    Args:
        places: (N, 4, 2) EPSG:3857, the training places.
    """

    def __init__(self, places: Array) -> None:
        centres, self._radii = circles_about(places)
        self._centres = centres.reshape(-1, 2)

    def between(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(A, B) whether the tiles of B places may show ground of the photos of A places."""
        near = np.empty((len(some), len(others)), dtype=bool)
        for row, place in enumerate(some):
            apart = great_circle_km(self._centres[place], self._centres[others])
            near[row] = apart < _ROOM * (self._radii[place] + self._radii[others])
        return near
