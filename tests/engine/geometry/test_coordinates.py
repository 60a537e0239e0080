"""Numbers and coordinates are read as people and spreadsheets write them, and nothing else is."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.geometry.coordinates import read_coordinates, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("46.5", 46.5), ("46,5", 46.5), (" -7,25 ", -7.25), ("\N{MINUS SIGN}7.25", -7.25), ("46", 46.0), (",5", 0.5)],
)
def test_a_number_may_have_a_decimal_comma(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["", "north", "1.000,5", "1,000.5", "46,5,7", "nan", "inf", "1_0", "46 5", "46.5° N"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text)


@pytest.mark.parametrize(
    "text",
    ["46.5,7.2", "46.5, 7.2", "46.5 7.2", " 46.5;7.2 ", "46,5; 7,2", "46,5 7,2", "46,5, 7,2", "46,5 , 7,2", "46,5,7,2"],
)
def test_a_pair_is_read_with_points_and_with_commas(text):
    assert read_coordinates(text) == [46.5, 7.2]


@pytest.mark.parametrize("text", ["-46.5,-7.2,418", "-46,5; -7,2; 418", "-46,5 -7,2 418,0 km", "-46.5, -7.2, 418km"])
def test_a_third_number_is_read_too(text):
    assert read_coordinates(text) == [-46.5, -7.2, 418.0]


def test_two_whole_numbers_with_a_comma_between_them_are_two():
    assert read_coordinates("46,5") == [46.0, 5.0]


@pytest.mark.parametrize("text", ["1,2,3,-4", "46.5,5,7,x", "a"])
def test_what_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        read_coordinates(text)
