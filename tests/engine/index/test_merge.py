"""Merging indexes: every block once, its vector unchanged, and never what does not belong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index.merge import merge_indexes
from astroloc_qgis.engine.index.store import Index
from tests.engine.synthetic import make_world

Build = Callable[..., Index]


def vectors_by_block(index: Index) -> dict[tuple[int, ...], bytes]:
    every = index.vectors(np.arange(len(index)))
    return {tuple(block): vector.tobytes() for block, vector in zip(index.blocks.tolist(), every, strict=True)}


def halves(build: Build, imagery: Path) -> tuple[Index, Index, Index]:
    """An index of all the imagery, and of its western and eastern part, which overlap."""
    whole = build("whole")
    west, south, east, north = whole.info.extent
    third = (east - west) / 3
    return (
        whole,
        build("west", extent=(west, south, east - third, north)),
        build("east", extent=(west + third, south, east, north)),
    )


def test_two_parts_that_overlap_make_the_whole(build: Build, imagery: Path, tmp_path: Path) -> None:
    whole, west, east = halves(build, imagery)
    merged = merge_indexes([west.folder, east.folder], tmp_path / "merged", title="Both")
    assert len(set(map(tuple, merged.blocks.tolist()))) == len(merged) < len(west) + len(east)
    assert vectors_by_block(merged) == vectors_by_block(whole)
    assert merged.info.title == "Both"
    assert merged.info.counts == whole.info.counts
    assert merged.info.extent == pytest.approx(whole.info.extent)
    assert {zoom: merged.info.stride[zoom] for zoom in (11, 12)} == {11: 2, 12: 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["east", "merged", "west", "whole"]


def test_zooms_are_joined_and_a_quantised_index_is_made_of_exact_ones(build: Build, tmp_path: Path) -> None:
    coarse, fine = build("coarse", zooms=[11]), build("fine", zooms=[12])
    merged = merge_indexes([coarse.folder, fine.folder], tmp_path / "merged", kind="SQ8")
    assert merged.info.zooms == (11, 12)
    assert merged.info.kind == "SQ8"
    assert merged.info.title == "map + map"
    exact = {**vectors_by_block(coarse), **vectors_by_block(fine)}
    found = merged.vectors(np.arange(len(merged)))
    for block, vector in zip(merged.blocks.tolist(), found, strict=True):
        assert np.abs(vector - np.frombuffer(exact[tuple(block)], np.float32)).max() < 0.02


@pytest.mark.parametrize("kind", ["Flat", "SQ8"])
def test_texture_is_kept_where_all_have_it(build: Build, tmp_path: Path, kind: str) -> None:
    first = build("first", zooms=[11, 12], texture_zooms=(12,), kind=kind)
    second = build("second", zooms=[12, 13], texture_zooms=(12,), kind=kind)
    merged = merge_indexes([first.folder, second.folder], tmp_path / "merged")
    assert merged.info.texture_zooms == (12,)
    assert merged.texture is not None
    third = build("third", zooms=[12], kind=kind)
    assert merge_indexes([first.folder, third.folder], tmp_path / "without").info.texture_zooms == ()


def test_across_the_antimeridian_the_extent_is_the_smaller_one(build: Build, tmp_path: Path) -> None:
    parts = []
    for name, lon in (("fiji", 179.2), ("samoa", -179.4)):
        world = make_world(pixels=300, lon=lon)
        path = world.write(tmp_path / f"{name}.tif", bounds=world.bounds_in("EPSG:3857", 0.4), pixels=300)
        parts.append(build(name, imagery=path, zooms=[12]).folder)
    with pytest.raises(InputError, match="different imagery: name imagery that shows the blocks of both"):
        merge_indexes(parts, tmp_path / "merged")
    merged = merge_indexes(parts, tmp_path / "merged", imagery="both.vrt")
    west, _, east, _ = merged.info.extent
    assert west > 178
    assert east < -178
    assert merged.info.imagery_uri == "both.vrt"


def test_indexes_that_do_not_belong_together_are_refused(build: Build, tmp_path: Path) -> None:
    plain, learned = build("plain"), build("learned", model="xfeat-vlad")
    for folders, words in (
        ([plain.folder], "at least two"),
        ([plain.folder, learned.folder], "cannot be merged, as these differ: model"),
        ([plain.folder, tmp_path / "none"], "does not exist"),
    ):
        with pytest.raises(InputError, match=words):
            merge_indexes(folders, tmp_path / "merged")
    with pytest.raises(InputError, match="already something"):
        merge_indexes([plain.folder, plain.folder], plain.folder)
    with pytest.raises(InputError, match="cannot be of kind 'best'"):
        merge_indexes([plain.folder, plain.folder], tmp_path / "merged", kind="best")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["learned", "plain"]


def test_cancelling_leaves_nothing(build: Build, tmp_path: Path) -> None:
    plain = build("plain")

    def cancel(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        merge_indexes([plain.folder, plain.folder], tmp_path / "merged", progress=cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain"]
