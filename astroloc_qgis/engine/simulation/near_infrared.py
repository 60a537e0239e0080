"""Near infrared: photos of cameras without an infrared filter, false colours and one channel alone.

The mosaic has no infrared band. Plants reflect a third to a half of near infrared, a few times what they reflect of
green light; soil reflects somewhat more than of red; water next to nothing (Tucker, "Red and photographic infrared
linear combinations for monitoring vegetation", 1979). How green a pixel is says how much of it plants cover.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def vegetation(image: Field) -> Field:
    """(H, W, 3) colours of Blue Marble -> (H, W) share of plants, 0 (bare) to 1 (forest); without meaning on water."""
    red, green = image[..., 0], image[..., 1]
    return np.asarray(np.clip(((green - red) / (green + red + 0.02) + 0.08) * 4, 0, 1), dtype=np.float32)


def reflectance(image: Field, sea: Field, rng: np.random.Generator) -> Field:
    """The near infrared band.

    Args:
        image: (H, W, 3) visible colours, about 0 to 1.
        sea: (H, W) 1 on water, 0 on land.
        rng: generator of the strength.

    Returns:
        (H, W): plants bright with their texture kept, water nearly black.
    """
    soft = cv2.GaussianBlur(sea, (0, 0), 0.7)
    luma = image @ _LUMA
    land = luma * (1 + vegetation(image) * np.float32(rng.uniform(1.5, 4.0)))
    return np.asarray(np.clip(land * (1 - soft) + soft * np.float32(rng.uniform(0, 0.06)), 0, 1.2), dtype=np.float32)


def near_infrared(image: Field, sea: Field, rng: np.random.Generator) -> Field:
    """The colours of a camera that sees near infrared.

    One of three kinds: a sensor without its infrared filter behind a blue one (infrared in the red channel and some of
    it in green), infrared, red and green as red, green and blue, or infrared alone. Of the first two some have their
    channels in another order.

    Args:
        image: (H, W, 3) visible colours, about 0 to 1.
        sea: (H, W) 1 on water, 0 on land.
        rng: generator of everything random.

    Returns:
        (H, W, 3), about 0 to 1.
    """
    band = reflectance(image, sea, rng)
    red, green, blue = np.moveaxis(image, -1, 0)
    kind = rng.random()
    if kind >= 0.78:
        return np.repeat(band[..., None], 3, axis=2)
    if kind < 0.5:
        leak = np.float32(rng.uniform(0.1, 0.8))
        water = cv2.GaussianBlur(sea, (0, 0), 0.7) * np.float32(rng.uniform(0, 0.35))
        seen = np.stack([band, leak * band + (1 - leak) * green, blue * np.float32(rng.uniform(0.8, 1.6)) + water], -1)
        means = seen.mean(axis=(0, 1)) + 1e-3
        seen = seen * (means.mean() / means) ** np.float32(rng.uniform(0.4, 1.0))  # the camera's own white balance
    else:
        seen = np.stack([band, red, green], axis=-1)
    if rng.random() < 0.3:
        seen = seen[..., rng.permutation(3)]
    return np.asarray(seen, dtype=np.float32)
