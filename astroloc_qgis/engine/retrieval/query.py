"""A photo as an index is asked for it: its descriptors in four rotations, its texture, and how wide it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations


@dataclass(frozen=True, eq=False)
class Query:
    """A described photo.

    Attributes:
        vectors: (4, D) float32, of ``describe_rotations``.
        texture: (K,) float32, of ``TextureModel.describe_photo``; None where the index has no texture.
        field_ratio: what its long side shows, as a part of the distance (``Photo.field_ratio``); None if not known.
    """

    vectors: NDArray[np.float32]
    texture: NDArray[np.float32] | None = None
    field_ratio: float | None = None


def describe_query(
    picture: NDArray[np.uint8], descriptor: Descriptor, *, texture: bool, field_ratio: float | None = None
) -> Query:
    """Describe a photo.

    Args:
        picture: (H, W, 3) of ``query_picture``.
        descriptor: the index's.
        texture: whether the index has texture.
        field_ratio: what the photo's long side shows, as a part of the distance.
    """
    vectors = describe_rotations(picture, descriptor)
    return Query(vectors, TextureModel().describe_photo(picture) if texture else None, field_ratio)
