"""Land is found with its coast, and an index can leave out the open sea."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.imagery.land_mask import LandMask, land_of
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.plan import OPEN_SEA
from astroloc_qgis.engine.tiles import (
    HALF_WORLD_M,
    block_around,
    lonlat_to_mercator,
)
from tests.engine.index.stand_ins import (
    build_histogram_index,
)
from tests.engine.synthetic import landscape, write_raster

SEA, FOREST, DESERT, SNOW, REEF = (18, 46, 93), (22, 41, 11), (202, 169, 118), (253, 255, 254), (136, 184, 170)


@pytest.fixture(scope="module")
def globe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole web-map world as sea, with an island at 30 E 0 N, one across the antimeridian at 20 N, and a speck."""
    side = 4096
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = SEA
    for lon, lat, colour in ((30, 0, FOREST), (180, 20, DESERT)):
        x, y = lonlat_to_mercator([(lon, lat)])[0] / HALF_WORLD_M
        row, column = int((1 - y) * side / 2), int((1 + x) * side / 2)
        pixels[row - 32 : row + 32, np.arange(column - 32, column + 32) % side] = colour
    pixels[3000, 1000] = FOREST
    path = tmp_path_factory.mktemp("globe") / "world.tif"
    step = 2 * HALF_WORLD_M / side
    write_raster(path, pixels, "EPSG:3857", (-HALF_WORLD_M, step, 0, HALF_WORLD_M, 0, -step), overviews=False)
    return path


def test_water_is_blue_and_land_is_all_the_rest() -> None:
    picture = np.array([[SEA, FOREST, DESERT, SNOW, REEF]], np.uint8)
    assert land_of(picture).tolist() == [[False, True, True, True, True]]
    assert land_of(picture, np.zeros((1, 5), bool)).sum() == 0


def test_land_is_found_with_its_coast_and_across_the_antimeridian(globe: Path) -> None:
    mask = LandMask.of(Reference.open(globe))

    def touched(lon: float, lat: float, zoom: int = 11) -> bool:
        return bool(mask.touches(block_table([block_around(lon, lat, zoom)]), 4)[0])

    assert touched(30, 0)
    assert touched(179.9, 20)
    assert touched(-179.9, 20)
    half_island, coast, half_block = 2.8, 0.35, 0.35  # degrees: 64 pixels' half, 4 pixels, half a block of zoom 11
    assert touched(30 + half_island + coast + half_block - 0.2, 0)
    assert not touched(30 + half_island + coast + half_block + 0.4, 0)
    assert not touched(-60, 0)
    speck = (1000.5 / 4096 * 360 - 180, -62.0)
    assert not touched(*speck, zoom=9)


def test_an_index_of_land_leaves_out_the_open_sea(globe: Path, tmp_path: Path) -> None:
    extent = (20.0, -12.0, 45.0, 12.0)
    land = build_histogram_index(globe, tmp_path / "land", zooms=[6, 7], extent=extent, land_only=True)
    everything = build_histogram_index(globe, tmp_path / "all", zooms=[6, 7], extent=extent)
    assert 0 < len(land) < len(everything)
    assert land.info.skipped[OPEN_SEA] == len(everything) - len(land)
    assert set(map(tuple, land.blocks)) < set(map(tuple, everything.blocks))
    assert (land.info.selection, everything.info.selection) == ("land", "")


def test_landscape_is_land() -> None:
    assert land_of(landscape(256, 1)).mean() > 0.7
