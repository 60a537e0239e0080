"""Orientation correlation: tie points of two pictures that are drawn at about the same scale and rotation.

The pictures as wholes are shifted to where their orientation fields (``orientation_field``) correlate best; then
patches of the first are each found again in the second, near where the shift puts them. What is weak everywhere, as in
near infrared over snow or through haze, adds up over a patch, where keypoints have nothing to hold on to.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, no_matches
from astroloc_qgis.engine.matchers.orientation_field import Field, orientation_field

PATCH_PX, REACH_PX = 64, 16
"""Side of a patch, and how far its counterpart may lie from where the shift puts it, pixels."""

STRIDE_PX, MOST_ALONG = 24, 20
"""Least distance of neighbouring patches, pixels, and the greatest number of them along a side."""

LEAST_SHOWN, LEAST_ENERGY = 0.6, 0.25
"""Least share of a patch that the photo shows, and least energy of the other picture there, as a part of its own."""

SIGNIFICANT = 4.0
"""Least height of a patch's peak above the mean of its correlation, in standard deviations."""

AT_ONCE = 64
"""Number of patches in one transform."""

Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]
"""(M, 2) middles of patches, pixels of the first picture; (M, 2) of their counterparts, pixels of the second; and (M,)
the heights of their peaks."""


class OrientationCorrelation(Matcher):
    """Correlation of orientation fields (after Fitch et al., BMVC 2002), as a whole and patch by patch."""

    name = "orientation"
    licence = "GPL-2.0-or-later"
    dense = True

    def __init__(self, device: str = "cpu") -> None:
        """Set up.

        Args:
            device: not used; the transforms are small.
        """
        del device

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``; the keypoints are the middles of patches, whatever ``most`` says."""
        del most
        height, width = image.shape[:2]
        shown = np.ones((height, width), bool) if mask is None else mask
        return Features(_middles(shown), (width, height), {"field": orientation_field(image, mask)})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``; only shifted pictures match, up to some degrees of rotation and per cent of scale."""
        if len(a.keypoints) == 0 or len(b.keypoints) == 0:
            return no_matches()
        first, second = a.data["field"], b.data["field"]
        shift = best_shift(first, second)
        found = [
            _find(first, second, some, shift)
            for some in np.array_split(a.keypoints.astype(int), math.ceil(len(a.keypoints) / AT_ONCE))
        ]
        places, there, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Matches(places, there, score)


def best_shift(first: Field, second: Field) -> tuple[int, int]:
    """The shift x, y (pixels) of the first field at which it correlates best with the second."""
    size = tuple(2 ** math.ceil(math.log2(a + b)) for a, b in zip(first.shape[1:], second.shape[1:], strict=True))
    spectra = (torch.fft.fft2(torch.from_numpy(field), s=size) for field in (first, second))
    one, other = spectra
    agreement = torch.fft.ifft2((other * one.conj()).sum(dim=0)).real
    down, right = divmod(int(agreement.argmax()), size[1])
    return right - size[1] * (right >= second.shape[2]), down - size[0] * (down >= second.shape[1])


def _find(first: Field, second: Field, middles: NDArray[np.int64], shift: tuple[int, int]) -> Found:
    """Find patches of a field again in another one, at most ``REACH_PX`` from where the shift x, y puts them.

    Args:
        first: the field that the patches are of.
        second: the other one.
        middles: (N, 2) of the patches, pixels of the first.
        shift: of ``best_shift``.
    """
    half, side, window = PATCH_PX // 2, PATCH_PX + 2 * REACH_PX, 2 * REACH_PX + 1
    patches = torch.from_numpy(_cut(first, middles - half, PATCH_PX))
    around = torch.from_numpy(_cut(second, middles - half - REACH_PX + np.array(shift), side))
    product = torch.fft.fft2(around) * torch.fft.fft2(patches, s=(side, side)).conj()
    agreement = torch.fft.ifft2(product.sum(dim=1)).real[:, :window, :window].numpy()
    own = (np.abs(patches.numpy()) ** 2).sum(axis=(1, 2, 3))[:, None, None]
    energy = _sums((np.abs(around.numpy()) ** 2).sum(axis=1), PATCH_PX)
    correlation = np.where(energy >= LEAST_ENERGY * own, agreement / np.sqrt(np.maximum(energy * own, 1e-9)), 0)
    flat = correlation.reshape(len(middles), -1)
    down, right = np.divmod(flat.argmax(axis=1), window)
    height = (flat.max(axis=1) - flat.mean(axis=1)) / np.maximum(flat.std(axis=1), 1e-9)
    inner = (down > 0) & (down < window - 1) & (right > 0) & (right < window - 1) & (height >= SIGNIFICANT)
    each, down, right = np.flatnonzero(inner), down[inner], right[inner]
    centre = correlation[each, down, right]
    fine_x = _between(correlation[each, down, right - 1], centre, correlation[each, down, right + 1])
    fine_y = _between(correlation[each, down - 1, right], centre, correlation[each, down + 1, right])
    places = middles[inner].astype(np.float64)
    moved = np.stack([right + fine_x, down + fine_y], axis=1) - REACH_PX + np.array(shift)
    return places, places + moved, height[inner].astype(np.float32)


def _between(before: NDArray[Any], middle: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Where the parabola through three values, the middle one the greatest, has its vertex: from -0.5 to 0.5."""
    return np.asarray(0.5 * (after - before) / np.maximum(2 * middle - before - after, 1e-9))


def _sums(values: NDArray[np.floating[Any]], side: int) -> NDArray[np.float64]:
    """(N, h - side + 1, w - side + 1) sums over squares of (N, h, w) values."""
    summed = np.pad(values.astype(np.float64), ((0, 0), (1, 0), (1, 0))).cumsum(axis=1).cumsum(axis=2)
    total = summed[:, side:, side:] - summed[:, :-side, side:] - summed[:, side:, :-side] + summed[:, :-side, :-side]
    return np.asarray(total)


def _cut(field: Field, corners: NDArray[np.int64], side: int) -> NDArray[np.complex64]:
    """(N, 2, side, side) squares of a field by their top left corners (N, 2); 0 beyond the field."""
    height, width = field.shape[1:]
    left, top = np.maximum(-corners.min(axis=0), 0)
    right, bottom = np.maximum(corners.max(axis=0) + side - np.array([width, height]), 0)
    padded = np.pad(field, ((0, 0), (top, bottom), (left, right)))
    return np.stack([padded[:, y : y + side, x : x + side] for x, y in corners + np.array([left, top])])


def _middles(shown: Mask) -> NDArray[np.float32]:
    """(N, 2) middles of the patches of a picture, pixels: on a grid, where enough of the patch is shown."""
    stride = max(STRIDE_PX, math.ceil(max(shown.shape) / MOST_ALONG))
    rows, columns = (np.arange(stride // 2, side, stride) for side in shown.shape)
    share = cv2.boxFilter(shown.astype(np.float32), -1, (PATCH_PX, PATCH_PX), borderType=cv2.BORDER_CONSTANT)
    down, right = np.nonzero(share[np.ix_(rows, columns)] >= LEAST_SHOWN)
    return np.stack([columns[right], rows[down]], axis=1).astype(np.float32)
