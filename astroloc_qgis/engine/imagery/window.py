"""Windows: rectangles of a plane with a pixel grid, and what is rendered in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.tiles import Block

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A north-up rectangle of a plane, with its pixel grid.

    Attributes:
        crs: anything GDAL takes ("EPSG:3857", a PROJ string); x east, y north.
        bounds: xmin, ymin, xmax, ymax in units of the CRS.
        width: columns.
        height: rows.
    """

    crs: str
    bounds: tuple[float, float, float, float]
    width: int
    height: int

    def __post_init__(self) -> None:
        xmin, ymin, xmax, ymax = self.bounds
        if not (np.isfinite(self.bounds).all() and xmin < xmax and ymin < ymax and min(self.width, self.height) >= 1):
            raise ValueError(f"not a window: bounds {self.bounds}, {self.width} x {self.height} pixels")

    @property
    def to_crs(self) -> Array:
        """(3, 3) affine map, window pixels (corner convention) -> CRS units."""
        xmin, ymin, xmax, ymax = self.bounds
        return np.array(
            [[(xmax - xmin) / self.width, 0.0, xmin], [0.0, (ymin - ymax) / self.height, ymax], [0.0, 0.0, 1.0]]
        )

    @property
    def to_pixel(self) -> Array:
        """(3, 3) affine map, CRS units -> window pixels; the inverse of ``to_crs``."""
        return np.linalg.inv(self.to_crs)

    @property
    def gsd(self) -> float:
        """CRS units a pixel along x."""
        return (self.bounds[2] - self.bounds[0]) / self.width


@dataclass(frozen=True)
class Rendering:
    """A window as rendered from a reference.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, 0 where not valid.
        mask: (H, W) bool, True where the reference has data.
        window: the window rendered.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    window: Window


def block_window(block: Block, pixels: int) -> Window:
    """Return the window of a block in EPSG:3857, ``pixels`` a side."""
    return Window("EPSG:3857", block.bounds_3857, pixels, pixels)
