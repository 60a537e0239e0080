"""Which places of the pool may show the same ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.simulation.places import centre_and_radius

_ROOM = 1.25
"""A place moves a little each time it is shown, and its tile reaches beyond it."""


class OverlapZones:
    """The circles about places, by which they are near each other or not.

    Args:
        places: (N, 4, 2) EPSG:3857, the pool.
    """

    def __init__(self, places: Array) -> None:
        found = [centre_and_radius(place) for place in places]
        self._centres = np.array([centre for centre, _ in found]).reshape(-1, 2)
        self._radii = np.array([radius for _, radius in found])

    def between(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(A, B) whether the tiles of B places may show ground of the photos of A places."""
        near = np.empty((len(some), len(others)), dtype=bool)
        for row, place in enumerate(some):
            apart = great_circle_km(self._centres[place], self._centres[others])
            near[row] = apart < _ROOM * (self._radii[place] + self._radii[others])
        return near
