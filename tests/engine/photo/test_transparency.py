"""Transparency by other means than an alpha band: a nodata value, a mask in or beside the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.synthetic import write_image


def ramp(bands: int = 3, kind: str = "uint8") -> NDArray[Any]:
    """A picture (40, 64, bands) without black pixels."""
    y, x = np.mgrid[0:40, 0:64]
    top = 1 if kind == "uint8" else 200
    return np.stack([(40 + 20 * band + x + 2 * y) * top for band in range(bands)], axis=-1).astype(kind)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 3], ids=["grey", "RGB"])
def test_a_nodata_value_is_transparent(tmp_path: Path, kind: str, bands: int) -> None:
    image = ramp(bands, kind)
    image[-5:] = 0
    image[0, 0, 0] = 0
    path = write_image(tmp_path / "photo.tif", image)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    for number in range(1, bands + 1):
        dataset.GetRasterBand(number).SetNoDataValue(0)
    dataset = None
    photo = read_photo(path)
    assert (photo.pixels == image).all()
    assert photo.alpha is not None
    expected = np.where((image == 0).all(axis=2), 0, 255)
    assert (photo.alpha == expected).all()
    assert expected[0, 0] == (0 if bands == 1 else 255)  # one black band alone is a colour


def test_a_nodata_value_that_no_pixel_has_changes_nothing(tmp_path: Path) -> None:
    path = write_image(tmp_path / "photo.tif", ramp())
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetNoDataValue(0)
    dataset = None
    assert read_photo(path).alpha is None


def test_a_mask_in_the_file_is_its_alpha(tmp_path: Path) -> None:
    path = write_image(tmp_path / "photo.tif", ramp())
    mask = np.full((40, 64), 255, np.uint8)
    mask[:, :10] = 0
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
    dataset.GetRasterBand(1).GetMaskBand().WriteRaster(0, 0, 64, 40, mask.tobytes())
    dataset = None
    photo = read_photo(path)
    assert photo.alpha is not None
    assert (photo.alpha == mask).all()
    assert (photo.pixels == ramp()).all()
