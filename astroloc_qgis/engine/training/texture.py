"""Training of the texture model: principal axes of RootSIFT's VLADs, and the codebooks of their projections.

It needs no labels: it learns from the blocks of an index of exact VLADs (model "sift-vlad").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.baselines.sift_vlad import SiftVlad
from astroloc_qgis.engine.descriptors.texture import Vectors, along_axes, make_quantiser, residuals, unit
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.plan import EXACT
from astroloc_qgis.engine.index.principal_axes import axes_of_moments
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress

KEPT = 32
"""Axes kept of the 128 of each cluster's residuals."""
DIMENSIONS = 480
CODE_BYTES = 48
WHITENING = 0.25
"""Axes are divided by their variance to this power: half a whitening."""
_SEED = 20
_AXES_FROM = 3000
"""Blocks that the axes of the clusters are learned from."""
_AT_ONCE = 1024
_ROUNDS = 20
_LEAST = 512


def learn_texture(index: Index, zoom: int, progress: Progress = no_progress) -> Mapping[str, Vectors]:
    """Learn a texture model from an index's blocks of one zoom; the same index gives the same model.

    Args:
        index: index of model "sift-vlad", of a kind that keeps whole vectors ("Flat", "SQfp16").
        zoom: zoom of the blocks to learn from.
        progress: called with the stage "train".

    Returns:
        The arrays that ``TextureModel`` reads.

    Raises:
        InputError: an index of another model, or with too few blocks of that zoom.
    """
    if index.info.model != SiftVlad.name or index.info.kind not in (EXACT, "SQfp16"):
        raise InputError(
            f"Texture is learned from an index of {SiftVlad.name} and kind Flat or SQfp16, and {index.folder} is of "
            f"{index.info.model} and {index.info.kind}."
        )
    numbers = np.flatnonzero(index.blocks[:, 0] == zoom)
    if len(numbers) < _LEAST:
        raise InputError(
            f"The index {index.folder} has {len(numbers)} blocks of zoom {zoom}: texture needs {_LEAST} to learn from."
        )
    descriptor = index.create_descriptor()
    if not isinstance(descriptor, SiftVlad):
        raise TypeError(type(descriptor))
    centres = descriptor.centres
    progress("train", 0.0)
    some = np.sort(np.random.default_rng(_SEED).permutation(numbers)[:_AXES_FROM])
    axes = cluster_axes(residuals(index.vectors(some), len(centres)))
    kept = np.empty((len(numbers), axes.shape[0] * axes.shape[2]), dtype=np.float32)
    for start in range(0, len(numbers), _AT_ONCE):
        progress("train", start / len(numbers) / 2)
        kept[start : start + _AT_ONCE] = along_axes(index.vectors(numbers[start : start + _AT_ONCE]), axes)
    projection = whitened_projection(kept)
    progress("train", 0.6)
    quantiser = make_quantiser(np.zeros((CODE_BYTES, 256, DIMENSIONS // CODE_BYTES), dtype=np.float32))
    quantiser.cp.niter, quantiser.cp.min_points_per_centroid = _ROUNDS, 1  # no warning about few blocks
    quantiser.train(unit(kept @ projection))
    progress("train", 1.0)
    return {"centres": centres, "axes": axes, "projection": projection, "codebooks": codebooks_of(quantiser)}


def cluster_axes(parts: Vectors) -> Vectors:
    """(N, C, 128) residuals to (C, 128, d): each cluster's principal axes (not centred), half whitened."""
    moments = np.matmul(parts.transpose(1, 2, 0), parts.transpose(1, 0, 2)).astype(np.float64) / len(parts)
    return np.stack([_whitened(moment, KEPT) for moment in moments])


def whitened_projection(vectors: Vectors) -> Vectors:
    """(N, D) to (D, K): their principal axes (not centred), half whitened, in rotation over the parts of a code."""
    moments = (vectors.T @ vectors).astype(np.float64) / len(vectors)
    dealt = np.arange(DIMENSIONS).reshape(-1, CODE_BYTES).T.ravel()
    return np.ascontiguousarray(_whitened(moments, DIMENSIONS)[:, dealt])


def codebooks_of(quantiser: Any) -> Vectors:
    """(M, 256, K / M) of faiss's product quantiser."""
    import faiss

    flat: Vectors = faiss.vector_to_array(quantiser.centroids)
    return flat.reshape(CODE_BYTES, 256, -1)


def _whitened(moments: NDArray[np.float64], count: int) -> Vectors:
    """(D, D) second moments to the (D, count) axes along which they are greatest."""
    values, axes = axes_of_moments(moments, count)
    return np.asarray(axes * np.maximum(values, 1e-9) ** -WHITENING, dtype=np.float32)
