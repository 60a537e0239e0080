"""Limits of a search: around the nadir, around the photo's centre, and an extent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.photo_centre import blocks_about
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.tiles import Block, blocks_in_extent
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


def test_the_photos_centre_limits_to_blocks_that_reach_near_it(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(0))
    lon, lat = index.centers_lonlat[0]
    found = retrieve(photo, index, descriptor, top=len(index), centre=(lat, lon), centre_km=1)
    held = [index.block(number) for number in range(len(index))]
    assert {c.block for c in found} >= {block for block in held if block.contains(lon, lat)}
    assert 0 < len(found) < len(index)
    assert len(retrieve(photo, index, descriptor, top=len(index), centre=(lat, lon), centre_km=0)) == len(index)


@pytest.mark.parametrize("lon", [-179.9, 179.9, 180.1])
def test_the_surroundings_of_a_centre_go_on_beyond_the_antimeridian(lon: float) -> None:
    table = block_table([Block(9, 256, 508), Block(9, 256, 0), Block(9, 256, 250)])  # 177.19 to 180, -180 to -177.19
    assert blocks_about(table, 4, (-1.0, lon), 30).tolist() == [True, True, False]
    assert blocks_about(table, 4, (-1.0, -170.0), 700).tolist() == [False, False, False]
    assert blocks_about(table, 4, (-1.0, -170.0), 900).tolist() == [False, True, False]
    assert blocks_about(table, 4, (5.0, -179.0), 500).tolist() == [False, False, False]
    assert blocks_about(table, 4, (5.0, -179.0), 600).tolist() == [True, True, False]


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
        ({"centre": (-46.0, 11.0)}, r"no block within 300 km of the centre -46,11"),
        ({"centre": (146.0, 11.0)}, r"centre 146,11 is not LATITUDE,LONGITUDE"),
        ({"centre": (46.0, 11.0), "centre_km": -5}, r"radius about the centre .* not -5"),
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
