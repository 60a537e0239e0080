"""Strips that are longer than OpenCV remaps: more than 32,766 pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.georeference.outputs import georeference
from astroloc_qgis.engine.georeference.smooth_correction import SmoothCorrection
from tests.engine.coded_photo import make_photo, seen_from_above

SIZE = (33_500, 80)
PLANE = WorkingPlane.local(11.0, 46.5)


def strip() -> np.ndarray:
    """A strip (80, 33500, 3) uint16 whose values are the column and the row of each pixel."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return np.dstack([x + 1, 500 * y + 1, np.full_like(x, 9)]).astype(np.uint16)


@pytest.mark.parametrize("resolution", [None, 100.0, 1000.0], ids=["its own", "coarse", "coarser"])
def test_a_long_strip_is_georeferenced(tmp_path: Path, resolution: float | None) -> None:
    homography = seen_from_above(*SIZE, 20.0)
    photo = make_photo(strip())
    written = georeference(photo, homography, PLANE, tmp_path, crs=PLANE.proj, resolution=resolution)
    dataset = gdal.Open(str(written["geotiff"]))
    left, size, _, *_ = dataset.GetGeoTransform()
    shape = (dataset.RasterCount, dataset.RasterYSize, dataset.RasterXSize)
    bands = np.frombuffer(dataset.ReadRaster(), np.uint16).reshape(shape)
    row = bands[:, bands.shape[1] // 2]
    columns = np.flatnonzero(row[-1] == 65535)[5:-5]
    expected = (left + (columns + 0.5) * size) / 20 + SIZE[0] / 2
    assert len(columns) > 0.98 * SIZE[0] * 20 / size - 20
    np.testing.assert_allclose(row[0, columns], expected, atol=0.02 * size + 1.5)
    assert written["preview"].is_file()


def test_a_long_strip_is_corrected() -> None:
    none = SmoothCorrection("lens", SIZE, np.zeros(10), np.zeros((0, 2)), 1.0, 0.5)
    photo = make_photo(strip())
    corrected = none.rectified(photo)
    np.testing.assert_array_equal(corrected.pixels, photo.pixels)
    assert corrected.alpha is not None
    assert (corrected.alpha == 255).all()
