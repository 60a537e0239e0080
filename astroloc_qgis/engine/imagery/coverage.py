"""The coverage of a reference: where it has data, and how fine, from the raster's structure without reading pixels.

A mosaic (VRT) of a few scenes spans continents, is empty almost everywhere and takes the finest scene's resolution
everywhere: what GDAL knows of its sources turns millions of candidate blocks into the few that are worth describing.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.block_table import Table, bounds_3857, overlaps_extent
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.imagery.opening import open_raster
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.warp_plan import SourceGrid
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, Extent, blocks_in_extent, starts_in_extent

_ROOT_ZOOM = 2
_LEAF_ZOOM = 10
"""Tiles of this zoom (39 km at the equator) are not divided further."""
_MOST_LATITUDE = 89.0
"""Web-map blocks end at 85 degrees."""
_LEAVES = 256
"""Tiles whose blocks are collected before the same ones are united."""
_BATCH = 20_000
"""Blocks that are projected at once."""


@dataclass(frozen=True)
class BlockCoverage:
    """The data of a reference for a block, at most.

    Attributes:
        fraction: share of the block that has data, 0 (surely none) to 1 (all of it, or unknown). Where the
            raster is not cylindrical and north-up only the block's bounding box is checked: then it is 0 or 1.
        pixels: true pixels of the source across the block (geometric mean of both directions).
    """

    fraction: float
    pixels: float


_UNKNOWN = BlockCoverage(1.0, float("inf"))
_NOTHING = BlockCoverage(0.0, 0.0)


class Coverage:
    """The parts of a reference that have data, as far as GDAL knows from its structure.

    Formats without that information (most) count as full within their bounds. Not thread-safe.

    Args:
        reference: the imagery; opened a second time.
    """

    def __init__(self, reference: Reference) -> None:
        self._dataset = open_raster(reference.uri)
        self._extent = reference.extent_lonlat
        self._band = self._dataset.GetRasterBand(1)
        self._grid = SourceGrid.of(self._dataset)
        self._sources = _mosaic_sources(self._dataset)

    def of_block(self, block: Block) -> BlockCoverage:
        """What the reference holds for a block, without reading it."""
        xmin, ymin, xmax, ymax = block.bounds_3857
        if xmax > HALF_WORLD_M + 1:
            return _UNKNOWN  # across the antimeridian
        # Opposite corners are enough where both axes are monotonous functions of one coordinate.
        steps = np.linspace(1e-6, 1 - 1e-6, 2 if self._grid.period is not None else 9)
        columns, rows = np.meshgrid(xmin + steps * (xmax - xmin), ymin + steps * (ymax - ymin))
        places = transform_points(np.column_stack((columns.ravel(), rows.ravel())), "EPSG:3857", self._grid.crs)
        pixels = self._grid.to_pixels(places)
        pixels = pixels[np.isfinite(pixels).all(axis=1)]
        if len(pixels) < 4:
            return _UNKNOWN
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        parts = [_NOTHING]
        for turn in (-1, 0, 1) if self._grid.period is not None else (0,):
            shift = np.array([turn * (self._grid.period or 0.0), 0.0])
            parts.append(self._of_box(low + shift, high + shift))
        fraction = min(1.0, sum(found.fraction for found in parts))
        if self._grid.period is None and fraction > 0:
            fraction = 1.0
        return BlockCoverage(fraction, max(found.pixels for found in parts))

    def shows(self, table: Table, size: int) -> NDArray[np.bool_]:
        """Find the blocks that the reference may show a part of: those that touch its raster, or a source of a mosaic.

        Args:
            table: (N, 3) zoom, row, column.
            size: tiles a side of a block.

        Returns:
            (N,) bool; blocks of which nothing is known count as shown.
        """
        west, south, east, north = self._extent
        shown = overlaps_extent(table, size, (west, max(south, -_MOST_LATITUDE), east, min(north, _MOST_LATITUDE)))
        if self._grid.period is not None and not len(self._sources):
            return shown  # where its edges follow longitude and latitude, the extent says it all
        near = np.flatnonzero(shown)
        for first in range(0, len(near), _BATCH):
            some = near[first : first + _BATCH]
            shown[some] = self._touches(bounds_3857(table[some], size))
        return shown

    def _touches(self, bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N,) whether boxes (N, 4) of EPSG:3857 touch data, judged by the bounding boxes of their pixels."""
        steps = np.linspace(1e-6, 1 - 1e-6, 3)
        across, down = (part.ravel() for part in np.meshgrid(steps, steps))
        columns = bounds[:, 0:1] + across * (bounds[:, 2] - bounds[:, 0])[:, None]
        rows = bounds[:, 1:2] + down * (bounds[:, 3] - bounds[:, 1])[:, None]
        places = transform_points(np.column_stack((columns.ravel(), rows.ravel())), "EPSG:3857", self._grid.crs)
        pixels = self._grid.to_pixels(places).reshape(len(bounds), 9, 2)
        known = np.isfinite(pixels).all(axis=(1, 2))
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        if self._grid.period is None:  # the edges of a block bend: they reach a little beyond these nine points
            low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
        whole = np.array([[0.0, 0.0, self._grid.width, self._grid.height]])
        touching = ~known
        for left, top, right, bottom in self._sources[:, :4] if len(self._sources) else whole:
            for turn in (-1, 0, 1) if self._grid.period is not None else (0,):
                shift = turn * (self._grid.period or 0.0)
                beside = (high[:, 0] + shift <= left) | (low[:, 0] + shift >= right)
                touching |= known & ~beside & (high[:, 1] > top) & (low[:, 1] < bottom)
        return touching

    def table(self, extent: Extent, zoom: int, size: int, stride: int) -> Table:
        """List the blocks of an extent, less those over parts of the reference that are surely empty.

        Args:
            extent: west, south, east, north in degrees; west > east means across the antimeridian.
            zoom: web-map zoom.
            size: tiles a side of a block.
            stride: tiles from one block to the next.

        Returns:
            (N, 3) zoom, row, column: a part of ``tiles.blocks_in_extent(extent, [zoom], size, stride)``, in its order.

        Raises:
            InputError: as ``tiles.blocks_in_extent``.
        """
        starts_in_extent(extent, zoom, size, stride)  # refuses what makes no sense
        found, new = np.empty((0, 2), dtype=np.int32), []
        for part in self.parts(extent):
            rows, columns = starts_in_extent(part, zoom, size, stride)
            new.append(np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.int32))
            if len(new) == _LEAVES:
                found, new = np.unique(np.concatenate([found, *new]), axis=0), []
        found = np.unique(np.concatenate([found, *new]), axis=0)
        table = np.column_stack((np.full(len(found), zoom, dtype=np.int32), found))
        return np.ascontiguousarray(table[overlaps_extent(table, size, extent)])

    def parts(self, extent: Extent) -> Iterator[Extent]:
        """The parts of an extent over which the reference may have data; they do not overlap.

        Args:
            extent: west, south, east, north in degrees; west > east means across the antimeridian.

        Raises:
            InputError: as ``tiles.blocks_in_extent``.
        """
        waiting = blocks_in_extent(extent, [_ROOT_ZOOM], size=1, stride=1)
        while waiting:
            tile = waiting.pop()
            part = _shared(tile, extent)
            if part is None:
                continue
            fraction = self.of_block(tile).fraction
            if fraction == 0:
                continue
            if tile.zoom < _LEAF_ZOOM and fraction < 1:
                waiting += _children(tile)
            else:
                yield part

    def _of_box(self, low: np.ndarray, high: np.ndarray) -> BlockCoverage:
        """What a box of raster pixels (continuous column, row) holds."""
        size = np.array([self._grid.width, self._grid.height])
        first, last = np.clip(low, 0, size), np.clip(high, 0, size)
        if (last <= first).any():
            return _NOTHING
        inside = float(np.prod(last - first) / np.prod(high - low))
        start, stop = np.floor(first).astype(int), np.ceil(last).astype(int)
        flags, percent = self._band.GetDataCoverageStatus(*map(int, (*start, *(stop - start))))
        if flags & gdal.GDAL_DATA_COVERAGE_STATUS_UNIMPLEMENTED or percent < 0:
            percent = 100.0
        # An exact 1 only where nothing is empty: the tile is then not divided further.
        fraction = inside * percent / 100 if inside < 1 - 1e-9 or percent < 100 else 1.0
        return BlockCoverage(fraction, float(np.sqrt(np.prod(high - low))) / self._enlargement(first, last))

    def _enlargement(self, first: np.ndarray, last: np.ndarray) -> float:
        """Raster pixels a source pixel in a box: 1, or more where a mosaic has only coarser sources."""
        box = self._sources
        touching = (box[:, :2] < last).all(axis=1) & (box[:, 2:4] > first).all(axis=1)
        return max(1.0, float(box[touching, 4].min())) if touching.any() else 1.0


def _mosaic_sources(dataset: gdal.Dataset) -> np.ndarray:
    """(N, 5) of each source of a VRT's first band: its box (column and row, from and to), and its enlargement.

    A source without boxes of its own fills the whole raster.
    """
    definition = dataset.GetMetadata("xml:VRT") if dataset.GetDriver().ShortName == "VRT" else None
    if not definition:
        return np.empty((0, 5))
    band = ElementTree.fromstring(definition[0]).find("VRTRasterBand")  # noqa: S314  (written by GDAL, just now)
    sources = []
    for source in band if band is not None else ():
        from_box, to_box = source.find("SrcRect"), source.find("DstRect")
        if from_box is None or to_box is None:
            if source.tag.endswith("Source"):
                sources.append((0.0, 0.0, float(dataset.RasterXSize), float(dataset.RasterYSize), 1.0))
            continue
        left, top, width, height = (float(to_box.get(key, 0)) for key in ("xOff", "yOff", "xSize", "ySize"))
        enlargement = width / max(float(from_box.get("xSize", width)), 1.0)
        sources.append((left, top, left + width, top + height, enlargement))
    return np.array(sources, dtype=np.float64).reshape(-1, 5)


def _children(tile: Block) -> list[Block]:
    row, column = 2 * tile.row, 2 * tile.column
    return [Block(tile.zoom + 1, row + down, column + right, 1) for down in (0, 1) for right in (0, 1)]


def _shared(tile: Block, extent: Extent) -> Extent | None:
    """Bounding extent of what a tile and an extent share; None where they share nothing."""
    table = np.array([(tile.zoom, tile.row, tile.column)], dtype=np.int32)
    if not overlaps_extent(table, 1, extent)[0]:
        return None
    corners = np.clip(tile.corners_lonlat, (-180, -90), (180, 90))
    (west, north), (east, south) = corners[0], corners[2]
    if extent[0] < extent[2]:
        west, east = max(west, extent[0]), min(east, extent[2])
    return float(west), max(float(south), extent[1]), float(east), min(float(north), extent[3])
