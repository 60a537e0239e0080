"""Blocks that are read together look as if each were read alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.block_reader import Sheets, read_blocks
from astroloc_qgis.engine.tiles import (
    Block,
    blocks_in_extent,
)


@pytest.mark.parametrize("pixels", [64, 160, 90])
def test_blocks_read_together_look_as_if_each_were_read_alone(larger_imagery: Path, pixels: int) -> None:
    reference = Reference.open(larger_imagery)
    blocks = blocks_in_extent(reference.extent_lonlat, [12], stride=1)[:40]
    sheets = Sheets.of(block_table(blocks[::-1]), {12: 1}, 16)
    groups = [[Block(*map(int, row)) for row in sheet] for sheet in sheets]
    assert sorted(block for group in groups for block in group) == blocks
    assert max(map(len, groups)) <= 16
    for group in groups:
        for block, (seen, mask) in zip(group, read_blocks(reference, group, pixels), strict=True):
            alone = reference.read(block_window(block, pixels))
            assert seen.shape == (pixels, pixels, 3)
            assert np.abs(seen.astype(int) - alone.pixels).max() <= 1
            assert (mask == alone.mask).mean() > 0.99


def test_neighbours_are_read_at_once_and_strangers_are_not(larger_imagery: Path) -> None:
    reference = Reference.open(larger_imagery)
    windows = []

    class Counting:
        def read(self, window):
            windows.append(window)
            return reference.read(window)

    near = blocks_in_extent((10.9, 45.9, 11.1, 46.1), [12], stride=1)[:9]
    list(read_blocks(Counting(), near, 64))
    assert len(windows) == 1
    windows.clear()
    list(read_blocks(Counting(), [near[0], Block(12, near[0].row, near[0].column + 100)], 64))
    assert [window.width for window in windows] == [64, 64]
    assert list(read_blocks(Counting(), [], 64)) == []
