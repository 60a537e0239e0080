"""Opening and checking an index on this computer, whether it is in one piece or in shards."""

from __future__ import annotations

from pathlib import Path

from astroloc_qgis.engine.index.check import check_content
from astroloc_qgis.engine.index.format import SHARDED_VERSION, read_info
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress, part_of

AnIndex = Index | ShardedIndex


def is_sharded(folder: Path | str) -> bool:
    """Whether an index is in shards.

    Raises:
        InputError: as ``format.read_info``.
    """
    return read_info(Path(folder)).format_version == SHARDED_VERSION


def open_local(folder: Path | str, *, thorough: bool = False) -> AnIndex:
    """Open an index (arguments and errors as for ``Index.open`` and ``ShardedIndex.open``)."""
    return ShardedIndex.open(folder, thorough=thorough) if is_sharded(folder) else Index.open(folder, thorough=thorough)


def check_index(folder: Path | str, progress: Progress = no_progress) -> AnIndex:
    """Open an index, compare all its files with their checksums, and check what they hold.

    Args:
        folder: of the index.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: it is damaged; the sentence says what.
        Cancelled: by ``progress``.
    """
    if not is_sharded(folder):
        index = Index.open(folder, thorough=True)
        check_content(index, progress)
        return index
    sharded = ShardedIndex.open(folder)
    for number in range(len(sharded.shards)):
        part = part_of(progress, number / len(sharded.shards), (number + 1) / len(sharded.shards))
        check_content(sharded.open_shard(number, thorough=True), part)
    return sharded
