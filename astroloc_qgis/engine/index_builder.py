"""Building an index: every block of the imagery described once, in pieces that survive an interruption."""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.coverage import Coverage
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import Reference, block_window
from astroloc_qgis.engine.index_format import BLOCKS, INFO, VECTORS, VOCABULARY, IndexInfo, write_info
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.tiles import Block, Extent

log = logging.getLogger(__name__)

BLOCK_SIZE = 4
CHUNK = 64
"""Blocks described and saved at a time: a few seconds of work."""
LEAST_VALID = 0.5
"""A block with less than this share of valid pixels is left out."""
LEAST_DETAIL = 0.25
"""A block with fewer source pixels a side than this share of the model's input is left out: it would be blur."""
_VOCABULARY_BLOCKS = 256
_TRAINING_VECTORS = 65536
_SEED = 20
_PLAN = "plan.json"
_SKIPS = ("too little of it has data", "the imagery is too coarse for it")


@dataclass(frozen=True)
class Plan:
    """All that decides what comes out of a build; two builds may share their pieces only when it is the same."""

    imagery: str
    imagery_stamp: str
    zooms: tuple[int, ...]
    extent: Extent
    stride: int
    kind: str
    model: str
    model_sha256: str
    model_settings: dict[str, str | int | float]

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a stored plan is another one."""
        mine = json.loads(json.dumps(dataclasses.asdict(self)))
        return [key.replace("_", " ") for key in mine if mine[key] != other.get(key)]


class IndexBuilder:
    """One build of one index; ``run`` may be interrupted at any time and run again by another builder.

    Args:
        reference: the imagery.
        plan: what to build.
        descriptor: of ``plan.model``.
        out: the folder to make; work goes on in ``<out>.partial`` beside it.
        title: for people.
        licence: of the imagery.
        progress: is told the share of blocks done, and may cancel.
    """

    def __init__(
        self,
        reference: Reference,
        plan: Plan,
        descriptor: Descriptor,
        out: Path,
        *,
        title: str,
        licence: str,
        progress: Progress,
    ) -> None:
        self._reference = reference
        self._plan = plan
        self._descriptor = descriptor
        self._out = out
        self._work = out.with_name(out.name + ".partial")
        self._title = title
        self._licence = licence
        self._progress = progress

    def run(self) -> None:
        """Build the index, going on where an interrupted build of the same plan ended.

        Raises:
            InputError: another plan's work is in the way, nothing to index, or the folder cannot be written.
            Cancelled: by ``progress``; what is done stays in ``<out>.partial``.
        """
        self._progress("read", 0.0)
        try:
            unfinished = self._is_unfinished()
            coverage = Coverage(self._reference)
            blocks = coverage.blocks(self._plan.extent, self._plan.zooms, BLOCK_SIZE, self._plan.stride)
            blocks = self._worth_reading(coverage, blocks)
            if not unfinished:
                self._open_work_folder()
            self._learn_vocabulary(blocks)
            pieces = [blocks[start : start + CHUNK] for start in range(0, len(blocks), CHUNK)]
            for number, piece in enumerate(pieces):
                self._progress("describe", number / len(pieces))
                if not self._piece_path(number).is_file():
                    self._describe_piece(number, piece, len(pieces))
            self._assemble(len(pieces))
            self._publish()
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"The index cannot be written to {self._out}: {reason}.", details=str(error)) from error

    def _is_unfinished(self) -> bool:
        """Whether work on this very plan is there to go on with; refuses that of any other."""
        plan_path = self._work / _PLAN
        if not plan_path.is_file():
            return False
        try:
            stored = json.loads(plan_path.read_text(encoding="utf-8"))
        except ValueError:
            stored = {}
        different = self._plan.differences(stored)
        if different:
            raise InputError(
                f"The folder {self._work} holds an unfinished index with other settings ({', '.join(different)}): "
                "finish it with those, delete it, or build into another folder."
            )
        log.info("going on with the unfinished index in %s", self._work)
        return True

    def _open_work_folder(self) -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        for path in (self._work / VOCABULARY, *self._work.glob("piece-*.npz")):
            path.unlink(missing_ok=True)  # without a plan nobody knows whose they are
        _write_whole(self._work / _PLAN, json.dumps(dataclasses.asdict(self._plan), indent=2).encode())

    def _worth_reading(self, coverage: Coverage, blocks: list[Block]) -> list[Block]:
        """Leave out blocks without data or without detail, as far as the raster's structure tells."""
        skipped: Counter[str] = Counter()
        kept = []
        for number, block in enumerate(blocks):
            if number % 200 == 0:
                self._progress("read", number / len(blocks))
            look = coverage.look(block)
            if look.fraction < LEAST_VALID:
                skipped[_SKIPS[0]] += 1
            elif look.pixels < LEAST_DETAIL * self._descriptor.image_size:
                skipped[_SKIPS[1]] += 1
            else:
                kept.append(block)
        if not kept:
            if skipped[_SKIPS[1]]:
                raise InputError(
                    f"The imagery {self._reference.uri} is too coarse for zooms "
                    f"{', '.join(map(str, self._plan.zooms))}: choose lower zooms."
                )
            raise self._nothing_to_index()
        self._skipped = skipped
        return kept

    def _learn_vocabulary(self, blocks: list[Block]) -> None:
        if not self._descriptor.needs_vocabulary:
            return
        path = self._work / VOCABULARY
        if path.is_file():
            self._descriptor.load_vocabulary(path)
            return
        order = np.random.default_rng(_SEED).permutation(len(blocks))[:_VOCABULARY_BLOCKS]
        images = [image for _, image in self._read([blocks[place] for place in sorted(order)], "read", (0.0, 1.0))]
        if not images:
            raise self._nothing_to_index()
        self._descriptor.fit(images)
        temporary = path.with_suffix(".tmp")
        self._descriptor.save_vocabulary(temporary)
        temporary.replace(path)

    def _describe_piece(self, number: int, piece: list[Block], pieces: int) -> None:
        span = (number / pieces, (number + 1) / pieces)
        read = list(self._read(piece, "describe", span))
        vectors = self._descriptor.describe([image for _, image in read])
        table = np.array([(block.zoom, block.row, block.column) for block, _ in read], dtype=np.int32).reshape(-1, 3)
        temporary = self._piece_path(number).with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, vectors=vectors, blocks=table, left_out=np.array(len(piece) - len(read)))
        temporary.replace(self._piece_path(number))

    def _read(self, blocks: list[Block], stage: str, span: tuple[float, float]) -> Iterator[tuple[Block, np.ndarray]]:
        """Render blocks, leaving out those that are mostly invalid; invalid pixels take the mean of the valid ones."""
        for number, block in enumerate(blocks):
            self._progress(stage, span[0] + (span[1] - span[0]) * number / len(blocks))
            rendering = self._reference.read(block_window(block, self._descriptor.image_size))
            if rendering.mask.mean() < LEAST_VALID:
                continue
            pixels = rendering.pixels
            if not rendering.mask.all():
                pixels = pixels.copy()
                pixels[~rendering.mask] = pixels[rendering.mask].mean(axis=0).astype(np.uint8)
            yield block, pixels

    def _pieces(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        try:
            for number in range(count):
                with np.load(self._piece_path(number), allow_pickle=False) as stored:
                    yield stored["vectors"], stored["blocks"], int(stored["left_out"])
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"The unfinished index {self._work} is damaged: delete it and build again.", details=str(error)
            ) from error

    def _assemble(self, count: int) -> None:
        faiss: Any = importlib.import_module("faiss")  # its stubs do not know its Python layer
        tables = [blocks for _, blocks, _ in self._pieces(count)]
        table = np.concatenate(tables)
        if len(table) == 0:
            raise self._nothing_to_index()
        self._skipped[_SKIPS[0]] += sum(left_out for _, _, left_out in self._pieces(count))
        store = faiss.index_factory(self._descriptor.dimensions, self._plan.kind, faiss.METRIC_INNER_PRODUCT)
        if not store.is_trained:
            store.train(self._training_vectors(count, len(table)))
        for vectors, _, _ in self._pieces(count):
            if len(vectors):
                store.add(np.ascontiguousarray(vectors, dtype=np.float32))
            self._progress("describe", 1.0)
        np.save(self._work / BLOCKS, table, allow_pickle=False)
        try:
            faiss.write_index(store, str(self._work / VECTORS))
        except RuntimeError as error:  # what faiss says of a full disk
            raise InputError(f"The index cannot be written to {self._out}: is the disk full?", str(error)) from error
        plan = self._plan
        zooms, counts = np.unique(table[:, 0], return_counts=True)
        write_info(
            self._work,
            IndexInfo(
                title=self._title,
                imagery_uri=plan.imagery,
                attribution=self._reference.attribution,
                licence=self._licence,
                model=plan.model,
                model_sha256=plan.model_sha256,
                model_settings=plan.model_settings,
                dimensions=self._descriptor.dimensions,
                zooms=plan.zooms,
                extent=plan.extent,
                counts={int(zoom): int(number) for zoom, number in zip(zooms, counts, strict=True)},
                block_size=BLOCK_SIZE,
                stride=plan.stride,
                kind=plan.kind,
                skipped=dict(self._skipped),
                created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            ),
        )

    def _training_vectors(self, count: int, total: int) -> np.ndarray:
        share = min(1.0, _TRAINING_VECTORS / total)
        rng = np.random.default_rng(_SEED)
        kept = [vectors[rng.random(len(vectors)) < share] for vectors, _, _ in self._pieces(count)]
        return np.ascontiguousarray(np.concatenate(kept), dtype=np.float32)

    def _publish(self) -> None:
        """Turn the work folder into the index in one step, so that nobody ever sees half of one."""
        keep = {INFO, VECTORS, BLOCKS, VOCABULARY}
        scraps = self._out.with_name(self._out.name + ".scraps")
        shutil.rmtree(scraps, ignore_errors=True)
        scraps.mkdir()
        unneeded = [path for path in self._work.iterdir() if path.name not in keep]
        for path in sorted(unneeded, key=lambda path: path.name == _PLAN):  # the plan goes last: it guards the others
            path.replace(scraps / path.name)
        if self._out.is_dir():
            self._out.rmdir()  # an empty folder that was there before; fails, rightly, on any other
        self._work.rename(self._out)
        shutil.rmtree(scraps, ignore_errors=True)

    def _piece_path(self, number: int) -> Path:
        return self._work / f"piece-{number:06d}.npz"

    def _nothing_to_index(self) -> InputError:
        west, south, east, north = self._plan.extent
        shutil.rmtree(self._work, ignore_errors=True)
        return InputError(
            f"The imagery {self._reference.uri} has no block of zooms {', '.join(map(str, self._plan.zooms))} that is "
            f"at least half covered in the extent {west:g},{south:g},{east:g},{north:g}: choose another extent or "
            "higher zooms."
        )


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
