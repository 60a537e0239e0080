"""Building an index: select its blocks, describe them unit by unit, augment and store their vectors, publish it.

What units leave survives an interruption, so that the same call resumes the build.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.opening import limit_raster_cache
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.block_reader import Sheets
from astroloc_qgis.engine.index.building.assembly import assemble
from astroloc_qgis.engine.index.building.crew import BuildReport, Run, run_here, work_off
from astroloc_qgis.engine.index.building.describing import PieceWriter, Units, describing, task_of, unit_key
from astroloc_qgis.engine.index.building.kept_pieces import KeptPieces, piece_name, units_folder
from astroloc_qgis.engine.index.building.pieces import PieceFolder
from astroloc_qgis.engine.index.database_descriptors import BlockDescriber, read_valid
from astroloc_qgis.engine.index.format import Labels
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
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, Repeatable, asking, no_progress, part_of
from astroloc_qgis.engine.tiles import Block, Extent
from astroloc_qgis.engine.units.units import Done, Scheduler, Unit
from astroloc_qgis.engine.units.workers import LocalWorkers

log = logging.getLogger(__name__)

PIECE_BLOCKS = 64
"""Blocks in a unit: a few seconds of work."""
MOST_REPAIRS = 3
"""So often are pieces that turn out to be damaged described again."""
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
    scheduler: Scheduler | None = None,
    keep_units: bool = False,
    update: bool = False,
    report: BuildReport | None = None,
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
        scheduler: does the units in place of these processes, such as Dask's; those who work for it choose their device
            by ``device`` too, and see ``out`` and an imagery file under the same paths.
        keep_units: keep what units leave in ``<out>.units``, so that an update describes only what has changed.
        update: replace the index that is in ``out``, when the new one is complete.
        report: filled with what each process did.
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
    folder = PieceFolder(out)
    folder.check()
    folder.finish()
    limit_raster_cache()
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
    imagery_uri = labels.imagery_uri or plan.imagery
    if update:
        check_replaceable(out)
    elif already_built(out, plan, imagery_uri):
        return Index.open(out)
    told = Repeatable(progress)
    if scheduler is None and workers > 1:
        scheduler, device = LocalWorkers(workers, beat=told.repeat), "cpu"
    crew = _Crew(device, scheduler, report or BuildReport())
    with asking(told.repeat):
        IndexBuilder(
            reference,
            plan,
            descriptor,
            out,
            labels=labels,
            blocks=blocks,
            progress=told,
            crew=crew,
            keep_units=keep_units,
        ).run()
    index = Index.open(out)
    log.info("index %s: %d blocks, left out: %s", out, index.info.count, index.info.skipped)
    return index


@dataclass(frozen=True)
class _Crew:
    """Who describes the blocks.

    Attributes:
        device: for torch.
        scheduler: does the units; None: this process does.
        report: of what was done.
    """

    device: str
    scheduler: Scheduler | None
    report: BuildReport


class IndexBuilder:
    """One build of one index; ``run`` may be interrupted at any time and is resumed by another builder.

    Args:
        reference: the imagery.
        plan: settings of the index.
        descriptor: of ``plan.model``.
        out: folder of the index; what units leave is kept in ``<out>.partial`` beside it.
        labels: texts of the index about itself.
        blocks: (N, 3) the blocks to describe, where they are given.
        progress: told the share of blocks done; may raise ``Cancelled``.
        crew: who describes the blocks.
        keep_units: keep what units leave, for an update.
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
        crew: _Crew,
        keep_units: bool = False,
    ) -> None:
        self._reference, self._plan, self._descriptor = reference, plan, descriptor
        self._folder = PieceFolder(out)
        self._labels, self._given = labels, blocks
        self._progress, self._crew = progress, crew
        self._keep_in = units_folder(out) if keep_units else None
        self._kept = units_folder(out) if units_folder(out).is_dir() else None
        self._first: Block | None = None

    def run(self) -> None:
        """Build the index, resuming an interrupted build of the same plan.

        Raises:
            InputError: pieces of another plan are there, nothing to index, or the folder cannot be written.
            Cancelled: by ``progress``; the complete pieces stay in ``<out>.partial``.
        """
        self._progress("read", 0.0)
        folder = self._folder
        try:
            resumed = folder.can_resume(self._plan)
            sheets = Sheets.of(self._select_blocks(), self._plan.strides, PIECE_BLOCKS)
            if not resumed:
                folder.create(self._plan)
            self._learn_vocabulary(sheets.table)
            self._describe(sheets)
            self._assemble(sheets)
            plan = self._plan
            folder.publish(self._keep_in, lambda number: piece_name(unit_key(plan, task_of(number, sheets[number]))))
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"The index cannot be written to {folder.out}: {reason}.", details=str(error)) from error

    def _select_blocks(self) -> Table:
        blocks, self._skipped = select_blocks(
            self._plan, self._reference, self._given, self._descriptor.image_size, self._progress
        )
        if not len(blocks):
            if self._skipped[NO_DETAIL]:
                raise InputError(
                    f"The imagery {self._reference.uri} is too coarse for zooms "
                    f"{', '.join(map(str, self._plan.zooms))}: choose lower zooms."
                )
            raise self._nothing_to_index()
        self._first = _block(blocks[0])
        return blocks

    def _learn_vocabulary(self, blocks: Table) -> None:
        """Learn the vocabulary of a model that has one; an index that is updated keeps its own."""
        if not self._descriptor.needs_vocabulary:
            return
        path = self._folder.path / index_format.VOCABULARY
        before = self._folder.out / index_format.VOCABULARY
        if not path.is_file() and before.is_file():
            shutil.copyfile(before, path.with_suffix(".tmp"))
            path.with_suffix(".tmp").replace(path)
        if path.is_file():
            self._descriptor.load_vocabulary(path)
            return
        order = np.random.default_rng(_SEED).permutation(len(blocks))[:_VOCABULARY_BLOCKS]
        images = []
        for number, place in enumerate(sorted(order)):
            self._progress("read", number / len(order))
            alone = [_block(blocks[place])]
            images += [image for _, image in read_valid(self._reference, alone, self._descriptor.image_size)]
        if not images:
            raise self._nothing_to_index()
        self._descriptor.fit(images)
        temporary = path.with_suffix(".tmp")
        self._descriptor.save_vocabulary(temporary)
        temporary.replace(path)

    def _describe(self, sheets: Sheets) -> None:
        """Have the units done that are not done yet, and those again whose pieces turn out to be damaged."""
        total = len(sheets.table)
        missing = [number for number in range(len(sheets)) if not self._folder.has_piece(number)]
        for _ in range(MOST_REPAIRS + 1):
            self._done = total - sum(len(sheets[number]) for number in missing)
            self._progress("describe", self._done / total)

            def tell(done: Done, result: Mapping[str, Any]) -> None:
                self._done += result["blocks"]
                self._crew.report.add(done, result)
                self._progress("describe", self._done / total)

            if missing:
                started = time.perf_counter()
                work_off(self._runner(total), Units(sheets, missing, self._plan), tell)
                self._crew.report.describing_seconds += time.perf_counter() - started
            missing = self._folder.drop_damaged(len(sheets), lambda: self._progress("describe", self._done / total))
            if not missing:
                return
            log.warning("%d pieces of %s are damaged and described again", len(missing), self._folder.path)
        raise InputError(
            f"The unfinished index {self._folder.path} is damaged again and again: is its disk failing? Build into a "
            "folder on another disk."
        )

    def _runner(self, total: int) -> Run:
        """What does the units: the scheduler, or this process."""
        work = describing(self._plan, self._folder.out, self._reference, self._crew.device, self._kept)
        scheduler = self._crew.scheduler
        if scheduler is not None:
            return lambda units: scheduler.run(work, units)
        describer = BlockDescriber(self._reference, self._descriptor, self._plan.texture_zooms)
        kept = KeptPieces(self._kept, self._plan) if self._kept else None
        writer = PieceWriter(describer, self._folder, self._plan, kept)

        def do(unit: Unit) -> Mapping[str, Any]:
            end = self._done + len(unit.task["rows"])
            return writer.do(unit.task, part_of(self._progress, self._done / total, end / total))

        return run_here(do)

    def _assemble(self, sheets: Sheets) -> None:
        """Write the index's files from its pieces."""
        left_out = sum(map(int, self._folder.read_pieces(len(sheets), "left_out")))
        if left_out == len(sheets.table):
            raise self._nothing_to_index()
        self._skipped[NO_DATA] += left_out
        assemble(
            self._folder,
            len(sheets),
            self._plan,
            self._descriptor,
            self._labels,
            attribution=self._reference.attribution,
            skipped=self._skipped,
            progress=lambda: self._progress("describe", 1.0),
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


def check_replaceable(out: Path) -> None:
    """Check that nothing but an index goes when the folder ``out`` is replaced by another index.

    Raises:
        InputError: it has other files in it, or is a link.
    """
    others = [path.name for path in out.iterdir() if path.name not in index_format.FILES] if out.is_dir() else []
    if others or out.is_symlink():
        what = f"has other files in it, such as {others[0]}" if others else "is a link to another folder"
        raise InputError(f"The index {out} cannot be updated in place: the folder {what}.")


def _block(row: Sequence[int] | np.ndarray) -> Block:
    zoom, first, column = (int(value) for value in row)
    return Block(zoom, first, column, BLOCK_SIZE)
