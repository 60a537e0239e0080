"""The stated uncertainty holds the truth as often as it says, and the raster shows it where the photo lies."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.confidence.uncertainty import Uncertainty, estimate_uncertainty, uncertainty_of
from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.geotiff import write_geotiff
from astroloc_qgis.engine.exports.uncertainty_raster import NO_DATA, write_uncertainty
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.matchers.base import Matches
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera
from tests.engine.synthetic import write_image

SIZE = (900, 600)
SEEDS = 250
PLACES = np.array([[0, 0], [900, 0], [900, 600], [0, 600], [450, 300], [225, 300], [675, 300]], dtype=float)


def true_geometry(tilt: float, lon: float = 11.0, lat: float = 46.0) -> tuple[Array, WorkingPlane]:
    camera = PinholeCamera(lon, lat, 420e3, 50, tilt, 30, 0, SIZE)
    plane = WorkingPlane.near_sided(lon, lat)
    grid = camera.grid(9, 7)
    return homography_from_points(grid, plane.from_lonlat(camera.to_lonlat(grid))), plane


def matches_of(seed: int, count: int, part: float, *, outliers: float = 0.2, shared_px: float = 0.0) -> Matches:
    """Matches between a photo and the true frame of it: noise of 0.8 px, and errors that neighbours share."""
    rng = np.random.default_rng(seed)
    a = rng.uniform((0, 0), (SIZE[0] * part, SIZE[1]), (count, 2))
    b = a + rng.normal(0, 0.8, a.shape)
    if shared_px:
        column, row = (a // 60).astype(int).T
        b += rng.normal(0, shared_px, (20, 20, 2))[column, row]
    wrong = round(count * outliers)
    b[:wrong] = rng.uniform((-100, -100), (1000, 700), (wrong, 2))
    return Matches(a, b, np.ones(count, np.float32))


def measure(matches: Matches, truth: Array, plane: WorkingPlane) -> Uncertainty:
    fit = fit_homography(matches, 3.0)
    assert fit is not None
    ground = apply_homography(truth, matches.b)
    inlier = fit.inlier
    return uncertainty_of(matches.a[inlier], ground[inlier], truth @ fit.homography, plane, SIZE)


def position_sigma_m(found: Uncertainty, photo_xy: Array) -> Array:
    """(N,) standard deviation of the ground position along one axis, metres (root mean square of both axes)."""
    return np.sqrt(np.trace(found.covariance_m(photo_xy), axis1=1, axis2=2) / 2)


def held(tilt: float, count: int, part: float, shared_px: float) -> dict[float, Array]:
    """(places,) share of the runs in which the truth lies within the stated radius, for both probabilities."""
    truth, plane = true_geometry(tilt)
    where = plane.to_lonlat(apply_homography(truth, PLACES))
    inside: dict[float, list[Array]] = {0.68: [], 0.95: []}
    for seed in range(SEEDS):
        found = measure(matches_of(seed, count, part, shared_px=shared_px), truth, plane)
        off = great_circle_km(plane.to_lonlat(apply_homography(found.homography, PLACES)), where) * 1000
        for probability, hits in inside.items():
            hits.append(off < found.radius_m(PLACES, probability))
    return {probability: np.mean(hits, axis=0) for probability, hits in inside.items()}


@pytest.mark.parametrize(
    ("tilt", "count", "part", "shared_px"),
    [(0, 150, 1.0, 0.0), (50, 150, 0.5, 0.0), (30, 25, 0.5, 0.0), (30, 400, 1.0, 0.6), (30, 400, 0.5, 0.6)],
    ids=["all over", "half the photo, oblique", "25 matches on half", "shared errors", "shared errors on half"],
)
def test_the_truth_lies_within_the_stated_radius_as_often_as_it_says(tilt, count, part, shared_px):
    shares = held(tilt, count, part, shared_px)
    for probability, share in shares.items():
        # Four binomial standard deviations for any one of the places, which see the same fits; the mean over them
        # varies less. Cautious by up to five points of a hundred is allowed
        # (the allowance for shared errors), bold is not.
        tolerance = 4 * math.sqrt(probability * (1 - probability) / SEEDS)
        assert (share > probability - tolerance).all(), (probability, share)
        assert (share < probability + tolerance + 0.05).all(), (probability, share)
        assert -0.04 < share.mean() - probability < 0.07, (probability, share)


def test_errors_that_neighbours_share_would_be_understated_without_the_allowance():
    truth, plane = true_geometry(30)
    effects = [measure(matches_of(s, 400, 1.0, shared_px=0.6), truth, plane).design_effect for s in range(20)]
    alone = [measure(matches_of(s, 400, 1.0), truth, plane).design_effect for s in range(20)]
    assert np.mean(effects) > 1.4
    assert np.mean(alone) < 1.2


def test_it_grows_away_from_the_tie_points_and_with_fewer_of_them():
    truth, plane = true_geometry(0)
    half = measure(matches_of(0, 200, 0.5), truth, plane)
    near, far = position_sigma_m(half, np.array([[225.0, 300.0], [875.0, 300.0]]))
    assert far > 4 * near
    few = measure(matches_of(0, 50, 1.0), truth, plane)
    many = measure(matches_of(0, 800, 1.0), truth, plane)
    ratio = position_sigma_m(few, PLACES) / position_sigma_m(many, PLACES)
    assert np.median(ratio) == pytest.approx(4.0, rel=0.35)


def test_the_noise_of_a_tie_point_is_told_in_photo_pixels():
    truth, plane = true_geometry(40)
    found = [measure(matches_of(seed, 300, 1.0), truth, plane).sigma_px for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.8, rel=0.03)


def test_radii_of_a_round_and_of_a_flat_error_are_those_of_the_normal_distribution():
    flat = Uncertainty(np.eye(3) * [1, -1, 1], WorkingPlane.local(0, 0), (100, 100), np.zeros((8, 8)), 1e9, 0.0, 1.0, 9)
    round_one = replace(flat, reference_sigma_m=10.0)
    place = np.array([[50.0, 50.0]])
    assert round_one.radius_m(place, 0.68)[0] == pytest.approx(15.096, rel=1e-3)
    assert round_one.radius_m(place, 0.95)[0] == pytest.approx(24.477, rel=1e-3)
    assert position_sigma_m(round_one, place)[0] == pytest.approx(10.0)
    along = np.zeros((8, 8))
    along[2, 2] = (10 / np.hypot(50, 50)) ** 2  # a shift by 10 pixels, in units of half the diagonal
    line = Uncertainty(flat.homography, flat.plane, flat.size, along, 1e9, 0.0, 1.0, 9)
    assert line.radius_m(place, 0.95)[0] == pytest.approx(1.96 * 10, rel=0.01)
    assert replace(flat, shared_px=10.0).radius_m(place, 0.68)[0] == pytest.approx(15.096, rel=5e-3)


def test_the_sky_has_no_uncertainty_and_the_numbers_for_the_report_leave_it_out():
    camera = PinholeCamera(11, 46, 420e3, 24, 55, 30, 0, SIZE)
    plane = WorkingPlane.near_sided(11, 46)
    grid = camera.grid(31, 21)
    lonlat = camera.to_lonlat(grid)
    seen = np.isfinite(plane.from_lonlat(lonlat)).all(axis=1)
    noisy = grid[seen] + np.random.default_rng(0).normal(0, 0.5, (seen.sum(), 2))
    truth = homography_from_points(grid[seen], plane.from_lonlat(lonlat[seen]))
    found = uncertainty_of(noisy, plane.from_lonlat(lonlat[seen]), truth, plane, SIZE)
    assert not np.isfinite(camera.corners_lonlat[0]).any()
    assert np.isnan(found.radius_m(photo_corners(*SIZE))[0])
    summary = found.summary()
    assert 0 < summary["median_68_m"] < summary["median_95_m"] < summary["worst_corner_95_m"]


def test_too_few_tie_points_say_nothing():
    truth, plane = true_geometry(0)
    matches = matches_of(0, 30, 1.0, outliers=0)
    ties = SimpleNamespace(
        photo_xy=matches.a, plane_xy=apply_homography(truth, matches.b), inlier=np.arange(30) < 5, score=None
    )
    registration = SimpleNamespace(converged=True, homography=truth, plane=plane, tie_points=ties, frame_scale=1.0)
    assert estimate_uncertainty(registration, SIZE) is None
    assert estimate_uncertainty(SimpleNamespace(homography=None, plane=plane, tie_points=None), SIZE) is None
    ties.inlier[:] = True
    assert estimate_uncertainty(registration, SIZE).tie_points == 30
    with pytest.raises(ValueError):
        uncertainty_of(matches.a[:5], ties.plane_xy[:5], truth, plane, SIZE)


@pytest.mark.parametrize(
    ("lon", "lat", "crs"), [(11, 46, "EPSG:4326"), (179.5, -17, "EPSG:4326"), (25, 60, "EPSG:3857")]
)
def test_the_raster_lies_on_the_georeferenced_photo_and_holds_its_values(tmp_path: Path, lon, lat, crs):
    truth, plane = true_geometry(35, lon, lat)
    found = measure(matches_of(1, 200, 1.0), truth, plane)
    pixels = np.random.default_rng(0).integers(1, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    photo = read_photo(write_image(tmp_path / "photo.png", pixels))
    warped = gdal.Open(str(write_geotiff(photo, found.homography, plane, tmp_path / "photo.tif", crs=crs)))
    raster = gdal.Open(str(write_uncertainty(tmp_path / "uncertainty.tif", found, crs=crs)))
    assert extent(raster) == pytest.approx(extent(warped), abs=1e-9 * max(map(abs, extent(warped))))
    assert raster.GetSpatialRef().IsSame(warped.GetSpatialRef())
    assert max(raster.RasterXSize, raster.RasterYSize) == 128
    inner, outer = values(raster)
    inside = inner != NO_DATA
    opaque = np.frombuffer(
        warped.GetRasterBand(4).ReadRaster(buf_xsize=raster.RasterXSize, buf_ysize=raster.RasterYSize), np.uint8
    ).reshape(inside.shape)
    assert ((opaque > 0) == inside).mean() > 0.98
    assert (outer[inside] > inner[inside]).all()
    everywhere = np.stack(np.meshgrid(np.linspace(1, 899, 20), np.linspace(1, 599, 20)), axis=-1).reshape(-1, 2)
    stated = found.radius_m(everywhere, 0.68)
    assert inner[inside].min() == pytest.approx(stated.min(), rel=0.05)
    assert inner[inside].max() == pytest.approx(stated.max(), rel=0.15)


def test_a_crs_that_no_geotiff_holds_is_refused(tmp_path: Path):
    truth, plane = true_geometry(0)
    found = measure(matches_of(1, 100, 1.0), truth, plane)
    with pytest.raises(InputError, match="cannot hold"):
        write_uncertainty(tmp_path / "u.tif", found, crs=plane.proj)
    assert list(tmp_path.iterdir()) == []


def extent(dataset: gdal.Dataset) -> tuple[float, float, float, float]:
    left, pixel_x, _, top, _, pixel_y = dataset.GetGeoTransform()
    return left, top, left + pixel_x * dataset.RasterXSize, top + pixel_y * dataset.RasterYSize


def values(dataset: gdal.Dataset) -> Array:
    raw = np.frombuffer(dataset.ReadRaster(), np.float32)
    return raw.reshape(dataset.RasterCount, dataset.RasterYSize, dataset.RasterXSize)
