"""The track of one camera on one orbit, against an orbit of known elements."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.sequence.fixed_camera import find_fixed_camera
from astroloc_qgis.engine.sequence.footprints import along_track, difference, from_track, middle_of
from astroloc_qgis.engine.sequence.orbit_track import consensus, distances_km, fit_track
from tests.engine.sequence.orbit_flight import flown, orbit


@pytest.mark.parametrize("argument_deg", [20.0, 85.0, 180.0, 275.0])
def test_a_track_through_three_places_says_where_the_camera_is_before_and_after(argument_deg):
    at = np.arange(0.0, 600.0, 30.0)
    places = orbit(at, argument_deg)
    track = fit_track(places[[3, 6, 9]], at[[3, 6, 9]], timed=True, floor_km=1.0)
    off = distances_km(np.stack([track.place(time) for time in at]), places)
    assert off.max() < 5
    assert all(distance < 3 * track.deviation_at_km(time) for distance, time in zip(off, at, strict=True))


def test_without_times_equal_steps_do():
    places = orbit(np.arange(0.0, 300.0, 15.0))
    numbers = np.arange(40.0, 60.0)
    track = fit_track(places[2:10:2], numbers[2:10:2], timed=False, floor_km=1.0)
    assert track.seconds == pytest.approx(15.0, rel=0.02)
    assert distances_km(np.stack([track.place(number) for number in numbers]), places).max() < 15


def test_the_uncertainty_grows_away_from_the_places():
    at = np.arange(0.0, 100.0, 20.0)
    track = fit_track(orbit(at), at, timed=True, floor_km=5.0)
    assert track.deviation_at_km(40.0) < track.deviation_at_km(200.0) < track.deviation_at_km(400.0)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_no_spacecraft_flies_at_half_or_twice_the_speed(factor):
    at = np.arange(0.0, 600.0, 60.0)
    assert fit_track(orbit(at * factor), at, timed=True, floor_km=1.0) is None


def test_the_wrong_places_are_told_from_the_right_ones():
    at = np.arange(0.0, 300.0, 30.0)
    places = orbit(at)
    places[3] += [2.0, 1.0]
    places[7] += [40.0, -10.0]
    _, agreeing = consensus(places, at, timed=True, tolerance_km=50.0, floor_km=5.0)
    assert np.flatnonzero(~agreeing).tolist() == [3, 7]


def test_places_of_which_no_three_agree_have_no_track():
    at = np.arange(0.0, 120.0, 30.0)
    places = orbit(at) + np.array([[0, 0], [9, 5], [-12, 8], [30, -20]])
    assert consensus(places, at, timed=True, tolerance_km=50.0, floor_km=5.0) is None


def test_corners_seen_from_the_track_lead_back_to_the_corners():
    corners = flown(np.array([0.0, 60.0]))[1]
    place, azimuth = middle_of(corners) + 1.0, 0.7
    assert difference(from_track(along_track(corners, place, azimuth), place, azimuth), corners) < 1e-6


def test_a_fixed_camera_is_found_from_three_photos_and_places_the_others():
    at = np.arange(0.0, 480.0, 40.0)
    true = flown(at)
    camera = find_fixed_camera({one: true[one] for one in (2, 4, 7)}, dict(enumerate(at)), timed=True, nadirs={})
    assert camera.agreeing == {2, 4, 7}
    assert max(difference(camera.footprint(at[one]), true[one]) for one in true) < 0.03


def test_a_camera_that_was_seen_for_a_while_is_not_believed_to_look_the_same_way_long_after():
    at = np.arange(0.0, 480.0, 40.0)
    true = flown(at)
    camera = find_fixed_camera({one: true[one] for one in (2, 4, 5)}, dict(enumerate(at)), timed=True, nadirs={})
    seen = [at[one] for one in sorted(camera.agreeing)]
    assert [camera.is_within_reach(time, seen) for time in (-50.0, 0.0, 100.0, 310.0, 330.0)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_two_photos_suffice_where_the_nadirs_are_known():
    at = np.arange(0.0, 480.0, 40.0)
    true, known = flown(at), dict(enumerate(orbit(at)))
    two = {one: true[one] for one in (2, 3)}
    assert find_fixed_camera(two, dict(enumerate(at)), timed=True, nadirs={}) is None
    camera = find_fixed_camera(two, dict(enumerate(at)), timed=True, nadirs=known)
    assert max(difference(camera.footprint(at[one]), true[one]) for one in true) < 0.03


def test_a_camera_that_looks_here_and_there_is_not_fixed():
    at = np.arange(0.0, 480.0, 40.0)
    true = flown(at)
    rng = np.random.default_rng(1)
    turned = {one: true[one] + rng.uniform(-8, 8, 2) for one in (1, 3, 6, 9)}
    assert find_fixed_camera(turned, dict(enumerate(at)), timed=True, nadirs={}) is None
