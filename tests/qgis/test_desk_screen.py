"""The photo on the map canvas lies where the homography says, at any zoom and in any CRS, and is drawn fast."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsMapSettings, QgsRectangle
from qgis.PyQt.QtCore import QSize

from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.gui.desk.canvas.screen import Screen, warp
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid, read_pyramid

SIZE = (600, 400)


def placed(lon, lat, gsd=100.0, turn_deg=20.0, tilt=(0.1, -0.15), size=SIZE, plane=None):
    turn = np.radians(turn_deg)
    cos, sin = gsd * np.cos(turn), gsd * np.sin(turn)
    flat = np.array([[cos, sin, 0.0], [sin, -cos, 0.0], [tilt[0] / size[0], tilt[1] / size[1], 1.0]])
    matrix = flat @ np.array([[1, 0, -size[0] / 2], [0, 1, -size[1] / 2], [0, 0, 1.0]])
    return Placement.of(matrix, plane or WorkingPlane.local(lon, lat).proj, size, "hand")


def coded(size=SIZE):
    """A photo of one level whose colours say column (12 bits) and row (12 bits)."""
    x, y = np.meshgrid(np.arange(size[0], dtype=np.uint32), np.arange(size[1], dtype=np.uint32))
    return Pyramid((np.uint32(0xFF000000) | (x << np.uint32(12)) | y,))


def canvas(crs, lon, lat, metres_a_pixel, size=(500, 380)):
    settings = QgsMapSettings()
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    settings.setOutputSize(QSize(*size))
    x, y = transform_points(np.array([[lon, lat]]), "EPSG:4326", crs)[0]
    unit = metres_a_pixel / (111_320.0 if crs == "EPSG:4326" else np.cos(np.radians(lat)) if crs == "EPSG:3857" else 1)
    half = np.array(size) / 2 * unit
    settings.setExtent(QgsRectangle(x - half[0], y - half[1], x + half[0], y + half[1]))
    return Screen.of(settings)


PLACES = [
    ("EPSG:4326", -103.4, 20.6),
    ("EPSG:3857", -103.4, 20.6),
    ("EPSG:32613", -103.4, 20.6),
    ("EPSG:3857", 179.9, -17.0),
    ("EPSG:4326", -179.9, 52.0),
    ("EPSG:3857", 25.0, 70.0),
    ("EPSG:3413", -45.0, 80.0),
]


@pytest.mark.parametrize(("crs", "lon", "lat"), PLACES)
@pytest.mark.parametrize("metres_a_pixel", [60.0, 130.0, 400.0])
def test_every_pixel_of_the_screen_shows_the_photo_pixel_that_belongs_there(crs, lon, lat, metres_a_pixel):
    placement, screen = placed(lon, lat), canvas(crs, lon, lat, metres_a_pixel)
    picture = warp(coded(), placement, screen)
    shown = picture.pixels >> 24 == 255
    assert shown.any()
    row, column = np.nonzero(shown)
    at = np.column_stack([column + 0.5 + picture.rect.x(), row + 0.5 + picture.rect.y()])
    truth = screen.to_photo(placement, at)
    code = picture.pixels[shown] & 0xFFFFFF
    found = np.column_stack([code >> 12, code & 0xFFF]) + 0.5
    off = np.abs(found - truth).max(axis=1)
    assert off.max() < 0.5 + 0.25 * metres_a_pixel / 100  # nearest: half a photo pixel; and a quarter of a screen pixel
    everywhere = np.stack(np.meshgrid(np.arange(500) + 0.5, np.arange(380) + 0.5), -1).reshape(-1, 2)
    in_photo = screen.to_photo(placement, everywhere)
    inside = ((in_photo > 1) & (in_photo < np.array(SIZE) - 1)).all(axis=1)
    assert shown.sum() >= inside.sum()  # none is missing


@pytest.mark.parametrize(("crs", "lon", "lat"), PLACES)
def test_screen_to_photo_is_the_way_back(crs, lon, lat):
    placement, screen = placed(lon, lat), canvas(crs, lon, lat, 100.0)
    photo = np.array([[0.0, 0.0], [600.0, 400.0], [300.0, 200.0]])
    there = screen.from_photo(placement, photo)
    np.testing.assert_allclose(screen.to_photo(placement, there), photo, atol=1e-3)


def test_a_photo_out_of_view_is_not_drawn():
    assert warp(coded(), placed(10.0, 50.0), canvas("EPSG:3857", -60.0, 10.0, 100.0)) is None


def test_a_photo_with_the_horizon_in_view_shows_what_sees_ground():
    plane = "+proj=nsper +h=420000 +lat_0=46 +lon_0=10 +datum=WGS84 +units=m +no_defs"
    focal, tilt = 300 / np.tan(np.radians(20.0)), np.radians(60.0)
    right, forward = np.array([1.0, 0.0, 0.0]), np.array([0.0, np.sin(tilt), -np.cos(tilt)])
    camera = np.array([[focal, 0, 300], [0, focal, 200], [0, 0, 1.0]])
    matrix = np.linalg.inv(camera @ np.stack([right, np.cross(forward, right), forward]) @ np.diag([1, 1, -420000.0]))
    placement = Placement.of(matrix, plane, SIZE, "machine")
    anchors = placement.anchors()
    assert (anchors[:2, 1] > 0).all()  # the upper corners see no ground
    np.testing.assert_allclose(anchors[2:], [[600, 400], [0, 400]])
    assert np.isfinite(placement.footprint()).all()
    picture = warp(coded(), placement, canvas("EPSG:3857", 10.0, 52.0, 4000.0))
    assert 0.05 < (picture.pixels >> 24 == 255).mean() < 1


def test_the_level_is_the_finest_that_is_needed(tmp_path):
    from osgeo import gdal

    dataset = gdal.GetDriverByName("MEM").Create("", 2000, 1000, 3)
    for band in (1, 2, 3):
        dataset.GetRasterBand(band).Fill(40 * band)
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "a.png"), dataset)
    pyramid = read_pyramid(tmp_path / "a.png")
    assert [level.shape for level in pyramid.levels] == [(1000, 2000), (500, 1000), (250, 500), (125, 250)]
    assert {int(value) for level in pyramid.levels for value in np.unique(level)} == {0xFF285078}
    assert [pyramid.level_for(scale) for scale in (0.3, 1.0, 1.9, 2.1, 4.1, 100.0)] == [0, 0, 1, 1, 2, 3]
