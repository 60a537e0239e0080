"""EarthMatch on generated imagery: where the photo is, is known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.iterative_coregistration import _working_long_side, coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import (
    CoregistrationSettings,
    SearchArea,
    area_about_block,
    area_about_footprint,
    frame_towards,
)
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane, plane_for
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.tiles import Block, block_around
from astroloc_qgis.engine.verification import verify
from tests.engine.synthetic import World, make_world, shot

WIDE, SQUARE = (480, 320), (400, 400)
GSD = 100.0
LIMIT_PX = 1.5
"""Greatest error of a corner, photo pixels; SIFT, whose keypoints are finer than a pixel, is off by 0.3 at most."""
XFEAT_LIMIT_PX = 2.5
"""The same with XFeat, whose keypoints are whole pixels."""


@dataclass
class Scene:
    """A world with its reference."""

    world: World
    reference: Reference

    def block(self, zoom: int = 12, *, off: tuple[float, float] = (0.0, 0.0)) -> Block:
        """The block nearest to a point so many block sides east and north of the world's middle."""
        middle = block_around(*self.world.center_lonlat, zoom)
        metres = np.array([off]) * middle.side_m
        return block_around(*self.world.plane.to_lonlat(metres)[0], zoom)

    def find(self, photo: Image, area: SearchArea, matcher: str = "sift") -> Registration:
        return coregister(PhotoPyramid(photo), self.reference, area, matchers.create(matcher))


@pytest.fixture(scope="module")
def scene_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scene]:
    """Makes the scene of a world, once for each world and CRS."""
    made: dict[tuple[int, str], Scene] = {}

    def make(world: World, crs: str = "EPSG:3857") -> Scene:
        key = (id(world), crs)
        if key not in made:
            path = tmp_path_factory.mktemp("scene") / "reference.tif"
            if abs(world.center_lonlat[0]) > 179:
                world.write_global(path, zoom=10)
            else:
                world.write(path, crs, alpha=True)
            made[key] = Scene(world, Reference.open(path))
        return made[key]

    return make


@pytest.fixture(scope="module")
def scene(scene_of: Callable[..., Scene], world: World) -> Scene:
    return scene_of(world)


def corner_error(found: Registration, truth: Array, plane: WorkingPlane, size: tuple[int, int]) -> float:
    """Distance, photo pixels, between where the corners are and where they were found: the worst one."""
    assert found.homography is not None, found.reason
    corners = photo_corners(*size)
    ground = found.plane.to_lonlat(apply_homography(found.homography, corners))
    seen = apply_homography(np.linalg.inv(truth), plane.from_lonlat(ground))
    return float(np.linalg.norm(seen - corners, axis=1).max())


def from_orbit(plane: WorkingPlane, size: tuple[int, int], focal_px: float, tilt: float, azimuth: float) -> Array:
    """Photo pixels -> the near-sided plane of the camera that takes it, ``tilt`` degrees off the nadir."""
    t, a = math.radians(tilt), math.radians(azimuth)
    ahead = np.array([math.sin(a), math.cos(a), 0.0])  # east, north, up
    down = np.array([0.0, 0.0, -1.0])
    axis = math.sin(t) * ahead + math.cos(t) * down
    top = math.cos(t) * ahead - math.sin(t) * down
    right = np.cross(axis, top)
    to_ray = np.stack([right, -top, axis], axis=1) @ np.array(
        [[1 / focal_px, 0, -size[0] / 2 / focal_px], [0, 1 / focal_px, -size[1] / 2 / focal_px], [0, 0, 1.0]]
    )
    return np.diag([ISS_ALTITUDE_M, ISS_ALTITUDE_M, -1.0]) @ to_ray


# Exact, anywhere, at any turn, in any CRS


@pytest.mark.parametrize(("turn_deg", "size"), [(0, WIDE), (90, SQUARE), (180, SQUARE), (270, WIDE), (45, WIDE)])
def test_a_photo_is_found_from_a_block_half_a_side_off(
    scene_of: Callable[..., Scene], anywhere: World, turn_deg: float, size: tuple[int, int]
) -> None:
    scene = scene_of(anywhere)
    truth = shot(anywhere, size, gsd=GSD, turn_deg=turn_deg, tilt=0.1)
    block = scene.block(off=(0.5, -0.5))
    found = scene.find(anywhere.photo(truth, size, seed=turn_deg), area_about_block(block, scene.reference))
    assert corner_error(found, truth, anywhere.plane, size) < LIMIT_PX
    assert found.converged
    assert verify(found, size).located


@pytest.mark.parametrize("turn_deg", [270, pytest.param(135, marks=pytest.mark.slow)])  # 135: after all other turns
def test_xfeat_finds_a_photo_at_any_turn(scene: Scene, turn_deg: float) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=turn_deg, tilt=0.1)
    area = area_about_block(scene.block(off=(-0.5, 0.5)), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE, seed=3), area, "xfeat-lighterglue")
    assert corner_error(found, truth, scene.world.plane, WIDE) < XFEAT_LIMIT_PX
    assert verify(found, WIDE).located


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"])
def test_the_crs_of_the_reference_makes_no_difference(scene_of: Callable[..., Scene], world: World, crs: str) -> None:
    scene = scene_of(world, crs)
    truth = shot(world, WIDE, gsd=GSD, turn_deg=30, tilt=0.2, offset_m=(4000.0, -6000.0))
    found = scene.find(world.photo(truth, WIDE, seed=2), area_about_block(scene.block(), scene.reference))
    assert corner_error(found, truth, world.plane, WIDE) < LIMIT_PX
    assert verify(found, WIDE).located


def test_a_photo_with_holes_is_found_by_what_is_left_of_it(scene: Scene) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=20)
    photo = scene.world.photo(truth, WIDE, seed=1)
    alpha = np.full(photo.shape[:2], 255, np.uint8)
    alpha[:, :200] = 0
    photo[:, :200] = (255, 0, 0)
    area = area_about_block(scene.block(), scene.reference)
    found = coregister(PhotoPyramid(photo, alpha), scene.reference, area, matchers.create("sift"))
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert found.tie_points is not None
    assert (found.tie_points.photo_xy[:, 0] > 200).all()


# With the nadir known


@pytest.fixture(scope="module")
def far(scene_of: Callable[..., Scene]) -> Scene:
    """A world of 1,600 km, coarse, in which the Earth's curvature shows."""
    return scene_of(make_world(side_m=1_600_000.0, pixels=1400), "EPSG:4326")


def test_with_the_nadir_a_wide_oblique_photo_is_exact_and_without_it_is_bent(far: Scene) -> None:
    nadir = Nadir(42.5, 11.0)
    plane = WorkingPlane.near_sided(nadir.longitude, nadir.latitude)
    truth = from_orbit(plane, WIDE, focal_px=480.0, tilt=38.0, azimuth=10.0)
    photo = far.world.photo(truth, WIDE, plane=plane)
    block = block_around(*plane.to_lonlat(apply_homography(truth, np.array([[240.0, 160.0]])))[0], 9)
    exact = far.find(photo, area_about_block(block, far.reference, nadir=nadir))
    bent = far.find(photo, area_about_block(block, far.reference))
    assert exact.plane == plane
    assert bent.plane != plane
    assert corner_error(exact, truth, plane, WIDE) < LIMIT_PX
    assert bent.homography is None or corner_error(bent, truth, plane, WIDE) > 2 * LIMIT_PX
    assert verify(exact, WIDE).located


def test_a_nadir_that_is_wrong_by_far_does_no_harm(far: Scene) -> None:
    plane = WorkingPlane.near_sided(11.0, 44.0)
    truth = from_orbit(plane, WIDE, focal_px=900.0, tilt=20.0, azimuth=10.0)
    photo = far.world.photo(truth, WIDE, plane=plane)
    block = block_around(*plane.to_lonlat(apply_homography(truth, np.array([[240.0, 160.0]])))[0], 9)
    misled = far.find(photo, area_about_block(block, far.reference, nadir=Nadir(40.5, 7.0)))
    untold = far.find(photo, area_about_block(block, far.reference))
    assert "+proj=aeqd" in misled.plane.proj  # the nadir was not believed
    assert corner_error(misled, truth, plane, WIDE) < corner_error(untold, truth, plane, WIDE) + LIMIT_PX


def test_a_wide_search_area_near_the_horizon_shows_no_more_than_the_camera_sees(far: Scene) -> None:
    area = area_about_block(Block(8, 108, 128), far.reference, nadir=Nadir(23.7, 7.0))
    for frame in area.frames:
        shown = area.plane.to_lonlat(apply_homography(frame.to_plane, photo_corners(*frame.size)))
        centre = area.plane.to_lonlat(apply_homography(frame.to_plane, np.array([frame.centre])))
        reach = great_circle_km(centre, shown)
        assert np.isfinite(reach).any()
        assert np.nanmax(reach) < 2500


def test_a_photo_with_the_horizon_in_it_is_found(far: Scene) -> None:
    nadir = Nadir(36.0, 11.0)
    plane = WorkingPlane.near_sided(nadir.longitude, nadir.latitude)
    size = (600, 400)
    truth = from_orbit(plane, size, focal_px=700.0, tilt=61.0, azimuth=0.0)
    photo = far.world.photo(truth, size, plane=plane)
    corners = plane.to_lonlat(apply_homography(truth, photo_corners(*size)))
    assert np.isnan(corners).any(axis=1).tolist() == [True, True, False, False]
    middle = plane.to_lonlat(apply_homography(truth, np.array([[300.0, 230.0]])))[0]
    found = far.find(photo, area_about_block(block_around(*middle, 8), far.reference, nadir=nadir))
    assert found.homography is not None, found.reason
    below = np.array([[0.0, 200], [600, 200], [600, 400], [0, 400]])
    seen = apply_homography(np.linalg.inv(truth) @ found.homography, below)
    assert np.linalg.norm(seen - below, axis=1).max() < LIMIT_PX


def test_the_working_plane_is_the_cameras_where_the_nadir_is_known_and_sees_the_place() -> None:
    place = np.array([11.0, 46.0])
    assert plane_for(place, None) == WorkingPlane.local(11.0, 46.0)
    assert plane_for(place, Nadir(40.0, 12.0)) == WorkingPlane.near_sided(12.0, 40.0)
    assert plane_for(place, Nadir(-40.0, 12.0)) == WorkingPlane.local(11.0, 46.0)


@pytest.mark.parametrize("nadir", [None, Nadir(46.0, 11.0), Nadir(40.0, 5.0)])
def test_a_search_frame_shows_its_place_in_the_middle_with_north_up(nadir: Nadir | None) -> None:
    plane = plane_for(np.array([11.0, 46.0]), nadir)
    frame = frame_towards(plane, 11.0, 46.0, 60_000.0, 600)
    places = np.array([[11.0, 46.0], [11.0, 46.05], [11.05, 46.0]])
    middle, north, east = apply_homography(np.linalg.inv(frame), plane.from_lonlat(places))
    np.testing.assert_allclose(middle, (300, 300), atol=1e-3)
    assert abs(north[0] - 300) < 2
    assert north[1] < 290
    assert east[0] > 310


# From a footprint drawn by hand


def start_off(scene: Scene, *, shift: float = 0.0, scale: float = 1.0, turn: float = 0.0) -> tuple[Array, SearchArea]:
    """The true homography of a photo, and the area about a footprint that is off (shift in sides of the photo)."""
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=25, tilt=0.15)
    offset = (shift * WIDE[0] * GSD, shift * WIDE[1] * GSD)
    rough = shot(scene.world, WIDE, gsd=GSD * scale, turn_deg=25 + turn, offset_m=offset)
    return truth, area_about_footprint(rough, scene.world.plane, WIDE)


@pytest.mark.parametrize(
    ("matcher", "shift", "scale", "turn"),
    [
        ("sift", 0.0, 1.0, 0),
        ("sift", 0.3, 1.8, 40),
        ("sift", -0.3, 1 / 1.8, -40),
        ("sift", 0.0, 1.0, 180),
        ("xfeat-lighterglue", 0.3, 1.0, 0),
        ("xfeat-lighterglue", 0.0, 1.0, 40),
        pytest.param("xfeat-lighterglue", 0.0, 1.8, 0, marks=pytest.mark.slow),
        pytest.param("xfeat-lighterglue", 0.0, 1 / 1.8, 0, marks=pytest.mark.slow),
        pytest.param("xfeat-lighterglue", 0.3, 1.8, 40, marks=pytest.mark.slow),
    ],
)
def test_a_rough_footprint_is_enough(scene: Scene, matcher: str, shift: float, scale: float, turn: float) -> None:
    truth, area = start_off(scene, shift=shift, scale=scale, turn=turn)
    found = scene.find(scene.world.photo(truth, WIDE, seed=1), area, matcher)
    assert corner_error(found, truth, scene.world.plane, WIDE) < (LIMIT_PX if matcher == "sift" else XFEAT_LIMIT_PX)
    assert verify(found, WIDE).located


# Refused


@pytest.mark.parametrize("matcher", ["sift", pytest.param("xfeat-lighterglue", marks=pytest.mark.slow)])  # 8 turns
def test_a_photo_of_another_place_is_refused(scene: Scene, matcher: str) -> None:
    elsewhere = make_world(seed=9)
    photo = elsewhere.photo(shot(elsewhere, WIDE, gsd=GSD), WIDE, seed=1)
    found = scene.find(photo, area_about_block(scene.block(), scene.reference), matcher)
    verdict = verify(found, WIDE)
    assert not verdict.located
    assert verdict.reason


def test_a_mirrored_photo_is_refused(scene: Scene) -> None:
    truth, area = start_off(scene)
    photo = np.ascontiguousarray(scene.world.photo(truth, WIDE)[:, ::-1])
    assert not verify(scene.find(photo, area), WIDE).located


def test_a_place_where_the_reference_has_nothing_is_refused(scene: Scene) -> None:
    truth, _ = start_off(scene)
    area = area_about_block(block_around(40.0, 10.0, 12), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE), area)
    assert found.homography is None
    assert "shows nothing" in found.reason
    assert found.inliers == 0


# The iterations, with matchers that find what they are told


class Told(Matcher):
    """Pairs a grid of the photo with where ``answers[n]`` puts it in the n-th picture; the last answer stays."""

    name = "told"
    licence = ""
    rotation_invariant = True

    def __init__(self, *answers: Callable[[Array, tuple[int, int], tuple[int, int]], Array]) -> None:
        self.answers = answers
        self.calls = 0

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        return Features(np.zeros((0, 2), np.float32), (image.shape[1], image.shape[0]))

    def match(self, a: Features, b: Features) -> Matches:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        steps = np.linspace(0.02, 0.98, 10)
        grid = np.stack(np.meshgrid(steps * a.size[0], steps * a.size[1]), axis=-1).reshape(-1, 2)
        return Matches(grid, answer(grid, a.size, b.size), np.ones(len(grid), np.float32))


def centred(grid: Array, photo: tuple[int, int], frame: tuple[int, int]) -> Array:
    """The photo is in the middle of the frame, at its own scale."""
    return grid - np.array(photo) / 2 + np.array(frame) / 2


def mirrored(grid: Array, photo: tuple[int, int], frame: tuple[int, int]) -> Array:
    """As ``centred``, but left is right."""
    return centred(np.column_stack((photo[0] - grid[:, 0], grid[:, 1])), photo, frame)


def scattered(grid: Array, photo: tuple[int, int], frame: tuple[int, int]) -> Array:
    """Anywhere."""
    return np.random.default_rng(0).uniform((0, 0), frame, grid.shape)


def drifting(grid: Array, photo: tuple[int, int], frame: tuple[int, int]) -> Array:
    """A twentieth of the photo east of where it was."""
    return centred(grid, photo, frame) + np.array([0.05 * photo[0], 0.0])


def told(scene: Scene, *answers: Callable[..., Array]) -> Registration:
    truth, area = start_off(scene)
    return coregister(PhotoPyramid(scene.world.photo(truth, WIDE)), scene.reference, area, Told(*answers))


def test_a_solution_that_stands_still_has_converged(scene: Scene) -> None:
    found = told(scene, centred)
    assert found.converged
    assert found.iterations == 2
    assert found.history[-1].shift < 1e-6
    assert found.inliers == 100
    assert found.rmse_px < 1e-6


def test_one_that_keeps_moving_has_not_and_says_so(scene: Scene) -> None:
    found = told(scene, centred, drifting)
    assert not found.converged
    assert "still moved after 4 iterations" in found.reason
    assert found.history[-1].shift == pytest.approx(0.05 * WIDE[0] / math.hypot(*WIDE), rel=0.1)
    assert not verify(found, WIDE).located


@pytest.mark.parametrize("answers", [(mirrored,), (centred, mirrored)])
def test_a_mirrored_solution_is_refused_at_any_iteration(
    scene: Scene, answers: tuple[Callable[..., Array], ...]
) -> None:
    found = told(scene, *answers)
    assert found.homography is None
    assert not verify(found, WIDE).located
    # MAGSAC draws no mirrored sample, so that this is mostly the end of it; test_estimation names what gets through.
    assert "mirrored" in found.reason or "match" in found.reason


def test_one_that_does_not_survive_a_second_look_is_no_solution(scene: Scene) -> None:
    found = told(scene, centred, scattered)
    assert found.homography is None
    assert found.tie_points is None
    assert "too few of 100 matches agree" in found.reason


def test_tie_points_lie_where_the_homography_puts_them(scene: Scene) -> None:
    truth, area = start_off(scene)
    found = scene.find(scene.world.photo(truth, WIDE, seed=1), area)
    ties = found.tie_points
    assert ties is not None
    assert len(ties.photo_xy) == len(ties.plane_xy) == len(ties.inlier) == len(ties.score)
    mapped = apply_homography(truth, ties.photo_xy[ties.inlier])
    assert np.linalg.norm(mapped - ties.plane_xy[ties.inlier], axis=1).mean() < GSD  # metres: one photo pixel
    assert found.rmse_m == pytest.approx(found.rmse_px * GSD, rel=0.3)
    assert 0 < found.rmse_px < 1.5


def test_work_stops_when_progress_says_so(scene: Scene) -> None:
    told_of: list[tuple[str, float]] = []

    def stop_at_the_second(stage: str, fraction: float) -> None:
        told_of.append((stage, fraction))
        if len(told_of) == 2:
            raise Cancelled("enough")

    truth, area = start_off(scene)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE))
    with pytest.raises(Cancelled):
        coregister(pyramid, scene.reference, area, matchers.create("sift"), progress=stop_at_the_second)
    assert {stage for stage, _ in told_of} == {"match"}
    assert all(0 <= fraction <= 1 for _, fraction in told_of)


def test_fewer_iterations_are_made_when_fewer_are_allowed(scene: Scene) -> None:
    truth, area = start_off(scene)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE))
    settings = CoregistrationSettings(iterations=1)
    found = coregister(pyramid, scene.reference, area, Told(centred, drifting), settings=settings)
    assert found.iterations == 2  # the search, and one


def test_the_corners_of_a_rough_footprint_make_its_area(scene: Scene) -> None:
    """The frame is the photo's own: its middle shows the middle of the footprint, its top the photo's top."""
    truth, area = start_off(scene)
    rough = homography_from_points(photo_corners(*WIDE), apply_homography(truth, photo_corners(*WIDE)))
    frame = area_about_footprint(rough, scene.world.plane, WIDE, long_side=240, margin=0.5).frames[0]
    assert frame.size == (480, 320)
    inner = np.array([[120.0, 80], [360, 80], [360, 240], [120, 240]])
    np.testing.assert_allclose(
        apply_homography(frame.to_plane, inner), apply_homography(truth, photo_corners(*WIDE)), atol=1e-3
    )


@pytest.mark.parametrize(("native_px", "long_side"), [(100, 448), (200, 500), (300, 512), (600, 750), (5000, 1024)])
def test_the_photo_is_matched_where_it_and_the_reference_have_detail(native_px: int, long_side: int) -> None:
    plane = WorkingPlane.local(10.0, 40.0)
    photo_gsd = 50.0
    homography = np.diag([photo_gsd, -photo_gsd, 1.0])
    reference = SimpleNamespace(native_gsd_m=lambda *_: 3000 * photo_gsd / native_px)
    wanted = _working_long_side((3000, 2000), homography, plane, reference, CoregistrationSettings())
    assert wanted == pytest.approx(long_side)
