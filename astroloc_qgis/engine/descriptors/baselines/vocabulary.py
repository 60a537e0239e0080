"""The visual words of a VLAD: cluster centres of local features, learned from imagery and kept beside its index."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.errors import InputError

_SEED = 20


def learn_centres(features: np.ndarray, clusters: int, *, model: str, most: int, spherical: bool) -> np.ndarray:
    """K-means, always the same from the same features.

    Args:
        features: (N, C) float32.
        clusters: how many centres.
        model: the descriptor's name, for the refusal.
        most: features that take part, drawn at random: faiss wants 39 to 256 a cluster.
        spherical: keep the centres unit vectors.

    Returns:
        (clusters, C) float32.

    Raises:
        InputError: fewer features than clusters.
    """
    if len(features) < clusters:
        raise InputError(
            f"The vocabulary of {model} needs at least {clusters} features, and the imagery gave {len(features)}: "
            "index a larger extent."
        )
    faiss: Any = importlib.import_module("faiss")  # its stubs do not know its Python layer
    if len(features) > most:
        features = features[np.random.default_rng(_SEED).choice(len(features), most, replace=False)]
    kmeans = faiss.Kmeans(
        features.shape[1], clusters, niter=20, seed=_SEED, spherical=spherical, min_points_per_centroid=1
    )
    kmeans.train(np.ascontiguousarray(features, dtype=np.float32))
    return np.array(kmeans.centroids)


def write_centres(path: Path, centres: np.ndarray) -> None:
    """Write centres as .npz."""
    buffer = io.BytesIO()
    np.savez(buffer, centres=centres)
    path.write_bytes(buffer.getvalue())


def read_centres(path: Path, clusters: int, channels: int) -> np.ndarray:
    """Read (clusters, channels) float32.

    Raises:
        InputError: missing, damaged, or of another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            centres = np.asarray(stored["centres"], dtype=np.float32)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"The vocabulary {path} cannot be read: build the index again.", details=str(error)) from error
    if centres.shape != (clusters, channels) or not np.isfinite(centres).all():
        raise InputError(f"The vocabulary {path} is not one of {clusters} clusters: build the index again.")
    return centres
