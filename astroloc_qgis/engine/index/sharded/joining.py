"""Joining the shards of an index into one piece again."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import add_codes, codes_of, empty_copy, learned_the_same, write_store
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.writing import in_one_step
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress


def join_shards(
    folder: Path, out: Path, *, imagery: str = "", title: str = "", progress: Progress = no_progress
) -> Index:
    """Join the shards of an index, code by code, in their order; the shards stay. All of it is in memory on the way.

    Args:
        folder: of an index in shards.
        out: folder to make.
        imagery: of the new index; empty for the same.
        title: of the new index; empty for the same.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: a shard is damaged or of another codebook, or ``out`` exists or cannot be written.
        Cancelled: by ``progress``; nothing is left then.
    """
    sharded = ShardedIndex.open(folder)
    store, tables, textures = None, [], []
    for number, shard in enumerate(sharded.shards):
        progress("read", number / len(sharded.shards))
        opened = sharded.open_shard(number, thorough=True)
        store = empty_copy(opened.store) if store is None else store
        if not learned_the_same(store, opened.store):
            raise InputError(
                f"The shard {shard.name} of the index {folder} is quantised in another way than those before it: it "
                "cannot be joined with them; make the index again."
            )
        add_codes(store, codes_of(opened.store))
        tables.append(opened.blocks)
        if opened.texture is not None:
            textures.append(np.asarray(opened.texture.codes))
    info = dataclasses.replace(
        sharded.info,
        imagery_uri=imagery or sharded.info.imagery_uri,
        title=title or sharded.info.title,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        format_version=index_format.FORMAT_VERSION,
    )
    with in_one_step(Path(out).absolute(), ".merging") as work:
        write_store(store, work / index_format.VECTORS)
        index_format.pack_blocks(np.concatenate(tables), work / index_format.BLOCKS)
        if textures:
            np.save(work / index_format.TEXTURE, np.concatenate(textures), allow_pickle=False)
        if index_format.VOCABULARY in info.files:
            shutil.copyfile(folder / index_format.VOCABULARY, work / index_format.VOCABULARY)
        index_format.write_info(work, info)
    return Index.open(out)
