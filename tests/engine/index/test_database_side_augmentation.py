"""What lies within a block counts in its vector; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import bounds_3857, iou_with
from astroloc_qgis.engine.index.database_side_augmentation import with_database_side_augmentation
from tests.engine.index.stand_ins import Averages

SIZE = 4


def unit(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def grid() -> np.ndarray:
    """Blocks of three zooms at strides 2, 2 and 3 over the same ground, shuffled, some missing."""
    found = []
    for zoom, stride, reach in ((3, 2, 8), (4, 2, 16), (5, 3, 32)):
        found += [(zoom, row, column) for row in range(0, reach - 3, stride) for column in range(0, reach, stride)]
    table = np.array(found, dtype=np.int32)
    rng = np.random.default_rng(1)
    return table[rng.permutation(len(table))[: len(table) * 4 // 5]]


def test_it_is_the_mean_of_the_next_zoom_s_blocks_inside() -> None:
    table = grid()
    vectors = unit(len(table))
    boxes = bounds_3857(table, SIZE)
    found = with_database_side_augmentation(vectors, table, SIZE, 0.75)
    expected, with_parts = vectors.astype(np.float64), 0
    for number, block in enumerate(table):
        # A block of the next zoom has a quarter of the area: wholly inside, and only then, the IoU is 1/4.
        inside = (table[:, 0] == block[0] + 1) & np.isclose(iou_with(table, block, SIZE), 0.25)
        if inside.any():
            with_parts += 1
            expected[number] = vectors[number] + 0.75 * vectors[inside].astype(np.float64).mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert with_parts > 40
    assert (boxes[:, 2] > 20037508.35).any()  # some lie across the antimeridian
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.75])
def test_without_finer_blocks_vectors_stay_as_they_are(weight: float) -> None:
    table = grid()
    table = table[table[:, 0] == 5]
    vectors = unit(len(table))
    np.testing.assert_allclose(with_database_side_augmentation(vectors, table, SIZE, weight), vectors, atol=1e-6)


def test_a_block_across_the_antimeridian_takes_the_blocks_beyond_it() -> None:
    table = np.array([(3, 2, 6), (4, 4, 0), (4, 4, 12), (4, 4, 4)], dtype=np.int32)  # columns 6, 7, 0, 1
    vectors = np.eye(4, dtype=np.float32)
    found = with_database_side_augmentation(vectors, table, SIZE, 2.0)
    assert found[0] == pytest.approx(np.array([1, 1, 1, 0]) / np.sqrt(3))


def test_an_index_is_augmented_with_the_weight_of_its_descriptor(build, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = build("plain")
    monkeypatch.setattr(Averages, "augmentation_weight", 0.5)
    index = build("finer")
    alone, together = (
        np.stack([each.store.reconstruct(number) for number in range(len(each))]) for each in (plain, index)
    )
    np.testing.assert_array_equal(index.blocks, plain.blocks)
    expected = with_database_side_augmentation(alone, plain.blocks, plain.info.block_size, 0.5)
    np.testing.assert_allclose(together, expected, atol=1e-6)
    coarse = index.blocks[:, 0] == 11
    assert np.abs(together - alone)[coarse].max() > 0.01
    np.testing.assert_allclose(together[~coarse], alone[~coarse], atol=1e-6)
