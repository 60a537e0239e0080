"""Thick air: a veil of haze over all of a photo, and plumes of smoke."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.clouds import fractal

Field = NDArray[np.float32]
_PALE = np.array([0.88, 0.82, 0.79], dtype=np.float32)
_BROWN = np.array([0.55, 0.44, 0.34], dtype=np.float32)


def veil(image: Field, rng: np.random.Generator) -> Field:
    """Haze over all of (H, W, 3), about 0 to 1: nearly even, thick, greyish blue, so that little contrast is left."""
    shape = (image.shape[0], image.shape[1])
    share = rng.uniform(0.45, 0.85) + rng.uniform(0, 0.15) * (fractal(shape, rng, cells=rng.uniform(0.8, 2.5)) - 0.5)
    colour = np.array([rng.uniform(0.3, 0.55), rng.uniform(0.42, 0.6), rng.uniform(0.5, 0.7)], dtype=np.float32)
    return np.asarray(image + np.clip(share, 0, 0.9)[..., None] * (colour - image), dtype=np.float32)


def smoke(image: Field, rng: np.random.Generator) -> Field:
    """Plumes of smoke over (H, W, 3), about 0 to 1: soft, drawn out, brown to pinkish white, thick in places."""
    shape = (image.shape[0], image.shape[1])
    field = fractal(shape, rng, cells=rng.uniform(1.2, 4), persistence=rng.uniform(0.45, 0.65))
    opacity = np.clip((field - rng.uniform(0.2, 0.75)) * rng.uniform(1.2, 3.5), 0, 1) * rng.uniform(0.4, 0.95)
    pale = np.float32(rng.uniform(0, 1))
    colour = pale * _PALE + (1 - pale) * _BROWN
    return np.asarray(image + opacity[..., None] * (colour - image), dtype=np.float32)
