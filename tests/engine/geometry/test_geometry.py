"""Homographies, working planes, footprints and distances."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from osgeo import ogr, osr

from astroloc_qgis.engine.geometry.distances import great_circle_km, unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat, ground_area_km2, photo_corners
from astroloc_qgis.engine.geometry.homography import (
    apply_homography,
    homography_from_points,
    in_front,
    normalise,
    quarter_rotation,
    scaling,
    translation,
)
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.polygons import is_convex, signed_area
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from tests.engine.geometry.ellipsoid import E2, A

osr.UseExceptions()
ogr.UseExceptions()

PLACES = [(11.0, 46.0), (180.0, -17.0), (-179.9, 60.0), (25.0, 60.0), (-40.0, 85.0), (77.0, -85.0), (0.0, 0.0)]

longitudes = st.floats(-180, 180)
latitudes = st.floats(-85, 85)
offsets = hnp.arrays(np.float64, (6, 2), elements=st.floats(-200_000, 200_000))


@st.composite
def cameras(draw: st.DrawFn) -> Array:
    """A homography that a 600 x 400 photo could have: turned, scaled, foreshortened, far from the origin."""
    angle, scale = draw(st.floats(-math.pi, math.pi)), draw(st.floats(0.1, 500))
    squeeze = draw(st.floats(0.4, 1))
    lean = np.array([draw(st.floats(-4e-4, 4e-4)), draw(st.floats(-4e-4, 4e-4))])
    x, y = draw(st.floats(-1e6, 1e6)), draw(st.floats(-1e6, 1e6))
    turned = np.array([[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1.0]])
    leaning = np.array([[1, 0, 0], [0, 1, 0], [*lean, 1.0]])
    return translation(x, y) @ scaling(scale, scale * squeeze) @ turned @ leaning @ translation(-300, -200)


def wrapped(degrees: Array) -> Array:
    """Differences of longitude brought near zero."""
    return (degrees + 180) % 360 - 180


# Homographies


@given(cameras())
def test_four_corners_give_back_the_homography_they_went_through(camera: Array) -> None:
    corners = photo_corners(600, 400)
    found = homography_from_points(corners, apply_homography(camera, corners))
    inside = np.array([[10.0, 20.0], [300.0, 200.0], [590.0, 30.0]])
    expected = apply_homography(camera, inside)
    extent = np.ptp(apply_homography(camera, corners), axis=0).max()
    assert np.abs(apply_homography(found, inside) - expected).max() < 1e-7 * extent


@given(cameras(), st.integers(0, 1000))
def test_many_exact_pairs_give_the_same_homography_as_four(camera: Array, seed: int) -> None:
    points = np.random.default_rng(seed).uniform((0, 0), (600, 400), (60, 2))
    found = homography_from_points(points, apply_homography(camera, points))
    corners = photo_corners(600, 400)
    expected = apply_homography(camera, corners)
    assert np.abs(apply_homography(found, corners) - expected).max() < 1e-6 * np.ptp(expected, axis=0).max()


def test_thousands_of_pairs_take_no_square_matrix_of_them() -> None:
    points = np.random.default_rng(0).uniform(0, 500, (50_000, 2))  # squared: 80 gigabytes
    found = homography_from_points(points, points * 3 + 7)
    np.testing.assert_allclose(found, [[3, 0, 7], [0, 3, 7], [0, 0, 1]], atol=1e-8)


def test_least_squares_averages_noise_out() -> None:
    rng = np.random.default_rng(1)
    camera = np.array([[40.0, 3, 1000], [2, -38, 5000], [1e-4, 2e-4, 1]])
    points = rng.uniform((0, 0), (600, 400), (2000, 2))
    noisy = apply_homography(camera, points) + rng.normal(0, 40.0, points.shape)
    corners = photo_corners(600, 400)
    error = apply_homography(homography_from_points(points, noisy), corners) - apply_homography(camera, corners)
    assert np.linalg.norm(error, axis=1).max() < 15  # metres, of noise of 40


@given(cameras(), st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0]))
def test_normalising_changes_no_point_and_ends_in_one(camera: Array, factor: float, sign: float) -> None:
    same = normalise(camera * factor * sign)
    corners = photo_corners(600, 400)
    np.testing.assert_allclose(apply_homography(same, corners), apply_homography(camera, corners), rtol=1e-9, atol=1e-6)
    assert same[2, 2] == pytest.approx(1.0) or np.linalg.norm(same) == pytest.approx(1.0)


def test_a_homography_whose_last_entry_vanishes_is_normalised_by_its_norm() -> None:
    endless = np.array([[1.0, 0, 0], [0, 1, 0], [0.001, 0, 0]])
    assert np.linalg.norm(normalise(endless * 1e6)) == pytest.approx(1.0)


def test_a_point_on_the_vanishing_line_goes_nowhere_and_its_neighbours_do() -> None:
    camera = np.array([[1.0, 0, 0], [0, 1, 0], [0, -0.01, 1]])
    mapped = apply_homography(camera, np.array([[5.0, 100.0], [5.0, 50.0]]))
    assert np.isnan(mapped[0]).all()
    np.testing.assert_allclose(mapped[1], [10, 100])


def test_points_across_the_vanishing_line_are_not_in_front_whatever_the_sign_of_the_matrix() -> None:
    camera = np.array([[1.0, 0, 0], [0, 1, 0], [0, -0.01, 1]])
    points = np.array([[3.0, 10.0], [3.0, 99.0], [3.0, 101.0]])
    for sign in (1, -1):
        assert (in_front(sign * camera, points, (3.0, 0.0)) > 0).tolist() == [True, True, False]
        assert (in_front(sign * camera, points, (3.0, 150.0)) > 0).tolist() == [False, False, True]


# Pictures


@given(st.integers(1, 9), st.integers(1, 9), st.integers(-5, 5))
def test_a_quarter_turn_puts_every_pixel_where_rot90_puts_it(width: int, height: int, quarter_turns: int) -> None:
    image = np.arange(width * height).reshape(height, width)
    turned = np.rot90(image, quarter_turns)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    there = apply_homography(
        quarter_rotation(width, height, quarter_turns), np.column_stack((columns.ravel(), rows.ravel()))
    )
    assert (there % 1 == 0.5).all()
    column, row = np.floor(there).astype(int).T
    assert (turned[row, column] == image.ravel()).all()


@given(st.integers(3, 12), st.integers(3, 12), st.integers(0, 3))
def test_warping_by_a_quarter_turn_is_rot90(width: int, height: int, quarter_turns: int) -> None:
    image = np.random.default_rng(width * 100 + height).integers(0, 255, (height, width, 3), dtype=np.uint8)
    turned = np.ascontiguousarray(np.rot90(image, quarter_turns))
    size = (turned.shape[1], turned.shape[0])
    assert (warp_image(image, quarter_rotation(width, height, quarter_turns), size) == turned).all()


def test_warping_by_half_a_pixel_averages_neighbours() -> None:
    image = np.array([[0, 100, 200, 40]], dtype=np.float32)
    moved = warp_image(image, translation(0.5, 0), (4, 1), border=0)
    np.testing.assert_allclose(moved, [[0, 50, 150, 120]], atol=0.01)


def test_enlarging_keeps_the_corners_of_the_picture_where_they_are() -> None:
    image = np.array([[10, 200], [60, 120]], dtype=np.uint8)
    big = warp_image(image, scaling(8), (16, 16), interpolation=cv2.INTER_NEAREST)
    assert (big == np.kron(image, np.ones((8, 8), np.uint8))).all()


def test_outside_the_source_a_warped_picture_has_the_border_colour() -> None:
    image = np.full((4, 4, 3), 90, np.uint8)
    moved = warp_image(image, translation(2, 0), (6, 4), border=(1, 2, 3), interpolation=cv2.INTER_NEAREST)
    assert (moved[:, :2] == (1, 2, 3)).all()
    assert (moved[:, 2:] == 90).all()


# Working planes


@pytest.mark.parametrize("place", PLACES)
@given(offsets)
def test_a_local_plane_comes_back_from_the_globe_to_a_millimetre(place: tuple[float, float], xy: Array) -> None:
    plane = WorkingPlane.local(*place)
    lonlat = plane.to_lonlat(xy)
    assert (np.abs(lonlat[:, 0]) <= 180).all()
    np.testing.assert_allclose(plane.from_lonlat(lonlat), xy, atol=1e-3)


@pytest.mark.parametrize("place", PLACES)
@given(hnp.arrays(np.float64, (6, 2), elements=st.floats(-600_000, 600_000)))
def test_a_near_sided_plane_comes_back_from_the_globe_to_a_millimetre(place: tuple[float, float], xy: Array) -> None:
    plane = WorkingPlane.near_sided(*place)
    lonlat = plane.to_lonlat(xy)
    assert (np.abs(lonlat[:, 0]) <= 180).all()
    np.testing.assert_allclose(plane.from_lonlat(lonlat), xy, atol=1e-3)


@pytest.mark.parametrize("make", [WorkingPlane.local, WorkingPlane.near_sided])
@pytest.mark.parametrize(("lon", "lat"), PLACES)
def test_a_plane_is_zero_at_its_place_and_north_is_up_in_it(make: object, lon: float, lat: float) -> None:
    plane = make(lon, lat)  # type: ignore[operator]
    step = 0.01
    around = np.array([[lon, lat], [lon + step, lat], [lon, lat + step]])
    centre, east, north = plane.from_lonlat(around)
    np.testing.assert_allclose(centre, 0, atol=1e-3)
    # Metres along the parallel and the meridian, by the radii of curvature; a sphere differs by the flattening.
    sine2 = math.sin(math.radians(lat)) ** 2
    across = A / math.sqrt(1 - E2 * sine2) * math.cos(math.radians(lat)) * math.radians(step)
    along = A * (1 - E2) / (1 - E2 * sine2) ** 1.5 * math.radians(step)
    assert east[0] == pytest.approx(across, rel=0.01)
    assert north[1] == pytest.approx(along, rel=0.01)
    assert abs(east[1]) < 0.01 * across
    assert abs(north[0]) < 0.01 * along


def test_points_beyond_the_horizon_of_a_near_sided_plane_are_nowhere_and_spoil_no_others() -> None:
    plane = WorkingPlane.near_sided(11.0, 46.0)
    # The horizon of a camera at 420 km over a sphere is where the cosine of the arc is R / (R + h).
    horizon = math.degrees(math.acos(A / (A + ISS_ALTITUDE_M)))
    lonlat = np.array([[11.0, 46.0 + horizon - 0.2], [11.0, 46.0 + horizon + 0.2], [11.5, 46.0], [-169.0, -46.0]])
    visible = np.isfinite(plane.from_lonlat(lonlat)).all(axis=1)
    assert visible.tolist() == [True, False, True, False]
    rim = A * math.sqrt(ISS_ALTITUDE_M / (2 * A + ISS_ALTITUDE_M))  # radius of the map: h times the tangent of the dip
    off_the_earth = plane.to_lonlat(np.array([[0.0, 0.99 * rim], [0.0, 1.01 * rim], [1000.0, 0.0]]))
    assert np.isfinite(off_the_earth).all(axis=1).tolist() == [True, False, True]


def test_what_is_nowhere_stays_nowhere_in_any_transformation() -> None:
    moved = transform_points(np.array([[np.nan, 3.0], [11.0, 46.0], [np.inf, 0.0]]), "EPSG:4326", "EPSG:3857")
    assert np.isfinite(moved).all(axis=1).tolist() == [False, True, False]
    assert transform_points(np.zeros((0, 2)), "EPSG:4326", "EPSG:3857").shape == (0, 2)


def test_longitude_comes_first_whatever_the_authority_says() -> None:
    moved = transform_points(np.array([[11.0, 46.0]]), "EPSG:4326", "EPSG:32632")
    # 2 degrees east of zone 32's meridian: easting above 500 km; northing about 46 x 111 km.
    assert 640_000 < moved[0, 0] < 670_000
    assert 5_080_000 < moved[0, 1] < 5_110_000
    np.testing.assert_allclose(transform_points(moved, "EPSG:32632", "EPSG:4326"), [[11.0, 46.0]], atol=1e-8)


# Footprints


@pytest.mark.parametrize("make", [WorkingPlane.local, WorkingPlane.near_sided])
@pytest.mark.parametrize(("lon", "lat"), [(11.0, 46.0), (180.0, -17.0), (25.0, 60.0)])
def test_footprint_corners_come_in_the_order_of_the_photo(make: object, lon: float, lat: float) -> None:
    plane = make(lon, lat)  # type: ignore[operator]
    north_up = translation(-30_000, 20_000) @ scaling(100, -100)
    corners = footprint_lonlat(north_up, plane, 600, 400)
    assert (np.abs(corners[:, 0]) <= 180).all()
    east = wrapped(corners[:, 0] - lon)
    assert (east > 0).tolist() == [False, True, True, False]  # TL, TR, BR, BL
    assert (corners[:, 1] > lat).tolist() == [True, True, False, False]


@given(cameras(), st.integers(0, 3))
def test_a_turned_photo_has_the_same_corners_in_the_turned_order(camera: Array, quarter_turns: int) -> None:
    plane = WorkingPlane.local(11.0, 46.0)
    assume(np.abs(apply_homography(camera, photo_corners(600, 400))).max() < 3e6)
    turned = camera @ np.linalg.inv(quarter_rotation(600, 400, quarter_turns))
    size = (600, 400) if quarter_turns % 2 == 0 else (400, 600)
    expected = np.roll(footprint_lonlat(camera, plane, 600, 400), -quarter_turns, axis=0)
    np.testing.assert_allclose(footprint_lonlat(turned, plane, *size), expected, atol=1e-7)


def test_corners_of_a_photo_that_see_the_sky_are_nowhere() -> None:
    # The vanishing line is 100 px below the photo's top: the two upper corners are above it.
    camera = np.array([[100.0, 0, -30_000], [0, -100, 0], [0, 0.004, -0.4]])
    corners = footprint_lonlat(camera, WorkingPlane.local(11.0, 46.0), 600, 400)
    assert np.isnan(corners).all(axis=1).tolist() == [True, True, False, False]


@given(longitudes, st.floats(-70, 70), st.floats(1, 200))
def test_the_area_of_a_square_is_its_side_squared(lon: float, lat: float, side_km: float) -> None:
    half = side_km * 500
    square = np.array([[-half, half], [half, half], [half, -half], [-half, -half]])
    area = ground_area_km2(WorkingPlane.local(lon, lat).to_lonlat(square))
    assert area == pytest.approx(side_km**2, rel=3e-3)


# Distances and longitudes


@given(longitudes, st.floats(-89, 89), longitudes, st.floats(-89, 89))
def test_distances_agree_with_the_ellipsoid_to_six_per_mille(a: float, b: float, c: float, d: float) -> None:
    here, there = np.array([[a, b]]), np.array([[c, d]])
    distance = float(great_circle_km(here, there)[0])
    assert distance == pytest.approx(float(great_circle_km(there, here)[0]))
    assume(distance < 15_000)  # the azimuthal plane's own way back loses accuracy near the antipode
    assert distance == pytest.approx(
        float(np.linalg.norm(WorkingPlane.local(a, b).from_lonlat(there))) / 1000, rel=6e-3, abs=1e-6
    )


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((0.0, 0.0), (90.0, 0.0), 10007.557),
        ((179.5, 0.0), (-179.5, 0.0), 111.195),
        ((0.0, 90.0), (123.0, -90.0), 20015.115),
        ((11.0, 46.0), (11.0, 46.0), 0.0),
        ((2.3522, 48.8566), (-0.1276, 51.5072), 343.6),
    ],
)
def test_known_distances(here: tuple[float, float], there: tuple[float, float], km: float) -> None:
    assert great_circle_km(np.array([here]), np.array([there]))[0] == pytest.approx(km, rel=1e-3, abs=1e-6)


def test_one_point_is_compared_with_many() -> None:
    many = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    one_degree = math.pi * 6371.0088 / 180
    np.testing.assert_allclose(
        great_circle_km(np.array([[0.0, 0.0]]), many), [0, one_degree, 2 * one_degree], rtol=1e-9
    )


@given(st.floats(-2000, 2000))
def test_a_wrapped_longitude_is_the_same_meridian_within_the_usual_range(lon: float) -> None:
    inside = float(wrap_lon(lon))
    assert -180 <= inside <= 180
    assert math.isclose((inside - lon) / 360, round((inside - lon) / 360), abs_tol=1e-9)


@given(hnp.arrays(np.float64, 8, elements=st.floats(-20, 20)), longitudes)
def test_unwrapped_longitudes_run_on_from_the_first_without_a_jump(steps: Array, first: float) -> None:
    true = first + np.cumsum(np.concatenate(([0.0], steps)))
    unwrapped = unwrap_lons(np.concatenate((true[:1], wrap_lon(true[1:]))))
    assert unwrapped[0] == first
    np.testing.assert_allclose(unwrapped, true, atol=1e-9)


# Polygons


@given(cameras())
def test_the_outline_of_a_photo_is_convex_and_runs_one_way(camera: Array) -> None:
    outline = apply_homography(camera, photo_corners(600, 400))
    assert is_convex(outline)
    assert is_convex(outline[::-1])
    assert signed_area(outline) > 0
    assert signed_area(outline[::-1]) == pytest.approx(-signed_area(outline))


def test_a_bow_tie_a_dart_and_a_line_are_not_convex() -> None:
    bow_tie = np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]])
    dart = np.array([[0.0, 0], [2, 0], [0.5, 0.5], [0, 2]])
    line = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])
    assert not any(is_convex(polygon) for polygon in (bow_tie, dart, line))


def test_area_is_positive_anticlockwise_with_y_up() -> None:
    assert signed_area(np.array([[0.0, 0], [3, 0], [3, 2], [0, 2]])) == 6
    assert signed_area(np.array([[0.0, 0], [0, 2], [3, 2], [3, 0]])) == -6
