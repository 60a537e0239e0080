"""Checkpoints: whole or absent, and read without unpickling code."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from astroloc_qgis.engine.errors import InputError


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values; a kill leaves the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what ``save_checkpoint`` wrote.

    Raises:
        InputError: missing, damaged, or not a checkpoint of training.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(f"The checkpoint {path} cannot be read: delete it to start anew.", repr(error)) from error
    if not isinstance(state, dict) or "network" not in state:
        raise InputError(f"The file {path} is not a checkpoint of training.")
    return state
