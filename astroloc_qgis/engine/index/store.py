"""An index of reference imagery: opened memory-mapped, and searched by descriptor."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.block_table import Table, centers_lonlat
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.faiss_store import forget_pages, open_store, score_store, search_store
from astroloc_qgis.engine.index.format import (
    BLOCKS,
    COARSE,
    HASHED_ALWAYS,
    SHARDED_VERSION,
    VECTORS,
    VOCABULARY,
    IndexInfo,
    check_files,
    read_info,
    unpack_blocks,
)
from astroloc_qgis.engine.index.sharded.coarse import open_codes
from astroloc_qgis.engine.index.texture_codes import TextureCodes, open_texture_codes
from astroloc_qgis.engine.tiles import Block


class Index:
    """An open index. Searching is safe from several threads.

    Attributes:
        folder: folder of the index.
        info: content of ``index.json``.
        blocks: (N, 3) int32: zoom, row, column of each vector's block.
        texture: its texture codes; None without any.
        store: its vectors (``faiss_store``).
    """

    def __init__(
        self, folder: Path, info: IndexInfo, blocks: Table, store: Any, texture: TextureCodes | None = None
    ) -> None:
        self.folder = folder
        self.info = info
        self.blocks = blocks
        self.texture = texture
        self.store = store

    @classmethod
    def open(cls, folder: Path | str, *, thorough: bool = False, hashed_up_to: int = HASHED_ALWAYS) -> Index:
        """Open an index in one piece; its vectors stay on disk (memory-mapped).

        Args:
            folder: of an index.
            thorough: check the sha256 of large files too.
            hashed_up_to: bytes of the largest file whose sha256 is checked otherwise.

        Raises:
            InputError: the index is missing, of another format version, damaged, or of a model that is not installed.
        """
        folder = Path(folder)
        info = read_info(folder)
        if info.format_version == SHARDED_VERSION:
            raise InputError(
                f"The index {folder} is in shards, which this needs in one piece: join them ('index merge')."
            )
        descriptors.check_model(f"The index {folder}", info.model, info.model_sha256, "build it again")
        check_files(folder, info, thorough=thorough, hashed_up_to=hashed_up_to)
        try:
            store = open_store(folder / VECTORS)
            blocks = unpack_blocks(folder / BLOCKS, store.ntotal)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"The index {folder} is damaged and cannot be read: build it again.", str(error)
            ) from error
        if store.ntotal != info.count:
            raise InputError(
                f"The index {folder} is damaged: it holds {store.ntotal} vectors and should have {info.count}; "
                "build it again."
            )
        if store.d != info.dimensions:
            raise InputError(
                f"The index {folder} is damaged: its vectors have {store.d} dimensions instead of {info.dimensions}; "
                "build it again."
            )
        return cls(folder, info, blocks, store, open_texture_codes(folder, info, blocks))

    def __len__(self) -> int:
        return len(self.blocks)

    def block(self, number: int) -> Block:
        """The block of vector ``number``."""
        zoom, row, column = (int(value) for value in self.blocks[number])
        return Block(zoom, row, column, self.info.block_size)

    @cached_property
    def centers_lonlat(self) -> np.ndarray:
        """(N, 2) lon,lat of the blocks' centres, degrees."""
        return centers_lonlat(self.blocks, self.info.block_size)

    def texture_bonus(self, photo: np.ndarray) -> np.ndarray | None:
        """(N,) score bonus of similar texture for a photo (h, w, 3 uint8 RGB); None without texture codes."""
        return None if self.texture is None else self.texture.bonus(photo)

    def vectors(self, numbers: np.ndarray) -> np.ndarray:
        """(n, D) float32, the vectors of some blocks as the store keeps them."""
        return np.asarray(self.store.reconstruct_batch(np.ascontiguousarray(numbers, dtype=np.int64)))

    def create_descriptor(self, device: str = "cpu") -> Descriptor:
        """Make the descriptor that this index was built with, and load its vocabulary.

        Raises:
            InputError: its settings have changed since the index was built.
        """
        return create_descriptor(self.folder, self.info, device)

    def check_descriptor(self, descriptor: Descriptor) -> None:
        """Check that a descriptor's vectors can be compared with this index's.

        Raises:
            InputError: it is of another model, or of the same one with other settings.
        """
        check_descriptor(self.folder, self.info, descriptor)

    def search(self, queries: np.ndarray, top: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the most similar blocks.

        Args:
            queries: (Q, D) float32, L2-normalised.
            top: number of blocks; the result has fewer if fewer are allowed.
            allowed: (N,) bool, the blocks that may be found; None for all.

        Returns:
            Cosine similarities (Q, T), falling, and numbers of blocks (Q, T); T <= top. An approximate kind of index
            may fill a row's end with number -1.
        """
        queries = self._checked(queries)
        top = min(top, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if top == 0:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        return search_store(self.store, self.info.kind, queries, top, allowed)

    def score(self, queries: np.ndarray, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray] | None:
        """Compare queries with every block that is allowed (arguments as for ``search``).

        Returns:
            Cosine similarities (Q, n) and numbers of blocks (n,), rising; None for an inverted file.
        """
        if self.info.kind.startswith("IVF"):
            return None
        return score_store(self.store, self._checked(queries), allowed)

    @cached_property
    def coarse(self) -> Any:
        """Its coarse codes (``sharded.coarse``), read into memory; None without any.

        Raises:
            InputError: they are damaged.
        """
        if COARSE not in self.info.files:
            return None
        try:
            return open_codes(self.folder / COARSE, len(self))
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"The index {self.folder} is damaged: {COARSE} cannot be read; make it again.", str(error)
            ) from error

    def forget_pages(self) -> bool:
        """Let the pages of its vectors leave the memory, and drop the coarse codes; False where nothing does that."""
        self.__dict__.pop("coarse", None)
        return forget_pages(self.store)

    def _checked(self, queries: np.ndarray) -> np.ndarray:
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.info.dimensions:
            raise ValueError(f"queries of shape {queries.shape} for an index of {self.info.dimensions} dimensions")
        return queries


def create_descriptor(folder: Path, info: IndexInfo, device: str) -> Descriptor:
    """Make the descriptor that an index was built with, and load its vocabulary.

    Raises:
        InputError: its settings have changed since the index was built.
    """
    path = folder / VOCABULARY
    descriptor = descriptors.create(info.model, device=device, vocabulary=path if VOCABULARY in info.files else None)
    check_descriptor(folder, info, descriptor)
    return descriptor


def check_descriptor(folder: Path, info: IndexInfo, descriptor: Descriptor) -> None:
    """Check that a descriptor's vectors can be compared with an index's.

    Raises:
        InputError: it is of another model, or of the same one with other settings.
    """
    if descriptor.name != info.model:
        raise InputError(
            f"The index {folder} was built with the model {info.model}: it cannot be searched with {descriptor.name}."
        )
    if descriptor.settings != info.model_settings:
        raise InputError(
            f"The index {folder} was built with other settings of {descriptor.name} ({_listed(info.model_settings)}) "
            f"than this AstroLoc's ({_listed(descriptor.settings)}): build it again."
        )


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(settings.items()))
