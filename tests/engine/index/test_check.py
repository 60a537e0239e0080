"""Checking what an index holds, beyond the checksums of its files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.check import check_content
from astroloc_qgis.engine.index.store import Index


def test_a_sound_index_passes(build: Callable[..., Index]) -> None:
    told: list[float] = []
    check_content(build(), lambda _, done: told.append(done))
    assert told == [0.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda blocks: blocks.__setitem__(1, blocks[0]), "holds a block twice"),
        (lambda blocks: blocks.__setitem__((1, 1), 1 << 13), "not on Earth"),
        (lambda blocks: blocks.__setitem__((1, 2), -1), "not on Earth"),
        (lambda blocks: blocks.__setitem__((1, 0), 13), "blocks by zoom and should have"),
    ],
)
def test_blocks_that_make_no_sense_are_refused(build: Callable[..., Index], change, words: str) -> None:
    index = build()
    change(index.blocks)
    with pytest.raises(InputError, match=words):
        check_content(index)


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "not finite"), (0.0, "not of length 1"), (3.0, "not of length 1")]
)
def test_vectors_that_make_no_sense_are_refused(
    build: Callable[..., Index], monkeypatch: pytest.MonkeyPatch, value: float, words: str
) -> None:
    index = build()
    monkeypatch.setattr(index, "vectors", lambda numbers: np.full((len(numbers), 4), value, np.float32))
    with pytest.raises(InputError, match=words):
        check_content(index)
