"""A folder of rasters is one reference, the finest on top."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.folder_mosaic import folder_stamp, open_folder
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from tests.engine.imagery.rasters import UTM, noise
from tests.engine.synthetic import write_raster

WEST, NORTH = 500_000.0, 5_000_000.0


def raster(path: Path, pixel_m: float, *, east: float = 0.0, crs: str = UTM, bands: int = 3, value: int = 0) -> Path:
    """100 x 100 pixels from so many metres east of the corner on; of one value, or noise."""
    image = np.full((100, 100, bands), value, np.uint8) if value else noise(bands)
    return write_raster(path, image, crs, [WEST + east, pixel_m, 0, NORTH, 0, -pixel_m])


def window(east: float, metres: float, pixels: int) -> Window:
    return Window(UTM, (WEST + east, NORTH - metres, WEST + east + metres, NORTH), pixels, pixels)


def test_rasters_of_a_folder_are_one_image_with_the_finest_on_top_and_holes_between(tmp_path: Path) -> None:
    raster(tmp_path / "a-fine.tif", 10.0)
    raster(tmp_path / "b-coarse.tif", 40.0, value=200)
    raster(tmp_path / "c-far.tif", 10.0, east=8000.0, value=90)
    (tmp_path / "readme.txt").write_text("not an image")
    write_raster(tmp_path / "photo.tif", noise(3), None, [0, 1, 0, 0, 0, 1])
    mosaic = Reference.open(tmp_path)
    fine = mosaic.read(window(0, 1000, 100))
    assert np.array_equal(fine.pixels, noise(3))
    beside = mosaic.read(window(1500, 1000, 50))
    assert (beside.pixels == 200).all()
    assert (mosaic.read(window(8100, 500, 50)).pixels == 90).all()
    assert fine.mask.all()
    assert beside.mask.all()
    assert not mosaic.read(window(5000, 1000, 50)).mask.any()


def test_a_coarse_raster_is_read_as_it_is_beside_a_fine_one(tmp_path: Path) -> None:
    coarse = raster(tmp_path / "coarse.tif", 80.0)
    raster(tmp_path / "fine.tif", 5.0, east=19_980.0)
    whole = window(0, 8000, 100)
    assert np.array_equal(Reference.open(tmp_path).read(whole).pixels, Reference.open(coarse).read(whole).pixels)
    assert open_folder(tmp_path).GetRasterBand(1).GetOverviewCount() > 2


def test_rasters_that_cannot_be_one_image_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has neither a raster with a position on Earth nor tiles"):
        Reference.open(tmp_path)
    raster(tmp_path / "a.tif", 10.0)
    raster(tmp_path / "b.tif", 10.0, crs="EPSG:32633")
    with pytest.raises(InputError, match="must have the same CRS, bands and data type"):
        Reference.open(tmp_path)


def test_the_stamp_of_a_folder_changes_with_its_rasters(tmp_path: Path) -> None:
    first = raster(tmp_path / "a.tif", 10.0)
    before = folder_stamp(tmp_path)
    assert folder_stamp(tmp_path) == before
    os.utime(first, (2e9, 2e9))
    changed = folder_stamp(tmp_path)
    assert changed != before
    raster(tmp_path / "b.tif", 10.0, east=2000.0)
    assert folder_stamp(tmp_path) != changed
