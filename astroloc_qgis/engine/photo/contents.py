"""What a photo shows, as far as that decides how long a search for it is worth: night, a lit window, sky, cloud, sea.

The photo is measured on a small copy, in cells. Only what is certain ends a search before it begins: a black frame, a
night with its lights, a window that is lit from within, a surface without any detail. White ground, snow, salt, haze
and cloud look alike; their share explains a refusal, and shortens no search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.horizon import sky_above_limb
from astroloc_qgis.engine.photo.masks import find_content
from astroloc_qgis.engine.photo.rings import concentric_share

Cells = NDArray[np.float32]
Worth = Literal["hopeless", "poor", "usable"]

COPY_PX, CELL_PX = 384, 12
"""Long side of the copy that is measured, and side of its cells, pixels."""
DARK_LEVEL = 45
"""Most level of the brightest channel, in the median of a cell, that is dark."""
LIGHT_ABOVE_DARK, LIGHT_RATIO = 25, 2.0
"""A dark cell holds a light where its brightest pixels are this many levels, and this many times, above its median."""
LEAST_DETAIL = 1.0
"""Least standard deviation of a cell between the scales of one and four pixels, levels, that is detail."""
LEAST_COARSENESS = 0.6
"""Least ratio of that to the deviation at finer scales: of noise it is 0.3, of land mostly more than 1."""
NOTHING = 0.7
"""Deviation of the cells, levels, below which nearly all of a photo lies that shows nothing."""
NIGHT, NIGHT_DETAIL, DUSK_DETAIL = 0.8, 0.3, 0.5
"""Least dark share of a night, and the most share of dark cells with detail of a hopeless and of a poor one."""
RINGS, SOME_RINGS = 0.3, 0.2
"""Least share of the detail in rings about the middle: the photo of a window, certainly and probably."""
SKY = 0.3
"""Least share of sky of a photo that is mostly horizon."""
WHITE_LEVEL, WHITE_COLOUR = 130, 0.1
"""Least level and most saturation of a white cell."""
MOSTLY = 0.6
"""Least share that is called most of the photo."""
POOR_ATTEMPTS = 6
"""Number of the likeliest attempts on a poor photo."""


@dataclass(frozen=True)
class Contents:
    """What a photo shows.

    Attributes:
        worth: "hopeless" (no search can find it), "poor" (a short search) or "usable".
        reason: what hinders the search, in the photo's terms; "" where nothing does.
        shares: "dark", "lights", "white", "even", "sky", "rings" and "detail" -> share from 0 to 1.
        effort: most attempts that matching is worth; None for no limit.
    """

    worth: Worth = "usable"
    reason: str = ""
    shares: dict[str, float] = field(default_factory=dict)
    effort: int | None = None

    def summary(self) -> dict[str, str | float]:
        """The entry in the JSON report."""
        return {"worth": self.worth, **{name: round(share, 3) for name, share in self.shares.items()}}


def find_contents(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> Contents:
    """Find out what a photo shows.

    Args:
        pixels: (H, W, 3) RGB.
        alpha: (H, W) opacity; None where all of it is opaque.
    """
    content = find_content(pixels, alpha)
    image = pixels if content is None else content.crop(pixels)
    height, width = image.shape[:2]
    shrink = min(1.0, COPY_PX / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    if min(size) < 4 * CELL_PX:
        return Contents()
    copy = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mask = None if content is None else content.mask(size)
    seen = np.ones(copy.shape[:2], bool) if mask is None else mask
    inside = _cells(seen.astype(np.float32)).mean(axis=1) > 0.9
    if inside.sum() < 16:
        return Contents()
    grey = np.asarray(cv2.cvtColor(copy, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    shares, deviation = _measure(copy, grey, inside)
    shares["sky"] = sky_above_limb(copy.max(axis=2)) if content is None else 0.0
    shares["rings"] = concentric_share(grey, mask)
    return _judge(shares, deviation, copy[seen])


def _cells(picture: NDArray[np.float32]) -> Cells:
    """(N, CELL_PX ** 2) pixels of the cells of a picture (h, w)."""
    rows, columns = (side // CELL_PX for side in picture.shape)
    whole = picture[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    return np.asarray(whole.swapaxes(1, 2).reshape(rows * columns, CELL_PX * CELL_PX))


def _measure(
    copy: NDArray[np.float32], grey: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[dict[str, float], Cells]:
    """The shares of cells by what they show, and the deviation of each, levels.

    Args:
        copy: (h, w, 3) RGB.
        grey: (h, w).
        inside: (N,) which cells are content.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = _cells(smooth - cv2.GaussianBlur(grey, (0, 0), 4.0))[inside].std(axis=1)
    fine = _cells(grey - smooth)[inside].std(axis=1)
    brightest = _cells(copy.max(axis=2))[inside]
    darkest = np.median(_cells(copy.min(axis=2))[inside], axis=1)
    level = np.median(brightest, axis=1)
    lit = np.percentile(brightest, 98, axis=1)
    dark = level < DARK_LEVEL
    detailed = (coarse >= LEAST_DETAIL) & (coarse >= LEAST_COARSENESS * fine)
    lights = dark & (coarse >= LEAST_DETAIL) & (lit > LIGHT_RATIO * level + LIGHT_ABOVE_DARK)
    white = (darkest >= WHITE_LEVEL) & (level - darkest <= WHITE_COLOUR * level)
    found = {
        "dark": dark,
        "lights": lights,
        "dark detail": dark & detailed & ~lights,
        "white": white,
        "even": ~dark & ~detailed,
        "detail": detailed & ~lights,
    }
    return {name: float(cells.mean()) for name, cells in found.items()}, coarse


def _judge(shares: dict[str, float], deviation: Cells, seen: NDArray[np.float32]) -> Contents:
    """What the shares mean for a search.

    Args:
        shares: see ``Contents``, and "dark detail".
        deviation: (N,) of the cells, levels.
        seen: (M, 3) RGB of the content.
    """
    dark_detail = shares.pop("dark detail")
    red, _, blue = np.median(seen, axis=0)

    def contents(worth: Worth, reason: str) -> Contents:
        return Contents(worth, reason, shares, {"hopeless": 0, "poor": POOR_ATTEMPTS, "usable": None}[worth])

    if np.percentile(deviation, 98) < NOTHING:
        if shares["dark"] > NIGHT:
            return contents("hopeless", "the photo is black")
        return contents("hopeless", "the photo shows an even surface without any detail")
    if shares["dark"] >= NIGHT and dark_detail < DUSK_DETAIL:
        worth: Worth = "hopeless" if dark_detail < NIGHT_DETAIL else "poor"
        return contents(worth, f"night: {shares['dark']:.0%} of the photo is dark")
    if shares["rings"] >= SOME_RINGS:
        worth = "hopeless" if shares["rings"] >= RINGS else "poor"
        return contents(worth, "a window with its rings and rim is most of what the photo shows")
    if shares["sky"] >= SKY:
        return contents("poor", f"the horizon is in view, and {shares['sky']:.0%} of the photo is sky")
    if shares["white"] >= MOSTLY:
        return contents("usable", f"{shares['white']:.0%} of the photo is cloud, snow or other white ground")
    if shares["even"] >= MOSTLY:
        what = "open sea or haze" if blue > 1.15 * red else "an even surface"
        return contents("usable", f"{shares['even']:.0%} of the photo is {what} without detail")
    return contents("usable", "")
