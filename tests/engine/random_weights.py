"""Checkpoints of random numbers, for matchers whose real weights are not available."""

from __future__ import annotations

from pathlib import Path

import torch

from astroloc_qgis.engine.matchers.loading import architecture_of
from astroloc_qgis.engine.matchers.registry import MATCHERS


def write_checkpoint(name: str, path: Path, seed: int = 0, *, wrapped: bool = False) -> Path:
    """A file that fits the model of those weights; ``wrapped`` as training scripts write it."""
    torch.manual_seed(seed)
    architecture = architecture_of(name)
    with torch.device("meta" if architecture.empty else "cpu"):
        state = dict(architecture.build().state_dict())
    state = {key: _drawn(key, tensor) if tensor.is_meta else tensor for key, tensor in state.items()}
    torch.save({"state_dict": state, "epoch": 3} if wrapped else state, path)
    return path


def _drawn(key: str, tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.is_floating_point():
        return torch.zeros(tensor.shape, dtype=tensor.dtype)
    if key.endswith("running_var") or tensor.ndim == 0:
        return torch.ones(tensor.shape)
    return 0.05 * torch.randn(tensor.shape)


def needed_by(matcher: str) -> tuple[str, ...]:
    return MATCHERS[matcher].weights
