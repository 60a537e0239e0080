"""The pace of a batch, and its expected end."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from astroloc_qgis.cli.batch.command import describe_progress
from astroloc_qgis.engine.batch.rate import WINDOW, Rate, duration
from astroloc_qgis.engine.batch.runner import Progressed


def test_the_end_is_expected_from_what_this_run_has_done():
    rate = Rate(total=100, before=40, started=1000.0)
    assert (rate.per_minute(1000.0), rate.seconds_left(1000.0)) == (None, None)
    for number in range(1, 11):
        rate.add(1, 1000.0 + 6 * number)
    assert rate.per_minute(1060.0) == pytest.approx(10)
    assert (rate.left, rate.seconds_left(1060.0)) == (50, pytest.approx(300))


def test_a_batch_that_slows_down_ends_later():
    rate = Rate(total=10_000, before=0, started=0.0)
    for number in range(1, 1001):
        rate.add(1, float(number))
    now = 1000.0
    for _ in range(WINDOW):
        now += 10
        rate.add(1, now)
    assert rate.seconds_left(now) == pytest.approx(rate.left * 10, rel=0.02)


def test_the_line_on_the_terminal():
    rate = Rate(total=300, before=100, started=0.0)
    for number in range(1, 24):
        rate.add(1, number * 5.0)
    said = Progressed(rate, Counter(localized=90, error=33))
    line = describe_progress(said, 115.0, datetime(2026, 1, 1, 23, 50))
    assert line == "123 of 300 photos (90 localized), 12.0 a minute, ends about Fri 02 Jan 00:04 (in 15 min)"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (89, "89 s"), (600, "10 min"), (7200, "2 h 0 min"), (12_000, "3 h 20 min"), (190_000, "2 d 4 h")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
