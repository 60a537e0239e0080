"""Fits that change a given homography no more than a few tie points need: a shift, a similarity, an affine map."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, normalise, translation
from astroloc_qgis.engine.geometry.projection import Array

FEWEST_FOR_PERSPECTIVE = 4
"""Tie points that fix a homography."""
FEWEST_FOR_AFFINE = 3
"""Tie points that fix an affine map."""


def fits_to_points(homography: Array, photo: Array, plane: Array, weights: Array) -> list[Array]:
    """Homographies that the tie points determine, the one with most freedom first.

    One point shifts the photo, two rotate and scale it, three shear it; four or more give the perspective. Fits with
    less freedom follow, for points that do not carry the first (all on a line, for one). More points than a fit needs
    are fitted by least squares.

    Args:
        homography: (3, 3) the present one, photo pixels -> metres of the plane.
        photo: (N, 2) photo pixels of the tie points.
        plane: (N, 2) their places, metres.
        weights: (N,) of the residuals.

    Raises:
        numpy.linalg.LinAlgError: some of them cannot be computed.
    """
    now = apply_homography(homography, photo)
    if len(photo) == 1:
        return [normalise(translation(*(plane[0] - now[0])) @ homography)]
    found = []
    if len(photo) >= FEWEST_FOR_PERSPECTIVE:
        found.append(homography_from_points(photo, plane, weights))
    if len(photo) >= FEWEST_FOR_AFFINE:
        found.append(normalise(_affine(now, plane, weights) @ homography))
    return [*found, normalise(_similarity(now, plane, weights) @ homography)]


def _affine(source: Array, target: Array, weights: Array) -> Array:
    """The least-squares affine map between (N, 2) points, as a (3, 3) matrix."""
    middle = source.mean(axis=0)
    rows = np.column_stack([source - middle, np.ones(len(source))]) * weights[:, None]
    found = np.linalg.lstsq(rows, target * weights[:, None], rcond=None)[0].T
    return np.asarray(np.vstack([found, [0.0, 0.0, 1.0]]) @ translation(*-middle))


def _similarity(source: Array, target: Array, weights: Array) -> Array:
    """The least-squares rotation, scale and shift between (N, 2) points, as a (3, 3) matrix."""
    share = (weights**2 / (weights**2).sum())[:, None]
    from_middle, to_middle = (source * share).sum(axis=0), (target * share).sum(axis=0)
    a = (source - from_middle) @ np.array([1.0, 1.0j])
    b = (target - to_middle) @ np.array([1.0, 1.0j])
    rotation = complex((share[:, 0] * np.conj(a) * b).sum() / (share[:, 0] * np.abs(a) ** 2).sum())
    about = np.array([[rotation.real, -rotation.imag, 0.0], [rotation.imag, rotation.real, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(translation(*to_middle) @ about @ translation(*-from_middle))
