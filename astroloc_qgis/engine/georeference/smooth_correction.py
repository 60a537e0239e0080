"""A smooth correction on top of the homography, where tie points prove that it helps.

A homography is exact for a flat (or, in a near-sided plane, a round) Earth and a perfect lens. The residuals of a good
registration are smooth: the lens's distortion, mountains, a reference that is itself a little off.
Three models of growing freedom are fitted on top of the homography: radial distortion (Brown, Decentering Distortion
of Lenses, 1966), polynomials of the third order, and a thin plate spline with a stiffness (Duchon 1977; Bookstein
1989). Each is cross-validated over blocks of the photo, so that none is judged by its neighbours' noise, and none is
used that does not predict tie points it has not seen clearly better than the homography alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.confidence.uncertainty import homography_design, normalised
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.warping import remap

if TYPE_CHECKING:
    from astroloc_qgis.engine.photo.reading import Photo

CLEARLY_BETTER = 0.95
"""A model must leave less than this part of the cross-validated error of the homography, and of the model before."""

MIN_TIE_POINTS = 40
MIN_COVERED = 0.4
"""Share of the photo's blocks that must hold tie points: a spline is not determined in the others."""

FOLDS = 5
BLOCKS = 4
"""Blocks along each side of the photo; the tie points of a block are left out together."""

KNOTS = 60
STIFFNESS = (10.0, 1.0, 0.1, 0.01)
STRIP_ROWS = 512


@dataclass(frozen=True)
class SmoothCorrection:
    """The displacement of photo points from where the homography puts them.

    Attributes:
        model: "lens", "polynomial" or "thin plate".
        size: width and height of the photo, pixels.
        coefficients: (P,) of the model's columns.
        knots: (K, 2) of a thin plate spline, normalised photo coordinates; empty otherwise.
        error_before_px: cross-validated root mean square error of the homography alone, photo pixels, axis mean.
        error_after_px: the same with the correction.
    """

    model: str
    size: tuple[int, int]
    coefficients: Array
    knots: Array
    error_before_px: float
    error_after_px: float

    def to_photo(self, ideal_xy: Array) -> Array:
        """(N, 2) photo points as the homography has them -> (N, 2) where the photo shows them."""
        columns = _columns(self.model, normalised(ideal_xy, self.size), self.knots)
        return np.asarray(ideal_xy + columns @ self.coefficients)

    def summary(self) -> dict[str, Any]:
        """For the report: the model, and the cross-validated errors without and with it, photo pixels."""
        return {
            "model": self.model,
            "error_before_px": round(self.error_before_px, 4),
            "error_after_px": round(self.error_after_px, 4),
        }

    def rectified(self, photo: Photo) -> Photo:
        """The photo with the displacement removed, so that the homography holds everywhere.

        Bit depth and alpha are kept; pixels that come from outside the photo are transparent.
        """
        height, width = photo.pixels.shape[:2]
        alpha = np.full((height, width), 255, np.uint8) if photo.alpha is None else photo.alpha
        pixels, cover = np.empty_like(photo.pixels), np.empty((height, width), np.uint8)
        for top in range(0, height, STRIP_ROWS):
            bottom = min(top + STRIP_ROWS, height)
            x, y = self._map(top, bottom)
            pixels[top:bottom] = remap(photo.pixels, x, y, cv2.INTER_CUBIC, border_mode=cv2.BORDER_REPLICATE)
            cover[top:bottom] = remap(alpha, x, y, cv2.INTER_LINEAR, border_mode=cv2.BORDER_CONSTANT)
        return replace(photo, pixels=pixels, alpha=cover)

    def _map(self, top: int, bottom: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixel centres (OpenCV's convention) to look up for rows ``top`` to ``bottom``; smooth, so made on a mesh."""
        width = self.size[0]
        across, down = np.linspace(0, width, 65), np.linspace(top, bottom, 9)
        grid = np.stack(np.meshgrid(across, down), axis=-1)
        moved = (self.to_photo(grid.reshape(-1, 2)) - grid.reshape(-1, 2)).reshape(*grid.shape)
        columns, rows = np.arange(width) + 0.5, np.arange(top, bottom) + 0.5
        weights_x = np.maximum(0, 1 - np.abs(columns[:, None] - across) / (across[1] - across[0]))
        weights_y = np.maximum(0, 1 - np.abs(rows[:, None] - down) / (down[1] - down[0]))
        x = weights_y @ moved[..., 0] @ weights_x.T + columns - 0.5
        y = weights_y @ moved[..., 1] @ weights_x.T + rows[:, None] - 0.5
        return x.astype(np.float32), y.astype(np.float32)


def find_correction(
    homography: Array, photo_xy: Array, plane_xy: Array, size: tuple[int, int]
) -> SmoothCorrection | None:
    """The least free model that tie points prove better than the homography alone.

    Args:
        homography: (3, 3) photo pixels -> metres of the plane.
        photo_xy: (N, 2) photo pixels of the inlier tie points.
        plane_xy: (N, 2) metres of the plane.
        size: width and height of the photo, pixels.

    Returns:
        None where no model is clearly better, or there are too few tie points.
    """
    ideal = apply_homography(np.linalg.inv(homography), plane_xy)
    known = np.isfinite(ideal).all(axis=1)
    ideal, photo_xy = ideal[known], np.asarray(photo_xy)[known]
    blocks = _blocks(photo_xy, size)
    if len(ideal) < MIN_TIE_POINTS or len(np.unique(blocks)) < MIN_COVERED * BLOCKS**2:
        return None
    at, residual = normalised(ideal, size), photo_xy - ideal
    folds = np.random.default_rng(0).permutation(BLOCKS**2)[blocks] % FOLDS
    none = np.zeros((0, 2))
    before = _validated(at, residual, folds, "none", none, 0.0)
    best: tuple[float, str, Array, float] | None = None
    trials: list[tuple[str, Array, float]] = [("lens", none, 1e-6), ("polynomial", none, 1e-3)]
    trials += [("thin plate", _spread(at), stiffness) for stiffness in STIFFNESS]
    for model, knots, stiffness in trials:
        error = _validated(at, residual, folds, model, knots, stiffness)
        if error < CLEARLY_BETTER * (before if best is None else best[0]):
            best = (error, model, knots, stiffness)
    if best is None:
        return None
    error, model, knots, stiffness = best
    coefficients = _fit(at, residual, model, knots, stiffness)
    return SmoothCorrection(model, size, coefficients, knots, before, error)


def _blocks(photo_xy: Array, size: tuple[int, int]) -> NDArray[np.intp]:
    """(N,) number of the block of the photo that each point lies in."""
    column, row = np.clip((photo_xy / np.array(size) * BLOCKS).astype(int), 0, BLOCKS - 1).T
    return np.asarray(row * BLOCKS + column)


def _spread(at: Array) -> Array:
    """Up to ``KNOTS`` of the points, each as far as can be from those before it."""
    chosen = [int(np.argmin((at**2).sum(axis=1)))]
    nearest = ((at - at[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(KNOTS, len(at)) and nearest.max() > 1e-4:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, ((at - at[chosen[-1]]) ** 2).sum(axis=1))
    return at[chosen]


def _columns(model: str, at: Array, knots: Array) -> Array:
    """(N, 2, P) displacement, photo pixels, of points by each coefficient; the homography's own eight come first."""
    extra: dict[str, Callable[[Array, Array], Array]] = {
        "none": lambda at, _: np.zeros((len(at), 2, 0)),
        "lens": _radial,
        "polynomial": _polynomial,
        "thin plate": _spline,
    }
    return np.concatenate([homography_design(at), extra[model](at, knots)], axis=2)


def _radial(at: Array, _: Array) -> Array:
    squared = (at**2).sum(axis=1)[:, None]
    return np.stack([at * squared, at * squared**2], axis=2)


def _polynomial(at: Array, _: Array) -> Array:
    x, y = at.T
    terms = np.stack([x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], axis=1)
    return _both_axes(terms)


def _spline(at: Array, knots: Array) -> Array:
    squared = ((at[:, None] - knots) ** 2).sum(axis=2)
    return _both_axes(np.where(squared > 0, squared * np.log(np.maximum(squared, 1e-300)) / 2, 0.0))


def _both_axes(terms: Array) -> Array:
    """(N, P) terms -> (N, 2, 2 P): each for x and for y."""
    nothing = np.zeros_like(terms)
    return np.stack([np.concatenate([terms, nothing], axis=1), np.concatenate([nothing, terms], axis=1)], axis=1)


def _fit(at: Array, residual: Array, model: str, knots: Array, stiffness: float) -> Array:
    """Least squares, with a penalty on all coefficients but the homography's eight."""
    columns = _columns(model, at, knots)
    design = columns.reshape(-1, columns.shape[2])
    pull = np.full(design.shape[1], stiffness * len(at) / 100)
    pull[:8] = 1e-9
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(pull), design.T @ residual.ravel()))


def _validated(
    at: Array, residual: Array, folds: NDArray[np.intp], model: str, knots: Array, stiffness: float
) -> float:
    """Root mean square error, axis mean, over points that took no part in the fit."""
    errors = np.zeros_like(residual)
    for fold in range(FOLDS):
        out = folds == fold
        if not out.any() or (~out).sum() < 12:
            continue
        coefficients = _fit(at[~out], residual[~out], model, knots, stiffness)
        errors[out] = residual[out] - _columns(model, at[out], knots) @ coefficients
    return float(np.sqrt((errors**2).mean()))
