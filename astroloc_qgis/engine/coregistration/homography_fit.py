"""Robust estimation of a homography from matches, and checks that a camera could have made it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, in_front
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.rendering import jacobian
from astroloc_qgis.engine.matchers.base import Matches

MIN_INLIERS = 8
"""Fewest inliers of a solution; four matches fit any homography."""

MAX_STRETCH = 6.0
"""Greatest ratio of the scales in two directions at one point of a photo, as with a tilt of 80 degrees."""

MAX_SCALE_CHANGE = 12.0
"""Greatest ratio of linear scales between two corners of a photo."""

MAX_SIMILAR_SCALE = 3.0
"""Greatest ratio of scales between two pictures that a similarity relates: they are drawn at about the same scale."""


@dataclass(frozen=True)
class PointPrior:
    """A weak prior on where a homography maps some points, such as the corners of the photo.

    A photo of a coast or of broken clouds has its matches in one part, and eight free parameters leave the far corners
    undetermined. A prior at the corners of the iteration before has little effect where matches surround a corner, and
    lets the other corners move slowly.

    Attributes:
        a: (N, 2) pixels of the first picture.
        b: (N, 2) expected pixels of the second picture.
        deviation: standard deviation of the prior, pixels of the second picture.
    """

    a: Array
    b: Array
    deviation: float


@dataclass(frozen=True)
class Fit:
    """A homography between two pictures and the matches that agree with it.

    Attributes:
        homography: (3, 3) first picture's pixels -> second picture's.
        inlier: (M,) which matches agree.
        rmse: root mean square distance of the inliers, pixels of the second picture.
    """

    homography: Array
    inlier: NDArray[np.bool_]
    rmse: float

    @property
    def inliers(self) -> int:
        """Number of matches that agree."""
        return int(self.inlier.sum())


def fit_homography(
    matches: Matches, threshold: float, prior: PointPrior | None = None, least: int = MIN_INLIERS
) -> Fit | None:
    """Robust homography of matches: MAGSAC++ (Barath et al., CVPR 2020), then least squares on its inliers.

    Args:
        matches: pairs of points.
        threshold: distance in pixels of the second picture up to which a pair may agree.
        prior: where some points are expected to be mapped.
        least: fewest inliers of a solution.

    Returns:
        The fit, or None where no homography has ``least`` inliers.
    """
    if len(matches) < least:
        return None
    found, _ = cv2.findHomography(matches.a, matches.b, cv2.USAC_MAGSAC, threshold, maxIters=10_000, confidence=0.9999)
    if found is None or not np.isfinite(found).all():
        return None
    homography = np.asarray(found, dtype=np.float64)
    inlier = _residuals(homography, matches) < threshold
    for _ in range(4):
        if inlier.sum() < least:
            return None
        homography = _least_squares(matches.a[inlier], matches.b[inlier], threshold / 3, prior)
        again = _residuals(homography, matches) < threshold
        if (again == inlier).all():
            break
        inlier = again
    return fit_of(homography, matches, threshold, least)


def fit_similarity(matches: Matches, threshold: float, least: int) -> Fit | None:
    """Robust similarity (rotation, scale, shift) of matches, as a homography: RANSAC, then least squares.

    Four free parameters instead of eight find a consensus among many more wrong matches. Seen from the camera, a photo
    differs from a picture of the ground by little more than a similarity: its inliers begin the iterations.

    Args:
        matches: pairs of points.
        threshold: distance in pixels of the second picture up to which a pair may agree.
        least: fewest inliers of a solution.

    Returns:
        The fit, or None where no similarity has ``least`` inliers.
    """
    if len(matches) < least:
        return None
    found, _ = cv2.estimateAffinePartial2D(
        matches.a, matches.b, method=cv2.RANSAC, ransacReprojThreshold=threshold, maxIters=10_000, confidence=0.9999
    )
    if found is None or not np.isfinite(found).all():
        return None
    scale = math.sqrt(abs(float(np.linalg.det(found[:, :2]))))
    if not 1 / MAX_SIMILAR_SCALE < scale < MAX_SIMILAR_SCALE:
        return None
    return fit_of(np.vstack([found, [0.0, 0.0, 1.0]]), matches, threshold, least)


def fit_of(homography: Array, matches: Matches, threshold: float, least: int = MIN_INLIERS) -> Fit | None:
    """The inliers of a given homography; None where there are fewer than ``least`` (see ``fit_homography``)."""
    distance = _residuals(homography, matches)
    inlier = distance < threshold
    if inlier.sum() < least:
        return None
    return Fit(homography, inlier, float(np.sqrt((distance[inlier] ** 2).mean())))


def _least_squares(a: Array, b: Array, deviation: float, prior: PointPrior | None) -> Array:
    if prior is None:
        return homography_from_points(a, b)
    weights = np.concatenate([np.full(len(a), 1 / deviation), np.full(len(prior.a), 1 / prior.deviation)])
    return homography_from_points(np.concatenate([a, prior.a]), np.concatenate([b, prior.b]), weights)


def _residuals(homography: Array, matches: Matches) -> Array:
    """(M,) distances in the second picture; infinite where the homography maps a point to infinity."""
    distance = np.linalg.norm(apply_homography(homography, matches.a) - matches.b, axis=1)
    return np.asarray(np.where(np.isfinite(distance), distance, np.inf))


def why_impossible(homography: Array, size: tuple[int, int]) -> str:
    """Why no camera could have made a homography, or an empty string.

    Args:
        homography: (3, 3) photo pixels -> pixels of a picture of the ground (y down on both sides).
        size: width and height of the photo in pixels.

    Returns:
        A sentence that says "mirrored", "not convex", "collapsed" or "exploding".
    """
    corners = photo_corners(*size)
    centre = (size[0] / 2, size[1] / 2)
    magnitude = np.linalg.norm(homography)
    if not (np.isfinite(magnitude) and magnitude > 0 and abs(np.linalg.det(homography / magnitude)) > 1e-18):
        return "the solution has collapsed"
    if np.linalg.det(jacobian(homography, centre)) <= 0:
        return "the solution is mirrored"
    # The outline is convex exactly when all corners are in front of the camera: a rectangle maps to a dart or a bow tie
    # where the vanishing line cuts it.
    if (in_front(homography, corners, centre) <= 0).any():
        return "the outline is not convex: part of the photo lies beyond the vanishing line"
    stretches, scales = [], []
    for corner in corners:
        large, small = np.linalg.svd(jacobian(homography, (corner[0], corner[1])), compute_uv=False)
        stretches.append(large / max(small, 1e-12))
        scales.append(math.sqrt(large * small))
    large, small = np.linalg.svd(jacobian(homography, centre), compute_uv=False)
    if large / max(small, 1e-12) > MAX_STRETCH or max(stretches) > 3 * MAX_STRETCH:
        return "the solution has collapsed in one direction"
    if max(scales) / max(min(scales), 1e-12) > MAX_SCALE_CHANGE:
        return "the solution is exploding: its scale changes too much across the photo"
    return ""
