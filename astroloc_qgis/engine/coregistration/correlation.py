"""Correlation of a small photo with a picture, at all rotations and many sizes.

Both become orientation fields (``matchers.orientation_field``), whose normalised cross-correlation the Fourier
transform gives for all shifts at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.matchers.orientation_field import Field, orientation_field
from astroloc_qgis.engine.progress import Progress

SMALLEST, LARGEST, SIZE_RATIO = 0.5, 1.75, 1.11
"""Long sides tried, as parts of the expected one, and the ratio of two that follow each other."""

TURN_PX = 5.0
"""Distance of the ends of the photo's long side between two rotations tried, pixels."""

PEAKS, APART = 6, 0.25
"""Number of the highest peaks that are looked at, and their least distance, as a part of the expected long side."""

LEAST_SHARE = 0.35
"""Least energy of the picture under the photo, as a part of the mean, that the correlation is divided by."""


@dataclass(frozen=True)
class Peak:
    """A place where the photo correlates with the picture.

    Attributes:
        height: of the correlation, in standard deviations of those of its size.
        x, y: of the photo's middle, pixels of the picture searched.
        long_side: of the photo, pixels of the picture searched.
        turn: clockwise rotation of the photo in the picture, degrees.
    """

    height: float
    x: float
    y: float
    long_side: float
    turn: float


def find_peaks(
    pyramid: PhotoPyramid, picture: NDArray[np.uint8], mask: NDArray[np.bool_], expected: float, progress: Progress
) -> list[Peak]:
    """The highest peaks of the correlation of a photo with a picture, highest first.

    Args:
        pyramid: the photo.
        picture: (H, W, 3) RGB, contrast equalised.
        mask: (H, W), True where it shows the reference.
        expected: long side of the photo in it, pixels, where it is as long as expected; from ``SMALLEST`` to
            ``LARGEST`` times that are tried.
        progress: told the stage "match"; may raise ``Cancelled``.
    """
    area = _Spectrum(orientation_field(picture, mask), math.ceil(expected * LARGEST))
    steps = math.floor(math.log(LARGEST / SMALLEST) / math.log(SIZE_RATIO))
    sides = [round(expected * SMALLEST * SIZE_RATIO**step) for step in range(steps + 1)]
    best = np.full(mask.shape, -np.inf, np.float32)
    chosen = np.zeros((2, *mask.shape), np.float32)
    for number, side in enumerate(sides):
        if number and side > max(pyramid.size):  # a photo is never enlarged
            break
        progress("match", number / len(sides))
        height, turn = area.correlate(pyramid, side)
        better = height.numpy() > best
        best[better], chosen[0][better], chosen[1][better] = height.numpy()[better], side, turn.numpy()[better]
    apart = max(2, round(APART * expected))
    peaks: list[Peak] = []
    while len(peaks) < PEAKS:
        y, x = divmod(int(best.argmax()), best.shape[1])
        if not np.isfinite(best[y, x]):
            break
        peaks.append(Peak(float(best[y, x]), x + 0.5, y + 0.5, float(chosen[0, y, x]), float(chosen[1, y, x])))
        best[max(0, y - apart) : y + apart + 1, max(0, x - apart) : x + apart + 1] = -np.inf
    return peaks


class _Spectrum:
    """The spectra of a picture's orientation field and of its energy, to correlate photos of any size with."""

    def __init__(self, field: Field, largest: int) -> None:
        """Transform the field, with room for a photo whose long side is ``largest`` pixels."""
        self.shape = field.shape[1:]
        diagonal = math.ceil(math.sqrt(2) * largest) + 2
        self.size = tuple(cv2.getOptimalDFTSize(max(side + largest // 2, diagonal)) for side in self.shape)
        energy = (np.abs(field) ** 2).sum(axis=0)
        self._field = torch.fft.rfft2(torch.from_numpy(parts_of(field)), s=self.size)
        self._energy = torch.fft.rfft2(torch.from_numpy(energy), s=self.size)
        self._least = LEAST_SHARE * float(energy.mean())

    def correlate(self, pyramid: PhotoPyramid, long_side: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(H, W) heights of the correlation of the photo, its middle at each pixel, and the best turns, degrees.

        A photo upside down is the same field mirrored: its spectrum is the complex conjugate, which needs no transform.
        """
        level = pyramid.level(long_side)
        parts = parts_of(inner_field(level.image, level.mask))
        shown = np.ones(parts.shape[1:], np.float32) if level.mask is None else level.mask.astype(np.float32)
        under = self._under(np.mean([turned(shown[None], turn) for turn in range(0, 180, 15)], axis=0))
        highest, turns = torch.full(self.shape, -math.inf), torch.zeros(self.shape)
        steps = math.ceil(math.pi * max(level.size) / 2 / TURN_PX)
        sums = torch.zeros(2, dtype=torch.float64)
        for turn in (number * 180.0 / steps for number in range(steps)):
            template = rotated(parts, turn)
            spectrum = torch.fft.rfft2(self._about_origin(template))
            own = math.sqrt(max(float((template**2).sum()), 1e-9))
            for half, turned_by in ((spectrum.conj(), turn), (spectrum, turn + 180.0)):
                height = self._back((self._field * half).sum(dim=0)) / (under * own)
                sums += torch.stack([height.mean(), (height**2).mean()])
                better = height > highest
                highest = torch.where(better, height, highest)
                turns[better] = turned_by
        mean, square = (sums / (2 * steps)).tolist()
        return highest / math.sqrt(max(square - mean**2, 1e-12)), turns

    def _under(self, weights: NDArray[np.float32]) -> torch.Tensor:
        """(H, W) root of the energy of the picture under (1, D, D) weights, their middle at each pixel."""
        spectrum = torch.fft.rfft2(self._about_origin(weights))[0].conj()
        return self._back(self._energy * spectrum).clamp_min(self._least * float(weights.sum())).sqrt()

    def _about_origin(self, template: NDArray[np.float32]) -> torch.Tensor:
        """A (C, D, D) template of odd side with its middle at the first pixel, the rest wrapped around."""
        middle = template.shape[1] // 2
        canvas = np.zeros((len(template), *self.size), np.float32)
        rows, columns = (np.arange(-middle, middle + 1) % side for side in self.size)
        canvas[:, rows[:, None], columns] = template
        return torch.from_numpy(canvas)

    def _back(self, spectrum: torch.Tensor) -> torch.Tensor:
        """(H, W) what a spectrum is of, without the room for the photo."""
        return torch.fft.irfft2(spectrum, s=self.size)[: self.shape[0], : self.shape[1]]


def inner_field(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> Field:
    """The orientation field of a photo, 0 in its two outermost pixels, whose gradients lack a side."""
    field = orientation_field(image, mask)
    field[:, :2] = field[:, -2:] = field[:, :, :2] = field[:, :, -2:] = 0
    return field


def parts_of(field: Field) -> NDArray[np.float32]:
    """(4, H, W) the real and the imaginary part of the doubled direction, and those of the fourfold one."""
    return np.stack([field[0].real, field[0].imag, field[1].real, field[1].imag])


def rotated(parts: NDArray[np.float32], turn: float) -> NDArray[np.float32]:
    """``parts_of`` a field rotated clockwise by degrees about its middle, in a square that holds any rotation."""
    moved = turned(parts, turn)
    once = np.exp(2j * math.radians(turn))
    doubled, fourfold = (moved[0] + 1j * moved[1]) * once, (moved[2] + 1j * moved[3]) * once**2
    return parts_of(np.stack([doubled, fourfold]).astype(np.complex64))


def turned(picture: NDArray[np.float32], turn: float) -> NDArray[np.float32]:
    """(C, D, D) a picture (C, h, w) rotated clockwise by degrees about its middle; D is odd and its diagonal fits."""
    height, width = picture.shape[1:]
    across = math.ceil(math.hypot(height, width)) | 1
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    move = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    move[:, 2] = (across - 1) / 2 - move[:, :2] @ [(width - 1) / 2, (height - 1) / 2]
    channels_last = np.ascontiguousarray(picture.transpose(1, 2, 0))
    moved = cv2.warpAffine(channels_last, move, (across, across), flags=cv2.INTER_LINEAR)
    return np.asarray(moved.reshape(across, across, -1).transpose(2, 0, 1), dtype=np.float32)
