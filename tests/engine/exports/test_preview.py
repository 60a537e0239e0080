"""The preview: both pictures, the matches and the footprint in the right places, within its size."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.exports.preview import LONG_SIDE, draw_preview, write_preview
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.window import Rendering, Window
from astroloc_qgis.engine.registration import TiePoints
from tests.engine.coded_photo import seen_from_above

PLANE = WorkingPlane.local(10.0, 46.0)
GREY = 110


def reference(crs: str = PLANE.proj, side_m: float = 60_000.0) -> Rendering:
    window = Window(crs, (-side_m / 2, -side_m / 2, side_m / 2, side_m / 2), 500, 500)
    return Rendering(np.full((500, 500, 3), GREY, np.uint8), np.ones((500, 500), bool), window)


def matches(homography: np.ndarray, count: int, inliers: int, size=(600, 400)) -> TiePoints:
    xy = np.random.default_rng(3).uniform((20, 20), (size[0] - 20, size[1] - 20), (count, 2))
    return TiePoints(xy, apply_homography(homography, xy), np.arange(count) < inliers, np.ones(count, np.float32))


def green(picture: np.ndarray) -> np.ndarray:
    pixels = picture.astype(int)
    return (pixels[..., 1] > pixels[..., 0] + 40) & (pixels[..., 1] > pixels[..., 2] + 40)


def yellow(picture: np.ndarray) -> np.ndarray:
    pixels = picture.astype(int)
    return (pixels[..., 0] > 200) & (pixels[..., 1] > 160) & (pixels[..., 2] < 120)


@pytest.mark.parametrize("size", [(600, 400), (400, 600), (300, 300), (3000, 200), (200, 3000)])
def test_the_picture_is_a_png_within_1600_pixels(tmp_path, size):
    homography = seen_from_above(*size, 20.0)
    photo = np.full((size[1], size[0], 3), 60, np.uint8)
    picture = draw_preview(
        photo, reference(), homography, PLANE,
        tie_points=matches(homography, 40, 30, size), title="Río", facts=["localized", "confidence 0.97"],
    )  # fmt: skip
    path = write_preview(tmp_path / "a.png", picture)
    dataset = gdal.Open(str(path))
    assert dataset.GetDriver().ShortName == "PNG"
    assert dataset.RasterXSize == LONG_SIDE
    assert dataset.RasterYSize <= 1600
    assert dataset.RasterCount == 3
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_footprint_and_match_are_drawn_where_they_are(tmp_path):
    homography = seen_from_above(600, 400, 80.0)  # north up: 48 x 32 km about the middle of the 60 km reference
    photo = np.full((400, 600, 3), GREY, np.uint8)
    one = TiePoints(np.array([[150.0, 100.0]]), np.array([[-12_000.0, 8_000.0]]), np.array([True]), np.ones(1))
    picture = draw_preview(photo, reference(), homography, PLANE, tie_points=one)
    bare = draw_preview(photo, reference(), homography, PLANE)
    # Both pictures are as high, 3:2 and 1:1: find them by their colour in the undecorated picture.
    panel_rows = np.flatnonzero((bare == GREY).all(axis=-1).sum(axis=1) > 200)
    height = np.ptp(panel_rows) + 1
    left_edge = 16
    right_edge = LONG_SIDE - 16 - height
    top = 16
    outline = np.argwhere(yellow(bare)[:, right_edge : right_edge + height])
    rows, columns = outline[:, 0] - top, outline[:, 1]
    assert columns.min() == pytest.approx(height * 6 / 60, abs=10)  # the dot at the top-left corner sticks out
    assert columns.max() == pytest.approx(height * 54 / 60, abs=4)
    assert rows.max() == pytest.approx(height * 46 / 60, abs=4)
    changed = np.argwhere(green(picture[: top + height]) & ~green(bare[: top + height]))
    start, end = changed[changed[:, 1].argmin()], changed[changed[:, 1].argmax()]
    width = round(height * 1.5)
    np.testing.assert_allclose(start[::-1], (left_edge + width / 4, top + height / 4), atol=6)
    np.testing.assert_allclose(end[::-1], (right_edge + height * 0.3, top + height * (30 - 8) / 60), atol=6)


def test_matches_are_thinned_to_the_number_asked_for_and_cover_the_photo():
    homography = seen_from_above(600, 400, 80.0)
    photo = np.full((400, 600, 3), GREY, np.uint8)
    many = matches(homography, 2000, 2000)
    bare = draw_preview(photo, reference(), homography, PLANE)
    picture = draw_preview(photo, reference(), homography, PLANE, tie_points=many, matches=12)
    everything = draw_preview(photo, reference(), homography, PLANE, tie_points=many, matches=2000)
    few, all_of_them = (int((green(each) & ~green(bare)).sum()) for each in (picture, everything))
    assert 0 < few < all_of_them / 4
    dots = np.argwhere((picture[16:-80, 16:900] == (96, 214, 112)).all(axis=-1))
    assert np.ptp(dots[:, 0]) > 400
    assert np.ptp(dots[:, 1]) > 700


def test_a_reference_in_web_mercator_is_drawn_on_too():
    homography = seen_from_above(600, 400, 80.0)
    window = Window("EPSG:3857", (1_060_000.0, 5_720_000.0, 1_170_000.0, 5_830_000.0), 500, 500)
    picture = draw_preview(
        np.full((400, 600, 3), GREY, np.uint8),
        Rendering(np.full((500, 500, 3), GREY, np.uint8), np.ones((500, 500), bool), window),
        homography,
        PLANE,
    )
    right = yellow(picture[:600, 1000:])
    assert right.sum() > 500  # the outline is in view


def test_places_without_reference_are_grey():
    rendering = reference()
    rendering.mask[:, :250] = False
    picture = draw_preview(np.full((400, 600, 3), 200, np.uint8), rendering, seen_from_above(600, 400, 20.0), PLANE)
    assert (picture == 60).all(axis=-1).sum() > 50_000
