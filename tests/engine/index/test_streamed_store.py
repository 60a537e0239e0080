"""Stores that are written part by part: the bytes are those that faiss writes of a store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.index.building import streamed_store
from astroloc_qgis.engine.index.building.streamed_store import write_vectors
from astroloc_qgis.engine.index.database_side_augmentation import augmented_parts, with_database_side_augmentation
from astroloc_qgis.engine.index.faiss_store import make_store, open_store, write_store
from astroloc_qgis.engine.tiles import blocks_in_extent

COUNT, DIMENSIONS = 300, 32
KINDS = ("Flat", "SQfp16", "SQ8", "PQ8x4np", "PQ4x5np", "OPQ4,PQ4x4np", "PCA8,PQ4x4np")


def unit_vectors(count: int) -> np.ndarray:
    vectors = np.random.default_rng(3).standard_normal((count, DIMENSIONS), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def parts() -> Iterator[np.ndarray]:
    vectors = unit_vectors(COUNT)
    return iter((vectors[:100], vectors[100:101], vectors[101:101], vectors[101:]))


@pytest.mark.parametrize("kind", [*KINDS, "IVF4,Flat"])
def test_the_bytes_are_those_of_faiss(kind: str, tmp_path: Path) -> None:
    write_store(make_store(kind, DIMENSIONS, COUNT, parts, lambda: None), tmp_path / "faiss")
    write_vectors(kind, DIMENSIONS, COUNT, parts, tmp_path / "streamed", lambda: None)
    assert (tmp_path / "streamed").read_bytes() == (tmp_path / "faiss").read_bytes()
    assert open_store(tmp_path / "streamed").ntotal == COUNT


@pytest.mark.parametrize("kind", KINDS)
def test_no_store_holds_all_vectors_meanwhile(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_store, "write_store", lambda *_: pytest.fail("written from memory"))
    write_vectors(kind, DIMENSIONS, COUNT, parts, tmp_path / "streamed", lambda: None)


def test_writing_is_cancelled_between_parts(tmp_path: Path) -> None:
    def progress() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_vectors("Flat", DIMENSIONS, COUNT, parts, tmp_path / "streamed", progress)


def test_augmented_part_by_part_vectors_are_those_of_all_at_once_and_few_are_asked_for() -> None:
    table = block_table(blocks_in_extent((0, 40, 10, 50), [8, 9, 10]))
    vectors = unit_vectors(len(table))
    asked: list[int] = []

    def vectors_at(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return vectors[rows]

    found = np.concatenate(list(augmented_parts(table, 4, 0.75, vectors_at, part=16)))
    np.testing.assert_array_equal(found, with_database_side_augmentation(vectors, table, 4, 0.75))
    assert max(asked) < 0.3 * len(table)
