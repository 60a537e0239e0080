"""Which photos of a batch follow each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from astroloc_qgis.engine.sequence.order import MOST_MISSING, MOST_PAUSE_S, Frame, frame_of, sequences

START = datetime(2024, 5, 1, 12, 0, 0)


def frames(names: list[str], seconds: list[float] | None = None, size: tuple[int, int] = (400, 300)) -> list[Frame]:
    plain = [frame_of(Path(name), size) for name in names]
    if seconds is None:
        return plain
    return [
        Frame(one.path, one.size, one.series, one.number, START + timedelta(seconds=at))
        for one, at in zip(plain, seconds, strict=True)
    ]


def names_of(found) -> list[list[str]]:
    return [[path.name for path in one.paths] for one in found]


@pytest.mark.parametrize(
    "names",
    [
        ["ISS064-E-48617.jpg", "iss064e048618_lrg.jpg", "ISS064-E-48620.JPG"],
        ["picture008.jpg", "picture009.jpg", "picture010.jpg"],
        ["photo_0657.jpg", "photo_0661.jpg", "photo_0664.jpg"],
        ["9.jpg", "10.jpg", "11.jpg"],
    ],
)
def test_numbers_in_names_give_the_order(names):
    found = sequences(frames(names[::-1]))
    assert names_of(found) == [names]
    assert not found[0].timed


def test_times_give_the_order_where_all_photos_have_one():
    found = sequences(frames(["a3.jpg", "a1.jpg", "a2.jpg"], [0, 10, 25]))
    assert names_of(found) == [["a3.jpg", "a1.jpg", "a2.jpg"]]
    assert (found[0].at, found[0].timed) == ((0.0, 10.0, 25.0), True)


def test_the_one_time_of_copies_is_no_order():
    found = sequences(frames(["a3.jpg", "a1.jpg", "a2.jpg", "a4.jpg"], [0, 0, 0, 0]))
    assert names_of(found) == [["a1.jpg", "a2.jpg", "a3.jpg", "a4.jpg"]]
    assert not found[0].timed


def test_a_timer_is_told_from_a_hand():
    names = [f"a{number}.jpg" for number in (1, 2, 3, 5, 8, 9)]
    assert sequences(frames(names, [0, 6, 11, 23, 40, 46]))[0].regular
    assert not sequences(frames(names, [0, 1, 30, 34, 90, 95]))[0].regular
    assert not sequences(frames(names, [0, 0, 1, 1, 2, 3]))[0].regular
    assert not sequences(frames(names[:4], [0, 6, 11, 23]))[0].regular
    assert not sequences(frames(names))[0].regular


def test_a_pause_divides():
    found = sequences(frames(["a1.jpg", "a2.jpg", "a3.jpg", "a4.jpg"], [0, 9, 10 + MOST_PAUSE_S, 20 + MOST_PAUSE_S]))
    assert names_of(found) == [["a1.jpg", "a2.jpg"], ["a3.jpg", "a4.jpg"]]


def test_missing_numbers_divide_and_a_single_photo_is_no_sequence():
    found = sequences(frames(["a1.jpg", "a2.jpg", f"a{4 + MOST_MISSING}.jpg"]))
    assert names_of(found) == [["a1.jpg", "a2.jpg"]]


def test_photos_of_another_size_or_series_are_of_another_sequence():
    mixed = [
        *frames(["a1.jpg", "a2.jpg"]),
        *frames(["a3.jpg", "a4.jpg"], size=(300, 400)),
        *frames(["b2.jpg", "b3.jpg"]),
    ]
    assert names_of(sequences(mixed)) == [["a1.jpg", "a2.jpg"], ["a3.jpg", "a4.jpg"], ["b2.jpg", "b3.jpg"]]


def test_names_without_numbers_are_no_sequence():
    assert sequences(frames(["venice.jpg", "paris.jpg"])) == []
