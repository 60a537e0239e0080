"""An index in shards, opened: its shards are opened when a search reaches them, and closed again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.format import IndexInfo, check_files, read_info
from astroloc_qgis.engine.index.sharded.table import Shard, read_table
from astroloc_qgis.engine.index.store import Index, check_descriptor, create_descriptor
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.weights.checksum import file_sha256

HASHED = 1 << 20
"""Bytes of the largest file of a shard that is hashed whenever it is opened; of larger ones the size is checked."""
MOST_OPEN = 256
"""Shards that are open at the same time."""
MOST_RESIDENT = 256 << 20
"""Bytes of the shards' files that may be in memory."""


class ShardedIndex:
    """An open index in shards. Searching is safe from several threads.

    Attributes:
        folder: folder of the index.
        info: content of ``index.json``.
        shards: the table.
    """

    def __init__(self, folder: Path, info: IndexInfo, shards: list[Shard]) -> None:
        self.folder, self.info, self.shards = folder, info, shards
        self._open: OrderedDict[int, Index] = OrderedDict()
        self._resident: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path | str, *, thorough: bool = False) -> ShardedIndex:
        """Open an index in shards.

        Args:
            folder: of the index.
            thorough: open each shard too, and check the sha256 of all its files.

        Raises:
            InputError: it is missing, not in shards, of another format version, damaged, or of a model that is not
                installed.
        """
        folder = Path(folder)
        info = read_info(folder)
        if info.format_version != index_format.SHARDED_VERSION:
            raise InputError(f"The index {folder} is not in shards: divide it first ('index shard').")
        descriptors.check_model(f"The index {folder}", info.model, info.model_sha256, "make it again")
        check_files(folder, info)
        index = cls(folder, info, read_table(folder, info))
        missing = next((shard.name for shard in index.shards if not (folder / shard.name).is_dir()), None)
        if missing is not None:
            raise InputError(f"The index {folder} is damaged: its shard {missing} is missing; make it again.")
        if thorough:
            for number in range(len(index.shards)):
                index.open_shard(number, thorough=True)
        return index

    def __len__(self) -> int:
        return self.info.count

    def shard(self, number: int) -> Index:
        """The shard of a number, opened; it stays open until many others were.

        Raises:
            InputError: it is missing, damaged, or not the one that the table says.
        """
        with self._lock:
            if number in self._open:
                self._open.move_to_end(number)
                return self._open[number]
        opened = self.open_shard(number)
        with self._lock:
            self._open[number] = opened
            while len(self._open) > MOST_OPEN:
                oldest, _ = self._open.popitem(last=False)
                self._resident.pop(oldest, None)
        return opened

    def searched(self, number: int) -> None:
        """Tell that a shard was searched, so that the pages of those searched longest ago leave the memory."""
        with self._lock:
            if number not in self._open:
                return
            files = self._open[number].info.files
            self._resident[number] = sum(
                files[name]["bytes"] for name in (index_format.VECTORS, index_format.COARSE) if name in files
            )
            self._resident.move_to_end(number)
            while sum(self._resident.values()) > MOST_RESIDENT and len(self._resident) > 1:
                oldest, _ = self._resident.popitem(last=False)
                if oldest in self._open and not self._open[oldest].forget_pages():
                    del self._open[oldest]  # no way to tell this system: it is opened again when it is needed

    def open_shard(self, number: int, *, thorough: bool = False) -> Index:
        """Open a shard and leave it to the caller (arguments as for ``open``, errors as for ``shard``)."""
        shard = self.shards[number]
        folder = self.folder / shard.name
        which = f"The index {self.folder} is damaged: its shard {shard.name}"
        if folder.is_symlink() or not (folder / index_format.INFO).is_file():
            raise InputError(f"{which} is missing; make it again.")
        if file_sha256(folder / index_format.INFO) != shard.sha256:
            raise InputError(f"{which} is not the one that was made with it; make it again.")
        opened = Index.open(folder, thorough=thorough, hashed_up_to=HASHED)
        table = opened.blocks
        first, last = table.min(axis=0), table.max(axis=0)
        tiles = (int(first[1]), int(last[1]), int(first[2]), int(last[2]))
        same = opened.info.kind == self.info.kind and opened.info.dimensions == self.info.dimensions
        if (
            not same
            or len(opened) != shard.rows
            or tiles != shard.tiles
            or {int(first[0]), int(last[0])} != {shard.zoom}
        ):
            raise InputError(f"{which} does not hold what the table says; make it again.")
        return opened

    def each(self, *, thorough: bool = False, progress: Progress = no_progress) -> Iterator[Index]:
        """All shards in turn, opened and left to the caller; ``progress`` is told the stage "read"."""
        for number in range(len(self.shards)):
            progress("read", number / len(self.shards))
            yield self.open_shard(number, thorough=thorough)

    def common_counts(self) -> dict[int, int]:
        """By zoom, the number of blocks on ground that all zooms cover (``nadir_prior.size_penalty``)."""
        counts = dict.fromkeys(self.info.counts, 0)
        for shard in self.shards:
            counts[shard.zoom] += shard.common
        return counts

    def create_descriptor(self, device: str = "cpu") -> Descriptor:
        """Make the descriptor that this index was built with (errors as for ``Index.create_descriptor``)."""
        return create_descriptor(self.folder, self.info, device)

    def check_descriptor(self, descriptor: Descriptor) -> None:
        """Check that a descriptor's vectors can be compared with this index's (as ``Index.check_descriptor``)."""
        check_descriptor(self.folder, self.info, descriptor)
