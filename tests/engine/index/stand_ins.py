"""Quick stand-ins for the networks, and helpers of the index's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroloc_qgis.engine.descriptors import registry
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index

MODEL = "efficientnet-lite0-gem"


class Averages(Descriptor):
    """A quick stand-in for a network: 8 x 8 mean colours. Its weights are those of the model whose name it takes."""

    name = MODEL
    dimensions = 192
    image_size = 64

    @property
    def model_sha256(self) -> str:
        return registry.model_sha256(self.name)

    @property
    def settings(self) -> dict[str, str | int | float]:
        return {"image_size": self.image_size}

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        count, height, width, _ = images.shape
        cells = images[:, : height // 8 * 8, : width // 8 * 8].reshape(count, 8, height // 8, 8, width // 8, 3)
        means = cells.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)
        return means - means.mean(axis=1, keepdims=True)


class LearnedAverages(Averages):
    """The same with a vocabulary: the mean of what it was fitted on."""

    name = "xfeat-vlad"
    needs_vocabulary = True
    mean: np.ndarray | None = None

    def fit(self, images) -> None:
        self.mean = np.stack([super(LearnedAverages, self)._describe_same_size(i[None])[0] for i in images]).mean(0)

    def save_vocabulary(self, path: Path) -> None:
        with path.open("wb") as stream:
            np.savez(stream, mean=self.mean)

    def load_vocabulary(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self.mean = stored["mean"]

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        assert self.mean is not None
        return super()._describe_same_size(images) - self.mean


def create_stand_in(name: str, *, device: str = "cpu", vocabulary: Path | None = None) -> Descriptor:
    """Make a stand-in for a model, as ``registry.create`` makes the model."""
    made: Descriptor = LearnedAverages() if name == "xfeat-vlad" else Averages()
    if vocabulary is not None:
        made.load_vocabulary(vocabulary)
    return made


def stop_at(fraction: float):
    """Progress that cancels a build at a share of its blocks."""

    def progress(stage: str, done: float) -> None:
        if stage == "describe" and done >= fraction:
            raise Cancelled

    return progress


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of an index's files, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "index.json"}


def build_histogram_index(imagery: Path, out: Path, **changes) -> Index:
    """An index of a real descriptor that needs no weights."""
    settings = {"zooms": [11, 12], "extent": None, "model": "colour-histogram"} | changes
    return build_index(Reference.open(imagery), out=out, **settings)
