"""Indexes of random descriptors, as large as a test of shards needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors import registry
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import make_store, write_store
from astroloc_qgis.engine.index.format import IndexInfo
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.query import Query

MODEL, DIMENSIONS = "astroloc-lite", 256
ZOOMS = (5, 6, 7)


def blocks() -> Table:
    """Half-overlapping blocks of most of the world, coarse ones first, some across the antimeridian."""
    found = []
    for zoom in ZOOMS:
        side = 2**zoom
        rows, columns = np.mgrid[side // 4 : 3 * side // 4 : 2, 0:side:2].reshape(2, -1)
        found.append(np.column_stack((np.full(len(rows), zoom), rows, columns)))
    return np.concatenate(found).astype(np.int32)


def descriptors(count: int, seed: int = 0) -> np.ndarray:
    """(count, D) float32 of length 1, in clusters of about ten."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((count // 10 + 1, DIMENSIONS))
    vectors = middles[rng.integers(0, len(middles), count)] + 0.5 * rng.standard_normal((count, DIMENSIONS))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def write_index(folder: Path, kind: str = "Flat", *, texture: bool = False) -> Index:
    """Write an index of random descriptors in one piece."""
    folder.mkdir()
    table = blocks()
    vectors = descriptors(len(table))

    def read() -> Iterator[np.ndarray]:
        yield vectors

    write_store(make_store(kind, DIMENSIONS, len(table), read, lambda: None), folder / index_format.VECTORS)
    index_format.pack_blocks(table, folder / index_format.BLOCKS)
    model = TextureModel()
    if texture:
        rng = np.random.default_rng(1)
        own = rng.random((int((table[:, 0] == 6).sum()), model.dimensions), dtype=np.float32)
        own /= np.linalg.norm(own, axis=1, keepdims=True)
        np.save(folder / index_format.TEXTURE, own if kind == "Flat" else model.encode(own), allow_pickle=False)
    zooms, counts = np.unique(table[:, 0], return_counts=True)
    index_format.write_info(
        folder,
        IndexInfo(
            title="Random", imagery_uri="world.tif", attribution="nobody", licence="none", model=MODEL,
            model_sha256=registry.model_sha256(MODEL), model_settings=registry.create(MODEL).settings,
            dimensions=DIMENSIONS, zooms=ZOOMS, extent=(-180.0, -66.0, 180.0, 66.0),
            counts=dict(zip(zooms.tolist(), counts.tolist(), strict=True)), block_size=4, stride=2, kind=kind,
            skipped={}, created="2026-01-01T00:00:00+00:00", texture_zooms=(6,) if texture else (),
            texture_sha256=model.sha256 if texture else "", northern_limits={7: 50.0},
        ),
    )  # fmt: skip
    return Index.open(folder)


def query(seed: int = 5, *, texture: bool = False) -> Query:
    """A photo that resembles some blocks."""
    rng = np.random.default_rng(seed)
    vectors = descriptors(len(blocks()))[rng.integers(0, len(blocks()), 4)] + 0.02 * rng.standard_normal(
        (4, DIMENSIONS)
    )
    kind = rng.random(TextureModel().dimensions, dtype=np.float32)
    return Query(
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        kind / np.linalg.norm(kind) if texture else None,
    )
