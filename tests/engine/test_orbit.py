"""The sub-satellite point from orbital elements, against a published fix of the ISS."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.orbit import nadir_at

pytest.importorskip("sgp4", reason="The package sgp4 is not installed: it is an option of the engine.")

# The ISS of 2008-09-20, the example of Wikipedia's article on two-line elements.
ELEMENTS = """ISS (ZARYA)
1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927
2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537
"""
EPOCH = datetime(2008, 9, 20, 12, 25, 40, tzinfo=timezone.utc)


@pytest.fixture
def tle(tmp_path):
    path = tmp_path / "iss.tle"
    path.write_text(ELEMENTS)
    return path


def test_the_nadir_stays_within_the_inclination_and_the_altitude_is_the_stations(tle):
    found = [nadir_at(tle, EPOCH + timedelta(minutes=minutes)) for minutes in range(0, 93, 3)]
    assert max(abs(one.lat) for one in found) == pytest.approx(51.8, abs=0.3)
    assert all(330 < one.altitude_km < 380 for one in found)


def test_the_longitude_is_the_right_ascension_less_the_turn_of_the_earth(tle):
    # At the ascending node the satellite is above the equator at right ascension 247.4627 degrees; Greenwich sidereal
    # time on 2008-09-20 at 00:00 UT is 23 h 57 m 44 s (359.43 degrees) and grows by 360.9856 degrees a day.
    before, after = None, nadir_at(tle, EPOCH)
    for seconds in range(1, 6000):
        before, after = after, nadir_at(tle, EPOCH + timedelta(seconds=seconds))
        if before.lat < 0 <= after.lat:
            break
    when = EPOCH + timedelta(seconds=seconds) - datetime(2008, 9, 20, tzinfo=timezone.utc)
    sidereal = 359.43 + 360.9856 * when.total_seconds() / 86400
    expected = (247.4627 - sidereal + 180) % 360 - 180
    assert (after.lon - expected + 180) % 360 - 180 == pytest.approx(0, abs=0.5)


def test_it_crosses_a_few_degrees_in_a_minute(tle):
    one, other = (nadir_at(tle, EPOCH + timedelta(minutes=minutes)) for minutes in (0, 1))
    assert 2 < abs(one.lat - other.lat) + abs((one.lon - other.lon + 180) % 360 - 180) < 9


def test_the_elements_nearest_in_time_are_taken(tle, tmp_path):
    later = ELEMENTS.replace("08264.51782528", "08270.51782528")
    both = tmp_path / "both.tle"
    both.write_text(later + ELEMENTS)
    assert nadir_at(both, EPOCH) == nadir_at(tle, EPOCH)


def test_old_elements_and_other_files_are_refused_in_a_sentence(tle, tmp_path):
    with pytest.raises(InputError, match="within 30 days"):
        nadir_at(tle, EPOCH + timedelta(days=90))
    tle.write_text("nothing")
    with pytest.raises(InputError, match="no two-line elements"):
        nadir_at(tle, EPOCH)
    with pytest.raises(InputError, match="cannot be read"):
        nadir_at(tmp_path / "none.tle", EPOCH)
