"""Building an index: every block of the imagery described once, in pieces that survive an interruption."""

from __future__ import annotations

import importlib
import json
import logging
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.block_reader import group_in_sheets
from astroloc_qgis.engine.index.database_descriptors import (
    PieceDescriber,
    begin_describing,
    describe_piece,
    piece_path,
    read_valid,
)
from astroloc_qgis.engine.index.database_side_augmentation import with_database_side_augmentation
from astroloc_qgis.engine.index.format import (
    BLOCKS,
    INFO,
    TEXTURE,
    VECTORS,
    VOCABULARY,
    IndexInfo,
    pack_blocks,
    write_info,
)
from astroloc_qgis.engine.index.plan import (
    BLOCK_SIZE,
    EXACT,
    NO_DATA,
    NO_DETAIL,
    Plan,
    is_product_quantised,
    select_blocks,
)
from astroloc_qgis.engine.progress import Progress, part_of
from astroloc_qgis.engine.tiles import Block

log = logging.getLogger(__name__)

CHUNK = 64
"""Blocks described and saved at a time: a few seconds of work."""
_VOCABULARY_BLOCKS = 256
_TRAINING_VECTORS = 65536
"""Vectors that a store learns from: faiss takes 256 for each of a product quantiser's 256 centroids, and no more."""
_SEED = 20
_PLAN = "plan.json"


@dataclass(frozen=True)
class Labels:
    """What an index says of itself and of its imagery.

    Attributes:
        title: for people.
        licence: of the imagery.
        imagery_uri: where users find the imagery; empty: where it was read.
        attribution: whom to credit for it; empty: whom the imagery itself names.
    """

    title: str = ""
    licence: str = ""
    imagery_uri: str = ""
    attribution: str = ""


def principal_axes(vectors: np.ndarray, count: int) -> np.ndarray:
    """(N, D) -> (count, D) float32, orthonormal: the axes along which the vectors, not centred, are greatest."""
    moments = vectors.astype(np.float64).T @ vectors.astype(np.float64)
    return np.ascontiguousarray(np.linalg.eigh(moments)[1][:, ::-1][:, :count].T, dtype=np.float32)


class IndexBuilder:
    """One build of one index; ``run`` may be interrupted at any time and run again by another builder.

    Args:
        reference: the imagery.
        plan: what to build.
        descriptor: of ``plan.model``.
        out: the folder to make; work goes on in ``<out>.partial`` beside it.
        labels: what the index says of itself.
        blocks: (N, 3) the blocks to describe, where they are given.
        progress: is told the share of blocks done, and may cancel.
        workers: processes that read and describe side by side, on the CPU, each on one core; 1: this process does it.
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
        self._workers = workers
        self._reference = reference
        self._plan = plan
        self._descriptor = descriptor
        self._out = out
        self._work = out.with_name(out.name + ".partial")
        self._labels = labels
        self._given = blocks
        self._progress = progress
        self._together: np.ndarray | None = None

    def run(self) -> None:
        """Build the index, going on where an interrupted build of the same plan ended.

        Raises:
            InputError: another plan's work is in the way, nothing to index, or the folder cannot be written.
            Cancelled: by ``progress``; what is done stays in ``<out>.partial``.
        """
        self._progress("read", 0.0)
        try:
            unfinished = self._is_unfinished()
            blocks = self._blocks()
            if not unfinished:
                self._open_work_folder()
            self._learn_vocabulary(blocks)
            pieces = group_in_sheets(blocks, self._plan.strides, CHUNK)
            self._describe(pieces)
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
        _write_whole(self._work / _PLAN, self._plan.as_json().encode())

    def _blocks(self) -> list[Block]:
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
        return blocks

    def _learn_vocabulary(self, blocks: list[Block]) -> None:
        if not self._descriptor.needs_vocabulary:
            return
        path = self._work / VOCABULARY
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

    def _describe(self, pieces: list[list[Block]]) -> None:
        missing = [number for number in range(len(pieces)) if not piece_path(self._work, number).is_file()]
        done, total = sum(map(len, pieces)) - sum(len(pieces[number]) for number in missing), sum(map(len, pieces))
        self._progress("describe", done / total)
        if self._workers > 1:
            described = self._describe_beside({number: pieces[number] for number in missing})
        else:
            described = self._describe_here({number: pieces[number] for number in missing}, done, total)
        for number in described:
            done += len(pieces[number])
            self._progress("describe", done / total)

    def _describe_here(self, pieces: dict[int, list[Block]], done: int, total: int) -> Iterator[int]:
        describer = PieceDescriber(self._reference, self._descriptor, self._work, self._plan.texture_zoom)
        for number, piece in pieces.items():
            step = part_of(self._progress, done / total, (done + len(piece)) / total)
            describer.describe(number, piece, step)
            done += len(piece)
            yield number

    def _describe_beside(self, pieces: dict[int, list[Block]]) -> Iterator[int]:
        """In processes of their own, which read and describe side by side."""
        start = (self._plan.imagery, self._plan.model, self._work, self._plan.texture_zoom)
        with ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"), begin_describing, start) as pool:
            running = {pool.submit(describe_piece, number, piece): number for number, piece in pieces.items()}
            try:
                for future in as_completed(running):
                    future.result()
                    yield running[future]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _parts(self, count: int, *names: str) -> Iterator[tuple[np.ndarray, ...]]:
        """What each piece has under these names."""
        try:
            for number in range(count):
                with np.load(piece_path(self._work, number), allow_pickle=False) as stored:
                    yield tuple(stored[name] for name in names)
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"The unfinished index {self._work} is damaged: delete it and build again.", details=str(error)
            ) from error

    def _augment(self, count: int, table: Table) -> None:
        alone = np.concatenate([vectors for (vectors,) in self._parts(count, "vectors")])
        self._together = with_database_side_augmentation(alone, table, BLOCK_SIZE, self._descriptor.finer_weight)

    def _vectors(self, count: int) -> Iterator[np.ndarray]:
        """The vectors as they are kept, in the order of the pieces."""
        if self._together is not None:
            yield self._together
            return
        for (vectors,) in self._parts(count, "vectors"):
            yield vectors

    def _assemble(self, count: int) -> None:
        faiss: Any = importlib.import_module("faiss")  # its stubs do not know its Python layer
        table = np.concatenate([blocks for (blocks,) in self._parts(count, "blocks")])
        if len(table) == 0:
            raise self._nothing_to_index()
        self._skipped[NO_DATA] += sum(int(left_out) for (left_out,) in self._parts(count, "left_out"))
        if self._descriptor.finer_weight:
            self._augment(count, table)
        store = self._trained_store(faiss, count, len(table))
        for vectors in self._vectors(count):
            if len(vectors):
                store.add(np.ascontiguousarray(vectors, dtype=np.float32))
            self._progress("describe", 1.0)
        pack_blocks(table, self._work / BLOCKS)
        if self._plan.texture_zoom is not None:
            np.save(self._work / TEXTURE, self._textures(count), allow_pickle=False)
        try:
            faiss.write_index(store, str(self._work / VECTORS))
        except RuntimeError as error:  # what faiss says of a full disk
            raise InputError(f"The index cannot be written to {self._out}: is the disk full?", str(error)) from error
        plan = self._plan
        zooms, counts = np.unique(table[:, 0], return_counts=True)
        write_info(
            self._work,
            IndexInfo(
                title=self._labels.title,
                imagery_uri=self._labels.imagery_uri or plan.imagery,
                attribution=self._labels.attribution or self._reference.attribution,
                licence=self._labels.licence,
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
                texture_zoom=plan.texture_zoom,
                texture_sha256=plan.texture_sha256,
                skipped=dict(self._skipped),
                created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            ),
        )

    def _textures(self, count: int) -> np.ndarray:
        """(M, K) vectors where those of the model are exact, too, else their codes (M, bytes)."""
        model, exact = TextureModel(), self._plan.kind == EXACT
        parts = (vectors for (vectors,) in self._parts(count, "texture"))
        return np.concatenate([vectors if exact else model.encode(vectors) for vectors in parts])

    def _trained_store(self, faiss: Any, pieces: int, count: int) -> Any:
        """A store of the plan's kind, ready for vectors.

        "np" is faiss's word for not preparing a product quantiser for filtering by Hamming distance, which takes
        minutes. Principal axes are those of the vectors as they are: faiss's own would subtract their mean, and inner
        products would no longer be cosines.

        Raises:
            InputError: the kind does not suit the model or the number of blocks.
        """
        kind, dimensions, axes = self._plan.kind, self._descriptor.dimensions, 0
        if is_product_quantised(kind):
            if count < 256:
                raise InputError(f"A product-quantised index needs 256 blocks to learn from, not {count}: choose SQ8.")
            if kind.startswith("PCA"):
                before, kind = kind.split(",")
                axes = int(before.removeprefix("PCA"))
        if axes > dimensions:
            raise InputError(f"Vectors of {dimensions} dimensions have no {axes} axes: choose at most {dimensions}.")
        try:
            store = faiss.index_factory(axes or dimensions, kind, faiss.METRIC_INNER_PRODUCT)
        except RuntimeError as error:  # what faiss says of sizes that do not divide
            raise InputError(
                f"Vectors of {axes or dimensions} dimensions cannot be quantised as {self._plan.kind}: choose a "
                f"divisor of {axes or dimensions}.",
                str(error),
            ) from error
        if store.is_trained:
            return store
        self._progress("describe", 1.0)
        vectors = self._training_vectors(pieces, count)
        if not axes:
            store.train(vectors)
            return store
        principal = principal_axes(vectors, axes)
        store.train(np.ascontiguousarray(vectors @ principal.T))
        projection = faiss.LinearTransform(dimensions, axes, False)
        faiss.copy_array_to_vector(principal.ravel(), projection.A)
        projection.is_trained = True
        return faiss.IndexPreTransform(projection, store)

    def _training_vectors(self, count: int, total: int) -> np.ndarray:
        share = min(1.0, _TRAINING_VECTORS / total)
        rng = np.random.default_rng(_SEED)
        kept = [vectors[rng.random(len(vectors)) < share] for vectors in self._vectors(count)]
        return np.ascontiguousarray(np.concatenate(kept), dtype=np.float32)

    def _publish(self) -> None:
        """Turn the work folder into the index in one step, so that nobody ever sees half of one."""
        keep = {INFO, VECTORS, BLOCKS, VOCABULARY, TEXTURE}
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
