"""Checkpoints: written whole or not at all, and read without unpickling code."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.config import with_present_names

_FORMER_KEY, _KEY = ".steady.", ".renormalisation."


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values; an interruption leaves the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what ``save_checkpoint`` wrote; names of older runs are brought up to date.

    Raises:
        InputError: missing, damaged, or not a checkpoint of training.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(f"The checkpoint {path} cannot be read: delete it to start anew.", repr(error)) from error
    if not isinstance(state, dict) or "network" not in state:
        raise InputError(f"The file {path} is not a checkpoint of training.")
    state["network"] = {name.replace(_FORMER_KEY, _KEY): tensor for name, tensor in state["network"].items()}
    if "config" in state:
        state["config"] = with_present_names(state["config"])
    return state
