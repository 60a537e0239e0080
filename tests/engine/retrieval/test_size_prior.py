"""What a lens tells of the size of blocks: evidence for some, against others, and nothing where it is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine import pipeline, retrieve
from astroloc_qgis.engine.block_table import centers_lonlat, sides_m
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.index.sharded.split import shard_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo import reading
from astroloc_qgis.engine.progress import no_progress
from astroloc_qgis.engine.retrieval import search
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.nadir_prior import WEIGHT, distance_penalty, prior_penalty, size_penalty
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.search import rank
from astroloc_qgis.engine.retrieval.size_prior import BY_SIDE, OTHERWISE, ROOT_OF_AREA, SPREAD, log_size, tilt_factor
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.worker.handlers import handlers
from tests.engine.index.sharded.made import query, write_index
from tests.engine.scene import Run
from tests.engine.synthetic import World, write_image

SIDES_M = 1000 * np.geomspace(1, 20_000, 4000)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Blocks of zooms 5 to 7: 5,000, 2,500 and 1,250 km at the equator."""
    return write_index(tmp_path_factory.mktemp("sizes") / "whole")


def likeliest_km(field_ratio: float, distance_km: float | None) -> float:
    distance = None if distance_km is None else np.full(len(SIDES_M), distance_km)
    return float(SIDES_M[log_size(SIDES_M, field_ratio, ISS_ALTITUDE_M, distance).argmax()]) / 1000


def test_straight_below_the_likeliest_block_is_about_as_large_as_the_photo() -> None:
    for ratio in (0.02, 0.1, 0.5, 1.0):
        photo_km = ROOT_OF_AREA * ratio * 420
        assert photo_km < likeliest_km(ratio, 0.0) < 1.3 * photo_km
    assert log_size(SIDES_M, 0.5, ISS_ALTITUDE_M, np.zeros(4000)).max() == pytest.approx(0, abs=2 * OTHERWISE)


def test_the_farther_from_the_nadir_the_larger_is_the_photo() -> None:
    assert tilt_factor(np.zeros(1), 420e3) == pytest.approx(1)
    # A plane instead of the sphere, from far below the horizon: the distance grows by 1 / cos, the area by its cube.
    assert tilt_factor(np.array([10.0]), 20e3) == pytest.approx(1.25**0.75, rel=0.01)
    found = [likeliest_km(0.1, distance) for distance in (0, 300, 600, 900)]
    assert found == sorted(found)
    assert found[-1] > 3 * found[0]
    assert np.isfinite(log_size(SIDES_M, 0.1, ISS_ALTITUDE_M, np.full(4000, 20_000.0))).all()


def test_a_tilt_that_is_not_known_widens_the_choice() -> None:
    assert 1.5 < likeliest_km(0.1, None) / likeliest_km(0.1, 0.0) < 3
    known, unknown = (
        log_size(SIDES_M, 0.1, ISS_ALTITUDE_M, distance) > -2 for distance in (np.zeros(len(SIDES_M)), None)
    )
    assert unknown.sum() > 1.3 * known.sum()


def test_other_sizes_stay_possible_and_none_is_likely_for_being_large_alone() -> None:
    values = log_size(SIDES_M, 0.2, ISS_ALTITUDE_M)
    assert values.min() > -12
    assert (np.diff(values[SIDES_M > 400e3]) <= 1e-12).all()
    assert values[-1] == pytest.approx(values[-2], abs=1e-6)
    each = np.exp(log_size(np.array([7e3, 14e3]), 0.2, ISS_ALTITUDE_M, np.zeros(2)))
    assert each[1] / each[0] == pytest.approx(2**BY_SIDE, rel=0.05), "a crop's sizes are alike, ground for ground"
    assert SPREAD > 0.3, "zooms are a doubling apart: the middle one of three must not be the only one"


def test_sides_are_those_of_blocks() -> None:
    blocks = [Block(7, 30, 60), Block(9, 100, 3), Block(11, 1500, 77)]
    table = np.array([(one.zoom, one.row, one.column) for one in blocks], np.int32)
    found = sides_m(table[:, 0], centers_lonlat(table, 4)[:, 1], 4)
    assert found == pytest.approx([one.side_m for one in blocks])


def test_without_a_lens_the_penalty_is_what_it_was(index: Index) -> None:
    assert prior_penalty(index, None, 2500) is None
    nadir = Nadir.at(12.0, 20.0)
    assert prior_penalty(index, nadir, 0) is None
    found = prior_penalty(index, nadir, 2500)
    assert found is not None
    common = index.centers_lonlat[:, 1] <= 50.0
    distance = great_circle_km(nadir.lonlat, index.centers_lonlat)
    assert (found == distance_penalty(distance) + size_penalty(index.blocks[:, 0], common)).all()


def test_with_a_lens_the_size_counts_with_a_nadir_and_without(index: Index) -> None:
    sides = np.array([index.block(number).side_m for number in range(len(index))])
    alone = prior_penalty(index, None, 2500, field_ratio=1.0)
    assert alone == pytest.approx(-WEIGHT * log_size(sides, 1.0, ISS_ALTITUDE_M))
    low = Nadir.at(12.0, 20.0, 380.0)
    assert prior_penalty(index, low, 0, field_ratio=1.0) == pytest.approx(-WEIGHT * log_size(sides, 1.0, 380e3))
    distance = great_circle_km(low.lonlat, index.centers_lonlat)
    both = distance_penalty(distance) - WEIGHT * log_size(sides, 1.0, 380e3, distance)
    assert prior_penalty(index, low, 2500, field_ratio=1.0) == pytest.approx(both)


@pytest.mark.parametrize(("ratio", "zoom"), [(6.4, 5), (3.2, 6), (1.6, 7)])
def test_of_equally_similar_blocks_those_of_the_lens_come_first(index: Index, ratio: float, zoom: int) -> None:
    alike = Query(np.zeros((4, index.info.dimensions), np.float32))
    equator = Limits(extent=(-180.0, -15.0, 180.0, 15.0))
    found = rank(replace(alike, field_ratio=ratio), index, equator, top=10, allowed=equator.allowed(index))
    assert {one.block.zoom for one in found} == {zoom}


@pytest.mark.parametrize("limits", [Limits(), Limits(Nadir.at(12.0, 20.0, 400.0))], ids=["the world", "a nadir"])
@pytest.mark.parametrize("texture", [False, True])
def test_shards_rank_as_the_whole_does(tmp_path: Path, limits: Limits, texture: bool) -> None:
    whole = write_index(tmp_path / "whole", texture=texture)
    sharded = shard_index(whole.folder, tmp_path / "shards", rows=150)
    photo = replace(query(texture=texture), field_ratio=1.6)
    expected = rank(photo, whole, limits, top=30, allowed=limits.allowed(whole))
    found = rank(photo, sharded, limits, top=30)
    assert [one.block for one in found] == [one.block for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-5)
    plain = rank(replace(photo, field_ratio=None), whole, limits, top=30, allowed=limits.allowed(whole))
    assert [one.block for one in plain] != [one.block for one in expected]


def test_whatever_searches_tells_what_the_lens_shows(
    index: Index, world: World, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imagery = str(world.write(tmp_path / "world.tif", pixels=256))
    photo = write_image(tmp_path / "photo.png", np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8))
    told: list[float | None] = []

    def ranked(query: Query, *_: object, **__: object) -> list[Candidate]:
        told.append(query.field_ratio)
        raise InputError("that is enough")

    monkeypatch.setattr(reading, "field_ratio", lambda _: 0.25)
    monkeypatch.setattr(search, "rank", ranked)
    params = {"photo": str(photo), "index": str(index.folder)}
    for search_it in (
        lambda: pipeline.localize(photo, index.folder, tmp_path / "out", imagery=imagery, device="cpu"),
        lambda: retrieve(photo, index.folder, device="cpu"),
        lambda: handlers(1)["retrieve"](params, no_progress),
    ):
        with pytest.raises(InputError, match="that is enough"):
            search_it()
    assert run("retrieve", photo, "--index", index.folder, "--device", "cpu")[0] == 2
    assert told == [0.25] * 4
