"""Merging indexes: the blocks of several, each once, in one new index."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.block_table import BlockLookup, Table
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import make_store, write_store
from astroloc_qgis.engine.index.format import IndexInfo
from astroloc_qgis.engine.index.plan import EXACT, check_kind, digest_of
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.joining import join_shards
from astroloc_qgis.engine.index.sharded.opening import is_sharded
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Extent
from astroloc_qgis.engine.writable import check_can_be_made

PART = 8192
"""Vectors in memory at a time."""
_MUST_AGREE = ("model", "model_sha256", "model_settings", "dimensions", "block_size")


def merge_indexes(
    folders: Sequence[Path],
    out: Path,
    *,
    kind: str = "",
    imagery: str = "",
    title: str = "",
    progress: Progress = no_progress,
) -> Index:
    """Merge indexes of one model into a new one.

    A block that several hold is taken from the first of them. The vectors are those that the indexes keep: of
    quantised ones they are decoded, and quantised again where the new index is quantised too. Texture is kept at the
    zooms at which all indexes that have blocks of that zoom have it, in the same form.

    Args:
        folders: at least two indexes, or one in shards, which is joined code by code.
        out: folder to make.
        kind: kind of the new vector store (``plan.check_kind``); empty for that of the first index.
        imagery: imagery that shows all the blocks; may be empty where the indexes are of the same imagery.
        title: of the new index; empty for the titles of all.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: an index cannot be opened, they do not belong together, or ``out`` exists or cannot be written.
        Cancelled: by ``progress``; nothing is left then.
    """
    in_shards = {folder: ShardedIndex.open(folder) for folder in map(Path, folders) if is_sharded(folder)}
    if len(folders) == 1 and in_shards:
        (only,) = in_shards.values()
        if kind in ("", only.info.kind):
            return join_shards(only.folder, out, imagery=imagery, title=title, progress=progress)
    elif len(folders) < 2:
        raise InputError("Merging needs at least two indexes, or one in shards.")
    indexes: list[Index] = []
    titles = []
    for folder in map(Path, folders):
        parts = in_shards[folder].each(thorough=True) if folder in in_shards else [Index.open(folder, thorough=True)]
        indexes += parts
        titles.append((in_shards[folder].info if folder in in_shards else indexes[-1].info).title or folder.name)
    title = title or " + ".join(titles)
    _check_belong_together(indexes, imagery)
    kind = kind or indexes[0].info.kind
    check_kind(kind)
    out = Path(out).absolute()
    if out.exists():
        raise InputError(f"There is already something at {out}: choose another folder for the merged index.")
    work = out.with_name(out.name + ".merging")
    try:
        check_can_be_made(work)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            _write(indexes, work, kind, imagery, title, progress)
            work.rename(out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except (OSError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"The merged index cannot be written to {out}: {reason}.", details=str(error)) from error
    return Index.open(out)


def _check_belong_together(indexes: Sequence[Index], imagery: str) -> None:
    first = indexes[0]
    for other in indexes[1:]:
        different = [name for name in _MUST_AGREE if getattr(first.info, name) != getattr(other.info, name)]
        if different:
            what = ", ".join(name.replace("_", " ") for name in different)
            raise InputError(
                f"The indexes {first.folder} and {other.folder} cannot be merged, as these differ: {what}; build one "
                "of them again with the other's model."
            )
        if index_format.VOCABULARY in first.info.files and (
            first.info.files[index_format.VOCABULARY] != other.info.files.get(index_format.VOCABULARY)
        ):
            raise InputError(
                f"The indexes {first.folder} and {other.folder} cannot be merged: the model {first.info.model} has "
                "learned another vocabulary for each."
            )
        if not imagery and first.info.imagery_uri != other.info.imagery_uri:
            raise InputError(
                f"The indexes {first.folder} and {other.folder} are of different imagery: name imagery that shows "
                "the blocks of both, for example a folder with the files of both, or a virtual raster (VRT) of them."
            )


def _write(indexes: Sequence[Index], work: Path, kind: str, imagery: str, title: str, progress: Progress) -> None:
    """Write the files of the merged index into a folder."""
    kept = _kept(indexes)
    table = np.concatenate([index.blocks[numbers] for index, numbers in zip(indexes, kept, strict=True)])
    total = len(table)

    def read_vectors() -> Iterator[np.ndarray]:
        done = 0
        for index, numbers in zip(indexes, kept, strict=True):
            for start in range(0, len(numbers), PART):
                part = numbers[start : start + PART]
                progress("read", done / total)
                yield index.vectors(part)
                done += len(part)

    store = make_store(kind, indexes[0].info.dimensions, total, read_vectors, lambda: None)
    index_format.pack_blocks(table, work / index_format.BLOCKS)
    zooms, texture = _texture(indexes, kept, kind)
    if zooms:
        np.save(work / index_format.TEXTURE, texture, allow_pickle=False)
    vocabulary = indexes[0].folder / index_format.VOCABULARY
    if index_format.VOCABULARY in indexes[0].info.files:
        shutil.copyfile(vocabulary, work / index_format.VOCABULARY)
    write_store(store, work / index_format.VECTORS)
    index_format.write_info(work, _info(indexes, table, kind, zooms, imagery, title))
    progress("read", 1.0)


def _kept(indexes: Sequence[Index]) -> list[np.ndarray]:
    """Of each index the numbers of the blocks that no earlier one holds."""
    kept = [np.arange(len(indexes[0]))]
    for place, index in enumerate(indexes[1:], start=1):
        new = np.ones(len(index), bool)
        for earlier in indexes[:place]:
            new &= BlockLookup(earlier.blocks).find(*index.blocks.T) < 0
        kept.append(np.flatnonzero(new))
    return kept


def _texture(indexes: Sequence[Index], kept: Sequence[np.ndarray], kind: str) -> tuple[tuple[int, ...], np.ndarray]:
    """The zooms at which texture is kept, and its rows in the order of the merged blocks.

    An exact index keeps texture vectors, any other their codes: of codes no vectors can be made.
    """
    rows = [_texture_rows(index) for index in indexes]
    usable = [row is not None and not (kind == EXACT and row.dtype == np.uint8) for row in rows]
    zooms = tuple(
        zoom
        for zoom in sorted({zoom for index in indexes for zoom in index.info.texture_zooms})
        if all(
            good and zoom in index.info.texture_zooms
            for index, good in zip(indexes, usable, strict=True)
            if zoom in index.info.counts
        )
    )
    parts = []
    for index, numbers, row in zip(indexes, kept, rows, strict=True):
        if row is None or not zooms:
            continue
        coded = np.flatnonzero(np.isin(index.blocks[:, 0], index.info.texture_zooms))
        wanted = np.isin(index.blocks[numbers, 0], zooms)
        part = row[np.searchsorted(coded, numbers[wanted])]
        parts.append(part if kind == EXACT or part.dtype == np.uint8 else TextureModel().encode(part))
    return zooms, np.concatenate(parts) if parts else np.empty((0, 0))


def _texture_rows(index: Index) -> np.ndarray | None:
    """(M, bytes) codes or (M, K) vectors of an index, mapped; None where it has none."""
    if not index.info.texture_zooms:
        return None
    return np.asarray(np.load(index.folder / index_format.TEXTURE, mmap_mode="r", allow_pickle=False))


def _info(
    indexes: Sequence[Index], table: Table, kind: str, texture_zooms: tuple[int, ...], imagery: str, title: str
) -> IndexInfo:
    first = indexes[0].info
    zooms, counts = np.unique(table[:, 0], return_counts=True)
    credits_, licences = (
        "; ".join(dict.fromkeys(text for index in indexes if (text := getattr(index.info, name))))
        for name in ("attribution", "licence")
    )
    skipped: dict[str, int] = {}
    for index in indexes:
        for reason, count in index.info.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + count
    selections = {index.info.selection for index in indexes}
    return dataclasses.replace(
        first,
        title=title or " + ".join(index.info.title or index.folder.name for index in indexes),
        imagery_uri=imagery or first.imagery_uri,
        attribution=credits_,
        licence=licences,
        zooms=tuple(map(int, zooms)),
        extent=_extent_of_all([index.info.extent for index in indexes]),
        counts={int(zoom): int(count) for zoom, count in zip(zooms, counts, strict=True)},
        stride=_strides(indexes, zooms),
        selection=selections.pop() if len(selections) == 1 else digest_of(table),
        kind=kind,
        texture_zooms=texture_zooms,
        texture_sha256=TextureModel().sha256 if texture_zooms else "",
        northern_limits=_northern_limits(indexes),
        skipped=skipped,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        format_version=index_format.FORMAT_VERSION,
    )


def _strides(indexes: Sequence[Index], zooms: np.ndarray) -> dict[int, int]:
    """Tiles from one block to the next by zoom: the largest of the indexes that have the zoom."""
    found: dict[int, int] = {}
    for index in indexes:
        stride = index.info.stride
        for zoom in set(index.info.counts) & set(map(int, zooms)):
            found[zoom] = max(found.get(zoom, 0), stride if isinstance(stride, int) else stride[zoom])
    return found


def _northern_limits(indexes: Sequence[Index]) -> dict[int, float]:
    """The limits that every index with blocks of that zoom has: the most northern one."""
    found: dict[int, float] = {}
    for zoom in {zoom for index in indexes for zoom in index.info.counts}:
        limits = [index.info.northern_limits.get(zoom) for index in indexes if zoom in index.info.counts]
        known = [limit for limit in limits if limit is not None]
        if len(known) == len(limits):
            found[zoom] = max(known)
    return found


def _extent_of_all(extents: Sequence[Extent]) -> Extent:
    """The smallest extent that holds all, degrees; west > east where it crosses the antimeridian."""
    south, north = min(extent[1] for extent in extents), max(extent[3] for extent in extents)
    spans = [(west, east if east > west else east + 360) for west, _, east, _ in extents]

    def span_from(start: float) -> float:
        """Degrees from a western edge to the last eastern one."""
        return max((west - start) % 360 + (east - west) for west, east in spans)

    west = min((span[0] for span in spans), key=span_from)
    width = span_from(west)
    if width >= 360:
        return (-180.0, south, 180.0, north)
    east = west + width
    return (west, south, east if east <= 180 else east - 360, north)
