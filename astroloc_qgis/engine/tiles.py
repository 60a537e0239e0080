"""The tiling scheme: blocks of web-map tiles (EPSG:3857), the unit of an index.

A tile of zoom ``z`` is one of ``2**z`` by ``2**z`` squares of the web-Mercator world, row 0 in the north, column 0 at
180 degrees west (OGC Two Dimensional Tile Matrix Set, WebMercatorQuad). A block is ``size`` by ``size`` tiles and is
named by its top-left one. Blocks may cross the antimeridian: their columns are taken modulo ``2**zoom``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.polygons import Points, clip_to_box, polygon_area

EARTH_RADIUS_M = 6378137.0
HALF_WORLD_M = math.pi * EARTH_RADIUS_M
"""Half the side of the web-Mercator world, metres of EPSG:3857."""
MAX_LATITUDE = math.degrees(math.atan(math.sinh(math.pi)))
"""The latitude at which the web-Mercator world ends (85.0511...), degrees."""
MAX_ZOOM = 30

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees; west > east means across the antimeridian."""


def lonlat_to_mercator(lonlat: ArrayLike) -> NDArray[np.float64]:
    """Turn lon,lat into EPSG:3857.

    Args:
        lonlat: (N, 2) degrees; longitudes beyond +-180 are carried on, latitudes are clipped to +-85.0511.

    Returns:
        (N, 2) x, y in metres of EPSG:3857.
    """
    points = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    latitude = np.radians(np.clip(points[:, 1], -MAX_LATITUDE, MAX_LATITUDE))
    return np.column_stack((np.radians(points[:, 0]) * EARTH_RADIUS_M, np.arctanh(np.sin(latitude)) * EARTH_RADIUS_M))


def mercator_to_lonlat(xy: ArrayLike) -> NDArray[np.float64]:
    """Turn EPSG:3857 into lon,lat.

    Args:
        xy: (N, 2) metres of EPSG:3857.

    Returns:
        (N, 2) degrees; x beyond the world gives longitudes beyond +-180.
    """
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2) / EARTH_RADIUS_M
    lonlat: NDArray[np.float64] = np.degrees(np.column_stack((points[:, 0], np.arctan(np.sinh(points[:, 1])))))
    return lonlat


@dataclass(frozen=True, order=True)
class Block:
    """A square of ``size`` by ``size`` web-map tiles, named by its top-left tile.

    Args:
        zoom: web-map zoom, 0 to 30.
        row: row of the top-left tile, 0 (north) to ``2**zoom - size``.
        column: column of the top-left tile; taken modulo ``2**zoom``, so that blocks may cross the antimeridian.
        size: tiles a side, at most ``2**zoom``.

    Raises:
        InputError: a block that is not part of the world.
    """

    zoom: int
    row: int
    column: int
    size: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.zoom <= MAX_ZOOM:
            raise InputError(f"A block's zoom must be from 0 to {MAX_ZOOM}, not {self.zoom}.")
        tiles = 2**self.zoom
        if not 1 <= self.size <= tiles:
            raise InputError(f"A block of {self.size} tiles a side does not fit in zoom {self.zoom} ({tiles} tiles).")
        if not 0 <= self.row <= tiles - self.size:
            raise InputError(
                f"The row of a block of {self.size} tiles at zoom {self.zoom} must be from 0 to "
                f"{tiles - self.size}, not {self.row}."
            )
        object.__setattr__(self, "column", self.column % tiles)

    @classmethod
    def parse(cls, text: str, size: int = 4) -> Block:
        """Read ``zoom/row/column``, as the command line takes it.

        Raises:
            InputError: the text is not three whole numbers, or names no block of the world.
        """
        parts = text.strip().split("/")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
            raise InputError(f"'{text}' is not a block: write ZOOM/ROW/COLUMN, for example 11/902/434.")
        zoom, row, column = (int(part) for part in parts)
        if zoom <= MAX_ZOOM and column >= 2**zoom:
            raise InputError(f"Column {column} of block '{text}' does not exist: zoom {zoom} has {2**zoom} columns.")
        return cls(zoom, row, column, size)

    def __str__(self) -> str:
        return f"{self.zoom}/{self.row}/{self.column}"

    @property
    def tile_m(self) -> float:
        """Side of one tile in metres of EPSG:3857 (not of the ground)."""
        return 2 * HALF_WORLD_M / float(2**self.zoom)

    @cached_property
    def bounds_3857(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax in EPSG:3857; xmax is beyond 20037508 where the block crosses the antimeridian."""
        xmin = self.column * self.tile_m - HALF_WORLD_M
        ymax = HALF_WORLD_M - self.row * self.tile_m
        side = self.size * self.tile_m
        return xmin, ymax - side, xmin + side, ymax

    @property
    def corners_lonlat(self) -> NDArray[np.float64]:
        """(4, 2) lon,lat of the corners TL, TR, BR, BL; longitudes from -180 to 180."""
        xmin, ymin, xmax, ymax = self.bounds_3857
        corners = mercator_to_lonlat([(xmin, ymax), (xmax, ymax), (xmax, ymin), (xmin, ymin)])
        corners[:, 0] = np.where(corners[:, 0] > 180 + 1e-9, corners[:, 0] - 360, np.clip(corners[:, 0], -180, 180))
        return corners

    @property
    def center_lonlat(self) -> NDArray[np.float64]:
        """(2,) lon,lat of the centre (of the Mercator square); longitude from -180 to 180."""
        xmin, ymin, xmax, ymax = self.bounds_3857
        center: NDArray[np.float64] = mercator_to_lonlat([((xmin + xmax) / 2, (ymin + ymax) / 2)])[0]
        center[0] -= 360 if center[0] > 180 else 0
        return center

    @property
    def side_m(self) -> float:
        """Side in metres on the ground at its centre (Mercator's spherical scale: within 0.7 % of the ellipsoid)."""
        return self.size * self.tile_m * math.cos(math.radians(float(self.center_lonlat[1])))

    def contains(self, lon: float, lat: float) -> bool:
        """Tell whether a point (degrees) is in the block; its north and west sides belong to it, the others do not."""
        xmin, ymin, _xmax, ymax = self.bounds_3857
        x, y = lonlat_to_mercator([(lon, lat)])[0]
        return bool((x - xmin) % (2 * HALF_WORLD_M) < self.size * self.tile_m and ymin < y <= ymax)


def block_around(lon: float, lat: float, zoom: int, size: int = 4, stride: int = 1) -> Block:
    """Return the block (on the grid of ``stride``) whose centre is nearest to a point.

    Args:
        lon: degrees.
        lat: degrees, within +-85.0511 (clipped).
        zoom: web-map zoom.
        size: tiles a side.
        stride: rows and columns are multiples of it.
    """
    tiles = 2**zoom
    x, y = lonlat_to_mercator([(lon, lat)])[0]
    column = (x + HALF_WORLD_M) / (2 * HALF_WORLD_M) * tiles - size / 2
    row = (HALF_WORLD_M - y) / (2 * HALF_WORLD_M) * tiles - size / 2
    last_row = (tiles - size) // stride * stride
    return Block(zoom, min(max(round(row / stride) * stride, 0), last_row), round(column / stride) * stride, size)


def blocks_in_extent(extent: Extent, zooms: Iterable[int], size: int = 4, stride: int = 2) -> list[Block]:
    """List the blocks that overlap an extent.

    Rows and columns are multiples of ``stride`` for every extent, so that indexes of neighbouring extents fit
    together; a block that only touches the extent is left out.

    Args:
        extent: west, south, east, north in degrees; west > east means across the antimeridian.
        zooms: web-map zooms.
        size: tiles a side of a block.
        stride: tiles from one block to the next (half of ``size``: neighbours overlap by half).

    Returns:
        Blocks ordered by zoom, row and column.

    Raises:
        InputError: an extent with south >= north, empty or beyond the world; a stride below 1; a zoom too small.
    """
    blocks: list[Block] = []
    for zoom in sorted(set(zooms)):
        rows, columns = starts_in_extent(extent, zoom, size, stride)
        blocks += [Block(zoom, row, column, size) for row in rows for column in columns]
    return blocks


def starts_in_extent(extent: Extent, zoom: int, size: int = 4, stride: int = 2) -> tuple[list[int], list[int]]:
    """The rows and the columns of the blocks of one zoom that overlap an extent, both ascending.

    Arguments and errors are those of ``blocks_in_extent``, whose blocks have every row with every column.
    """
    west, south, east, north = (float(value) for value in extent)
    if not all(map(math.isfinite, (west, south, east, north))) or not -90 <= south < north <= 90:
        raise InputError(f"The extent {west:g},{south:g},{east:g},{north:g} is not WEST,SOUTH,EAST,NORTH in degrees.")
    if west == east or not (-180 <= west <= 180 and -180 <= east <= 180):
        raise InputError(f"The extent's longitudes {west:g} and {east:g} must differ and be from -180 to 180.")
    if stride < 1:
        raise InputError(f"The stride between blocks must be at least 1 tile, not {stride}.")
    east += 360 if east < west else 0
    (xmin, ymin), (xmax, ymax) = lonlat_to_mercator([(west, south), (east, north)])
    tiles = 2**zoom
    if tiles < size:
        raise InputError(f"Blocks of {size} tiles need a zoom of at least {math.ceil(math.log2(size))}, not {zoom}.")
    per_metre = tiles / (2 * HALF_WORLD_M)
    rows = _starts((HALF_WORLD_M - ymax) * per_metre, (HALF_WORLD_M - ymin) * per_metre, size, stride)
    west_edge, east_edge = (xmin + HALF_WORLD_M) * per_metre, (xmax + HALF_WORLD_M) * per_metre
    columns = {
        column
        for world in (-tiles, 0, tiles)
        for column in _starts(west_edge + world, east_edge + world, size, stride)
        if 0 <= column < tiles
    }
    return [row for row in rows if 0 <= row <= tiles - size], sorted(columns)


def _starts(low: float, high: float, size: int, stride: int) -> range:
    """Return multiples of ``stride`` at which ``size`` tiles overlap the interval [low, high] of tile numbers."""
    slack = 1e-6  # a millionth of a tile: an extent read from a block's own corners does not reach its neighbours
    first = math.floor((low + slack - size) / stride) + 1
    last = math.ceil((high - slack) / stride) - 1
    return range(first * stride, last * stride + 1, stride)


def block_iou(block: Block, footprint_lonlat: ArrayLike) -> float:
    """Intersection over union of a block and a footprint, in the Mercator plane.

    Args:
        block: the block.
        footprint_lonlat: (N, 2) lon,lat of a simple polygon (N >= 3) less than 180 degrees wide around no pole, in
            either sense of turning; may cross the antimeridian. Its sides are taken as straight in Mercator.

    Returns:
        From 0 (apart) to 1 (the same).

    Raises:
        ValueError: a footprint with fewer than three corners or with corners that are not finite.
    """
    shared, own = _areas(block, footprint_lonlat)
    square = (block.size * block.tile_m) ** 2
    return shared / (square + own - shared)


def overlaps(block: Block, footprint_lonlat: ArrayLike) -> bool:
    """Tell whether a block and a footprint (as for ``block_iou``) share any area."""
    shared, own = _areas(block, footprint_lonlat)
    return shared > 1e-9 * min(own, (block.size * block.tile_m) ** 2)


def _areas(block: Block, footprint_lonlat: ArrayLike) -> tuple[float, float]:
    """Return the area shared by block and footprint, and the footprint's own, in square metres of EPSG:3857."""
    footprint = np.array(footprint_lonlat, dtype=np.float64).reshape(-1, 2)
    if len(footprint) < 3 or not np.isfinite(footprint).all():
        raise ValueError(f"a footprint needs three or more finite lon,lat corners, not {footprint.tolist()}")
    footprint[:, 0] = np.unwrap(footprint[:, 0], period=360)
    polygon = lonlat_to_mercator(footprint)
    shared = 0.0
    for piece in _copies(polygon, block):
        shared += polygon_area(clip_to_box(piece, block.bounds_3857))
    return shared, polygon_area([(float(x), float(y)) for x, y in polygon])


def _copies(polygon: NDArray[np.float64], block: Block) -> Iterator[Points]:
    """Yield the copies of a polygon, whole worlds apart, whose bounding boxes overlap the block."""
    xmin, ymin, xmax, ymax = block.bounds_3857
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    if high[1] <= ymin or low[1] >= ymax:
        return
    world = 2 * HALF_WORLD_M
    for copy in range(math.ceil((xmin - high[0]) / world), math.floor((xmax - low[0]) / world) + 1):
        yield [(float(x) + copy * world, float(y)) for x, y in polygon]
