"""Updating an index in place: what did not change is not described again, and what is gone vanishes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.building.crew import BuildReport
from astroloc_qgis.engine.index.building.update import update_index
from astroloc_qgis.engine.index.database_descriptors import BlockDescriber
from astroloc_qgis.engine.index.format import read_info
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.upkeep.removal import remove_index
from tests.engine.index.stand_ins import MODEL, Averages, contents, stop_at

PART = (10.8, 45.8, 11.2, 46.2)
Build = Callable[..., list[list[int]]]
"""Builds an index; its blocks, since Windows does not replace an index that is open."""


@pytest.fixture
def world(larger_imagery: Path, tmp_path: Path) -> Path:
    """Imagery that a test may change."""
    return Path(shutil.copy(larger_imagery, tmp_path / "world.tif"))


@pytest.fixture
def make(quick: None, world: Path, tmp_path: Path) -> Build:
    def run(name: str, **changes: Any) -> list[list[int]]:
        settings = {"zooms": [11, 12, 13], "extent": None, "model": MODEL, "keep_units": True} | changes
        return build_index(Reference.open(world), out=tmp_path / name, **settings).blocks.tolist()

    return run


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The pictures that were described."""
    found: list[Any] = []
    real = Averages.describe_blocks

    def counting(self: Averages, images: Any) -> Any:
        found.extend(images)
        return real(self, images)

    monkeypatch.setattr(Averages, "describe_blocks", counting)
    return found


def paint(path: Path) -> None:
    """Change a corner of the imagery."""
    dataset = gdal.Open(str(path), gdal.GA_Update)
    for number in range(1, 4):
        dataset.GetRasterBand(number).WriteArray(np.full((150, 150), 40 * number, np.uint8), 20, 20)
    dataset.BuildOverviews("AVERAGE", [2, 4])
    dataset = None


def test_with_unchanged_imagery_nothing_is_described_nor_read(
    make: Build, tmp_path: Path, described: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("index")
    before = contents(tmp_path / "index")
    described.clear()
    monkeypatch.setattr(BlockDescriber, "read", lambda *_: pytest.fail("the imagery is read"))
    report = BuildReport()
    update_index(tmp_path / "index", report=report)
    assert described == []
    assert report.taken > 0
    assert contents(tmp_path / "index") == before


def test_changed_imagery_is_described_again_where_it_changed(
    make: Build, world: Path, tmp_path: Path, described: list[Any]
) -> None:
    index = make("index")
    before = contents(tmp_path / "index")
    paint(world)
    described.clear()
    update_index(tmp_path / "index")
    again = len(described)
    make("anew", keep_units=False)
    assert 0 < again < 0.5 * len(index)
    assert contents(tmp_path / "index") == contents(tmp_path / "anew") != before


def test_of_a_changed_area_new_blocks_are_described_and_those_outside_vanish(
    make: Build, tmp_path: Path, described: list[Any]
) -> None:
    whole, part = make("whole"), make("index", extent=PART)
    described.clear()
    update_index(tmp_path / "index", extent=read_info(tmp_path / "whole").extent)
    assert 0 < len(described) < len(whole)
    assert contents(tmp_path / "index") == contents(tmp_path / "whole")
    assert len(whole) > len(part)
    assert update_index(tmp_path / "index", extent=PART).blocks.tolist() == part
    units = len(list((tmp_path / "index.units").glob("*.npz")))
    assert units < len(list((tmp_path / "whole.units").glob("*.npz")))


def test_an_index_without_units_is_described_anew_and_then_has_them(
    make: Build, tmp_path: Path, described: list[Any]
) -> None:
    index = make("index", keep_units=False, kind="SQ8")
    described.clear()
    update_index(tmp_path / "index")
    assert len(described) == len(index)
    described.clear()
    assert update_index(tmp_path / "index").info.kind == "SQ8"
    assert described == []


def test_an_interrupted_update_leaves_the_index_and_goes_on(
    make: Build, world: Path, tmp_path: Path, described: list[Any]
) -> None:
    make("index")
    before = contents(tmp_path / "index")
    paint(world)
    with pytest.raises(Cancelled):
        update_index(tmp_path / "index", progress=stop_at(0.6))
    assert contents(tmp_path / "index") == before
    assert len(Index.open(tmp_path / "index")) > 0
    update_index(tmp_path / "index")
    make("anew")
    assert contents(tmp_path / "index") == contents(tmp_path / "anew")
    assert sorted(path.name for path in tmp_path.iterdir() if "index" in path.name) == ["index", "index.units"]


def test_an_index_whose_build_ended_just_before_it_could_appear_appears(make: Build, tmp_path: Path) -> None:
    make("index")
    (tmp_path / "index").rename(tmp_path / "index.partial")
    assert len(update_index(tmp_path / "index")) > 0


def test_a_vocabulary_is_kept(make: Build, world: Path, tmp_path: Path) -> None:
    make("index", model="xfeat-vlad")
    before = (tmp_path / "index" / "vocabulary.npz").read_bytes()
    paint(world)
    update_index(tmp_path / "index")
    assert (tmp_path / "index" / "vocabulary.npz").read_bytes() == before


def test_what_is_no_index_alone_is_not_replaced(make: Build, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        update_index(tmp_path / "nothing")
    make("index")
    (tmp_path / "index" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"cannot be updated in place: the folder has other files in it, such as let"):
        update_index(tmp_path / "index")
    assert (tmp_path / "index" / "letter.txt").read_text() == "dear"


def test_a_deleted_index_takes_its_units_along(make: Build, tmp_path: Path) -> None:
    make("index")
    assert (tmp_path / "index.units").is_dir()
    remove_index(tmp_path / "index")
    assert not (tmp_path / "index.units").exists()
