"""What NASA's records mean: oblique views, outlines as starts, and clues that disagree."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.nasa.answers import record_of
from astroloc_qgis.engine.nasa.clues import clues_of, disagreements, middle_of
from astroloc_qgis.engine.nasa.outline import outline_starts
from astroloc_qgis.engine.nasa.record import NasaRecord

OUTLINE = ((10.0, 47.0), (11.0, 47.0), (11.0, 46.0), (10.0, 46.0))


@pytest.mark.parametrize(
    ("tilt", "features", "oblique"),
    [("HO", "", True), ("High Oblique", "", True), ("56", "", True), ("55", "", False), ("LO", "", False),
     ("NV", "", False), ("", "", False), ("LO", "PAN-MOON", True)],
)  # fmt: skip
def test_high_oblique_photos_are_told_by_their_tilt(tilt: str, features: str, oblique: bool) -> None:
    assert NasaRecord("ISS001-E-1", tilt=tilt, features=features).high_oblique is oblique


@pytest.mark.parametrize(
    ("row", "nadir"),
    [
        ({"nadir.lat": "0", "nadir.lon": "0.0"}, None),
        ({"nadir.lat": "", "nadir.lon": "5"}, None),
        ({"nadir.lat": "91", "nadir.lon": "5"}, None),
        ({"nadir.lat": "nan", "nadir.lon": "5"}, None),
        ({"nadir.lat": "-10", "nadir.lon": "350"}, (-10, -10)),
        ({"nadir.lat": "", "nadir.lon": "", "frames.nlat": "4", "frames.nlon": "5"}, (4, 5)),
    ],
)
def test_what_is_no_place_is_no_nadir(row: dict[str, str], nadir) -> None:
    assert record_of("ISS001-E-1", [row]).nadir == nadir


@pytest.mark.parametrize(
    ("date", "time", "taken"),
    [("20201107", "134501", "2020-11-07T13:45:01"), ("20201107", "1345", None), ("202011", "134501", None),
     ("20201307", "134501", None), ("20201107", "", None)],
)  # fmt: skip
def test_a_time_without_seconds_is_none(date: str, time: str, taken: str | None) -> None:
    assert record_of("ISS001-E-1", [{"nadir.pdate": date, "nadir.ptime": time, "x": "y"}]).taken == taken


def test_an_altitude_of_no_spacecraft_is_left_out_of_the_nadir() -> None:
    assert NasaRecord("ISS001-E-1", (1.0, 2.0), 9000.0).proposed_nadir() == Nadir(1.0, 2.0, source="nasa")
    assert NasaRecord("ISS001-E-1").proposed_nadir() is None


def test_the_outline_is_tried_in_all_four_turns_never_mirrored() -> None:
    starts = outline_starts(NasaRecord("ISS001-E-1", outline=OUTLINE))
    assert starts[0] == [list(corner) for corner in OUTLINE]
    assert len({tuple(map(tuple, start)) for start in starts}) == 4
    mirrored = (OUTLINE[1], OUTLINE[0], OUTLINE[3], OUTLINE[2])
    for start in [*starts, *outline_starts(NasaRecord("ISS001-E-1", outline=mirrored))]:
        assert signed_area(np.array(start)) < 0


@pytest.mark.parametrize(
    "outline",
    [None, ((10.0, 47.0), (11.0, 46.0), (11.0, 47.0), (10.0, 46.0)),
     ((0.0, 0.0), (100.0, 0.0), (100.0, -50.0), (0.0, -50.0)),
     ((10.0, 47.0), (11.0, 47.0), (12.0, 47.0), (10.5, 47.0))],
    ids=["none", "crossed", "a continent", "a line"],
)  # fmt: skip
def test_what_is_no_outline_is_not_tried(outline) -> None:
    assert outline_starts(NasaRecord("ISS001-E-1", outline=outline)) == []


def test_an_outline_across_the_antimeridian_is_one() -> None:
    outline = ((179.5, 1.0), (-179.5, 1.0), (-179.5, 0.0), (179.5, 0.0))
    assert len(outline_starts(NasaRecord("ISS001-E-1", outline=outline))) == 4
    lat, lon = middle_of(outline)
    assert lat == pytest.approx(0.5)
    assert abs(lon) == pytest.approx(180)


def test_clues_are_listed_once_each_and_those_that_disagree_are_told() -> None:
    record = NasaRecord("ISS001-E-1", (46.0, 10.0), centre=(46.5, 10.5), outline=OUTLINE, outline_centre=(46.5, 10.5))
    exif = Nadir(46.0, 30.0, source="exif")
    clues = clues_of([exif, exif, None, Nadir(46.2, 10.1, source="tle")], record)
    assert [clue.kind for clue in clues] == ["exif", "tle", "nasa", "centre", "outline"]
    found = disagreements(clues)
    assert {(one.first.kind, one.second.kind) for one in found} == {("exif", "tle"), ("exif", "nasa")}
    assert found[0].distance_km == pytest.approx(1540, abs=20)
    assert disagreements(clues[1:]) == []
    assert clues_of([None], None) == []


def test_a_middle_out_of_sight_of_the_nadir_disagrees_with_it() -> None:
    near = clues_of([Nadir(0.0, 0.0)], NasaRecord("ISS001-E-1", centre=(0.0, 15.0)))
    far = clues_of([Nadir(0.0, 0.0)], NasaRecord("ISS001-E-1", centre=(0.0, 25.0)))
    assert disagreements(near) == []
    assert len(disagreements(far)) == 1
    both = clues_of([Nadir(0.0, 0.0), Nadir(0.0, 50.0, source="exif")], NasaRecord("ISS001-E-1", centre=(0.0, 25.0)))
    assert [(one.first.kind, one.second.kind) for one in disagreements(both)] == [("given", "exif")]
