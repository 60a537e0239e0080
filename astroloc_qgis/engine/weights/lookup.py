"""Weights by name: found in a package or in the folder of weights, checked, and read as a state dict."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.packaged import WEIGHTS, is_packaged, packaged_path
from astroloc_qgis.engine.weights.published import DESCRIPTORS, PUBLISHED, PublishedWeights, known_weights
from astroloc_qgis.engine.weights.safetensors_file import is_safetensors, read_safetensors
from astroloc_qgis.engine.weights.store import find_weights, recorded_weights, weights_folder

if TYPE_CHECKING:
    import torch

_UNREADABLE = (
    *(pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError),
    *(AssertionError, ArithmeticError, struct.error),
)
"""Errors of torch for a file that is none of its own, or a damaged one."""
_WRAPPERS = ("extractor", "state_dict", "model_state_dict", "model")
_SUBSTITUTES: ContextVar[Mapping[str, str]] = ContextVar("substitutes", default=MappingProxyType({}))


@contextmanager
def substitute_weights(substitutes: Mapping[str, str]) -> Iterator[None]:
    """Look weights up by other names within this context, to make a matcher with the user's own checkpoint.

    Args:
        substitutes: known name to the name that is looked up in its place.
    """
    token = _SUBSTITUTES.set(substitutes)
    try:
        yield
    finally:
        _SUBSTITUTES.reset(token)


def weight_path(name: str) -> Path:
    """Path of the weights called ``name``; their sha256 is checked once a process.

    Raises:
        InputError: the weights are not on this machine, or the file is not the known one.
        KeyError: no weights have that name (a defect of the caller).
    """
    name = _SUBSTITUTES.get().get(name, name)
    if name in WEIGHTS:
        return packaged_path(WEIGHTS[name])
    if path := find_weights(name):
        return path
    known = known_weights(name)
    if known is None and (record := recorded_weights().get(name)):
        raise InputError(f"The weight file {weights_folder() / record.file} is gone: add '{name}' again.")
    raise missing_weights(name, known or PUBLISHED[name])


def missing_weights(name: str, published: PublishedWeights) -> InputError:
    """The error for published weights that are not here; it says how to get them."""
    about = f"The weights '{name}' ({published.licence}, {published.source}) are not on this machine: "
    if name in DESCRIPTORS:
        fetch = f"fetch them with 'models fetch {name}'" if published.can_be_fetched else published.by_hand
        return InputError(f"{about}{fetch}; name a file that you have with 'models give {name} FILE'.")
    way = f"fetch them with 'matchers fetch {name}'" if published.proof else f"get {published.url}"
    return InputError(f"{about}{way}, or name a file that you have with 'matchers add {name} FILE'.")


def load_state_dict(name: str) -> dict[str, torch.Tensor]:
    """Read the weights called ``name`` as a flat state dict on the CPU, without unpickling any code.

    Args:
        name: a key of ``WEIGHTS`` or ``PUBLISHED``, or the name of weights that the user added.

    Raises:
        InputError: the weights are not on this machine, the file is not the known one, or holds no state dict.
    """
    return read_state_dict(weight_path(name))


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Read a file of weights, of PyTorch or safetensors.

    Returns:
        Parameter name to tensor; a dict wrapped in ``{"extractor": ...}`` (DISK's file), ``{"state_dict": ...}``,
        ``{"model_state_dict": ...}`` or ``{"model": ...}`` (training scripts) is unwrapped.

    Raises:
        InputError: the file holds no state dict, or more than tensors and plain values.
    """
    import torch

    if is_safetensors(path):
        return read_safetensors(path)
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise InputError(
            f"The file {path} cannot be read as weights: it must be a PyTorch state dict of nothing but tensors.",
            repr(error),
        ) from error
    if isinstance(state, dict):
        inner = next((state[key] for key in _WRAPPERS if key in state), state)
        if isinstance(inner, dict) and inner and all(isinstance(value, torch.Tensor) for value in inner.values()):
            return {str(key): value for key, value in inner.items()}
    raise InputError(f"The file {path} holds no state dict: it must name tensors, one a parameter of the model.")


def weights_present(name: str) -> bool:
    """Whether the files of weights are on this machine (their bytes are checked only when they load)."""
    if name in WEIGHTS:
        return is_packaged(WEIGHTS[name])
    record = recorded_weights().get(name)
    if record is not None:
        return (weights_folder() / record.file).is_file()
    known = known_weights(name)
    return known is not None and known.sha256 is not None and (weights_folder() / known.file).is_file()
