"""Writing an index in shards: one folder a shard, the table, and the description, in one step at the end."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.block_table import Table, centers_lonlat
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import add_codes, empty_copy, write_store
from astroloc_qgis.engine.index.format import IndexInfo
from astroloc_qgis.engine.index.sharded.coarse import fresh_copy
from astroloc_qgis.engine.index.sharded.table import Shard, write_table
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.writable import check_can_be_made


class ShardWriter:
    """Writes the shards of one index into a folder.

    Args:
        folder: exists, and is empty.
        info: what all shards share; counts, zooms and texture are each shard's own.
        store: an empty store that has learned (``faiss_store.trained_store``).
        coarse: empty coarse codes that have learned; None for shards without.
        vocabulary: of the model, where it has one.
    """

    def __init__(
        self, folder: Path, info: IndexInfo, store: Any, coarse: Any = None, vocabulary: Path | None = None
    ) -> None:
        self._folder, self._info, self._store, self._coarse = folder, info, store, coarse
        self._vocabulary = vocabulary
        self._limit = min(info.northern_limits.values(), default=90.0)
        self._shards: list[Shard] = []

    def add(
        self, table: Table, *, codes: np.ndarray | None = None, vectors: np.ndarray | None = None, texture: Any = None
    ) -> None:
        """Write one shard.

        Args:
            table: (n, 3) its blocks, of one zoom.
            codes: (n, bytes) as the store keeps them; None: they are made of the vectors.
            vectors: (n, D) float32; needed without codes, and for coarse codes.
            texture: (n, bytes or K) of a zoom with texture, else None.
        """
        name = f"shard-{len(self._shards):06d}"
        folder = self._folder / name
        folder.mkdir()
        store = empty_copy(self._store)
        if codes is not None:
            add_codes(store, codes)
        else:
            store.add(np.ascontiguousarray(vectors, dtype=np.float32))
        write_store(store, folder / index_format.VECTORS)
        index_format.pack_blocks(table, folder / index_format.BLOCKS)
        if self._coarse is not None:
            coarse = fresh_copy(self._coarse)
            coarse.add(np.ascontiguousarray(vectors, dtype=np.float32))
            write_store(coarse, folder / index_format.COARSE)
        if texture is not None:
            np.save(folder / index_format.TEXTURE, np.ascontiguousarray(texture), allow_pickle=False)
        if self._vocabulary is not None:
            shutil.copyfile(self._vocabulary, folder / index_format.VOCABULARY)
        zoom = int(table[0, 0])
        info = dataclasses.replace(
            self._info,
            zooms=(zoom,),
            counts={zoom: len(table)},
            skipped={},
            texture_zooms=(zoom,) if texture is not None else (),
            texture_sha256=self._info.texture_sha256 if texture is not None else "",
            format_version=index_format.FORMAT_VERSION,
        )
        index_format.write_info(folder, info)
        north = centers_lonlat(table, info.block_size)[:, 1]
        common = int(np.count_nonzero(north <= self._limit))
        self._shards.append(Shard.of(name, table, common, file_sha256(folder / index_format.INFO)))

    def finish(self) -> None:
        """Write the table and the description."""
        counts: dict[int, int] = {}
        for shard in self._shards:
            counts[shard.zoom] = counts.get(shard.zoom, 0) + shard.rows
        write_table(self._folder, self._shards, self._info.block_size)
        if self._vocabulary is not None:
            shutil.copyfile(self._vocabulary, self._folder / index_format.VOCABULARY)
        info = dataclasses.replace(
            self._info,
            counts=counts,
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            format_version=index_format.SHARDED_VERSION,
        )
        index_format.write_info(self._folder, info)


@contextmanager
def in_one_step(out: Path, suffix: str) -> Iterator[Path]:
    """A work folder beside ``out`` that takes its name at the end; nothing is left where something fails.

    Raises:
        InputError: there is something at ``out``, or it cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise InputError(f"There is already something at {out}: choose another folder.")
    work = out.with_name(out.name + suffix)
    try:
        check_can_be_made(work)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            yield work
            work.rename(out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except (OSError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"The index cannot be written to {out}: {reason}.", details=str(error)) from error
