"""The rounds of a search: about the nadir, then, where nothing is found, the whole index."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.search_rounds import (
    Searched,
    SearchRound,
    likeliest_elsewhere,
    search_rounds,
)
from astroloc_qgis.engine.tiles import block_around

NADIR = Nadir(45.0, 10.0)
WORLD = (-180.0, -60.0, 180.0, 60.0)
SQUARE = np.array([[20.0, 46.0], [21.0, 46.0], [21.0, 45.0], [20.0, 45.0]])


def index_of(extent: tuple[float, float, float, float] = WORLD) -> Any:
    return SimpleNamespace(info=SimpleNamespace(extent=extent))


def at(lon: float, lat: float = 45.0, rank: int = 1) -> Candidate:
    return Candidate(block_around(lon, lat, 9), rank, 0.5, 0)


def lons(candidates: list[Candidate]) -> list[int]:
    return [round(float(one.block.center_lonlat[0]) / 10) * 10 for one in candidates]


def test_about_a_nadir_the_whole_world_follows_without_the_nadir() -> None:
    first, second = search_rounds(index_of(), NADIR, None)
    assert (first.where, first.nadir, first.radius_km) == ("about the nadir", NADIR, 2500)
    assert (second.where, second.nadir, second.radius_km, second.wrong) == ("the whole world", None, 0, NADIR)


@pytest.mark.parametrize(
    ("nadir", "radius_km", "limits", "where"),
    [
        (NADIR, 2500.0, (), "about the nadir"),
        (NADIR, 300.0, (), "about the nadir"),
        (NADIR, 0.0, (), "the whole world"),
        (None, None, (), "the whole world"),
        (NADIR, None, ("in the extent",), "about the nadir and in the extent"),
        (None, None, ("about the centre", "in the polygon"), "about the centre and in the polygon"),
    ],
)
def test_what_the_user_sets_as_a_limit_is_one(nadir, radius_km, limits, where) -> None:
    (only,) = search_rounds(index_of(), nadir, radius_km, limits)
    assert (only.where, only.nadir, only.more_follow) == (where, nadir, False)


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (WORLD, "the whole world"),
        ((-179.0, -60, 179.0, 60), "the whole world"),
        ((5.0, 44.0, 12.0, 48.0), "the whole index"),
        ((170.0, -20.0, -170.0, -10.0), "the whole index"),
    ],
)
def test_only_an_index_of_the_world_is_called_so(extent, words) -> None:
    assert [one.where for one in search_rounds(index_of(extent), None, None)] == [words]


def test_places_seen_from_a_wrong_nadir_and_anywhere_take_turns_and_are_ranked_anew() -> None:
    world = [at(lon, rank=place) for place, lon in enumerate((150, 120, -100, 20, -60, 30), start=1)]
    found = likeliest_elsewhere(world, [], NADIR)
    assert lons(found) == [20, 30, 150, 120, -100, -60]
    assert [one.rank for one in found] == [1, 2, 3, 4, 5, 6]


def test_what_was_tried_near_the_nadir_is_not_tried_again_but_what_was_seen_very_obliquely_is() -> None:
    near, oblique = at(10), at(30)  # 1,560 km
    assert lons(likeliest_elsewhere([near, oblique, at(150)], [near, oblique], NADIR)) == [30, 150]


def test_a_photo_found_about_its_nadir_needs_no_sentence() -> None:
    first, _ = search_rounds(index_of(), NADIR, None)
    searched = Searched(NADIR, (first,), first)
    assert searched.sentence(SQUARE) == searched.sentence(None) == ""
    assert searched.entry(SQUARE)["used"] is True
    assert searched.entry(SQUARE)["distance_km"] == pytest.approx(823, abs=5)


def test_a_photo_found_elsewhere_says_how_far_from_which_nadir() -> None:
    rounds = search_rounds(index_of(), Nadir(45.0, 10.0, source="exif"), None)
    searched = Searched(rounds[1].wrong, tuple(rounds), rounds[1])
    assert searched.sentence(SQUARE).startswith("found 82")
    assert searched.sentence(SQUARE).endswith(" km from the nadir in the photo's EXIF")
    assert searched.entry(SQUARE) | {"distance_km": 0} == {
        "latitude": 45.0, "longitude": 10.0, "source": "exif", "used": False, "distance_km": 0,
    }  # fmt: skip
    assert searched.sentence(SQUARE + np.array([60.0, 0.0])).endswith("EXIF, farther than the ISS sees")
    assert searched.sentence(None) == (
        "nothing was found within 2,500 km of the nadir in the photo's EXIF nor elsewhere"
    )
    alone = Searched(rounds[1].wrong, (rounds[1],), rounds[1])
    assert alone.sentence(None).startswith("nothing was found; the index shows no place within 2,500 km")


def test_a_photo_found_far_away_in_the_first_round_did_not_rest_on_the_nadir() -> None:
    first, _ = search_rounds(index_of(), NADIR, None)
    searched = Searched(NADIR, (first,), first)
    far = SQUARE + np.array([14.0, 0.0])
    assert searched.entry(far)["used"] is False
    assert searched.sentence(far).startswith("found 1,9")
    assert searched.sentence(far).endswith(" km from the stated nadir")


def test_a_distance_across_the_antimeridian_is_short() -> None:
    searched = Searched(Nadir(-17.5, -179.5))
    fiji = np.array([[179.5, -17.0], [-179.9, -17.0], [-179.9, -18.0], [179.5, -18.0]])
    assert searched.distance_km(fiji) == pytest.approx(74, abs=1)


def test_without_a_nadir_its_entry_says_none() -> None:
    only = SearchRound("the whole world", None)
    entry = Searched(None, (only,), only).entry(SQUARE)
    assert entry == {"latitude": None, "longitude": None, "source": "none", "used": False, "distance_km": None}
