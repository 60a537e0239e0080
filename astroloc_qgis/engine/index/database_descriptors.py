"""Database descriptors: reading the blocks of an index and describing them, piece by piece."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from astroloc_qgis.engine.block_table import Table, block_table
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.block_reader import read_blocks
from astroloc_qgis.engine.index.plan import BLOCK_SIZE, LEAST_VALID
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Block


@dataclass(frozen=True)
class Pictures:
    """What was read of the blocks of a piece.

    Attributes:
        asked: how many blocks were asked for.
        blocks: those with enough data.
        images: (h, w, 3) of each, for the descriptor.
        textured: (h, w, 3) of those whose texture is described, too.
    """

    asked: int
    blocks: Sequence[Block]
    images: Sequence[np.ndarray]
    textured: Sequence[np.ndarray]

    @property
    def sha256(self) -> str:
        """Of all pixels: the same as long as the imagery shows the same there."""
        digest = hashlib.sha256()
        for images in (self.images, self.textured):
            for image in images:
                digest.update(image.tobytes())
        return digest.hexdigest()


@dataclass
class Spent:
    """Seconds that were spent, by what on.

    Attributes:
        read: reading and projecting imagery.
        describe: the model's.
        write: writing.
    """

    read: float = 0.0
    describe: float = 0.0
    write: float = 0.0

    def add(self, other: Mapping[str, float]) -> None:
        """Add what ``dataclasses.asdict`` of another has."""
        for name, seconds in other.items():
            setattr(self, name, getattr(self, name) + seconds)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Within it, time is counted as "read", "describe" or "write"."""
        started = time.perf_counter()
        try:
            yield
        finally:
            setattr(self, name, getattr(self, name) + time.perf_counter() - started)


@dataclass
class BlockDescriber:
    """Reads and describes the blocks of an index.

    Attributes:
        reference: the imagery.
        descriptor: of the index's model, with its vocabulary if it needs one.
        texture_zooms: zooms of the blocks whose texture is described too.
        spent: what the time went to so far.
    """

    reference: Reference
    descriptor: Descriptor
    texture_zooms: Collection[int]
    spent: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        self._texture = TextureModel() if self.texture_zooms else None

    def read(self, sheet: Table, progress: Progress = no_progress) -> Pictures:
        """Read the blocks of a sheet (n, 3), all of one zoom; ``progress`` is told the share that is read.

        Raises:
            InputError: the imagery cannot be read.
        """
        asked = [Block(int(zoom), int(row), int(column), BLOCK_SIZE) for zoom, row, column in sheet]
        blocks: list[Block] = []
        images, textured = [], []
        with self.spent.on("read"):
            for block, image in read_valid(self.reference, asked, self.descriptor.image_size):
                progress("describe", len(blocks) / len(asked))
                blocks.append(block)
                images.append(image)
            if self._texture is not None:
                chosen = [block for block in blocks if block.zoom in self.texture_zooms]
                read = read_blocks(self.reference, chosen, self._texture.image_size)
                textured = [fill_in(picture, mask) for picture, mask in read]
        return Pictures(len(asked), blocks, images, textured)

    def describe(self, read: Pictures) -> dict[str, np.ndarray]:
        """What a piece holds: "vectors", "blocks", the number "left_out", and "texture" where the index has it."""
        with self.spent.on("describe"):
            vectors = self.descriptor.describe_blocks(read.images)
            blocks = block_table(read.blocks)
            arrays = {"vectors": vectors, "blocks": blocks, "left_out": np.array(read.asked - len(blocks))}
            if self._texture is not None:
                empty = np.empty((0, self._texture.dimensions), dtype=np.float32)
                arrays["texture"] = self._texture.describe(read.textured) if read.textured else empty
        return arrays


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
