"""Building an index: complete or absent, resumed after an interruption, never of mixed settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.tiles import (
    Block,
    blocks_in_extent,
)
from tests.engine.index.stand_ins import (
    MODEL,
    Averages,
    contents,
    stop_at,
)
from tests.engine.synthetic import make_world


def test_an_index_holds_every_covered_block_once(build, imagery: Path) -> None:
    index = build()
    xmin, ymin, xmax, ymax = make_world().bounds_in("EPSG:3857", 0.6)

    def covered(block: Block) -> float:
        left, bottom, right, top = block.bounds_3857
        return (min(right, xmax) - max(left, xmin)) * (min(top, ymax) - max(bottom, ymin)) / (right - left) ** 2

    every = blocks_in_extent(Reference.open(imagery).extent_lonlat, [11, 12])
    held = [index.block(number) for number in range(len(index))]
    assert len(set(held)) == len(held) == sum(index.info.counts.values())
    assert {block for block in every if covered(block) > 0.51} <= set(held)
    assert set(held) <= {block for block in every if covered(block) > 0.49} < set(every)
    assert set(index.info.counts) == {11, 12}
    assert index.info.imagery_uri == str(imagery)


def test_the_folder_holds_what_the_format_says_and_nothing_else(build, tmp_path: Path) -> None:
    build("plain")
    build("learned", model="xfeat-vlad")
    names = {"index.json", "descriptors.faiss", "blocks.npz"}
    assert {path.name for path in (tmp_path / "plain").iterdir()} == names
    assert {path.name for path in (tmp_path / "learned").iterdir()} == names | {"vocabulary.npz"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["learned", "plain"]
    stored = json.loads((tmp_path / "plain" / "index.json").read_text())
    assert stored["format_version"] == 3
    assert {"title", "imagery_uri", "attribution", "licence", "model", "model_sha256"} <= set(stored)
    assert {"dimensions", "zooms", "extent", "counts"} <= set(stored)


@pytest.mark.parametrize("model", [MODEL, "xfeat-vlad"])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.7, 1.0])
def test_an_interrupted_build_goes_on_to_the_same_index(build, tmp_path: Path, model: str, fraction: float) -> None:
    build("whole", model=model)
    with pytest.raises(Cancelled):
        build("broken", model=model, progress=stop_at(fraction))
    assert not (tmp_path / "broken").exists()
    seen = []
    build("broken", model=model, progress=lambda stage, done: seen.append((stage, done)))
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")
    assert not (tmp_path / "broken.partial").exists()


def test_a_build_that_goes_on_describes_only_what_is_left(build, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.8))
    described = []
    real = Averages.describe_blocks

    def counting(self, images):
        described.extend(images)
        return real(self, images)

    monkeypatch.setattr(Averages, "describe_blocks", counting)
    index = build()
    assert 0 < len(described) < 0.5 * len(index)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model": "xfeat-vlad"}, "model"),
        ({"zooms": [12]}, "zooms"),
        ({"stride": 4}, "stride"),
        ({"kind": "SQ8"}, "kind"),
    ],
)
def test_an_unfinished_index_is_not_mixed_with_another(build, change: dict, word: str) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.5))
    with pytest.raises(InputError, match=rf"unfinished index with other settings \(.*{word}.*\)"):
        build(**change)
    assert len(build()) > 0


@pytest.mark.parametrize("change", [{"model": "xfeat-vlad"}, {"zooms": [11]}])
def test_an_index_is_never_overwritten_by_another(build, tmp_path: Path, change: dict) -> None:
    build()
    before = contents(tmp_path / "index")
    with pytest.raises(InputError, match="There is already an index in"):
        build(**change)
    assert contents(tmp_path / "index") == before


def test_building_the_same_again_opens_what_is_there(build) -> None:
    build()
    again = build(progress=stop_at(0.0))  # would be cancelled if it described anything
    assert len(again) > 0


def test_a_folder_with_other_files_is_left_alone(build, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    assert len(build()) > 0  # an empty folder will do
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="has other files in it"):
        build("full")
    with pytest.raises(InputError, match="there is a file of that name"):
        build("full/letter.txt")
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear"


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(build) -> None:
    with pytest.raises(InputError, match=r"cannot be written to /proc/nowhere/index"):
        build("/proc/nowhere/index")


def test_an_unknown_kind_of_store_is_refused(build) -> None:
    with pytest.raises(InputError, match="kind 'HNSW32'"):
        build(kind="HNSW32")
