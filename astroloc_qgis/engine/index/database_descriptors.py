"""The pieces of an index under way: some blocks described, each piece in a file of its own that is whole or absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.device import limit_threads
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.block_reader import read_blocks
from astroloc_qgis.engine.index.format import VOCABULARY
from astroloc_qgis.engine.index.plan import LEAST_VALID
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Block


class PieceDescriber:
    """Describes pieces of an index, each into a file of its own that is whole or absent.

    Args:
        reference: the imagery.
        descriptor: of the index's model, with its vocabulary if it needs one.
        work: the folder of the unfinished index.
        texture_zoom: whose blocks' texture is described, too; None for none.
    """

    def __init__(self, reference: Reference, descriptor: Descriptor, work: Path, texture_zoom: int | None) -> None:
        self._reference, self._descriptor, self._work = reference, descriptor, work
        self._texture = None if texture_zoom is None else TextureModel()
        self._texture_zoom = texture_zoom

    def describe(self, number: int, piece: list[Block], progress: Progress = no_progress) -> None:
        """Read and describe the blocks of one zoom; ``progress`` hears "describe" and how many of them are read."""
        read: list[tuple[Block, np.ndarray]] = []
        for block, image in read_valid(self._reference, piece, self._descriptor.image_size):
            progress("describe", len(read) / len(piece))
            read.append((block, image))
        vectors = self._descriptor.describe([image for _, image in read])
        blocks = [block for block, _ in read]
        parts = {"vectors": vectors, "blocks": block_table(blocks), "left_out": np.array(len(piece) - len(read))}
        if self._texture is not None:
            parts["texture"] = self._vectors(self._texture, blocks)
        path = piece_path(self._work, number)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, **parts)
        temporary.replace(path)

    def _vectors(self, texture: TextureModel, blocks: list[Block]) -> np.ndarray:
        """(n, K) textures of those of the blocks that are to have any."""
        chosen = [block for block in blocks if block.zoom == self._texture_zoom]
        if not chosen:
            return np.empty((0, texture.dimensions), dtype=np.float32)
        pictures = [fill_in(*read) for read in read_blocks(self._reference, chosen, texture.image_size)]
        return texture.describe(pictures)


def read_valid(reference: Reference, blocks: list[Block], pixels: int) -> Iterator[tuple[Block, np.ndarray]]:
    """Read blocks of one zoom, leaving out mostly invalid ones; invalid pixels take the mean of the valid ones."""
    for block, (picture, mask) in zip(blocks, read_blocks(reference, blocks, pixels), strict=True):
        if mask.mean() >= LEAST_VALID:
            yield block, fill_in(picture, mask)


def fill_in(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) whose invalid pixels have taken the mean of the valid ones, in place."""
    if mask.any() and not mask.all():
        picture[~mask] = picture[mask].mean(axis=0).astype(np.uint8)
    return picture


def piece_path(work: Path, number: int) -> Path:
    """Where a piece of an unfinished index is kept."""
    return work / f"piece-{number:06d}.npz"


_describer: PieceDescriber | None = None
"""Of a process that describes beside others."""


def begin_describing(imagery: str, model: str, work: Path, texture_zoom: int | None) -> None:
    """Make a process ready for ``describe_piece``."""
    global _describer
    limit_threads(1)
    descriptor = descriptors.create(model, device="cpu")
    if descriptor.needs_vocabulary:
        descriptor.load_vocabulary(work / VOCABULARY)
    _describer = PieceDescriber(Reference.open(imagery), descriptor, work, texture_zoom)


def describe_piece(number: int, piece: list[Block]) -> None:
    """Describe a piece in such a process."""
    if _describer is not None:
        _describer.describe(number, piece)
