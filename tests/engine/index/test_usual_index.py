"""The index where nothing is named: the best model, with texture, on the command line and for QGIS alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.index.plan import texture_suits, usual_texture_zooms
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.world import STRIDES, TEXTURE_ZOOMS
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.worker.handlers import handlers
from tests.engine.retrieval.photos import picture
from tests.engine.synthetic import make_world

EXTENT = (10.9, 45.95, 11.1, 46.05)


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world().write(tmp_path_factory.mktemp("imagery") / "map.tif", alpha=True)


def by_command(imagery: Path, out: Path, *more: str) -> Index:
    arguments = ["index", "build", "--imagery", str(imagery), "--zooms", "12,13", "--device", "cpu", "--out", str(out)]
    assert main([*arguments, "--extent", ",".join(map(str, EXTENT)), *more]) == 0
    return Index.open(out)


def by_worker(imagery: Path, out: Path, **more: Any) -> Index:
    params = {"imagery": str(imagery), "zooms": [12, 13], "extent": list(EXTENT), "out": str(out), "device": "cpu"}
    handlers(1)["index_build"]({**params, **more}, lambda *_: None)
    return Index.open(out)


def test_command_line_and_worker_build_the_same_index_of_the_best_model_with_texture(
    imagery: Path, tmp_path: Path
) -> None:
    indexes = [by_command(imagery, tmp_path / "command"), by_worker(imagery, tmp_path / "worker")]
    told = [dataclasses.replace(index.info, created="") for index in indexes]
    assert told[0] == told[1]
    assert told[0].model == descriptors.DEFAULT == "astroloc-lite"
    assert told[0].texture_zooms == (12,)
    block = indexes[0].block(3)
    for index in indexes:
        assert index.texture is not None
        assert retrieve(picture(imagery, block), index, index.create_descriptor())[0].block == block


def test_a_model_that_is_named_is_taken_and_has_no_texture(imagery: Path, tmp_path: Path) -> None:
    named = {"model": "colour-histogram"}
    for index in (by_command(imagery, tmp_path / "command", "--model", named["model"]),
                  by_worker(imagery, tmp_path / "worker", **named)):  # fmt: skip
        assert (index.info.model, index.info.texture_zooms) == ("colour-histogram", ())


def test_texture_can_be_left_out(imagery: Path, tmp_path: Path) -> None:
    assert by_command(imagery, tmp_path / "index", "--texture-zoom", "0").info.texture_zooms == ()


def test_an_index_whose_texture_zoom_has_no_block_can_be_searched(imagery: Path, tmp_path: Path) -> None:
    index = by_worker(imagery, tmp_path / "index", zooms=[9, 10], extent=[10.35, 45.55, 11.65, 46.44])
    assert index.info.texture_zooms == (9,)
    assert 9 not in index.info.counts
    photo = picture(imagery, index.block(0))
    assert index.texture_bonus(photo).tolist() == [0] * len(index)  # type: ignore[union-attr]
    assert retrieve(photo, index, index.create_descriptor())[0].block == index.block(0)


def test_the_help_names_the_model_that_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("build", "world"):
        with pytest.raises(SystemExit):
            main(["index", action, "--help"])
        assert "default astroloc-lite" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("zooms", "coded"),
    [
        ([9], (9,)),
        ([10, 11], (10,)),
        ([9, 10, 11], (10,)),
        ([11, 10, 9, 10], (10,)),
        ([9, 11], ()),
        ([9, 10, 11, 12], ()),
    ],
)
def test_the_middle_zoom_has_texture_where_all_others_are_next_to_it(zooms: list[int], coded: tuple[int, ...]) -> None:
    assert usual_texture_zooms(descriptors.DEFAULT, zooms) == coded
    assert usual_texture_zooms("xfeat-vlad", zooms) == ()


def test_every_zoom_of_the_world_index_has_texture_or_is_next_to_one_that_has() -> None:
    assert texture_suits(TEXTURE_ZOOMS, tuple(STRIDES))
    for one in TEXTURE_ZOOMS:
        assert not texture_suits([one], tuple(STRIDES))
    assert not texture_suits([*TEXTURE_ZOOMS, 13], tuple(STRIDES))
