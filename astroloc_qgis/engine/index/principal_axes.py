"""Principal axes of vectors that are not centred, so that inner products along them stay cosines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def principal_axes(vectors: np.ndarray, count: int) -> NDArray[np.float32]:
    """(N, D) -> (count, D), orthonormal: the axes along which the vectors have the largest second moments."""
    moments = vectors.astype(np.float64).T @ vectors.astype(np.float64)
    return np.ascontiguousarray(axes_of_moments(moments, count)[1].T, dtype=np.float32)


def axes_of_moments(moments: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Decompose second moments (D, D): the largest ones (count,), falling, and their axes (D, count)."""
    values, axes = np.linalg.eigh(moments)
    return values[::-1][:count], axes[:, ::-1][:, :count]
