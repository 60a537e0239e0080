"""Global descriptors by name. A new one needs one new file here and one line in ``_MODELS``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.array_files import astroloc_lite_sha256
from astroloc_qgis.engine.weights.checksum import NO_WEIGHTS_SHA256
from astroloc_qgis.engine.weights.packaged import WEIGHTS

if TYPE_CHECKING:
    from astroloc_qgis.engine.descriptors.base import Descriptor

DEFAULT = "astroloc-lite"
"""The model of an index where none is named, on the command line and in QGIS: the best."""

_MODELS: dict[str, tuple[str, str, str]] = {
    "astroloc-lite": ("astroloc_lite", "AstroLocLite", "shipped"),
    "efficientnet-lite0-gem": ("baselines.efficientnet_lite0_gem", "EfficientNetLite0Gem", "efficientnet-lite0"),
    "xfeat-vlad": ("baselines.xfeat_vlad", "XFeatVlad", "xfeat"),
    "sift-vlad": ("baselines.sift_vlad", "SiftVlad", ""),
    "colour-histogram": ("baselines.colour_histogram", "ColourHistogram", ""),
}
"""Name: (module, class, weights). The weights are a key of ``packaged.WEIGHTS``, "shipped" or "" for none. A module is
imported when its model is made: it may import torch."""

_FOR_COMPARISON = ("sift-vlad", "colour-histogram")
"""Baselines that the benchmarks compare with."""


def names() -> list[str]:
    """The names of all descriptors, the default first."""
    return list(_MODELS)


def offered() -> list[str]:
    """The names of the descriptors offered to users: all but those for comparison."""
    return [name for name in _MODELS if name not in _FOR_COMPARISON]


def model_sha256(name: str) -> str:
    """Hex sha256 of the weights of the descriptor ``name``, without loading it.

    Raises:
        InputError: no descriptor has that name, or the plugin lacks its weights.
    """
    weights = _entry(name)[2]
    if weights == "shipped":
        return astroloc_lite_sha256()
    return WEIGHTS[weights].sha256 if weights else NO_WEIGHTS_SHA256


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
    module_name, class_name, _ = _entry(name)
    module = importlib.import_module(f".{module_name}", __package__)
    descriptor: Descriptor = getattr(module, class_name)(device=device, vocabulary=vocabulary)
    return descriptor


def _entry(name: str) -> tuple[str, str, str]:
    if name not in _MODELS:
        raise InputError(f"There is no descriptor model '{name}': choose one of {', '.join(names())}.")
    return _MODELS[name]
