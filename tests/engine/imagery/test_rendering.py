"""The reference as a camera sees it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import MAX_WINDOW_PX, Frame, jacobian, render
from astroloc_qgis.engine.imagery.window import Rendering, Window
from tests.engine.synthetic import World, make_world, shot, write_raster

SIZE = (300, 200)


@pytest.fixture(scope="module")
def smooth() -> World:
    """A world without fine detail: any honest interpolation of it is exact to a few grey values."""
    x, y = np.meshgrid(np.arange(1024), np.arange(1024))
    waves = [np.sin(x / 9 + phase) + np.cos(y / 7 + 2 * phase) for phase in (0.0, 1.0, 2.0)]
    image = np.clip(128 + 40 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    return World(image, WorkingPlane.local(11.0, 46.0), 100_000.0)


@pytest.fixture(scope="module")
def reference(smooth: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """The smooth world in web Mercator, without the rim that its square leaves black."""
    path = tmp_path_factory.mktemp("rendering") / "smooth.tif"
    opened = Reference.open(smooth.write(path, "EPSG:3857", alpha=True))
    yield opened
    opened.close()


class Counting(Reference):
    """Remembers the windows that were read."""

    windows: list[Window]

    def read(self, window: Window) -> Rendering:
        self.windows = [*getattr(self, "windows", []), window]
        return super().read(window)


def render_at(reference: Reference, world: World, camera: Array) -> tuple[np.ndarray, np.ndarray]:
    """What a camera above the world sees of the reference."""
    return render(reference, Frame(world.plane, camera, SIZE))


def differences(image: np.ndarray, mask: np.ndarray, expected: np.ndarray) -> Array:
    """Absolute grey differences where the mask is."""
    return np.abs(image.astype(float) - expected.astype(float))[mask]


@pytest.mark.parametrize("turn_deg", [0.0, 90.0, 137.0])
@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_a_frame_shows_what_a_camera_there_would_see(
    reference: Reference, smooth: World, turn_deg: float, tilt: float
) -> None:
    camera = shot(smooth, SIZE, gsd=150.0, turn_deg=turn_deg, tilt=tilt, offset_m=(3000.0, -2000.0))
    pixels, mask = render_at(reference, smooth, camera)
    # The rim of what was read is nobody's: at most a pixel or two at the very edge of the frame.
    assert mask.mean() > 0.97
    difference = differences(pixels, mask, smooth.photo(camera, SIZE))
    assert np.percentile(difference, 99) <= 4  # of 256
    assert difference.mean() < 1


def test_half_a_pixel_off_the_difference_would_be_several_times_as_large(reference: Reference, smooth: World) -> None:
    camera = shot(smooth, SIZE, gsd=150.0)
    truth = smooth.photo(camera, SIZE)
    exact, half = (
        differences(*render_at(reference, smooth, camera @ shift), truth)
        for shift in (np.eye(3), translation(0.5, 0.5))
    )
    assert half.mean() > 3 * exact.mean()


def test_a_frame_of_another_plane_shows_the_same_ground(reference: Reference, smooth: World) -> None:
    plane = WorkingPlane.near_sided(9.0, 44.0)
    corners = apply_homography(shot(smooth, SIZE, gsd=150.0, turn_deg=20.0), photo_corners(*SIZE))
    camera = homography_from_points(photo_corners(*SIZE), plane.from_lonlat(smooth.plane.to_lonlat(corners)))
    pixels, mask = render(reference, Frame(plane, camera, SIZE))
    difference = differences(pixels, mask, smooth.photo(camera, SIZE, plane))
    assert mask.mean() > 0.97
    assert np.percentile(difference, 99) <= 4


def test_a_world_across_the_antimeridian_is_rendered_whole(tmp_path: Path) -> None:
    world = make_world(180.0, -17.0, pixels=512)
    reference = Reference.open(world.write_global(tmp_path / "globe.tif", zoom=8))
    camera = shot(world, (200, 200), gsd=400.0, turn_deg=30.0)
    pixels, mask = render(reference, Frame(world.plane, camera, (200, 200)))
    assert mask.mean() > 0.98
    truth = world.photo(camera, (200, 200))
    # The reference is coarser (611 m) than the photo: compare what both can show, blocks of 10 x 10 pixels.
    blocks = [image.reshape(20, 10, 20, 10, 3).mean(axis=(1, 3)) for image in (pixels.astype(float), truth)]
    assert np.corrcoef(blocks[0].ravel(), blocks[1].ravel())[0, 1] > 0.98


def test_where_the_reference_ends_the_mask_ends(reference: Reference, smooth: World) -> None:
    # The frame's middle is on the world's eastern edge: its left half shows land, its right half nothing.
    camera = shot(smooth, SIZE, gsd=150.0, offset_m=(50_000.0, 0.0))
    pixels, mask = render_at(reference, smooth, camera)
    assert mask[:, 3:146].all()
    assert not mask[:, 154:].any()
    assert (pixels[~mask] == 0).mean() > 0.99


def test_a_frame_elsewhere_shows_nothing(reference: Reference, smooth: World) -> None:
    for far in (500_000.0, 3_000_000.0):
        pixels, mask = render(reference, Frame(smooth.plane, shot(smooth, SIZE, offset_m=(far, 0.0)), SIZE))
        assert not mask.any()
        assert not pixels.any()
        assert pixels.shape == (200, 300, 3)


def test_above_the_vanishing_line_a_frame_shows_nothing_and_below_it_the_ground(
    reference: Reference, smooth: World
) -> None:
    # Row 60 of 200 is the vanishing line; row 100 looks 10 km north of the world's centre.
    horizon, scale = 60.0, 150.0
    depth = np.array([0, 1 / 40, -horizon / 40])
    camera = np.vstack(([scale, 0, -150 * scale], np.array([0, 0, 20_000.0]) - 10_000 * depth, depth))
    pixels, mask = render_at(reference, smooth, camera)
    rows = np.flatnonzero(mask.any(axis=1))
    assert rows.min() > horizon
    assert mask.sum() > 5000
    difference = differences(pixels, mask, smooth.photo(camera, SIZE))
    assert np.percentile(difference, 95) < 12


def test_a_reference_is_read_once_and_no_finer_than_the_frame_needs(smooth: World, reference: Reference) -> None:
    counting = Counting.open(reference.uri)
    assert isinstance(counting, Counting)
    camera = shot(smooth, SIZE, gsd=200.0)
    render(counting, Frame(smooth.plane, camera, SIZE))
    assert len(counting.windows) == 1
    # It is read in its own projection, where a metre of ground at 46 degrees north is longer than a metre.
    assert counting.windows[0].gsd * math.cos(math.radians(46.0)) == pytest.approx(200.0, rel=0.03)


def test_what_is_read_has_a_limit_however_large_the_frame_reaches(smooth: World, reference: Reference) -> None:
    counting = Counting.open(reference.uri)
    assert isinstance(counting, Counting)
    # Nearly to the vanishing line at the top: the far edge is hundreds of times as wide as a fine pixel row.
    camera = np.array([[20.0, 0, -3000], [0, -20, 2000], [0, 0.00495, 0.01]])
    render(counting, Frame(smooth.plane, camera, SIZE))
    window = counting.windows[0]
    assert max(window.width, window.height) <= MAX_WINDOW_PX


def test_the_scale_of_a_frame_is_that_of_its_middle() -> None:
    plane = WorkingPlane.local(0, 0)
    assert Frame(plane, scaling(30.0, -30.0), SIZE).gsd_m() == pytest.approx(30.0)
    assert Frame(plane, scaling(20.0, -80.0), SIZE).gsd_m() == pytest.approx(40.0)
    assert Frame(plane, 7 * scaling(30.0, -30.0), SIZE).gsd_m() == pytest.approx(30.0)


def test_the_jacobian_is_the_slope_of_the_homography() -> None:
    camera = np.array([[40.0, 3, 1000], [2, -38, 5000], [1e-3, 2e-3, 1]])
    x, y, step = 120.0, 80.0, 1e-4
    places = np.array([[x + step, y], [x - step, y], [x, y + step], [x, y - step]])
    right, left, below, above = apply_homography(camera, places)
    slopes = np.column_stack((right - left, below - above)) / (2 * step)
    np.testing.assert_allclose(jacobian(camera, (x, y)), slopes, rtol=1e-6)


def test_a_grey_and_a_16_bit_reference_are_shown_as_8_bit_colour(smooth: World, tmp_path: Path) -> None:
    grey = smooth.pixels[..., 0].astype(np.uint16) * 40 + 300
    geotransform = [-50_000.0, smooth.gsd, 0, 50_000.0, 0, -smooth.gsd]
    path = write_raster(tmp_path / "grey.tif", grey, smooth.plane.proj, geotransform)
    camera = shot(smooth, SIZE, gsd=150.0)
    pixels, mask = render(Reference.open(path), Frame(smooth.plane, camera, SIZE))
    assert mask.all()
    assert pixels.dtype == np.uint8
    assert (pixels[..., 0] == pixels[..., 2]).all()
    truth = smooth.photo(camera, SIZE)[..., 0]
    assert np.corrcoef(pixels[..., 0].ravel(), truth.ravel())[0, 1] > 0.99
