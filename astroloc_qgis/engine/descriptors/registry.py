"""Global descriptors by name. A new one needs one new file here and one line in ``_MODELS``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.array_files import astroloc_lite_sha256
from astroloc_qgis.engine.weights.checksum import NO_WEIGHTS_SHA256
from astroloc_qgis.engine.weights.lookup import missing_weights, weights_present
from astroloc_qgis.engine.weights.models import own_descriptors
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import DESCRIPTORS
from astroloc_qgis.engine.weights.store import recorded_weights

if TYPE_CHECKING:
    from astroloc_qgis.engine.descriptors.base import Descriptor

DEFAULT = "astroloc-lite"
"""The model of an index where none is named, on the command line and in QGIS: the best."""

_MODELS: dict[str, tuple[str, str, str]] = {
    "astroloc-lite": ("astroloc_lite", "AstroLocLite", "shipped"),
    "earthloc": ("published.descriptor", "PublishedDescriptor", "published"),
    "earthloc2": ("published.descriptor", "PublishedDescriptor", "published"),
    "astroloc": ("published.descriptor", "PublishedDescriptor", "published"),
    "efficientnet-lite0-gem": ("baselines.efficientnet_lite0_gem", "EfficientNetLite0Gem", "efficientnet-lite0"),
    "xfeat-vlad": ("baselines.xfeat_vlad", "XFeatVlad", "xfeat"),
    "sift-vlad": ("baselines.sift_vlad", "SiftVlad", ""),
    "colour-histogram": ("baselines.colour_histogram", "ColourHistogram", ""),
}
"""Name: (module, class, weights). The weights are a key of ``packaged.WEIGHTS``, "shipped", "published" for those that
are fetched or given under the model's own name, or "" for none. A module is imported when its model is made: it may
import torch."""

_FOR_COMPARISON = ("sift-vlad", "colour-histogram")
"""Baselines that the benchmarks compare with."""


def names() -> list[str]:
    """The names of all descriptors, the default first, the user's own last; the weights of some may be missing."""
    return [*_MODELS, *_own()]


def ready(name: str) -> bool:
    """Whether the weights of a descriptor are on this machine; an unknown name has none."""
    try:
        return _entry(name)[2] != "published" or weights_present(name)
    except InputError:  # of the list of weights, or no such name
        return False


def offered() -> list[str]:
    """The names of the descriptors offered to users: those whose weights are here, but for those for comparison."""
    return [name for name in names() if name not in _FOR_COMPARISON and ready(name)]


def model_sha256(name: str) -> str:
    """Hex sha256 of the weights of the descriptor ``name``, without loading it.

    Raises:
        InputError: no descriptor has that name, or its weights are not on this machine (the message says how to get
            them).
    """
    weights = _entry(name)[2]
    if weights == "shipped":
        return astroloc_lite_sha256()
    if weights == "published":
        return _recorded_sha256(name)
    return WEIGHTS[weights].sha256 if weights else NO_WEIGHTS_SHA256


def check_model(which: str, model: str, sha256: str, advice: str) -> None:
    """Check that vectors of a model can be compared with those that this AstroLoc makes.

    Args:
        which: what has the vectors, as the beginning of a sentence: "The index in …".
        model: name of the descriptor that made them.
        sha256: of its weights.
        advice: what to do where they cannot, as the end of a sentence.

    Raises:
        InputError: the model is not here, or has other weights.
    """
    if model not in names():
        raise InputError(
            f"{which} was built with the model '{model}', which this AstroLoc does not have (it has "
            f"{', '.join(names())}): {advice}."
        )
    if sha256 != (own := model_sha256(model)):
        raise InputError(
            f"{which} was built with other weights of {model} (sha256 {sha256[:12]}…) than those of this AstroLoc "
            f"({own[:12]}…): {advice}."
        )


def device_of(name: str, device: str) -> str:
    """The device that a descriptor computes on where a job has this device: the CPU for one without weights.

    Raises:
        InputError: no descriptor has that name.
    """
    return device if _entry(name)[2] else "cpu"


def create(name: str, *, device: str = "cpu", vocabulary: Path | None = None) -> Descriptor:
    """Make a descriptor.

    Args:
        name: one of ``names()``.
        device: for torch: "cpu", "cuda", "mps".
        vocabulary: .npz that ``save_vocabulary`` wrote, for models that have one.

    Raises:
        InputError: unknown name, weights not installed, or a vocabulary that cannot be read.
    """
    module_name, class_name, weights = _entry(name)
    module = importlib.import_module(f".{module_name}", __package__)
    which = {"name": name} if weights == "published" else {}
    descriptor: Descriptor = getattr(module, class_name)(device=device, vocabulary=vocabulary, **which)
    return descriptor


def _entry(name: str) -> tuple[str, str, str]:
    if name in _MODELS:
        return _MODELS[name]
    if name in _own():
        return _MODELS["astroloc"]
    raise InputError(f"There is no descriptor model '{name}': choose one of {', '.join(names())}.")


def _own() -> list[str]:
    """The names of the user's own checkpoints; none where the list of weights is damaged."""
    try:
        return own_descriptors()
    except InputError:
        return []


def _recorded_sha256(name: str) -> str:
    """The sha256 of weights in the folder of weights."""
    record = recorded_weights().get(name)
    if record is None or not weights_present(name):
        if name in DESCRIPTORS:
            raise missing_weights(name, DESCRIPTORS[name])
        raise InputError(f"The checkpoint of the model '{name}' is gone: give it again with 'models give {name} FILE'.")
    return record.sha256
