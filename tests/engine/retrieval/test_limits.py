"""Limits of a search: radius around the nadir, and extent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.tiles import blocks_in_extent
from tests.engine.retrieval.photos import picture


def test_the_nadir_limits_before_the_search(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(0))
    longitude, latitude = index.centers_lonlat[len(index) - 1]
    found = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), radius_km=30)
    distances = great_circle_km(np.array([[longitude, latitude]]), index.centers_lonlat)
    assert {c.block for c in found} == {index.block(n) for n in np.flatnonzero(distances <= 30)}
    assert 0 < len(found) < len(index)
    unlimited = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), radius_km=0)
    assert len(unlimited) == len(index)


def test_the_extent_limits_to_blocks_that_overlap_it(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    extent = (11.3, 46.1, 11.6, 46.4)
    found = retrieve(picture(imagery, index.block(0)), index, descriptor, top=len(index), extent=extent)
    held = {index.block(number) for number in range(len(index))}
    assert {c.block for c in found} == held & set(blocks_in_extent(extent, [11, 12]))
    assert 0 < len(found) < len(index)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"nadir": Nadir(-46.0, 11.0), "radius_km": 2500}, r"no block within 2500 km of the nadir -46,11"),
        ({"extent": (50, 10, 60, 20)}, r"no block in the extent 50,10,60,20"),
        (
            {"nadir": Nadir(46.0, 11.0), "extent": (50, 10, 60, 20)},
            r"within 2500 km of the nadir 46,11 and in the extent",
        ),
        ({"nadir": Nadir(146.0, 11.0)}, r"nadir 146,11 is not LATITUDE,LONGITUDE"),
        ({"nadir": Nadir(46.0, 11.0), "radius_km": -5}, r"radius .* not -5"),
        ({"nadir": Nadir(46.0, 11.0), "radius_km": float("nan")}, r"radius .* not nan"),
        ({"extent": (10, 50, 20, 40)}, r"extent 10,50,20,40 is not WEST,SOUTH,EAST,NORTH"),
        ({"top": 0}, r"at least 1, not 0"),
    ],
)
def test_limits_that_leave_nothing_or_make_no_sense_say_so(
    toy: tuple[Index, Descriptor], limits: dict, words: str
) -> None:
    index, descriptor = toy
    with pytest.raises(InputError, match=words):
        retrieve(np.zeros((60, 90, 3), np.uint8), index, descriptor, **limits)
