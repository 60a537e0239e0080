"""Putting an index together from the pieces that its units left: read part by part, written part by part.

Memory does not grow with the index, but for some 50 bytes a block of its table, and what a quantiser learns from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.building.pieces import PieceFolder
from astroloc_qgis.engine.index.building.streamed_store import write_vectors
from astroloc_qgis.engine.index.database_side_augmentation import augmented_parts
from astroloc_qgis.engine.index.format import IndexInfo, Labels
from astroloc_qgis.engine.index.plan import BLOCK_SIZE, EXACT, Plan

_ALONE = "vectors.tmp"
"""The vectors of all pieces before they are augmented, while the index is put together."""


def assemble(
    folder: PieceFolder,
    pieces: int,
    plan: Plan,
    descriptor: Descriptor,
    labels: Labels,
    *,
    attribution: str,
    skipped: Mapping[str, int],
    progress: Callable[[], None],
) -> None:
    """Write the files of an index into the work folder.

    Args:
        folder: the work folder.
        pieces: how many there are; all are complete, and hold at least one block.
        plan: of the index.
        descriptor: of the plan's model.
        labels: texts of the index about itself.
        attribution: the credit that the imagery itself carries.
        skipped: number of blocks left out, by reason.
        progress: called now and then; may raise ``Cancelled``.

    Raises:
        InputError: the kind of store does not suit the vectors, a piece is damaged, or the disk is full.
    """
    table: Table = np.concatenate(list(folder.read_pieces(pieces, "blocks")))
    alone = folder.path / _ALONE
    try:
        read_vectors = _vectors(folder, pieces, table, descriptor, alone, progress)
        path = folder.path / index_format.VECTORS
        write_vectors(plan.kind, descriptor.dimensions, len(table), read_vectors, path, progress)
    except RuntimeError as error:  # faiss raises it when the disk is full
        raise InputError(f"The index cannot be written to {folder.out}: is the disk full?", str(error)) from error
    finally:
        alone.unlink(missing_ok=True)
    index_format.pack_blocks(table, folder.path / index_format.BLOCKS)
    if plan.texture_zooms:
        coded = int(np.isin(table[:, 0], plan.texture_zooms).sum())
        _write_textures(folder, pieces, coded, plan.kind == EXACT)
    index_format.write_info(folder.path, _info(plan, descriptor, labels, table, attribution, skipped))


def _vectors(
    folder: PieceFolder,
    pieces: int,
    table: Table,
    descriptor: Descriptor,
    alone: Path,
    progress: Callable[[], None],
) -> Callable[[], Iterator[NDArray[np.float32]]]:
    """What gives the vectors of the index, part by part, as often as it is called."""
    if not descriptor.augmentation_weight:
        return lambda: folder.read_pieces(pieces, "vectors")
    with alone.open("wb") as stream:
        for vectors in folder.read_pieces(pieces, "vectors"):
            stream.write(vectors.astype(np.float32, copy=False).tobytes())
            progress()
    shape = (len(table), descriptor.dimensions)

    def vectors_at(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        mapped = np.memmap(alone, np.float32, "r", shape=shape)  # for this part only: mapped pages count as memory
        return np.array(mapped[rows])

    return lambda: augmented_parts(table, BLOCK_SIZE, descriptor.augmentation_weight, vectors_at)


def _write_textures(folder: PieceFolder, pieces: int, count: int, exact: bool) -> None:
    """Write (M, K) vectors if those of the model are exact too, else their codes (M, bytes)."""
    model = TextureModel()
    width, kind = (model.dimensions, np.dtype(np.float32)) if exact else (model.code_bytes, np.dtype(np.uint8))
    with (folder.path / index_format.TEXTURE).open("wb") as stream:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (count, width)}
        np.lib.format.write_array_header_1_0(stream, header)
        for vectors in folder.read_pieces(pieces, "texture"):
            rows = vectors if exact else model.encode(vectors)
            stream.write(rows.astype(kind, copy=False).tobytes())


def _info(
    plan: Plan, descriptor: Descriptor, labels: Labels, table: Table, attribution: str, skipped: Mapping[str, int]
) -> IndexInfo:
    zooms, counts = np.unique(table[:, 0], return_counts=True)
    return IndexInfo(
        title=labels.title,
        imagery_uri=labels.imagery_uri or plan.imagery,
        attribution=labels.attribution or attribution,
        licence=labels.licence,
        model=plan.model,
        model_sha256=plan.model_sha256,
        model_settings=plan.model_settings,
        dimensions=descriptor.dimensions,
        zooms=plan.zooms,
        extent=plan.extent,
        counts={int(zoom): int(number) for zoom, number in zip(zooms, counts, strict=True)},
        block_size=BLOCK_SIZE,
        stride=plan.stride if isinstance(plan.stride, int) else dict(plan.stride),
        selection=plan.selection,
        kind=plan.kind,
        texture_zooms=plan.texture_zooms,
        texture_sha256=plan.texture_sha256,
        northern_limits=dict(plan.northern_limits),
        skipped=dict(skipped),
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
