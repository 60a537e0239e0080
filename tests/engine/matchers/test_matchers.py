"""The matchers of the cascade: each found by its name, each with a known motion to recover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.cascade import AUTO
from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Features, Image, Matcher, inside_mask
from tests.engine.matchers.conftest import mirror_shift
from tests.engine.synthetic import World, degrade, make_world

WITH_KEYPOINTS = ["sift", "xfeat-lighterglue", "aliked-lightglue"]
ALL = ["sift", "orientation", "xfeat-lighterglue", "aliked-lightglue"]
SIDE = 320


@pytest.fixture(params=ALL)
def matcher(request: pytest.FixtureRequest) -> Matcher:
    return matchers.create(request.param)


@pytest.fixture(params=WITH_KEYPOINTS)
def turning(request: pytest.FixtureRequest) -> Matcher:
    """One that finds keypoints in each picture, and so bears some rotation and scale."""
    return matchers.create(request.param)


@pytest.fixture(scope="module")
def picture(world: World) -> Image:
    return np.ascontiguousarray(world.pixels[200 : 200 + SIDE, 300 : 300 + SIDE])


@pytest.fixture(scope="module")
def described(picture: Image) -> dict[str, Features]:
    """What each matcher finds in the picture."""
    return {name: matchers.create(name).extract(picture) for name in ALL}


def motion(rotation_deg: float, scale: float) -> Array:
    """A rotation and a scale about the middle of the picture."""
    cosine, sine = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    rotated = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    return translation(SIDE / 2, SIDE / 2) @ scaling(scale) @ rotated @ translation(-SIDE / 2, -SIDE / 2)


def worst_corner(matcher: Matcher, picture: Image, features: Features, moved: Array) -> float:
    """Pixels by which the motion that a matcher finds misses the corners of the picture."""
    other = degrade(warp_image(picture, moved, (SIDE, SIDE)).astype(np.uint8), seed=5)
    covered = warp_image(np.ones((SIDE, SIDE), np.uint8), moved, (SIDE, SIDE)) > 0
    matches = matcher.match(features, matcher.extract(other, covered))
    fit = fit_homography(matches, 3.0)
    if fit is None:
        return math.inf
    corners = photo_corners(SIDE, SIDE)
    error = apply_homography(fit.homography, corners) - apply_homography(moved, corners)
    return float(np.linalg.norm(error, axis=1).max())


def test_the_registry_begins_with_the_matchers_of_the_cascade_in_its_order() -> None:
    assert matchers.names()[: len(ALL)] == ALL == list(dict.fromkeys(stage.matcher for stage in AUTO))
    for name in ALL:
        matchers.check_name(name)


def test_a_matcher_carries_its_name_and_the_licence_of_its_weights(matcher: Matcher) -> None:
    assert matcher.name in ALL
    assert ("GPL-2.0-or-later" if matcher.name == "orientation" else "Apache-2.0") in matcher.licence


def test_only_sift_matches_at_any_rotation() -> None:
    assert [matchers.create(name).rotation_invariant for name in ALL] == [True, False, False, False]


def test_only_orientation_is_searched_with_by_correlation() -> None:
    assert [matchers.create(name).dense for name in ALL] == [False, True, False, False]


@pytest.mark.parametrize("ask", [matchers.check_name, matchers.create])
def test_an_unknown_matcher_is_refused_with_the_names_there_are(ask: object) -> None:
    with pytest.raises(InputError, match="no matcher 'surf'.*sift, orientation, xfeat-lighterglue"):
        ask("surf")  # type: ignore[operator]


def test_a_matcher_is_loaded_once() -> None:
    assert matchers.create("xfeat-lighterglue") is matchers.create("xfeat-lighterglue")
    assert matchers.create("sift") is not matchers.create("xfeat-lighterglue")


@pytest.mark.parametrize(("rotation_deg", "scale"), [(12, 1.2), (-20, 0.8)])
def test_every_matcher_of_keypoints_recovers_a_small_rotation_and_scale(
    turning: Matcher, picture: Image, described: dict[str, Features], rotation_deg: float, scale: float
) -> None:
    assert worst_corner(turning, picture, described[turning.name], motion(rotation_deg, scale)) < 2.0


@pytest.mark.parametrize("rotation_deg", [45, 90, 135, 180, 250])
def test_sift_recovers_any_rotation(picture: Image, described: dict[str, Features], rotation_deg: float) -> None:
    assert worst_corner(matchers.create("sift"), picture, described["sift"], motion(rotation_deg, 0.7)) < 1.0


def test_keypoints_keep_the_corner_convention(turning: Matcher) -> None:
    # A matcher that forgot half a pixel would see a picture and its mirror image a whole pixel apart. XFeat's network
    # leans by 0.16 pixels to the right by itself, which cancels between two pictures of the same orientation.
    picture = np.ascontiguousarray(make_world().pixels[400 : 400 + SIDE, 400 : 400 + SIDE])
    assert abs(mirror_shift(turning, picture)) < 0.5


def test_nothing_is_found_where_the_mask_shows_nothing(matcher: Matcher, picture: Image) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, : SIDE // 2] = True
    features = matcher.extract(picture, mask)
    assert len(features.keypoints) > 50
    assert (features.keypoints[:, 0] <= SIDE // 2 - 3).all()
    assert len(matcher.extract(picture, np.zeros((SIDE, SIDE), bool)).keypoints) == 0


def test_masked_features_still_match(matcher: Matcher, picture: Image, described: dict[str, Features]) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[40:, 60:] = True
    matches = matcher.match(matcher.extract(picture, mask), described[matcher.name])
    assert len(matches) > 50
    # Each point is paired with itself: the descriptors stayed with their keypoints when the mask dropped some.
    assert np.median(np.linalg.norm(matches.a - matches.b, axis=1)) < 0.5


def test_matches_are_as_many_as_their_scores_and_lie_in_the_pictures(
    matcher: Matcher, picture: Image, described: dict[str, Features]
) -> None:
    small = np.ascontiguousarray(picture[:200, :300])
    first, second = matcher.extract(small), described[matcher.name]
    assert first.size == (300, 200)
    assert first.keypoints.dtype == np.float32
    matches = matcher.match(first, second)
    assert matches.a.shape == matches.b.shape == (len(matches), 2)
    assert matches.score.shape == (len(matches),)
    assert matches.a.dtype == np.float64
    assert ((matches.a >= 0) & (matches.a <= (300, 200))).all()
    assert ((matches.b >= 0) & (matches.b <= SIDE)).all()


@pytest.mark.parametrize("kind", ["black", "grey", "small"])
def test_a_picture_with_nothing_in_it_matches_nothing(
    matcher: Matcher, described: dict[str, Features], kind: str
) -> None:
    plain = {
        "black": np.zeros((SIDE, SIDE, 3), np.uint8),
        "grey": np.full((100, 240, 3), 128, np.uint8),
        "small": np.full((32, 32, 3), 60, np.uint8),
    }[kind]
    nothing, something = matcher.extract(plain), described[matcher.name]
    for matches in (
        matcher.match(nothing, something),
        matcher.match(something, nothing),
        matcher.match(nothing, nothing),
    ):
        assert fit_homography(matches, 3.0) is None


def test_a_picture_of_which_the_mask_leaves_nothing_matches_nothing(
    matcher: Matcher, picture: Image, described: dict[str, Features]
) -> None:
    nothing = matcher.extract(picture, np.zeros((SIDE, SIDE), bool))
    assert len(matcher.match(nothing, described[matcher.name])) == 0
    assert len(matcher.match(described[matcher.name], nothing)) == 0


def test_two_different_places_give_no_homography(matcher: Matcher, described: dict[str, Features]) -> None:
    elsewhere = np.ascontiguousarray(make_world(seed=9).pixels[:SIDE, :SIDE])
    fit = fit_homography(matcher.match(described[matcher.name], matcher.extract(elsewhere)), 3.0)
    assert fit is None or fit.inliers < 15


def test_a_picture_is_not_changed_by_being_described(matcher: Matcher, picture: Image) -> None:
    before = picture.copy()
    matcher.extract(picture, np.tri(SIDE, dtype=bool))
    assert (picture == before).all()


def test_the_edge_of_a_mask_is_kept_at_a_distance() -> None:
    mask = np.zeros((20, 40), bool)
    mask[:, 10:] = True
    points = np.array([[5.5, 10.5], [12.5, 10.5], [14.5, 10.5], [39.9, 10.5]], np.float32)
    assert inside_mask(points, mask, margin=4).tolist() == [False, False, True, True]
    assert inside_mask(points, None).all()
    assert inside_mask(np.zeros((0, 2), np.float32), mask).shape == (0,)
