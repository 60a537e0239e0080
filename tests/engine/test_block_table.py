"""Tables of blocks agree with single blocks."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import centers_lonlat, iou_with, overlaps_extent
from astroloc_qgis.engine.tiles import Block, block_iou, blocks_in_extent


@pytest.mark.parametrize(
    "extent", [(170, -20, -170, 10), (-180, -60, 180, 60), (179, 0, -179.5, 3), (-10, 40, 5, 50), (-180, 0, -179, 1)]
)
def test_tables_overlap_extents_as_single_blocks_do(extent: tuple[float, float, float, float]) -> None:
    blocks = blocks_in_extent((-180, -66, 180, 66), [3, 5], stride=1)
    table = np.array([(b.zoom, b.row, b.column) for b in blocks], np.int32)
    expected = set(blocks_in_extent(extent, [3, 5], stride=1))
    assert {b for b, inside in zip(blocks, overlaps_extent(table, 4, extent), strict=True) if inside} == expected


def test_tables_have_the_centres_and_overlaps_of_single_blocks() -> None:
    blocks = [*blocks_in_extent((170, -20, -170, 10), [6, 7]), Block(7, 60, 125), Block(7, 60, 2)]
    table = np.array([(b.zoom, b.row, b.column) for b in blocks], np.int32)
    np.testing.assert_allclose(centers_lonlat(table, 4), [b.center_lonlat for b in blocks], atol=1e-9)
    for one in (Block(7, 60, 126), Block(6, 30, 62)):
        row = np.array([one.zoom, one.row, one.column], np.int32)
        expected = [block_iou(b, one.corners_lonlat) for b in blocks]
        np.testing.assert_allclose(iou_with(table, row, 4), expected, atol=1e-6)
