"""The picture of a photo that is described: its content, without transparency, borders and windows' surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors import texture
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.index.database_descriptors import fill_in
from astroloc_qgis.engine.photo.masks import find_content

OVERSAMPLING = 4
"""Least ratio of the long side of a content that is averaged down to the longest at which it is described."""


def query_picture(
    photo: NDArray[np.uint8], descriptor: Descriptor, alpha: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """The picture of a photo from which its descriptors and its texture are computed.

    It is the photo itself, unless that has surroundings (``photo.masks``). Then it is the bounding box of the content,
    averaged down by a whole number if it is much larger than needed; the rest of the box has the content's mean colour.

    Args:
        photo: (H, W, 3) RGB.
        descriptor: the one that describes it.
        alpha: (H, W) opacity; None where all of it is opaque.

    Returns:
        (h, w, 3) RGB.
    """
    content = find_content(photo, alpha)
    if content is None:
        return photo
    picture = _averaged_down(content.crop(photo), OVERSAMPLING * max(*descriptor.photo_sizes, *texture.PHOTO_PX))
    mask = content.mask((picture.shape[1], picture.shape[0]))
    return picture if mask is None else fill_in(picture.copy(), mask)


def _averaged_down(picture: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    """A picture reduced by the largest whole number that leaves its long side at least ``long_side`` pixels."""
    height, width = picture.shape[:2]
    factor = max(height, width) // long_side
    if factor < 2:
        return picture
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
