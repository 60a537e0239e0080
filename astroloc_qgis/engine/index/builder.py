"""Building an index: select its blocks, describe them shard by shard, augment and store their vectors, publish it.

Shards survive an interruption, so that the same call resumes the build.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.block_reader import group_in_sheets
from astroloc_qgis.engine.index.database_descriptors import describe_shards, read_valid
from astroloc_qgis.engine.index.database_side_augmentation import with_database_side_augmentation
from astroloc_qgis.engine.index.faiss_store import make_store, write_store
from astroloc_qgis.engine.index.format import IndexInfo, Labels
from astroloc_qgis.engine.index.plan import (
    BLOCK_SIZE,
    EXACT,
    NO_DATA,
    NO_DETAIL,
    Plan,
    already_built,
    check_kind,
    imagery_file,
    make_plan,
    select_blocks,
)
from astroloc_qgis.engine.index.shards import ShardFolder
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, Repeatable, asking, no_progress
from astroloc_qgis.engine.tiles import Block, Extent

log = logging.getLogger(__name__)

SHARD_BLOCKS = 64
"""Blocks in a shard: a few seconds of work."""
_VOCABULARY_BLOCKS = 256
"""Blocks that a vocabulary is learned from."""
_SEED = 20


def build_index(
    reference: Reference,
    zooms: Sequence[int],
    extent: Extent | None,
    model: str,
    out: Path,
    *,
    progress: Progress = no_progress,
    device: str = "cpu",
    stride: int | Mapping[int, int] = 2,
    title: str = "",
    kind: str = EXACT,
    land_only: bool = False,
    blocks: Table | None = None,
    labels: Labels | None = None,
    workers: int = 1,
    texture_zooms: Sequence[int] = (),
    northern_limits: Mapping[int, float] = MappingProxyType({}),
) -> Index:
    """Describe every block of the imagery and write the index.

    Blocks that are less than half covered by valid pixels are left out, and blocks whose zoom is so much finer than the
    imagery (four times the model's input resolution) that they would be blurred; coarse blocks are kept if they are
    covered. The index appears in one step; an interrupted build leaves ``<out>.partial`` and is resumed by the same
    call. If ``out`` already is the index of these settings, it is opened.

    Args:
        reference: imagery, in any CRS; a mosaic (VRT) may have holes and sources of several resolutions.
        zooms: web-map zooms of the blocks.
        extent: west, south, east, north in degrees (west > east: across the antimeridian); None for all of it.
        model: name of a descriptor.
        out: folder to make.
        progress: told the stages "read" and "describe"; may raise ``Cancelled``.
        device: for torch.
        stride: tiles from one block to the next, at all zooms or by zoom; 2 lets neighbours overlap by half.
        title: shown to users; the imagery's name if empty.
        kind: kind of the vector store: "Flat" (exact), "SQfp16" or "SQ8" (half or a quarter of the size), "IVF256,Flat"
            (faster beyond a million blocks), "PQ64np" (product-quantised to 64 bytes a block, after Jégou et al., TPAMI
            2011), "PQ128x7np" (to 128 parts of 7 bits), "OPQ64,PQ64np" (with a learned rotation before, Ge et al., CVPR
            2013) or "PCA64,PQ64np" (of their first 64 principal axes).
        land_only: leave out blocks far from land (``land_mask``).
        blocks: (N, 3) zoom, row, column of the blocks to describe, in place of those of zooms and extent.
        labels: texts of the index about itself; its title takes precedence over ``title``.
        workers: processes that describe in parallel, on the CPU; 1: this process does it, on ``device``.
        texture_zooms: zooms of the blocks that get texture codes (``texture_codes``), or exact texture vectors with
            kind "Flat", for photos of ground with texture; the next coarser and finer zooms share them.
        northern_limits: latitude in degrees by zoom, for zooms that end south of the extent's northern side.

    Raises:
        InputError: ``out`` holds another index, or an unfinished one with other settings; unknown model; no block has
            data; the folder cannot be written.
        Cancelled: by ``progress``.
    """
    check_kind(kind)
    if not zooms:
        raise InputError("An index needs at least one zoom.")
    out = Path(out).absolute()
    ShardFolder(out).check()
    descriptor = descriptors.create(model, device=device)
    plan = make_plan(
        reference,
        descriptor,
        zooms=zooms,
        extent=extent,
        stride=stride,
        kind=kind,
        land_only=land_only,
        blocks=blocks,
        texture_zooms=texture_zooms,
        northern_limits=northern_limits,
    )
    path = imagery_file(reference)
    labels = labels or Labels(title or (path.stem if path else model))
    if already_built(out, plan, labels.imagery_uri or plan.imagery):
        return Index.open(out)
    told = Repeatable(progress)
    with asking(told.repeat):
        IndexBuilder(
            reference, plan, descriptor, out, labels=labels, blocks=blocks, progress=told, workers=workers
        ).run()
    index = Index.open(out)
    log.info("index %s: %d blocks, left out: %s", out, index.info.count, index.info.skipped)
    return index


class IndexBuilder:
    """One build of one index; ``run`` may be interrupted at any time and is resumed by another builder.

    Args:
        reference: the imagery.
        plan: settings of the index.
        descriptor: of ``plan.model``.
        out: folder of the index; shards are kept in ``<out>.partial`` beside it.
        labels: texts of the index about itself.
        blocks: (N, 3) the blocks to describe, where they are given.
        progress: told the share of blocks done; may raise ``Cancelled``.
        workers: processes that read and describe in parallel, on the CPU, each on one core; 1: this process does it.
    """

    def __init__(
        self,
        reference: Reference,
        plan: Plan,
        descriptor: Descriptor,
        out: Path,
        *,
        labels: Labels,
        blocks: Table | None,
        progress: Progress,
        workers: int = 1,
    ) -> None:
        self._reference, self._plan, self._descriptor = reference, plan, descriptor
        self._folder = ShardFolder(out)
        self._labels, self._given = labels, blocks
        self._progress, self._workers = progress, workers
        self._first: Block | None = None

    def run(self) -> None:
        """Build the index, resuming an interrupted build of the same plan.

        Raises:
            InputError: shards of another plan are there, nothing to index, or the folder cannot be written.
            Cancelled: by ``progress``; the complete shards stay in ``<out>.partial``.
        """
        self._progress("read", 0.0)
        folder = self._folder
        try:
            resumed = folder.can_resume(self._plan)
            blocks = self._select_blocks()
            if not resumed:
                folder.create(self._plan)
            self._learn_vocabulary(blocks)
            shards = group_in_sheets(blocks, self._plan.strides, SHARD_BLOCKS)
            describe_shards(
                shards,
                self._reference,
                self._descriptor,
                self._plan,
                folder,
                workers=self._workers,
                progress=self._progress,
            )
            self._assemble(len(shards))
            folder.publish()
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"The index cannot be written to {folder.out}: {reason}.", details=str(error)) from error

    def _select_blocks(self) -> list[Block]:
        blocks, self._skipped = select_blocks(
            self._plan, self._reference, self._given, self._descriptor.image_size, self._progress
        )
        if not blocks:
            if self._skipped[NO_DETAIL]:
                raise InputError(
                    f"The imagery {self._reference.uri} is too coarse for zooms "
                    f"{', '.join(map(str, self._plan.zooms))}: choose lower zooms."
                )
            raise self._nothing_to_index()
        self._first = blocks[0]
        return blocks

    def _learn_vocabulary(self, blocks: list[Block]) -> None:
        if not self._descriptor.needs_vocabulary:
            return
        path = self._folder.path / index_format.VOCABULARY
        if path.is_file():
            self._descriptor.load_vocabulary(path)
            return
        order = np.random.default_rng(_SEED).permutation(len(blocks))[:_VOCABULARY_BLOCKS]
        images = []
        for number, place in enumerate(sorted(order)):
            self._progress("read", number / len(order))
            images += [image for _, image in read_valid(self._reference, [blocks[place]], self._descriptor.image_size)]
        if not images:
            raise self._nothing_to_index()
        self._descriptor.fit(images)
        temporary = path.with_suffix(".tmp")
        self._descriptor.save_vocabulary(temporary)
        temporary.replace(path)

    def _assemble(self, shards: int) -> None:
        """Write the index's files from its shards."""
        folder, plan = self._folder, self._plan
        table = np.concatenate(list(folder.read_shards(shards, "blocks")))
        if len(table) == 0:
            raise self._nothing_to_index()
        self._skipped[NO_DATA] += sum(map(int, folder.read_shards(shards, "left_out")))
        vectors: np.ndarray | None = None
        if weight := self._descriptor.augmentation_weight:
            alone = np.concatenate(list(folder.read_shards(shards, "vectors")))
            vectors = with_database_side_augmentation(alone, table, BLOCK_SIZE, weight)

        def read_vectors() -> Iterator[np.ndarray]:
            return folder.read_shards(shards, "vectors") if vectors is None else iter((vectors,))

        store = make_store(
            plan.kind, self._descriptor.dimensions, len(table), read_vectors, lambda: self._progress("describe", 1.0)
        )
        index_format.pack_blocks(table, folder.path / index_format.BLOCKS)
        if plan.texture_zooms:
            np.save(folder.path / index_format.TEXTURE, self._textures(shards), allow_pickle=False)
        try:
            write_store(store, folder.path / index_format.VECTORS)
        except RuntimeError as error:  # faiss raises it when the disk is full
            raise InputError(f"The index cannot be written to {folder.out}: is the disk full?", str(error)) from error
        index_format.write_info(folder.path, self._info(table))

    def _textures(self, shards: int) -> np.ndarray:
        """(M, K) vectors if those of the model are exact too, else their codes (M, bytes)."""
        model, exact = TextureModel(), self._plan.kind == EXACT
        parts = self._folder.read_shards(shards, "texture")
        return np.concatenate([vectors if exact else model.encode(vectors) for vectors in parts])

    def _info(self, table: Table) -> IndexInfo:
        plan, labels = self._plan, self._labels
        zooms, counts = np.unique(table[:, 0], return_counts=True)
        return IndexInfo(
            title=labels.title,
            imagery_uri=labels.imagery_uri or plan.imagery,
            attribution=labels.attribution or self._reference.attribution,
            licence=labels.licence,
            model=plan.model,
            model_sha256=plan.model_sha256,
            model_settings=plan.model_settings,
            dimensions=self._descriptor.dimensions,
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
            skipped=dict(self._skipped),
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )

    def _nothing_to_index(self) -> InputError:
        west, south, east, north = self._plan.extent
        self._folder.remove()
        if self._first is not None:
            self._reference.check_answers(block_window(self._first, self._descriptor.image_size))
        return InputError(
            f"The imagery {self._reference.uri} has no block of zooms {', '.join(map(str, self._plan.zooms))} that is "
            f"at least half covered in the extent {west:g},{south:g},{east:g},{north:g}: choose another extent or "
            "higher zooms."
        )
