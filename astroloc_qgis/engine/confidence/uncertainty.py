"""Uncertainty of a registration: the error of the ground position, in metres, at every pixel of a photo.

It is the covariance of the least-squares homography of the inlier tie points, propagated to pixels and to the ground.

The errors are errors of matching, in pixels of the photo. A small change of a homography H is written as
H (I + D), where D acts on the photo (the compositional form; Baker and Matthews, Lucas-Kanade 20 Years On, IJCV 2004):
its Jacobian at a pixel does not depend on H, and the normal matrix is well conditioned in any plane.

The plain formula would be too optimistic for two reasons. Neighbouring matches share their errors (terrain, distortion
of the reference, the same edge found twice): the photo is divided into cells, and the variance is raised by the ratio
of the squared sums of residuals over cells to those of independent residuals (the design effect of clustered samples;
Kish, Survey Sampling, 1965). And with few tie points the variance itself is uncertain: the quantiles are those of
Student's distribution.

Errors that all tie points share, such as a shift of the whole reference, are not included; they can be given
(``reference_sigma_m``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, in_front
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

if TYPE_CHECKING:
    from astroloc_qgis.engine.registration import Registration

CELLS = 5
"""Cells along the photo's short side in which errors may be shared."""

MIN_TIE_POINTS = 6
"""Fewest tie points of an estimate: four determine a homography, six leave four degrees of freedom."""

MIN_FREEDOM = 3.0
"""Least degrees of freedom assumed: with fewer the quantiles become very large."""

SHARED_FRAME_PX = 0.015
"""Interpolation error that all tie points share and no residual shows: standard deviation along one axis, in pixels of
the picture in which they were matched."""

METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Uncertainty:
    """The errors of a registration.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        plane: the working plane.
        size: width and height of the photo, pixels.
        covariance: (8, 8) of the homography's change D, in normalised photo coordinates; see ``homography_design``.
        freedom: degrees of freedom of the residual variance.
        sigma_px: standard deviation of a tie point along one axis, photo pixels.
        design_effect: factor by which shared errors raise the variance, at least 1.
        tie_points: number of tie points used.
        reference_sigma_m: standard deviation, along one axis, of the reference itself, metres.
        shared_px: standard deviation, along one axis, of the error that all tie points share, photo pixels.
    """

    homography: Array
    plane: WorkingPlane
    size: tuple[int, int]
    covariance: Array
    freedom: float
    sigma_px: float
    design_effect: float
    tie_points: int
    reference_sigma_m: float = 0.0
    shared_px: float = 0.0

    def covariance_px(self, photo_xy: Array) -> Array:
        """(N, 2, 2) covariance of the registration at (N, 2) photo points, as a displacement in photo pixels."""
        rows = homography_design(normalised(photo_xy, self.size)) * _scale(self.size)
        return np.asarray(rows @ self.covariance @ rows.transpose(0, 2, 1) + np.eye(2) * self.shared_px**2)

    def covariance_m(self, photo_xy: Array) -> Array:
        """(N, 2, 2) covariance of the ground position, metres east and north; NaN where a pixel sees no ground."""
        photo_xy = np.asarray(photo_xy, dtype=np.float64).reshape(-1, 2)
        down = _ground_jacobian(self.homography, self.plane, self.size, photo_xy)
        covariance = down @ self.covariance_px(photo_xy) @ down.transpose(0, 2, 1)
        return np.asarray(covariance + np.eye(2) * self.reference_sigma_m**2)

    def radius_m(self, photo_xy: Array, probability: float = 0.68) -> Array:
        """Radius of the circle on the ground, about the position of a pixel, that holds the true position.

        Args:
            photo_xy: (N, 2) photo pixels.
            probability: with which the circle holds it, such as 0.68 or 0.95.

        Returns:
            (N,) metres; NaN where a pixel sees no ground.
        """
        return self.radii_m(photo_xy, (probability,))[0]

    def radii_m(self, photo_xy: Array, probabilities: Iterable[float]) -> list[Array]:
        """``radius_m`` for several probabilities, at little more than the cost of one."""
        covariance = self.covariance_m(photo_xy)
        half = (covariance[:, 0, 0] + covariance[:, 1, 1]) / 2
        root = np.hypot((covariance[:, 0, 0] - covariance[:, 1, 1]) / 2, covariance[:, 0, 1])
        large, small = np.sqrt(half + root), np.sqrt(np.maximum(half - root, 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            flat = small / large
            factors = [_radial_factors(probability, self.freedom) for probability in probabilities]
            return [np.asarray(large * np.interp(flat, *factor)) for factor in factors]

    def summary(self) -> dict[str, float | None]:
        """The uncertainty in a few numbers, for the report.

        Returns:
            Metres: median_68_m and median_95_m over the photo, worst_corner_68_m and worst_corner_95_m; None where no
            corner sees ground. sigma_px: of a tie point. design_effect.
        """
        width, height = self.size
        steps = (np.arange(16) + 0.5) / 16
        inside = np.stack(np.meshgrid(steps * width, steps * height), axis=-1).reshape(-1, 2)
        found: dict[str, float | None] = {}
        for percent in (68, 95):
            middle = self.radius_m(inside, percent / 100)
            corners = self.radius_m(photo_corners(width, height), percent / 100)
            found[f"median_{percent}_m"] = _rounded(float(np.median(middle[np.isfinite(middle)])))
            finite = corners[np.isfinite(corners)]
            found[f"worst_corner_{percent}_m"] = _rounded(float(finite.max())) if len(finite) else None
        return {**found, "sigma_px": round(self.sigma_px, 3), "design_effect": round(self.design_effect, 2)}


def estimate_uncertainty(
    registration: Registration, photo_size: tuple[int, int], *, reference_sigma_m: float = 0.0
) -> Uncertainty | None:
    """The uncertainty of a registration; None where it has no homography or too few inliers.

    How far a registration that has not converged still moves is an error that all its tie points share.

    Args:
        registration: what coregistration found.
        photo_size: width and height of the photo, pixels.
        reference_sigma_m: standard deviation, along one axis, of the reference's own position, metres.
    """
    ties = registration.tie_points
    if registration.homography is None or ties is None or ties.inlier.sum() < MIN_TIE_POINTS:
        return None
    drift_px = 0.0 if registration.converged else registration.history[-1].shift * math.hypot(*photo_size) / 2
    return uncertainty_of(
        ties.photo_xy[ties.inlier],
        ties.plane_xy[ties.inlier],
        registration.homography,
        registration.plane,
        photo_size,
        reference_sigma_m=reference_sigma_m,
        shared_px=math.hypot(SHARED_FRAME_PX / registration.frame_scale, drift_px if math.isfinite(drift_px) else 0.0),
    )


def uncertainty_of(
    photo_xy: Array,
    plane_xy: Array,
    homography: Array,
    plane: WorkingPlane,
    photo_size: tuple[int, int],
    *,
    reference_sigma_m: float = 0.0,
    shared_px: float = 0.0,
) -> Uncertainty:
    """The uncertainty of a homography that is the least-squares fit of tie points.

    Args:
        photo_xy: (N, 2) photo pixels of the inliers.
        plane_xy: (N, 2) their positions in the plane, metres.
        homography: (3, 3) photo pixels -> metres of the plane.
        plane: the working plane.
        photo_size: width and height of the photo, pixels.
        reference_sigma_m: standard deviation, along one axis, of the reference's own position, metres.
        shared_px: standard deviation, along one axis, of the error that all tie points share, photo pixels.

    Raises:
        ValueError: fewer than ``MIN_TIE_POINTS`` tie points, or points that are not finite.
    """
    residual = apply_homography(np.linalg.inv(homography), plane_xy) - photo_xy
    if len(residual) < MIN_TIE_POINTS or not np.isfinite(residual).all():
        raise ValueError(f"{len(residual)} tie points, all of them finite or not, do not tell their error")
    at = normalised(photo_xy, photo_size)
    rows = homography_design(at)
    normal = np.einsum("nij,nik->jk", rows, rows)
    # Points on one line leave some of the eight undetermined: those get a huge variance, where a pseudo-inverse has 0.
    values, vectors = np.linalg.eigh(normal)
    inverse = (vectors / np.maximum(values, 1e-12 * values.max())) @ vectors.T
    count = len(residual)
    variance = float((residual**2).sum()) / (2 * count - 8)
    effect = _design_effect(residual, rows, inverse, variance, _cells(photo_xy, photo_size))
    return Uncertainty(
        homography=np.asarray(homography, dtype=np.float64),
        plane=plane,
        size=photo_size,
        covariance=inverse * variance * effect / _scale(photo_size) ** 2,
        freedom=max(2 * count / effect - 8, MIN_FREEDOM),
        sigma_px=math.sqrt(variance),
        design_effect=effect,
        tie_points=count,
        reference_sigma_m=reference_sigma_m,
        shared_px=shared_px,
    )


def _scale(size: tuple[int, int]) -> float:
    """Pixels in one unit of normalised photo coordinates."""
    return math.hypot(*size) / 2


def normalised(photo_xy: Array, size: tuple[int, int]) -> Array:
    """Photo pixels -> coordinates about the photo's centre, its corners at distance 1."""
    photo_xy = np.asarray(photo_xy, dtype=np.float64).reshape(-1, 2)
    return np.asarray((photo_xy - np.array(size) / 2) / _scale(size))


def homography_design(at: Array) -> Array:
    """(N, 2, 8) derivative of (I + D) at points by D's entries, row by row, the last one (the scale) left out."""
    x, y = at.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    return np.stack(
        [
            np.stack([x, y, one, zero, zero, zero, -x * x, -x * y], axis=1),
            np.stack([zero, zero, zero, x, y, one, -x * y, -y * y], axis=1),
        ],
        axis=1,
    )


def _cells(photo_xy: Array, size: tuple[int, int]) -> np.ndarray:
    """(N,) number of the cell that each point lies in."""
    side = min(size) / CELLS
    column, row = np.floor(photo_xy / side).astype(int).T
    return np.asarray(np.unique(row * 10_000 + column, return_inverse=True)[1].reshape(-1))


def _design_effect(residual: Array, rows: Array, inverse: Array, variance: float, cells: np.ndarray) -> float:
    """Ratio of the squared sums of residuals over cells to those of independent errors; at least 1.

    Args:
        residual: (N, 2) photo pixels.
        rows: (N, 2, 8) the design.
        inverse: (8, 8) of the normal matrix.
        variance: of the residuals.
        cells: (N,) number of each point's cell.
    """
    number = int(cells.max()) + 1
    sums, designs = np.zeros((number, 2)), np.zeros((number, 2, 8))
    np.add.at(sums, cells, residual)
    np.add.at(designs, cells, rows)
    points = np.bincount(cells)
    # The fit takes eight degrees of freedom out of the residuals: the expected sum of each cell is smaller by its part.
    fitted = np.einsum("cij,jk,cik->c", designs, inverse, designs)
    expected = variance * float((2 * points - fitted).clip(min=0.0).sum())
    # The limit at 1 makes the estimate a little too large, on the safe side.
    return max(1.0, float((sums**2).sum()) / expected) if expected > 0 else 1.0


def _ground_jacobian(homography: Array, plane: WorkingPlane, size: tuple[int, int], photo_xy: Array) -> Array:
    """(N, 2, 2) derivative of the ground position, metres east and north, by photo pixels; NaN off the ground."""
    offsets = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
    around = (photo_xy[:, None] + offsets).reshape(-1, 2)
    on_plane = apply_homography(homography, around)
    on_plane[in_front(homography, around, (size[0] / 2, size[1] / 2)) <= 0] = np.nan
    lonlat = plane.to_lonlat(on_plane).reshape(-1, 4, 2)
    step = np.stack([lonlat[:, 1] - lonlat[:, 0], lonlat[:, 3] - lonlat[:, 2]], axis=-1)  # (N, lon and lat, x and y)
    step[:, 0] = wrap_lon(step[:, 0]) * np.cos(np.radians(lonlat[:, :, 1].mean(axis=1)))[:, None]
    return np.asarray(step * METRES_PER_DEGREE)


@lru_cache(maxsize=16)
def _radial_factors(probability: float, freedom: float) -> tuple[Array, Array]:
    """Radius, in units of the greater standard deviation, that holds a share of a flat or round error ellipse.

    A bivariate Student vector is an ellipse times a radius rho with P(rho > t) = (1 + t^2 / freedom)^(-freedom / 2).

    Returns:
        Ratios of the smaller to the greater standard deviation, and the radius for each.
    """
    ratios = np.linspace(0.0, 1.0, 21)
    angle = (np.arange(90) + 0.5) * math.pi / 90
    spread = np.cos(angle) ** 2 + (ratios[:, None] * np.sin(angle)) ** 2  # (ratio, angle) squared radius of the ellipse
    low, high = np.zeros_like(ratios), np.full_like(ratios, 1e4)
    for _ in range(40):
        middle = (low + high) / 2
        held = 1 - ((1 + middle[:, None] ** 2 / spread / freedom) ** (-freedom / 2)).mean(axis=1)
        low, high = np.where(held < probability, middle, low), np.where(held < probability, high, middle)
    return ratios, high


def _rounded(metres: float) -> float:
    """Round to three significant digits."""
    return float(f"{metres:.3g}")
