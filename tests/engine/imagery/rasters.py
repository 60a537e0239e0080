"""Small rasters for the tests of reference imagery."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from osgeo import osr

from astroloc_qgis.engine.imagery.window import Window

UTM = "EPSG:32632"
PLACE = [500_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0]


def whole(side: int = 100) -> Window:
    """The very pixels of a raster of 100 x 100 pixels at PLACE."""
    return Window(UTM, (500_000.0, 5_000_000.0 - 10 * side, 500_000.0 + 10 * side, 5_000_000.0), side, side)


def noise(bands: int, kind: str = "uint8", top: int = 255) -> NDArray[Any]:
    return np.random.default_rng(0).integers(1, top, (100, 100, bands)).astype(kind)


def wkt_of(crs: str) -> str:
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    return str(reference.ExportToWkt())
