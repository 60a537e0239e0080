"""The folder format of an index, version 3: its description, and the check that its files are complete.

index.json          the description (``IndexInfo``), with size and sha256 of the other files
descriptors.faiss   one vector a block, memory-mapped when searched
blocks.npz          (N, 3) integers: zoom, row and column of each block's top-left tile, in the order of the vectors,
                    kept as the differences from row to row (``pack_blocks``)
vocabulary.npz      for models that have one
texture.npy         only with texture: (M, bytes) uint8, codes of the blocks of some zooms, in the same order; for the
                    kind "Flat" (M, K) float32, the exact texture vectors
coarse.faiss        only of shards, by choice: 32 bytes a block, for a first look at very many (``sharded.coarse``)

Version 4 is an index in shards: ``index.json`` and ``shards.json`` (``sharded.table``), and a folder of version 3 for
each shard. Version 2 knows one zoom with texture, named ``texture_zoom``, and no limits by zoom. It can be read.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.checksum import file_sha256

FORMAT_VERSION = 3
OLDEST_VERSION = 2
"""The oldest version that can be read."""
SHARDED_VERSION = 4
"""The version of an index in shards."""
INFO = "index.json"
VECTORS = "descriptors.faiss"
BLOCKS = "blocks.npz"
VOCABULARY = "vocabulary.npz"
TEXTURE = "texture.npy"
COARSE = "coarse.faiss"
SHARDS = "shards.json"
FILES = (INFO, VECTORS, BLOCKS, VOCABULARY, TEXTURE, COARSE, SHARDS)
"""All files that an index may have, beside the folders of shards."""

HASHED_ALWAYS = 64 << 20
"""Files up to this size (bytes) are hashed whenever an index is opened; of larger ones only the size is checked."""
_MALFORMED = (
    *(BadZipFile, zlib.error, struct.error, EOFError, KeyError, RuntimeError),
    *(TypeError, SyntaxError, TokenError),
)
"""Errors, besides ValueError, of zipfile and of numpy's header reader for a malformed file."""


@dataclass(frozen=True)
class Labels:
    """The texts of an index about itself and its imagery.

    Attributes:
        title: the title shown to users.
        licence: the licence of the imagery.
        imagery_uri: where users find the imagery; empty: where it was read.
        attribution: the credit for the imagery; empty: the credit that the imagery itself carries.
    """

    title: str = ""
    licence: str = ""
    imagery_uri: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class IndexInfo:
    """The content of ``index.json``.

    Attributes:
        title: the title shown to users.
        imagery_uri: the reference imagery, as GDAL opens it.
        attribution: the credit for the imagery.
        licence: the licence of the imagery.
        model: name of the descriptor.
        model_sha256: of the descriptor's weight file.
        model_settings: everything besidess the weights that shapes a vector.
        dimensions: length of a vector.
        zooms: web-map zooms of the plan.
        extent: west, south, east, north in degrees; west > east means across the antimeridian.
        counts: number of blocks by zoom.
        block_size: tiles a side of a block.
        stride: tiles from one block to the next; by zoom where zooms differ.
        kind: kind of the vector store (``plan.check_kind``).
        skipped: number of blocks left out, by reason.
        created: ISO 8601, UTC.
        selection: "" for all blocks with data, "land" for those on land and coast, else the sha256 of their table.
        texture_zooms: zooms of the blocks with codes in ``TEXTURE``; empty without texture codes.
        texture_sha256: of the texture model's file; empty without texture codes.
        northern_limits: by zoom, the latitude in degrees where the blocks of zooms end that end south of the extent.
        files: name to {"bytes", "sha256"} of the other files.
        format_version: version of the folder format.
    """

    title: str
    imagery_uri: str
    attribution: str
    licence: str
    model: str
    model_sha256: str
    model_settings: dict[str, str | int | float]
    dimensions: int
    zooms: tuple[int, ...]
    extent: tuple[float, float, float, float]
    counts: dict[int, int]
    block_size: int
    stride: int | Mapping[int, int]
    kind: str
    skipped: dict[str, int]
    created: str
    selection: str = ""
    texture_zooms: tuple[int, ...] = ()
    texture_sha256: str = ""
    northern_limits: Mapping[int, float] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def count(self) -> int:
        """Number of blocks."""
        return sum(self.counts.values())


def pack_blocks(table: Table, path: Path) -> None:
    """Write a table of blocks (N, 3) in about an eighth of a byte a block.

    The file holds the differences from row to row (of the first row from 0), as "steps" of an .npz, deflated, in the
    smallest integer type that fits: blocks are described in sheets, so the same few steps repeat.
    """
    steps = np.diff(table.astype(np.int64), axis=0, prepend=0)
    smallest = np.min_scalar_type(-1 - int(np.abs(steps).max(initial=0)))
    np.savez_compressed(path, steps=steps.astype(smallest))


def unpack_blocks(path: Path, count: int) -> Table:
    """Read the table of ``count`` blocks (count, 3) that ``pack_blocks`` wrote.

    The header is read first, and then at most ``count`` rows, so that a malicious file cannot inflate to more.

    Raises:
        ValueError: the file is not such a table, or not of that many blocks.
        OSError: it cannot be read.
    """
    try:
        with ZipFile(path) as archive, archive.open("steps.npy") as stream:
            if archive.getinfo("steps.npy").compress_type != ZIP_DEFLATED or np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError(f"{path.name} is not packed as an index's are")
            shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
            if shape != (count, 3) or by_column or dtype.kind != "i":
                raise ValueError(f"{path.name} holds {shape} of {dtype} instead of {count} blocks")
            steps = np.frombuffer(stream.read(count * 3 * dtype.itemsize), dtype).reshape(count, 3)
    except _MALFORMED as error:
        raise ValueError(f"{path.name} cannot be unpacked: {error}") from error
    return np.cumsum(steps, axis=0, dtype=np.int32)


def write_info(folder: Path, info: IndexInfo) -> None:
    """Write ``index.json`` for the files in a folder, with their sizes and hashes."""
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_sha256(folder / name)}
        for name in (VECTORS, BLOCKS, VOCABULARY, TEXTURE, COARSE, SHARDS)
        if (folder / name).is_file()
    }
    content = dataclasses.asdict(dataclasses.replace(info, files=files))
    content = {"format_version": content.pop("format_version"), **content}
    (folder / INFO).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_info(folder: Path) -> IndexInfo:
    """Read ``index.json``.

    Raises:
        InputError: no such folder, no index in it, another format version, or a description that cannot be read.
    """
    path = folder / INFO
    if folder.is_file():
        raise InputError(f"The index {folder} is a file: an index is a folder; choose it, or build one first.")
    if not folder.is_dir():
        raise InputError(f"The index folder {folder} does not exist: choose another, or build it first.")
    if not path.is_file():
        raise InputError(f"The folder {folder} is not an index: it has no {INFO}; choose another folder.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("format_version")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"The index {folder} is damaged: {INFO} cannot be read; build it again.", str(error)
        ) from error
    return info_of(content, version, f"The index {folder}")


def info_of(content: dict[str, Any], version: Any, which: str) -> IndexInfo:
    """The description of an index from what ``index.json`` holds.

    Args:
        content: without the version.
        version: of the folder format.
        which: the index, as the beginning of a sentence.

    Raises:
        InputError: another format version, or something is missing or malformed.
    """
    if version not in range(OLDEST_VERSION, SHARDED_VERSION + 1):
        newer = isinstance(version, int) and version > SHARDED_VERSION
        raise InputError(
            f"{which} has format version {version!r}, and this AstroLoc reads versions {OLDEST_VERSION} "
            f"to {SHARDED_VERSION}: {'update AstroLoc, or ' if newer else ''}build it again."
        )
    try:
        if version == 2:
            coded = content.pop("texture_zoom", None)
            content["texture_zooms"] = [] if coded is None else [coded]
        known = {part.name for part in dataclasses.fields(IndexInfo)}
        content = {key: value for key, value in content.items() if key in known}
        content["counts"] = {int(zoom): int(count) for zoom, count in content["counts"].items()}
        content["zooms"] = tuple(int(zoom) for zoom in content["zooms"])
        if isinstance(content["stride"], dict):
            content["stride"] = {int(zoom): int(stride) for zoom, stride in content["stride"].items()}
        content["texture_zooms"] = tuple(int(zoom) for zoom in content["texture_zooms"])
        content["northern_limits"] = {int(zoom): float(lat) for zoom, lat in content.get("northern_limits", {}).items()}
        west, south, east, north = (float(value) for value in content["extent"])
        content["extent"] = (west, south, east, north)
        known_as = SHARDED_VERSION if version == SHARDED_VERSION else FORMAT_VERSION  # an older one is read as today's
        return IndexInfo(**content, format_version=known_as)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"{which} is damaged: {INFO} lacks what an index needs; build it again.", str(error)
        ) from error


def check_files(folder: Path, info: IndexInfo, *, thorough: bool = False, hashed_up_to: int = HASHED_ALWAYS) -> None:
    """Compare the files of an index with their sizes and hashes in ``index.json``.

    Args:
        folder: the index.
        info: its description.
        thorough: hash files of any size.
        hashed_up_to: bytes of the largest file that is hashed otherwise.

    Raises:
        InputError: a file is missing or has changed since the index was built.
    """
    own = (VECTORS, BLOCKS, *([TEXTURE] if info.texture_zooms else []))
    for name in (SHARDS,) if info.format_version == SHARDED_VERSION else own:
        if name not in info.files:
            raise InputError(f"The index {folder} is damaged: {INFO} does not list {name}; build it again.")
    for name, expected in info.files.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"The index {folder} is damaged: the file {name} is missing; build it again.")
        size = path.stat().st_size
        if size != expected.get("bytes"):
            raise InputError(
                f"The index {folder} is damaged: {name} has {size} bytes instead of {expected.get('bytes')}; "
                "build it again."
            )
        if (thorough or size <= hashed_up_to) and file_sha256(path) != expected.get("sha256"):
            raise InputError(f"The index {folder} is damaged: the content of {name} has changed; build it again.")
