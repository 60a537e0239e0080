"""The benchmark of indexes at size, at a small one: its descriptors, its table, and that it is resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.benchmark.index_size import measuring
from astroloc_qgis.engine.benchmark.index_size.synthetic import SyntheticWorld
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.resources import shipped

WORLD = shipped("index", "world")
pytestmark = pytest.mark.skipif(not (WORLD / "index.json").is_file(), reason="the world index did not come along")


@pytest.fixture(scope="module")
def world() -> SyntheticWorld:
    return SyntheticWorld(WORLD, 1)


def test_descriptors_are_alike_where_they_share_ground_and_are_drawn_again_alike(world: SyntheticWorld) -> None:
    table = world.blocks(120_000)
    assert len(np.unique(table, axis=0)) == len(table) == 120_000
    fine = table[table[:, 0] == table[-1, 0]][:2000]
    vectors = world.vectors(fine)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(vectors[7:9], SyntheticWorld(WORLD, 1).vectors(fine[7:9]))
    assert not np.array_equal(vectors[7:9], SyntheticWorld(WORLD, 2).vectors(fine[7:9]))
    around = world.vectors(np.column_stack((fine[:, 0] - 1, fine[:, 1] >> 1, fine[:, 2] >> 1)))
    alike, apart = (vectors * around).sum(axis=1), (vectors * np.roll(around, 1000, axis=0)).sum(axis=1)
    assert alike.mean() == pytest.approx(world.likeness, abs=0.1)
    assert apart.mean() < alike.mean() - 0.2


def test_a_small_benchmark_has_its_rows_and_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_apart", lambda _threads, *how: measuring._search(*how))
    settings = {"rows": [1500], "storages": ["Flat", "SQ8+coarse"], "photos": 2, "most_rows": 400}
    measured = measuring.run(WORLD, tmp_path, **settings)
    assert [(one["rows"], one["storage"], one["shards"] > 3) for one in measured] == [
        (1500, "Flat", True),
        (1500, "SQ8+coarse", True),
    ]
    assert measured[0]["recall"] == {"nadir": 1.0, "world": 1.0}
    assert measured[1]["recall"]["nadir"] > 0.8
    assert measured[1]["mb"] < measured[0]["mb"] / 2
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json"]
    monkeypatch.setattr(measuring, "_make", lambda *_how: pytest.fail("made again"))
    assert measuring.run(WORLD, tmp_path, **settings) == measured
    text = measuring.describe(measured)
    assert "| 1,500 | SQ8+coarse |" in text
    with pytest.raises(InputError, match="cannot be of kind 'SQ9'"):
        measuring.run(WORLD, tmp_path, [1500], ["SQ9"])
