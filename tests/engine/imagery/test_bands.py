"""Bands of a reference: grey, alpha, palettes, nodata, 16 bits and floats become one RGB picture and its mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Rendering, Window
from tests.engine.imagery.rasters import PLACE, UTM, noise, whole, wkt_of
from tests.engine.synthetic import memory_dataset, write_raster


def read_array(tmp_path: Path, image: NDArray[Any], **how: Any) -> Rendering:
    return Reference.open(write_raster(tmp_path / "a.tif", image, UTM, PLACE, **how)).read(whole())


def test_the_raster_s_own_grid_gives_its_own_pixels(tmp_path: Path) -> None:
    image = noise(3)
    rendering = read_array(tmp_path, image)
    assert rendering.mask.all()
    assert (rendering.pixels == image).all()


def test_grey_is_repeated(tmp_path: Path) -> None:
    image = noise(1)
    assert (read_array(tmp_path, image).pixels == image).all()


def test_grey_with_alpha_is_repeated_and_masked(tmp_path: Path) -> None:
    image = noise(2)
    image[..., 1] = 255
    image[:, :40, 1] = 0
    rendering = read_array(tmp_path, image, alpha=True)
    assert (rendering.pixels[:, 42:] == image[:, 42:, :1]).all()
    assert rendering.mask[:, 41:].all()
    assert not rendering.mask[:, :39].any()


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 2], ids=["grey", "grey and alpha"])
def test_a_negative_is_shown_as_the_positive(tmp_path: Path, kind: str, bands: int) -> None:
    """A TIFF that is min-is-white, as film scanners write, shows what its values turned over show."""
    top = np.iinfo(kind).max
    image = noise(bands, kind, top)
    if bands == 2:
        image[..., 1] = top
        image[:, :40, 1] = 0
    stored = image.copy()
    stored[..., 0] = top - image[..., 0]
    pictures = []
    for name, values, meaning in (("positive", image, "MINISBLACK"), ("negative", stored, "MINISWHITE")):
        dataset = memory_dataset(values)
        dataset.SetGeoTransform(PLACE)
        dataset.SetProjection(wkt_of(UTM))
        if bands == 2:
            dataset.GetRasterBand(2).SetColorInterpretation(gdal.GCI_AlphaBand)
        path = tmp_path / f"{name}.tif"
        gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset, options=[f"PHOTOMETRIC={meaning}"])
        pictures.append(Reference.open(path).read(whole()))
    positive, negative = pictures
    assert (negative.mask == positive.mask).all()
    assert np.abs(negative.pixels.astype(int) - positive.pixels).max() <= 1
    assert np.ptp(positive.pixels) > 200


def test_of_more_than_four_bands_the_first_three_are_taken(tmp_path: Path) -> None:
    image = noise(6)
    assert (read_array(tmp_path, image).pixels == image[..., :3]).all()


def test_bands_that_say_they_are_red_green_and_blue_are_believed(tmp_path: Path) -> None:
    image = noise(4)
    dataset = memory_dataset(image)
    dataset.SetGeoTransform(PLACE)
    dataset.SetProjection(wkt_of(UTM))
    for number, colour in enumerate((gdal.GCI_BlueBand, gdal.GCI_GreenBand, gdal.GCI_RedBand, gdal.GCI_Undefined), 1):
        dataset.GetRasterBand(number).SetColorInterpretation(colour)
    path = tmp_path / "bgr.tif"
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset, options=["PHOTOMETRIC=MINISBLACK", "ALPHA=NO"])
    rendering = Reference.open(path).read(whole())
    assert rendering.mask.all()
    assert (rendering.pixels == image[..., 2::-1]).all()


def test_a_palette_is_expanded(tmp_path: Path) -> None:
    table = gdal.ColorTable()
    colours = {1: (10, 20, 30, 255), 2: (200, 100, 50, 255)}
    for index, colour in colours.items():
        table.SetColorEntry(index, colour)
    image = np.where(np.arange(100)[None, :, None] < 50, 1, 2).astype(np.uint8).repeat(100, axis=0)
    dataset = memory_dataset(image)
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset.SetGeoTransform(PLACE)
    dataset.SetProjection(wkt_of(UTM))
    gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "p.tif"), dataset)
    rendering = Reference.open(tmp_path / "p.tif").read(whole())
    assert rendering.mask.all()
    assert tuple(rendering.pixels[50, 20]) == colours[1][:3]
    assert tuple(rendering.pixels[50, 80]) == colours[2][:3]


def test_a_pixel_is_void_only_where_all_bands_have_no_data(tmp_path: Path) -> None:
    image = noise(3)
    image[20:40, 20:40] = 0  # void
    image[60:80, 60:80, 1] = 0  # merely without green
    rendering = read_array(tmp_path, image, nodata=0)
    assert not rendering.mask[20:40, 20:40].any()
    assert rendering.mask.sum() == 100 * 100 - 20 * 20
    assert (rendering.pixels[60:80, 60:80] == image[60:80, 60:80]).all()


def test_sixteen_bits_are_stretched_by_percentiles_once_for_the_raster(tmp_path: Path) -> None:
    ramp = np.linspace(300, 3300, 100)[None, :, None].repeat(100, axis=0).astype(np.uint16)
    ramp[0, 0] = 65000  # one glint must not make everything dark
    reference = Reference.open(write_raster(tmp_path / "a.tif", ramp, UTM, PLACE))
    rendering = reference.read(whole())
    row = rendering.pixels[50, :, 0].astype(int)
    assert row[0] == 0
    assert row[-1] == 255
    assert (np.diff(row) >= 0).all()
    assert row[50] == pytest.approx(128, abs=4)
    part = reference.read(Window(UTM, (500_000, 4_999_000, 500_500, 5_000_000), 50, 100))
    assert (part.pixels[50, :, 0] == row[:50]).all()


def test_floats_that_are_not_numbers_are_void(tmp_path: Path) -> None:
    image = np.random.default_rng(0).normal(0.2, 0.05, (100, 100, 3)).astype(np.float32)
    image[:30] = np.nan
    rendering = read_array(tmp_path, image)
    assert not rendering.mask[:30].any()
    assert rendering.mask[32:].all()
    assert 90 < rendering.pixels[32:].mean() < 165
    assert rendering.pixels[32:].std() > 40
