"""An open index: its vectors stay on disk, and each block finds itself among the allowed ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def test_a_block_finds_itself(build) -> None:
    index = build()
    vectors = np.stack([index.store.reconstruct(number) for number in range(len(index))])
    scores, found = index.search(vectors, 1)
    assert found[:, 0].tolist() == list(range(len(index)))
    np.testing.assert_allclose(scores, 1, atol=1e-5)


def test_only_allowed_blocks_are_found_and_all_of_them_can_be(build) -> None:
    index = build()
    allowed = np.zeros(len(index), bool)
    allowed[[3, 7, 11]] = True
    query = index.store.reconstruct(0)[None]
    _, found = index.search(query, 100, allowed)
    assert sorted(found[0]) == [3, 7, 11]
    assert index.search(query, 10**6)[1].shape == (1, len(index))
    assert index.search(query, 5, ~allowed & False)[1].shape == (1, 0)


def test_the_vectors_stay_on_disk(build) -> None:
    index = build()
    assert str(index.folder / "descriptors.faiss") in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("kind", ["SQ8", "IVF4,Flat"])
def test_other_kinds_of_store_find_a_block_by_itself(build, kind: str) -> None:
    exact = build()
    index = build(kind, kind=kind)
    assert index.info.kind == kind
    allowed = np.ones(len(index), bool)
    allowed[0] = False
    vectors = np.stack([exact.store.reconstruct(number) for number in range(len(exact))])
    _, found = index.search(vectors, 1, allowed)
    assert found[1:, 0].tolist() == list(range(1, len(exact)))
    assert found[0, 0] != 0
