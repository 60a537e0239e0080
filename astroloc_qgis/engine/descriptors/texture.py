"""Texture: a code of 48 bytes for the local features of a block, beside the retrieval model's vector of the block.

RootSIFT in a VLAD (``baselines.sift_vlad``) describes fine structure that the network's pooled features miss, but takes
8,192 numbers. They are reduced in three steps: the residuals of each cluster are projected on their principal axes
(Delhumeau et al., "Revisiting the VLAD image representation", ACM Multimedia 2013), half whitened (Jégou and Chum,
"Negative evidences and co-occurences in image retrieval", ECCV 2012); the concatenated residuals are projected in the
same way; and the result is product-quantised (Jégou et al., TPAMI 2011). Axes and codebooks come with the plugin
(``training.texture`` learns them), so that all indexes share them. Like SIFT, texture does not depend on a photo's
rotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.baselines.sift_vlad import SiftVlad
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.weights.array_files import read_weights, recorded_sha256

Vectors = NDArray[np.float32]
Codes = NDArray[np.uint8]

PHOTO_PX = (200, 320, 448)
"""Long sides in pixels at which a photo is described, because its features may differ in size from a block's."""

CODED = 0.62
"""Mean squared length of a decoded vector. Exact vectors have length 1, and the mean error of a code is 0, so codes
scale similarities by this factor."""


class TextureModel:
    """Turns pictures into vectors of K numbers, and vectors of blocks into codes of M bytes.

    Args:
        path: .npz to use instead of the shipped one: ``centres`` (C, 128) of the VLAD; ``axes`` (C, 128, d) of each
            cluster's residuals; ``projection`` (C d, K); ``codebooks`` (M, 256, K / M).

    Raises:
        InputError: the file is missing or damaged, or does not hold these arrays.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or texture_path()
        parts = read_weights(path)
        try:
            self._vlad = SiftVlad(centres=parts["centres"])
            self._axes, self._projection, self._codebooks = (
                parts[name] for name in ("axes", "projection", "codebooks")
            )
            clusters, channels, kept = self._axes.shape
            count, words, width = self._codebooks.shape
            fitting = self._vlad.dimensions == clusters * channels and words == 256
            if not fitting or self._projection.shape != (clusters * kept, count * width):
                raise ValueError("arrays that do not fit each other")
        except (KeyError, ValueError) as error:
            raise InputError(
                f"The file {path} holds no texture model: install the plugin again.", str(error)
            ) from error
        self.sha256 = recorded_sha256(path)

    @property
    def image_size(self) -> int:
        """Pixels of a block's side."""
        return self._vlad.image_size

    @property
    def code_bytes(self) -> int:
        """M, the length of a code in bytes."""
        return len(self._codebooks)

    @property
    def dimensions(self) -> int:
        """K, the length of a vector."""
        return self._projection.shape[1]

    def describe(self, images: Sequence[np.ndarray]) -> Vectors:
        """(N, K) unit vectors of pictures of blocks (h, w, 3) uint8 RGB; zeros for a picture without features."""
        return self._projected(along_axes(self._vlad.describe_blocks(images), self._axes))

    def describe_photo(self, photo: np.ndarray) -> Vectors:
        """(K,) unit vector of a photo (h, w, 3) uint8 RGB: the mean over ``PHOTO_PX``; zeros if it has no features."""
        vlads = np.concatenate([self._vlad.at_size(photo, size) for size in PHOTO_PX])
        return np.asarray(self._projected(along_axes(vlads, self._axes).sum(axis=0, keepdims=True))[0])

    def encode(self, vectors: Vectors) -> Codes:
        """(N, K) vectors to (N, M) codes."""
        return np.asarray(self._quantiser.compute_codes(np.ascontiguousarray(vectors, dtype=np.float32)))

    def similarity(self, vector: Vectors, codes: Codes | Vectors) -> Vectors:
        """(N,) inner products of one vector (K,) with the decoded vectors of codes (N, M).

        With exact vectors (N, K) in place of codes, the result is the expected value for their codes.
        """
        if codes.dtype != np.uint8:
            return np.asarray(CODED * (codes @ vector), dtype=np.float32)
        parts = np.asarray(vector, dtype=np.float32).reshape(self.code_bytes, -1)
        products = np.einsum("mk,mwk->mw", parts, self._codebooks)
        return np.asarray(products[np.arange(self.code_bytes), codes].sum(axis=1, dtype=np.float32))

    def _projected(self, vectors: Vectors) -> Vectors:
        return unit(vectors @ self._projection)

    @cached_property
    def _quantiser(self) -> Any:
        return make_quantiser(self._codebooks)


def texture_path() -> Path:
    """Path of the shipped texture model."""
    return shipped("models", "astroloc-texture.npz")


def along_axes(vlads: NDArray[np.floating[Any]], axes: Vectors) -> Vectors:
    """(N, C 128) VLADs of ``SiftVlad`` to (N, C d) unit vectors: residuals projected on their axes (C, 128, d)."""
    projected = np.matmul(residuals(vlads, len(axes)).transpose(1, 0, 2), axes)
    return unit(projected.transpose(1, 0, 2).reshape(len(vlads), -1))


def residuals(vlads: NDArray[np.floating[Any]], clusters: int) -> Vectors:
    """(N, C 128) VLADs to (N, C, 128): each cluster's residuals without the square root, of length 1 or 0."""
    values = np.asarray(vlads, dtype=np.float32)
    return unit((np.sign(values) * values**2).reshape(len(values), clusters, -1))


def unit(vectors: Vectors) -> Vectors:
    """Normalise vectors (..., D) to length 1; zero vectors stay zero."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def make_quantiser(codebooks: Vectors) -> Any:
    """faiss's product quantiser with given codebooks (M, 256, K / M)."""
    import faiss

    count, _, width = codebooks.shape
    quantiser = faiss.ProductQuantizer(count * width, count, 8)
    faiss.copy_array_to_vector(np.ascontiguousarray(codebooks, dtype=np.float32).ravel(), quantiser.centroids)
    return quantiser
