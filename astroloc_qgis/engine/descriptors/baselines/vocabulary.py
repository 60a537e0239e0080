"""The vocabulary of a VLAD: cluster centres of local features, learned from imagery and stored in its index."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.errors import InputError

_SEED = 20


def learn_centres(features: np.ndarray, clusters: int, *, model: str, most: int, spherical: bool) -> np.ndarray:
    """Learn cluster centres by k-means; the same features give the same centres.

    Args:
        features: (N, C) float32.
        clusters: number of centres.
        model: the descriptor's name, for the error message.
        most: number of features to learn from, drawn at random: faiss wants 39 to 256 for each cluster.
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
    import faiss

    if len(features) > most:
        features = features[np.random.default_rng(_SEED).choice(len(features), most, replace=False)]
    kmeans = faiss.Kmeans(
        features.shape[1], clusters, niter=20, seed=_SEED, spherical=spherical, min_points_per_centroid=1
    )
    kmeans.train(np.ascontiguousarray(features, dtype=np.float32))
    return np.array(kmeans.centroids)


def no_vocabulary(model: str) -> InputError:
    """The error for a descriptor that is used before it has a vocabulary."""
    return InputError(f"The descriptor {model} has no vocabulary: give it one from an index, or fit it.")


def write_centres(path: Path, centres: np.ndarray) -> None:
    """Write centres as .npz."""
    buffer = io.BytesIO()
    np.savez(buffer, centres=centres)
    path.write_bytes(buffer.getvalue())


def read_centres(path: Path, clusters: int, channels: int) -> np.ndarray:
    """Read centres (clusters, channels) float32.

    Raises:
        InputError: the file is missing, damaged, or of another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            centres = np.asarray(stored["centres"], dtype=np.float32)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"The vocabulary {path} cannot be read: build the index again.", details=str(error)) from error
    if centres.shape != (clusters, channels) or not np.isfinite(centres).all():
        raise InputError(f"The vocabulary {path} is not one of {clusters} clusters: build the index again.")
    return centres
