"""Photos matched to their neighbours: links, homographies from one photo to another.

What moves with the camera (a window's frame, struts, dirt on the glass) stands still from photo to photo and would
link any two of them by the identity. So matches that did not move take no part, unless nearly everything stood still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.confidence.uncertainty import homography_design, normalised
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, in_front, normalise
from astroloc_qgis.engine.geometry.polygons import clip_to_box, is_convex, polygon_area, signed_area
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Features, Matcher, Matches
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.registration import coverage

MATCHERS = ("sift", "xfeat-lighterglue")
"""The matchers that are asked in turn."""
LONG_SIDE = 800
"""Long side of the photos in the matching, pixels."""
REACH = 3
"""How many photos on a photo is matched to at most."""
THRESHOLD_PX = 3.0
"""Distance of an inlier, at most, pixels of the matched pictures."""
LEAST_INLIERS = 25
"""Fewest inliers of a link; between photos without shared ground there were 8 at most."""
LEAST_COVERAGE = 0.1
"""Least share of either photo's cells that hold an inlier."""
LEAST_OVERLAP = 0.12
"""Least share of a photo that its neighbour shows."""
STILL = 0.01
"""A match that moved less than this part of the diagonal stood still."""
LEAST_STILL_SHARE, LEAST_STILL_COVERAGE = 0.7, 0.6
"""Of photos of the same view: least share of the matches that stood still, and of the photo that they cover."""
MOST_ZOOM = 3.0
"""Greatest ratio of the areas of a photo and of its picture in the next."""
MOST_LOOP = 0.04
"""Greatest distance between a photo's corners by one link and by two in turn, as a part of the diagonal."""


@dataclass(frozen=True)
class Link:
    """A homography between two photos of a sequence.

    Attributes:
        first, second: their numbers.
        homography: (3, 3) photo pixels of the first -> those of the second.
        inliers: number of matches that agree.
        deviation: standard deviation of the second's worst corner in the first, as a part of the diagonal.
    """

    first: int
    second: int
    homography: Array
    inliers: int
    deviation: float

    def reversed(self) -> Link:
        """The same link from the second photo to the first."""
        return Link(self.second, self.first, normalise(np.linalg.inv(self.homography)), self.inliers, self.deviation)


def find_links(
    count: int,
    size: tuple[int, int],
    picture: Callable[[int], tuple[NDArray[np.uint8], NDArray[np.uint8] | None]],
    *,
    may_stand_still: Callable[[int, int], bool] = lambda first, second: second - first == 1,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> list[Link]:
    """Match the photos of a sequence to those that follow them.

    Each is matched to the next and the one after it, and further on only where these gave nothing.

    Args:
        count: number of photos.
        size: width and height of each, pixels.
        picture: gives the pixels (H, W, 3) and the alpha (H, W) of a photo.
        may_stand_still: whether two photos may be of the same view: soon after one another.
        device: torch device.
        progress: told the stage "match"; may raise ``Cancelled``.
    """
    links: list[Link] = []
    known: dict[int, _Picture] = {}
    for second in range(count):
        progress("match", second / count)
        known[second] = _Picture(*picture(second))
        linked = False
        for first in range(second - 1, max(-1, second - 1 - REACH), -1):
            if second - first > 2 and linked:
                break
            names = MATCHERS if second - first == 1 else MATCHERS[:1]
            still = may_stand_still(first, second)
            link = _link(known[first], known[second], (first, second), names, device, still=still)
            if link is not None:
                links.append(link)
                linked = True
        known.pop(second - REACH, None)
    return _without_contradictions(links, size)


class _Picture:
    """A photo at the size of the matching, with the features that each matcher finds in it."""

    def __init__(self, pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> None:
        level = PhotoPyramid(pixels, alpha).level(LONG_SIDE)
        self.image, self.mask, self.from_photo = level.image, level.mask, level.from_photo
        self._features: dict[str, Features] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]

    def features(self, matcher: Matcher) -> Features:
        """What the matcher finds in it."""
        if matcher.name not in self._features:
            self._features[matcher.name] = matcher.extract(self.image, self.mask)
        return self._features[matcher.name]


def _link(
    first: _Picture,
    second: _Picture,
    numbers: tuple[int, int],
    names: Sequence[str],
    device: str,
    *,
    still: bool,
) -> Link | None:
    """The link between two photos by the first matcher that finds one."""
    for name in names:
        matcher = matchers.create(name, device)
        matches = matcher.match(first.features(matcher), second.features(matcher))
        found = fit_link(matches, first.size, second.size, may_stand_still=still)
        if found is not None:
            homography, kept = found
            deviation = _corner_deviation(matches.a[kept], matches.b[kept], homography, first.size, second.size)
            whole = normalise(np.linalg.inv(second.from_photo) @ homography @ first.from_photo)
            return Link(*numbers, whole, int(kept.sum()), deviation)
    return None


def fit_link(
    matches: Matches, first_size: tuple[int, int], second_size: tuple[int, int], *, may_stand_still: bool = True
) -> tuple[Array, NDArray[np.bool_]] | None:
    """The homography of two photos of one camera.

    Args:
        matches: between them.
        first_size: width and height of the first matched picture.
        second_size: the same of the second.
        may_stand_still: whether they may be of the same view.

    Returns:
        (3, 3) pixels of the first picture -> those of the second, and (M,) which matches agree; None without strong
        evidence.
    """
    diagonal = math.hypot(*first_size)
    still = np.hypot(*(matches.a - matches.b).T) < STILL * diagonal
    used = ~still
    if still.sum() >= LEAST_INLIERS and still.mean() >= LEAST_STILL_SHARE:
        if not may_stand_still or coverage(matches.a[still], first_size) < LEAST_STILL_COVERAGE:
            return None
        used = np.ones(len(still), bool)
    if used.sum() < LEAST_INLIERS:
        return None
    cv2.setRNGSeed(0)
    homography, agreeing = cv2.findHomography(
        matches.a[used], matches.b[used], cv2.USAC_MAGSAC, THRESHOLD_PX, maxIters=5000, confidence=0.9999
    )
    if homography is None:
        return None
    kept = np.zeros(len(used), bool)
    kept[np.flatnonzero(used)[agreeing.ravel() > 0]] = True
    if kept.sum() < LEAST_INLIERS:
        return None
    homography = homography_from_points(matches.a[kept], matches.b[kept])
    spread = min(coverage(matches.a[kept], first_size), coverage(matches.b[kept], second_size))
    if spread < LEAST_COVERAGE or not _is_plausible(homography, first_size, second_size):
        return None
    return homography, kept


def _is_plausible(homography: Array, first_size: tuple[int, int], second_size: tuple[int, int]) -> bool:
    """Whether a camera that flew on may have seen this: convex, not mirrored, of similar size, with shared ground."""
    corners = photo_corners(*first_size)
    if not (in_front(homography, corners, (first_size[0] / 2, first_size[1] / 2)) > 0).all():
        return False
    seen = apply_homography(homography, corners)
    if not is_convex(seen) or signed_area(seen) * signed_area(corners) <= 0:
        return False
    sides = np.hypot(*(np.roll(seen, -1, axis=0) - seen).T) / np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    if sides.max() > MOST_ZOOM * sides.min():
        return False
    area = abs(signed_area(seen))
    whole = second_size[0] * second_size[1]
    if not 1 / MOST_ZOOM < area / whole < MOST_ZOOM:
        return False
    shared = polygon_area(
        clip_to_box([(float(x), float(y)) for x, y in seen], (0.0, 0.0, float(second_size[0]), float(second_size[1])))
    )
    return shared >= LEAST_OVERLAP * min(area, whole)


def _corner_deviation(
    a: Array, b: Array, homography: Array, first_size: tuple[int, int], second_size: tuple[int, int]
) -> float:
    """Standard deviation of the second picture's worst corner in the first, as a part of the diagonal.

    The errors of neighbouring matches are shared, so that their number counts by its root (``uncertainty`` measures
    such a design effect where it has the ground to measure it on).
    """
    back = np.linalg.inv(homography)
    residual = apply_homography(back, b) - a
    rows = homography_design(normalised(a, first_size))
    inverse = np.linalg.pinv(np.einsum("nij,nik->jk", rows, rows))
    variance = float((residual**2).sum()) / max(1, 2 * len(a) - 8) * math.sqrt(len(a))
    corners = homography_design(normalised(apply_homography(back, photo_corners(*second_size)), first_size))
    spread = np.einsum("nij,jk,nik->ni", corners, inverse, corners).sum(axis=1).max()
    return math.sqrt(spread * variance) / math.hypot(*first_size)


def _without_contradictions(links: Sequence[Link], size: tuple[int, int]) -> list[Link]:
    """The links without those that two others in turn contradict: of such three the one of fewest inliers goes."""
    by_pair = {(link.first, link.second): link for link in links}
    corners, diagonal = photo_corners(*size), math.hypot(*size)
    for first, third in sorted(by_pair):
        for second in range(first + 1, third):
            loop = [by_pair.get(pair) for pair in ((first, second), (second, third), (first, third))]
            whole = [link for link in loop if link is not None]
            if len(whole) < 3:
                continue
            one, two, both = whole
            in_turn, at_once = two.homography @ one.homography, both.homography
            off = apply_homography(in_turn, corners) - apply_homography(at_once, corners)
            if np.hypot(*off.T).max() > MOST_LOOP * diagonal + 4 * both.deviation * diagonal:
                weakest = min(whole, key=lambda link: link.inliers)
                by_pair.pop((weakest.first, weakest.second))
    return list(by_pair.values())
