"""An index in shards holds and finds what the same index in one piece does, and opens only what a search reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.building.update import update_index
from astroloc_qgis.engine.index.faiss_store import codes_of
from astroloc_qgis.engine.index.merge import merge_indexes
from astroloc_qgis.engine.index.package import pack_index
from astroloc_qgis.engine.index.sharded import index as sharded_index
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.opening import check_index, open_local
from astroloc_qgis.engine.index.sharded.split import shard_index
from astroloc_qgis.engine.index.sharded.table import cells
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.upkeep.removal import remove_index
from astroloc_qgis.engine.retrieval.limits import Limits, NoBlocksError
from astroloc_qgis.engine.retrieval.search import rank
from astroloc_qgis.engine.retrieval.shard_walk import search_shards
from tests.engine.index.sharded.made import blocks, query, write_index

ROWS = 150
LIMITS = {
    "the world": Limits(),
    "about a nadir": Limits(Nadir.at(12.0, 20.0)),
    "about a nadir by the antimeridian": Limits(Nadir.at(-35.0, 179.0), 1500.0),
    "about a nadir near the northern limit": Limits(Nadir.at(51.0, -100.0)),
    "about a centre": Limits(centre=(40.0, -179.9)),
    "in an extent across the antimeridian": Limits(extent=(170.0, -20.0, -170.0, 10.0)),
    "in a polygon": Limits(polygon="POLYGON((-10 30, 30 30, 10 55, -10 30))"),
    "in a polygon beyond 180 degrees": Limits(polygon="POLYGON((175 -10, 190 -10, 190 10, 175 10, 175 -10))"),
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, ShardedIndex]:
    """An index with texture in one piece, and the same in shards."""
    folder = tmp_path_factory.mktemp("pair")
    whole = write_index(folder / "whole", "SQ8", texture=True)
    return whole, shard_index(whole.folder, folder / "shards", rows=ROWS)


def by_block(index: Index, rows: np.ndarray) -> dict[tuple[int, ...], bytes]:
    return {tuple(block): row.tobytes() for block, row in zip(index.blocks.tolist(), rows, strict=True)}


@pytest.mark.parametrize("kind", ["Flat", "SQfp16", "SQ8", "PQ32np", "PCA64,PQ32np"])
def test_divided_and_joined_it_is_equal_block_for_block_and_code_for_code(tmp_path: Path, kind: str) -> None:
    whole = write_index(tmp_path / "whole", kind, texture=True)
    sharded = shard_index(whole.folder, tmp_path / "shards", rows=ROWS)
    assert len(sharded.shards) > 5
    assert max(shard.rows for shard in sharded.shards) <= ROWS
    assert sharded.info.counts == whole.info.counts
    joined = merge_indexes([sharded.folder], tmp_path / "joined")
    assert by_block(joined, codes_of(joined.store)) == by_block(whole, codes_of(whole.store))
    coded = [blocks_of[blocks_of[:, 0] == 6] for blocks_of in (joined.blocks, whole.blocks)]
    textures = [
        {tuple(block): code.tobytes() for block, code in zip(of.tolist(), index.texture.codes, strict=True)}
        for of, index in zip(coded, (joined, whole), strict=True)
    ]
    assert textures[0] == textures[1]
    again = shard_index(joined.folder, tmp_path / "again", rows=ROWS)
    names = [path.relative_to(sharded.folder) for path in sharded.folder.rglob("*.faiss")]
    assert all((sharded.folder / name).read_bytes() == (again.folder / name).read_bytes() for name in names)


@pytest.mark.parametrize("texture", [False, True])
@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_a_search_of_shards_finds_what_one_of_the_whole_does(
    pair: tuple[Index, ShardedIndex], limits: Limits, texture: bool
) -> None:
    whole, sharded = pair
    photo = query(texture=texture)
    expected = rank(photo, whole, limits, top=30, allowed=limits.allowed(whole))
    found = rank(photo, sharded, limits, top=30)
    assert [(one.block, one.quarter_turns) for one in found] == [(one.block, one.quarter_turns) for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-5)


def test_only_the_shards_in_reach_are_opened(pair: tuple[Index, ShardedIndex], monkeypatch: pytest.MonkeyPatch) -> None:
    sharded = ShardedIndex.open(pair[1].folder)
    opened: list[int] = []
    usual = ShardedIndex.open_shard
    monkeypatch.setattr(
        ShardedIndex, "open_shard", lambda self, number, **how: opened.append(number) or usual(self, number, **how)
    )
    rank(query(), sharded, Limits(Nadir.at(0.0, 20.0), 300.0), top=5)
    assert 0 < len(set(opened)) < len(sharded.shards) / 2
    assert len(opened) == len(set(opened)), "a shard is opened once"


def test_coarse_codes_are_compared_again_by_stored_vectors(tmp_path: Path) -> None:
    whole = write_index(tmp_path / "whole", "Flat")
    sharded = shard_index(whole.folder, tmp_path / "shards", kind="SQ8", coarse=True, rows=1000)
    photo = query()
    found = search_shards(photo, sharded, Limits(), depth=60, kept=240)
    rows = {tuple(block): row for row, block in enumerate(whole.blocks.tolist())}
    exact = photo.vectors @ whole.vectors(np.arange(len(whole))).T
    own = exact[:, [rows[tuple(block)] for block in found.blocks.tolist()]].max(axis=0)
    assert len(found.scores) == 60
    assert found.scores == pytest.approx(own, abs=0.02)
    best = set(np.argsort(-exact.max(axis=0))[:10].tolist())
    assert len(best & {rows[tuple(block)] for block in found.blocks.tolist()}) >= 9
    assert (np.diff(found.scores) <= 0).all()


def test_limits_that_leave_no_block_are_refused(pair: tuple[Index, ShardedIndex]) -> None:
    _, sharded = pair
    with pytest.raises(NoBlocksError, match=r"shards has no block in the extent 0,80,10,85: widen the search"):
        rank(query(), sharded, Limits(extent=(0.0, 80.0, 10.0, 85.0)), top=5)
    with pytest.raises(InputError, match="The extent 5,0,5,10 is not"):
        rank(query(), sharded, Limits(extent=(5.0, 0.0, 5.0, 10.0)), top=5)


def test_shards_of_a_zoom_are_parts_of_a_quartered_world() -> None:
    table = blocks()
    parts = cells(table, 100)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(table)))
    for part in parts:
        assert len(part) <= 100
        assert len(set(table[part, 0].tolist())) == 1
        assert (np.diff(part) > 0).all()


def test_few_shards_stay_in_memory(pair: tuple[Index, ShardedIndex], monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sharded = pair[0], ShardedIndex.open(pair[1].folder)
    monkeypatch.setattr(sharded_index, "MOST_RESIDENT", 1)
    monkeypatch.setattr(sharded_index, "MOST_OPEN", 3)
    expected = rank(query(), whole, Limits(), top=10)
    for _ in range(2):
        assert [one.block for one in rank(query(), sharded, Limits(), top=10)] == [one.block for one in expected]
        assert len(sharded._open) <= 3
        assert len(sharded._resident) <= 1


def test_an_index_in_shards_is_checked_deleted_and_neither_packed_nor_divided_again(tmp_path: Path) -> None:
    whole = write_index(tmp_path / "whole", "SQ8")
    sharded = shard_index(whole.folder, tmp_path / "shards", coarse=True, rows=ROWS)
    assert isinstance(open_local(sharded.folder, thorough=True), ShardedIndex)
    assert isinstance(open_local(whole.folder), Index)
    assert len(check_index(sharded.folder)) == len(whole)
    with pytest.raises(InputError, match="is in shards, which this needs in one piece: join them"):
        pack_index(sharded.folder, tmp_path / "index.zip")
    with pytest.raises(InputError, match="is in shards"):
        shard_index(sharded.folder, tmp_path / "again")
    with pytest.raises(InputError, match="in shards, which are not updated in place"):
        update_index(sharded.folder)
    with pytest.raises(InputError, match="already something at"):
        shard_index(whole.folder, sharded.folder)
    one = Index.open(sharded.folder / sharded.shards[-1].name)
    assert pack_index(one.folder, tmp_path / "shard.zip")
    del one, sharded
    remove_index(tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_what_cannot_be_divided_is_refused_and_a_cancelled_division_leaves_nothing(tmp_path: Path) -> None:
    whole = write_index(tmp_path / "whole", "SQ8")
    with pytest.raises(InputError, match="Shards of an inverted file make no sense"):
        shard_index(whole.folder, tmp_path / "shards", kind="IVF4,Flat")

    def stop(stage: str, done: float) -> None:
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        shard_index(whole.folder, tmp_path / "shards", rows=ROWS, progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole"]


def test_shards_are_merged_with_other_indexes(tmp_path: Path) -> None:
    whole = write_index(tmp_path / "whole", "SQ8")
    other = write_index(tmp_path / "other", "SQ8")
    sharded = shard_index(whole.folder, tmp_path / "shards", rows=ROWS)
    merged = merge_indexes([sharded.folder, other.folder], tmp_path / "merged", kind="Flat")
    assert len(merged) == len(whole)
    assert merged.info.title == "Random + Random"
