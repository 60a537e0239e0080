"""Located photos held against each other by time and track, and weak ones that the others bear out."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.sequence.fixed_camera import find_fixed_camera
from astroloc_qgis.engine.sequence.review import agreement, borne_out, doubts
from tests.engine.sequence.orbit_flight import flown

AT = np.arange(0.0, 480.0, 40.0)
TIMES = dict(enumerate(AT))
NAMES = [f"p{number}" for number in TIMES]


def doubted(footprints: dict[int, np.ndarray]) -> dict[int, str]:
    camera = find_fixed_camera(footprints, TIMES, timed=True, nadirs={})
    return doubts(footprints, {}, [], (400, 300), TIMES, timed=True, camera=camera, names=NAMES)


def test_photos_on_one_track_are_believed():
    true = flown(AT)
    assert doubted({one: true[one] for one in (0, 3, 4, 8)}) == {}


def test_a_photo_off_the_track_of_the_others_is_not_believed():
    footprints = {one: flown(AT)[one] for one in (0, 3, 4, 8)}
    footprints[4] = footprints[4] + [3.0, 1.0]
    assert doubted(footprints) == {4: "its place is not on the track of the 3 other photos of the sequence that agree"}


def test_a_photo_that_is_turned_against_the_others_is_not_believed():
    footprints = {one: flown(AT)[one] for one in (0, 3, 4, 8)}
    footprints[3] = np.roll(footprints[3], 2, axis=0)
    assert set(doubted(footprints)) == {3}


def test_what_no_station_can_have_flown_is_not_believed():
    true = flown(AT)
    assert set(doubted({0: true[0], 1: true[1] + [120.0, 0.0], 2: true[2]})) == {1}


def test_weak_registrations_that_agree_on_one_camera_are_borne_out():
    true = flown(AT)
    weak = {one: true[one] for one in (1, 5)}
    assert borne_out(weak, {3: true[3]}, TIMES, timed=True) == {1: (3, 5), 5: (1, 3)}


def test_weak_registrations_that_disagree_are_not():
    true = flown(AT)
    weak = {1: true[1] + [2.0, 2.0], 5: true[5] + [-3.0, 1.0], 7: true[7]}
    assert borne_out(weak, {3: true[3]}, TIMES, timed=True) == {}


def test_two_photos_bear_out_none():
    true = flown(AT)
    assert borne_out({1: true[1]}, {3: true[3]}, TIMES, timed=True) == {}


def test_a_place_agrees_within_the_radius_of_its_prediction():
    corners = flown(AT)[2]
    assert agreement(corners, corners + np.array([0.1, 0.0]), 0.0)
    assert not agreement(corners, corners + np.array([1.2, 0.0]), 0.0)
    assert agreement(corners, corners + np.array([1.2, 0.0]), 0.2)
