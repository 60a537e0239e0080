"""Database descriptors: reading the blocks of an index and describing them, shard by shard."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.device import limit_threads
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.block_reader import read_blocks
from astroloc_qgis.engine.index.format import VOCABULARY
from astroloc_qgis.engine.index.plan import LEAST_VALID, Plan
from astroloc_qgis.engine.index.shards import ShardFolder
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.tiles import Block


class ShardDescriber:
    """Describes blocks and writes them into shards.

    Args:
        reference: the imagery.
        descriptor: of the index's model, with its vocabulary if it needs one.
        folder: where the shards are written.
        texture_zooms: zooms of the blocks whose texture is described too.
    """

    def __init__(
        self, reference: Reference, descriptor: Descriptor, folder: ShardFolder, texture_zooms: Collection[int]
    ) -> None:
        self._reference, self._descriptor, self._folder = reference, descriptor, folder
        self._texture = TextureModel() if texture_zooms else None
        self._texture_zooms = texture_zooms

    def describe(self, number: int, shard: Sequence[Block], progress: Progress = no_progress) -> None:
        """Describe the blocks of one zoom as the shard ``number``; ``progress`` is told the share of blocks read."""
        read: list[tuple[Block, np.ndarray]] = []
        for block, image in read_valid(self._reference, shard, self._descriptor.image_size):
            progress("describe", len(read) / len(shard))
            read.append((block, image))
        vectors = self._descriptor.describe_blocks([image for _, image in read])
        blocks = [block for block, _ in read]
        arrays = {"vectors": vectors, "blocks": block_table(blocks), "left_out": np.array(len(shard) - len(read))}
        if self._texture is not None:
            arrays["texture"] = self._textures(self._texture, blocks)
        self._folder.write_shard(number, arrays)

    def _textures(self, model: TextureModel, blocks: list[Block]) -> np.ndarray:
        """(n, K) texture vectors of the blocks of ``texture_zooms``."""
        chosen = [block for block in blocks if block.zoom in self._texture_zooms]
        if not chosen:
            return np.empty((0, model.dimensions), dtype=np.float32)
        return model.describe([fill_in(*read) for read in read_blocks(self._reference, chosen, model.image_size)])


def describe_shards(
    shards: Sequence[Sequence[Block]],
    reference: Reference,
    descriptor: Descriptor,
    plan: Plan,
    folder: ShardFolder,
    *,
    workers: int = 1,
    progress: Progress = no_progress,
) -> None:
    """Describe the shards that are not there yet.

    Args:
        shards: blocks, each shard of one zoom.
        reference: the imagery.
        descriptor: of the plan's model, with its vocabulary if it needs one.
        plan: of the index.
        folder: where the shards are written.
        workers: processes that read and describe in parallel, on the CPU; 1: this process does it.
        progress: told the stage "describe" and the share of blocks described.
    """
    missing = {number: shard for number, shard in enumerate(shards) if not folder.has_shard(number)}
    total = sum(map(len, shards))
    done = total - sum(map(len, missing.values()))
    progress("describe", done / total)
    if workers > 1:
        described = _describe_in_processes(missing, plan, folder, workers)
    else:
        describer = ShardDescriber(reference, descriptor, folder, plan.texture_zooms)
        described = _describe_here(missing, describer, done, total, progress)
    for number in described:
        done += len(shards[number])
        progress("describe", done / total)


def read_valid(reference: Reference, blocks: Sequence[Block], pixels: int) -> Iterator[tuple[Block, np.ndarray]]:
    """Read blocks of one zoom, leaving out mostly invalid ones; invalid pixels take the mean of the valid ones."""
    for block, (picture, mask) in zip(blocks, read_blocks(reference, blocks, pixels), strict=True):
        if mask.mean() >= LEAST_VALID:
            yield block, fill_in(picture, mask)


def fill_in(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Set the invalid pixels of a picture (h, w, 3) to the mean of the valid ones, in place, and return it."""
    if mask.any() and not mask.all():
        picture[~mask] = picture[mask].mean(axis=0).astype(np.uint8)
    return picture


def _describe_here(
    shards: Mapping[int, Sequence[Block]], describer: ShardDescriber, done: int, total: int, progress: Progress
) -> Iterator[int]:
    for number, shard in shards.items():
        describer.describe(number, shard, part_of(progress, done / total, (done + len(shard)) / total))
        done += len(shard)
        yield number


def _describe_in_processes(
    shards: Mapping[int, Sequence[Block]], plan: Plan, folder: ShardFolder, workers: int
) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare_process, (plan, folder)) as pool:
        running = {pool.submit(_describe_in_process, number, shard): number for number, shard in shards.items()}
        try:
            for future in as_completed(running):
                future.result()
                yield running[future]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_describer: ShardDescriber | None = None
"""The describer of a worker process."""


def _prepare_process(plan: Plan, folder: ShardFolder) -> None:
    global _describer
    limit_threads(1)
    descriptor = descriptors.create(plan.model, device="cpu")
    if descriptor.needs_vocabulary:
        descriptor.load_vocabulary(folder.path / VOCABULARY)
    _describer = ShardDescriber(Reference.open(plan.imagery), descriptor, folder, plan.texture_zooms)


def _describe_in_process(number: int, shard: Sequence[Block]) -> None:
    if _describer is not None:
        _describer.describe(number, shard)
