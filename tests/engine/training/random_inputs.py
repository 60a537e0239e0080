"""Random inputs of the tests of training: pairs, unit vectors and places, each a function of a seed."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st

from astroloc_qgis.engine.tiles import lonlat_to_mercator

SEEDS = st.integers(0, 10_000)


def some_pairs(seed: int, rows: int = 5, columns: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random similarities, and masks that leave some pairs neutral and some anchors without pairs."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["positive", "negative", "neutral"], (rows, columns), p=[0.25, 0.5, 0.25])
    similarities = torch.from_numpy(rng.uniform(-1, 1, (rows, columns)).astype(np.float32))
    return similarities, torch.from_numpy(kinds == "positive"), torch.from_numpy(kinds == "negative")


def places(count: int, seed: int = 0, side_m: float = 2e5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = lonlat_to_mercator(np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-50, 50, count)]))
    corners = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])
    return centres[:, None] + (corners + rng.uniform(-0.1, 0.1, (count, 4, 2))) * side_m


def unit(rows: int, columns: int, seed: int) -> torch.Tensor:
    vectors = torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, columns)))
    return torch.nn.functional.normalize(vectors, dim=1)
