"""Simulated queries lie where they say, and are the same every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.benchmark import query_photos
from astroloc_qgis.engine.benchmark.query_photos import clockwise, read_test_footprints, view, write_query_photos
from astroloc_qgis.engine.benchmark.retrieval import read_queries
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.tiles import lonlat_to_mercator, mercator_to_lonlat
from tests.engine.synthetic import make_world

HEAD = "id,lat1,lon1,lat2,lon2,lat3,lon3,lat4,lon4,nadir_lat,nadir_lon,area_km2,split\n"


@pytest.fixture
def imagery(tmp_path: Path) -> Path:
    world = make_world()
    return world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)


@pytest.fixture
def footprints(tmp_path: Path) -> Path:
    """One of the split "test" inside the imagery, one of another split, one far too small."""
    square = "46.2,10.75,46.2,11.25,45.9,11.25,45.9,10.75,46,11"
    path = tmp_path / "footprints.csv"
    path.write_text(f"{HEAD}a,{square},9000,test\nb,{square},9000,train\nc,{square},90,test\n")
    return path


def test_only_test_footprints_of_a_fitting_size_are_taken(footprints: Path) -> None:
    assert [found.name for found in read_test_footprints(footprints)] == ["a"]


def test_corners_go_round_as_a_photos_do_whichever_way_the_table_has_them() -> None:
    photo = np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]])  # top left, top right, bottom right, bottom left
    assert (clockwise(photo) == photo).all()
    assert (clockwise(photo[::-1]) == photo).all()


def test_a_view_shows_the_ground_between_its_corners(imagery: Path) -> None:
    reference = Reference.open(imagery)
    corners = np.array([[10.8, 46.2], [11.2, 46.15], [11.15, 45.85], [10.85, 45.9]])
    seen = view(reference, corners)
    assert seen is not None
    assert seen.shape in ((512, 768, 3), (768, 512, 3))
    turned = view(reference, np.roll(corners, 1, axis=0))
    assert turned is not None
    assert turned.shape[:2] == seen.shape[1::-1]
    difference = np.abs(np.rot90(turned, 1).astype(int) - seen)
    assert difference.mean() < 3
    middle = lonlat_to_mercator(corners)
    diagonals = np.cross(np.column_stack((middle[[0, 1]], [1, 1])), np.column_stack((middle[[2, 3]], [1, 1])))
    crossing = np.cross(*diagonals)  # where a homography puts the photo's centre
    lon, lat = mercator_to_lonlat(crossing[None, :2] / crossing[2])[0]
    small = np.array([[lon, lat]]) + np.array([[-0.01, 0.007], [0.01, 0.007], [0.01, -0.007], [-0.01, -0.007]])
    near = view(reference, small)
    assert near is not None
    height, width = seen.shape[:2]
    centre = seen[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4].mean(axis=(0, 1))
    assert np.abs(near.mean(axis=(0, 1)) - centre).max() < 25


def test_a_view_of_nothing_is_none(imagery: Path) -> None:
    assert view(Reference.open(imagery), np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]])) is None


def test_photos_are_written_with_their_places_and_the_same_again(
    imagery: Path, footprints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_photos, "REGIONS", {"Alps": (45.0, 10.0)})
    for name in ("one", "two"):
        assert write_query_photos(str(imagery), footprints, tmp_path / name, per_region=3) == 1
    (query,) = read_queries(tmp_path / "one")
    assert query.region == "Alps"
    assert query.nadir == Nadir(46.0, 11.0)
    assert np.abs(query.footprint - [11.0, 46.05]).max() < 0.35
    assert cv2.imread(str(query.path)).shape[2] == 3
    assert (tmp_path / "one" / "photos.csv").read_bytes() == (tmp_path / "two" / "photos.csv").read_bytes()
    assert (tmp_path / "one" / "Alps" / "000.jpg").read_bytes() == (tmp_path / "two" / "Alps" / "000.jpg").read_bytes()


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a table of footprints"):
        read_test_footprints(tmp_path / "x.csv")
