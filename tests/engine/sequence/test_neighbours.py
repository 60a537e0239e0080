"""Links between photos: by the ground, never by what moves with the camera."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.matchers.base import Matches
from astroloc_qgis.engine.sequence.chain import Anchor, carry
from astroloc_qgis.engine.sequence.neighbours import Link, find_links, fit_link
from astroloc_qgis.engine.sequence.review import doubts
from tests.engine.sequence.flight import SIZE, Flight
from tests.engine.synthetic import landscape, make_world

DIAGONAL = math.hypot(*SIZE)


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    return Flight(tmp_path_factory.mktemp("flight"), make_world())


@pytest.fixture(scope="module")
def pictures(flight: Flight) -> list[np.ndarray]:
    return [flight.world.photo(flight.truth(number), SIZE, seed=number) for number in range(4)]


def links_of(pictures: list[np.ndarray]) -> list[Link]:
    return find_links(len(pictures), SIZE, lambda number: (pictures[number], None))


def framed(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """The same with a strut full of detail at the left and dirt on the glass, which stand still."""
    window = landscape(512, seed=5)[: SIZE[1], : SIZE[0]]
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    cv2.ellipse(mask, (0, SIZE[1] // 2), (60, 90), 0, 0, 360, 1, -1)
    for x, y in ((180, 30), (250, 100), (140, 180)):
        cv2.circle(mask, (x, y), 9, 1, -1)
    return [np.where(mask[..., None] > 0, window, picture) for picture in pictures]


def truth(flight: Flight, first: int, second: int) -> np.ndarray:
    return np.linalg.inv(flight.truth(second)) @ flight.truth(first)


def worst_corner(homography: np.ndarray, true: np.ndarray) -> float:
    corners = photo_corners(*SIZE)
    return float(np.hypot(*(apply_homography(homography, corners) - apply_homography(true, corners)).T).max())


def test_photos_are_linked_to_the_next_ones_by_the_ground(flight, pictures):
    links = links_of(pictures)
    assert {(0, 1), (1, 2), (2, 3)} <= {(link.first, link.second) for link in links}
    for link in links:
        assert worst_corner(link.homography, truth(flight, link.first, link.second)) < 0.05 * DIAGONAL
        assert worst_corner(link.reversed().homography, truth(flight, link.second, link.first)) < 0.05 * DIAGONAL


def test_a_window_that_stands_still_does_not_link(flight, pictures):
    links = links_of(framed(pictures[:2]))
    assert [worst_corner(link.homography, truth(flight, 0, 1)) < 0.05 * DIAGONAL for link in links] == [True]


def test_photos_that_share_only_the_window_are_not_linked(pictures):
    others = [make_world(seed=8).photo(np.array([[80, 0, -12800], [0, -80, 8560], [0, 0, 1.0]]), SIZE, seed=2)]
    assert links_of(framed([pictures[0], *others])) == []


def test_the_same_view_twice_is_linked_by_standing_still(flight):
    twice = [flight.world.photo(flight.truth(2), SIZE, seed=seed) for seed in (1, 2)]
    (link,) = links_of(twice)
    assert worst_corner(link.homography, np.eye(3)) < 0.01 * DIAGONAL


def test_dirt_on_the_glass_does_not_link_photos_that_are_seconds_apart(flight):
    twice = [flight.world.photo(flight.truth(2), SIZE, seed=seed) for seed in (1, 2)]
    assert (
        find_links(2, SIZE, lambda number: (twice[number], None), may_stand_still=lambda _first, _second: False) == []
    )


def matches_by(homography: np.ndarray, wrong: int) -> Matches:
    rng = np.random.default_rng(0)
    a = rng.uniform((0, 0), SIZE, (200, 2))
    b = apply_homography(homography, a)
    inside = ((b > 0) & (b < SIZE)).all(axis=1)
    a, b = a[inside], b[inside]
    noise = rng.uniform((0, 0), SIZE, (2, wrong, 2))
    return Matches(np.vstack([a, noise[0]]), np.vstack([b, noise[1]]), np.ones(len(a) + wrong, np.float32))


def test_mirrored_photos_are_not_linked():
    moved = matches_by(np.array([[1, 0, 0], [0, 1, 60], [0, 0, 1.0]]), 100)
    mirrored = matches_by(np.array([[-1, 0, SIZE[0]], [0, 1, 60], [0, 0, 1.0]]), 100)
    assert fit_link(moved, SIZE, SIZE) is not None
    assert fit_link(mirrored, SIZE, SIZE) is None


def test_matches_without_agreement_are_no_link():
    assert fit_link(matches_by(np.eye(3) * np.nan, 300), SIZE, SIZE) is None


def chain(flight: Flight) -> tuple[list[Link], dict[int, Anchor]]:
    links = [Link(one, one + 1, truth(flight, one, one + 1), 100, 0.005) for one in range(6)]
    return links, {2: Anchor(flight.truth(2), flight.world.plane, 0.3)}


def test_a_footprint_is_carried_along_the_chain_and_its_uncertainty_grows(flight):
    links, anchors = chain(flight)
    found = carry(anchors, links, SIZE)
    assert set(found) == {0, 1, 3, 4, 5, 6}
    assert all(flight.error_km(number, one.footprint) < 0.2 for number, one in found.items())
    deviations = [found[number].deviation_km for number in (3, 4, 5, 6)]
    assert deviations == sorted(deviations)
    assert deviations[0] > 0.3
    assert [found[number].links for number in (0, 1, 3, 6)] == [2, 1, 1, 4]
    assert carry(anchors, links, SIZE, without=2) == {}


def test_of_two_photos_that_contradict_each_other_neither_is_believed(flight):
    links, anchors = chain(flight)
    anchors[3] = Anchor(np.array([[1, 0, 15_000], [0, 1, 0], [0, 0, 1.0]]) @ flight.truth(3), flight.world.plane, 0.3)
    wrong = flight.world.plane.to_lonlat(apply_homography(anchors[3].homography, photo_corners(*SIZE)))
    footprints = {2: flight.footprint(2), 3: wrong}
    names = [f"p{number}" for number in range(7)]
    found = doubts(footprints, anchors, links, SIZE, {2: 2.0, 3: 3.0}, timed=False, camera=None, names=names)
    assert found == {2: "its place contradicts that of p3", 3: "its place contradicts that of p2"}
    anchors[4] = Anchor(flight.truth(4), flight.world.plane, 0.3)
    footprints[4] = flight.footprint(4)
    at = {2: 2.0, 3: 3.0, 4: 4.0}
    found = doubts(footprints, anchors, links, SIZE, at, timed=False, camera=None, names=names)
    assert found == {3: "its place contradicts that of p2 and p4"}
