"""Checkpoints of the published models: read without running any code, and refused unless every tensor fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.descriptors.published.network import (
    EXPECTED,
    PublishedNetwork,
    UnknownLayout,
    build,
    layout_of,
)
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.lookup import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

_WRAPPERS = ("module.", "model.", "_orig_mod.")
"""What training scripts put before every name: of several cards, of a trainer, of a compiled network."""


def read_network(path: Path, architecture: str | None = None) -> PublishedNetwork:
    """Read a checkpoint and make its network.

    Args:
        path: a PyTorch file with a state dict, as its authors publish it.
        architecture: the one that it must have; None for either.

    Raises:
        InputError: the file cannot be read or is truncated, holds something else than tensors, or is of another
            network.
    """
    expected = EXPECTED[architecture] if architecture else " or ".join(EXPECTED.values())
    try:
        state = _bare(read_state_dict(path))
    except InputError as error:
        raise InputError(
            f"The file {path} cannot be read as a checkpoint, it is damaged, truncated or something else; expected is "
            f"{expected}.",
            error.details or str(error),
        ) from error
    try:
        found = layout_of(state).architecture
        if architecture and found != architecture:
            raise UnknownLayout(f"it is of {found}")
        return build(state)
    except UnknownLayout as error:
        raise InputError(
            f"The file {path} is no checkpoint of {architecture or 'a published model'}: {error}; expected is "
            f"{expected}."
        ) from error


def _bare(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The tensors by the names that they have in the network itself."""
    for wrapper in _WRAPPERS:
        if state and all(name.startswith(wrapper) for name in state):
            state = {name.removeprefix(wrapper): tensor for name, tensor in state.items()}
    return state
