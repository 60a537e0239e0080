"""Qt 6 refuses to decode a picture of more than 256 MB, which a scan easily has: it has a thumbnail all the same."""

from __future__ import annotations

import pytest
from osgeo import gdal
from qgis.PyQt.QtGui import QImageReader

from astroloc_qgis.gui.dock.thumbnails import read_thumbnail


@pytest.mark.parametrize(("driver", "name"), [("PNG", "a.png"), ("GTiff", "a.tif"), ("JPEG", "a.jpg")])
def test_a_photo_of_67_megapixels_has_a_thumbnail_and_the_limit_is_as_before(qapp, tmp_path, driver, name):
    pixels = gdal.GetDriverByName("MEM").Create("", 8400, 8000, 3)
    for band in range(3):
        pixels.GetRasterBand(band + 1).Fill(100)
    options = {"PNG": ["ZLEVEL=1"], "GTiff": ["COMPRESS=DEFLATE", "ZLEVEL=1"]}.get(driver, [])
    gdal.GetDriverByName(driver).CreateCopy(str(tmp_path / name), pixels, options=options)
    before = QImageReader.allocationLimit()
    image = read_thumbnail(tmp_path / name, 44)
    assert (image.width(), image.height()) == (44, 41)
    assert QImageReader.allocationLimit() == before == 256
