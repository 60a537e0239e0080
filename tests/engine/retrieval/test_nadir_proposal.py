"""Which nadir a photo gets: the one given, that of orbital elements, that of its EXIF, in this order."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.orbit import SubSatellitePoint
from astroloc_qgis.engine.retrieval import nadir_proposal
from astroloc_qgis.engine.retrieval.nadir_proposal import nadir_of

GIVEN, EXIF = Nadir(1.0, 2.0), Nadir(3.0, 4.0, source="exif")
TLE = Path("iss.tle")


@pytest.fixture(autouse=True)
def station(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elements that are the ISS's until 2030, and a far satellite's from then on."""

    def nadir_at(_tle: Path, when: datetime) -> SubSatellitePoint:
        return SubSatellitePoint(5.00001, 6.0, 418.3214 if when.year < 2030 else 35786.0, 1.0)

    monkeypatch.setattr(nadir_proposal, "nadir_at", nadir_at)


def photo(year: int | None = None, exif: Nadir | None = EXIF) -> Any:
    return SimpleNamespace(taken=None if year is None else datetime(year, 5, 1), exif_nadir=exif)


def test_a_given_nadir_comes_first() -> None:
    assert nadir_of(photo(2023), GIVEN, tle=TLE, exif=True) is GIVEN


def test_orbital_elements_at_the_photos_time_come_before_its_exif() -> None:
    assert nadir_of(photo(2023), None, tle=TLE, exif=True) == Nadir(5.0, 6.0, 418_320.0, source="tle")


def test_a_photo_without_a_time_has_no_nadir_of_the_elements() -> None:
    assert nadir_of(photo(), None, tle=TLE, exif=True) is EXIF
    assert nadir_of(photo(), None, tle=TLE) is None


def test_exif_is_asked_only_where_it_may_be() -> None:
    assert nadir_of(photo(), None, exif=True) is EXIF
    assert nadir_of(photo(2023), None) is None
    assert nadir_of(photo(exif=None), None, exif=True) is None


def test_elements_of_another_satellite_are_refused() -> None:
    with pytest.raises(InputError, match=r"iss\.tle put the camera at a height of 35786 km"):
        nadir_of(photo(2031), None, tle=TLE)
