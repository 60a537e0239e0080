"""Import of a published index: EarthLoc's database in four turns, as one of ours without the redundant three quarters.

The file is a faiss ``IndexFlatL2`` of 4 N rows for N tiles: all tiles upright, then all turned by 90, 180 and 270
degrees counter-clockwise. The tiles are in the order of their sorted paths, which a table names (``published_tiles``).
We turn the photo instead, so that the upright quarter finds the same.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import reduce
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table, bounds_3857
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.building.pieces import PieceFolder
from astroloc_qgis.engine.index.faiss_store import make_store, open_store, write_store
from astroloc_qgis.engine.index.format import BLOCKS, VECTORS, IndexInfo, pack_blocks, write_info
from astroloc_qgis.engine.index.plan import BLOCK_SIZE, EXACT, check_kind, digest_of
from astroloc_qgis.engine.index.published_tiles import TURNS, newest, read_table
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import HALF_WORLD_M, mercator_to_lonlat

OLDER = "there is a tile of a later year"
"""The reason for leaving a tile out."""
LENGTH_TOLERANCE = 0.02
"""By how much the length of a published vector may differ from 1: they were computed in half precision."""
_ROWS = 4096
"""Rows read at a time: 50 MB of 3,072 numbers each."""
_CLOUDLESS_URL = "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless-{year}_3857/default/g/${{z}}/${{y}}/${{x}}.jpg"
_CLOUDLESS = (
    '<GDAL_WMS><Service name="TMS"><ServerUrl>{url}</ServerUrl></Service>'
    f"<DataWindow><UpperLeftX>{-HALF_WORLD_M}</UpperLeftX><UpperLeftY>{HALF_WORLD_M}</UpperLeftY>"
    f"<LowerRightX>{HALF_WORLD_M}</LowerRightX><LowerRightY>{-HALF_WORLD_M}</LowerRightY><TileLevel>14</TileLevel>"
    "<TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>"
    "<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
    "<BandsCount>3</BandsCount><ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes><Timeout>30</Timeout><Cache/></GDAL_WMS>"
)


def import_index(
    vectors: Path,
    table: Path,
    out: Path,
    *,
    model: str,
    imagery: str = "",
    kind: str = EXACT,
    title: str = "",
    progress: Progress = no_progress,
) -> Index:
    """Import a published index; it appears in one step, or not at all.

    Args:
        vectors: the faiss file, read memory-mapped, 4,096 rows at a time.
        table: CSV with the tiles' paths: one row a tile, or one a row of the index with its number in the column
            ``faiss_index``.
        out: folder to make.
        model: name of the descriptor that made the index; its weights must be on this machine.
        imagery: that the tiles show, as GDAL opens it; by default EOX's Sentinel-2 cloudless of the tiles' year.
        kind: of the vector store (see ``builder.build_index``); "Flat" is written as it is read, others are made in
            memory.
        title: shown to users.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: a file cannot be read or understood, the rows do not fit the tiles or the model, or the folder
            cannot be written.
    """
    check_kind(kind)
    out = Path(out).absolute()
    folder = PieceFolder(out)
    folder.check()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"The index cannot be written to {out}: there is something of that name; choose another folder."
        )
    descriptor = descriptors.create(model)
    store = _open(vectors, descriptor.dimensions, model)
    tiles = read_table(table, store.ntotal, vectors)
    kept = newest(tiles)
    blocks = tiles.blocks[kept]

    def read_vectors() -> Iterator[NDArray[np.float32]]:
        return _upright_rows(store, kept, vectors, progress)

    work = folder.path
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
        if kind == EXACT:
            _write_flat(work / VECTORS, store.d, len(kept), read_vectors())
        else:
            made = make_store(kind, store.d, len(kept), read_vectors, lambda: None)
            write_store(made, work / VECTORS)
        pack_blocks(blocks, work / BLOCKS)
        year = int(tiles.years[kept].max())
        info = IndexInfo(
            title=title or f"{vectors.stem} ({model})",
            imagery_uri=_imagery(imagery, year),
            attribution="" if imagery else _cloudless_credit(year),
            licence="" if imagery else "EOX: free for non-commercial use, with attribution",
            model=model,
            model_sha256=descriptor.model_sha256,
            model_settings=descriptor.settings,
            dimensions=store.d,
            kind=kind,
            skipped={OLDER: len(tiles.years) - len(kept)} if len(kept) < len(tiles.years) else {},
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            **_described(blocks),
        )
        write_info(work, info)
        folder.publish()
    except OSError as error:
        raise InputError(f"The index cannot be written to {out}: {error.strerror or error}.", str(error)) from error
    except RuntimeError as error:  # faiss raises it when the disk is full
        raise InputError(f"The index cannot be written to {out}: is the disk full?", str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Index.open(out)


def _open(path: Path, dimensions: int, model: str) -> Any:
    """The store of a published index, memory-mapped."""
    import faiss

    if not path.is_file():
        raise InputError(f"There is no file {path}: name the faiss file of a published index.")
    try:
        store = open_store(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"The file {path} is no whole faiss index: it is truncated or something else; expected is an IndexFlatL2.",
            str(error),
        ) from error
    if not isinstance(faiss.downcast_index(store), faiss.IndexFlat) or store.metric_type != faiss.METRIC_L2:
        raise InputError(f"The index {path} is a {type(store).__name__}, and an IndexFlatL2 is expected.")
    if store.d != dimensions:
        raise InputError(
            f"The index {path} has vectors of {store.d:,} numbers, and {model} gives {dimensions:,}: name the model "
            "that made it."
        )
    if store.ntotal == 0 or store.ntotal % TURNS:
        raise InputError(
            f"The index {path} has {store.ntotal:,} rows, which are not four turns of any number of tiles: expected "
            "are 4 rows a tile, all upright ones first."
        )
    return store


def _upright_rows(store: Any, kept: NDArray[np.int64], path: Path, progress: Progress) -> Iterator[NDArray[np.float32]]:
    """The kept rows in parts (n, D), normalised.

    Raises:
        InputError: a row is no unit vector.
    """
    for start in range(0, len(kept), _ROWS):
        progress("read", start / len(kept))
        rows = kept[start : start + _ROWS]
        part = np.asarray(store.reconstruct_batch(rows), dtype=np.float32)
        lengths = np.linalg.norm(part, axis=1)
        wrong = ~(np.abs(lengths - 1) <= LENGTH_TOLERANCE)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"Row {rows[at]:,} of the index {path} has the length {lengths[at]:.3g} instead of 1: it is damaged, "
                "or its vectors are no descriptors."
            )
        yield part / lengths[:, None]
    progress("read", 1.0)


def _write_flat(path: Path, dimensions: int, count: int, parts: Iterator[NDArray[np.float32]]) -> None:
    """Write an exact store part by part, so that it is never in memory as a whole.

    The file is that of an empty ``IndexFlatIP``, whose header holds the number of vectors (8 bytes at 8) and ends in
    the number of floats that follow (8 bytes).
    """
    import faiss

    header = bytearray(faiss.serialize_index(faiss.IndexFlatIP(dimensions)).tobytes())
    header[8:16] = struct.pack("<q", count)
    header[-8:] = struct.pack("<Q", count * dimensions)
    with path.open("wb") as stream:
        stream.write(header)
        for part in parts:
            stream.write(np.ascontiguousarray(part, dtype="<f4").data)
    written = open_store(path)
    if written.ntotal != count:
        raise RuntimeError(f"the store has {written.ntotal} vectors instead of {count}")


def _described(blocks: Table) -> Mapping[str, Any]:
    """Zooms, counts, strides, selection and extent of a table of blocks."""
    zooms, counts = np.unique(blocks[:, 0], return_counts=True)
    bounds = bounds_3857(blocks, BLOCK_SIZE)
    low, high = mercator_to_lonlat([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])
    across = high[0] > 180
    west, east = (-180.0, 180.0) if across else (float(low[0]), float(high[0]))
    return {
        "zooms": tuple(int(zoom) for zoom in zooms),
        "counts": {int(zoom): int(count) for zoom, count in zip(zooms, counts, strict=True)},
        "stride": {int(zoom): _stride(blocks[blocks[:, 0] == zoom]) for zoom in zooms},
        "block_size": BLOCK_SIZE,
        "selection": digest_of(blocks),
        "extent": (max(west, -180.0), float(low[1]), min(east, 180.0), float(high[1])),
    }


def _stride(blocks: Table) -> int:
    """Tiles from one block to the next: the greatest common divisor of all rows and columns."""
    return min(reduce(gcd, (int(value) for value in np.unique(blocks[:, 1:])), 0) or BLOCK_SIZE, BLOCK_SIZE)


def _imagery(imagery: str, year: int) -> str:
    if imagery:
        path = Path(imagery)
        return str(path.absolute()) if "<" not in imagery and path.is_file() else imagery
    return _CLOUDLESS.format(url=_CLOUDLESS_URL.format(year=year))


def _cloudless_credit(year: int) -> str:
    return (
        "EOxCloudless https://cloudless.eox.at by EOX IT Services GmbH (Contains modified Copernicus Sentinel data "
        f"{year})"
    )
