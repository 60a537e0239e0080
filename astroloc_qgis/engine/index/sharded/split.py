"""Dividing an index into shards."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import codes_of, empty_copy, trained_store
from astroloc_qgis.engine.index.plan import EXACT, check_kind
from astroloc_qgis.engine.index.sharded import coarse as coarse_codes
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.table import cells
from astroloc_qgis.engine.index.sharded.writing import ShardWriter, in_one_step
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress

MOST_ROWS = 200_000
"""Blocks in a shard: 51 MB of 8-bit vectors of 256 dimensions."""
TRAINED_ON = 65_536
"""Vectors that coarse codes are learned from."""
_PART = 65_536
_SEED = 20


def shard_index(
    folder: Path,
    out: Path,
    *,
    kind: str = "",
    coarse: bool = False,
    rows: int = MOST_ROWS,
    progress: Progress = no_progress,
) -> ShardedIndex:
    """Divide an index into shards by zoom and region; the index itself stays.

    Args:
        folder: of an index that is in one piece.
        out: folder to make.
        kind: of the shards' vector stores (``plan.check_kind``, no inverted file); empty: as they are, code by code.
        coarse: make coarse codes too, for searches of the whole world.
        rows: blocks in a shard, at most.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: the index cannot be opened, the kind does not suit, or ``out`` exists or cannot be written.
        Cancelled: by ``progress``; nothing is left then.
    """
    index = Index.open(folder, thorough=True)
    kind = kind or index.info.kind
    check_kind(kind)
    if rows < 1:
        raise InputError(f"A shard has at least 1 block, not {rows}.")
    same = kind == index.info.kind
    if not same and kind.startswith("IVF"):
        raise InputError("Shards of an inverted file make no sense: choose Flat, SQfp16, SQ8 or a product quantiser.")
    if coarse and not coarse_codes.suits(index.info.dimensions, len(index)):
        raise InputError(
            f"Coarse codes need vectors of a multiple of {coarse_codes.PARTS} dimensions, and "
            f"{coarse_codes.LEAST_TRAINING} blocks to learn from; the index has {len(index)} of "
            f"{index.info.dimensions}."
        )

    def read_vectors() -> Iterator[np.ndarray]:
        for start in range(0, len(index), _PART):
            progress("read", 0.0)
            yield index.vectors(np.arange(start, min(start + _PART, len(index))))

    store = (
        empty_copy(index.store)
        if same
        else trained_store(kind, index.info.dimensions, len(index), read_vectors, lambda: None)
    )
    learned = None
    if coarse:
        sample = np.random.default_rng(_SEED).permutation(len(index))[:TRAINED_ON]
        learned = coarse_codes.trained_codes(index.vectors(np.sort(sample)))
    info = dataclasses.replace(index.info, kind=kind)
    texture = _texture(index, kind)
    if texture is None:
        info = dataclasses.replace(info, texture_zooms=(), texture_sha256="")
    vocabulary = folder / index_format.VOCABULARY if index_format.VOCABULARY in index.info.files else None
    coded = np.flatnonzero(np.isin(index.blocks[:, 0], index.info.texture_zooms))
    with in_one_step(Path(out).absolute(), ".sharding") as work:
        writer, done = ShardWriter(work, info, store, learned, vocabulary), 0
        for numbers in cells(index.blocks, rows):
            progress("read", done / len(index))
            table = index.blocks[numbers]
            has_texture = texture is not None and int(table[0, 0]) in index.info.texture_zooms
            writer.add(
                table,
                codes=codes_of(index.store)[numbers] if same else None,
                vectors=index.vectors(numbers) if coarse or not same else None,
                texture=texture[np.searchsorted(coded, numbers)] if has_texture and texture is not None else None,
            )
            done += len(numbers)
        writer.finish()
    return ShardedIndex.open(out)


def _texture(index: Index, kind: str) -> np.ndarray | None:
    """(M, bytes) codes or, for an exact index, (M, K) vectors; None where there are none that suit the kind."""
    if not index.info.texture_zooms:
        return None
    stored = np.asarray(np.load(index.folder / index_format.TEXTURE, mmap_mode="r", allow_pickle=False))
    if (kind == EXACT) == (index.info.kind == EXACT):
        return stored
    return None if kind == EXACT else TextureModel().encode(stored)
