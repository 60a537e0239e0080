"""Coverage: which blocks of the tiling have data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.tiles import (
    Block,
    blocks_in_extent,
    mercator_to_lonlat,
)
from tests.engine.synthetic import landscape, make_world, write_raster


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated land, 100 km wide, in EPSG:3857."""
    world = make_world()
    path = tmp_path_factory.mktemp("imagery") / "map.tif"
    return world.write(path, bounds=world.bounds_in("EPSG:3857", 0.6), pixels=600)


def test_coverage_agrees_with_the_tiling_where_nothing_is_empty(imagery: Path) -> None:
    reference = Reference.open(imagery)
    extent = (10.8, 45.8, 11.2, 46.2)
    coverage = Coverage(reference)
    for zoom in (11, 12, 13):
        np.testing.assert_array_equal(coverage.table(extent, zoom, 4, 2), block_table(blocks_in_extent(extent, [zoom])))


def test_coverage_is_found_on_both_sides_of_the_antimeridian(tmp_path: Path) -> None:
    path = tmp_path / "pacific.tif"
    write_raster(path, landscape(512, 2), "EPSG:4326", (178.0, 4 / 512, 0, 2.0, 0, -4 / 512), overviews=False)
    table = Coverage(Reference.open(path)).table((175, -5, -175, 5), 9, 4, 2)
    found = [Block(*map(int, row)) for row in table]
    expected = [b for b in blocks_in_extent((175, -5, -175, 5), [9]) if b in blocks_in_extent((178, -2, -178, 2), [9])]
    assert set(expected) <= set(found)
    lons = mercator_to_lonlat([((b.bounds_3857[0] + b.bounds_3857[2]) / 2, 0) for b in found])[:, 0]
    assert (lons < 180).any()
    assert ((lons > 180) | (lons < -178)).any()
