"""Fit of a camera model to tie points: better determined than a homography where they cover only a part of the photo.

The eight parameters of a homography leave the far corners undetermined when the matches of a coast or of broken cloud
lie in one part of the photo. A camera has fewer: square pixels, an optical axis through the middle of the photo, a
position above the nadir. These are known only roughly, so they are priors: the fit is the most probable camera given
the tie points and the priors (a bundle adjustment of one photo; Triggs et al., Bundle Adjustment: A Modern Synthesis,
2000). Tie points all over the photo outweigh the priors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from astroloc_qgis.engine.geometry.homography import apply_homography, normalise, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array

NADIR_DEVIATION_M = 30_000.0
"""Standard deviation of the nadir along one axis: it is listed to a tenth of a degree, for a clock that may be off."""

HEIGHT_DEVIATION_M = 20_000.0
"""Standard deviation of the camera's height; the station has flown at 330 to 440 km."""

PRINCIPAL_DEVIATION = 0.005
"""Standard deviation of the principal point from the middle of the photo, as a part of the diagonal."""

MAX_RESIDUAL_RATIO = 1.3
"""Greatest ratio of the camera's residual to that of the free homography; it is greater for a cropped or retouched
photo, or where the nadir is another photo's."""

MAX_PRIOR_DEVIATIONS = 5.0
"""Greatest deviation of a parameter from its prior, in standard deviations."""

ROUNDS = 30
"""Most iterations of the Levenberg-Marquardt search."""
STEP = 1e-6
"""Step of the numerical derivatives."""


@dataclass(frozen=True)
class CameraFit:
    """The most probable camera.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        rms_px: root mean square residual of the tie points along one axis, photo pixels.
        free_rms_px: the same residual of the initial homography.
        prior_deviations: greatest deviation of a parameter from its prior, in standard deviations.
        position_m: (3,) the camera's position in the plane: east, north, and above it.
        position_deviation_m: (3,) standard deviations of these.
    """

    homography: Array
    rms_px: float
    free_rms_px: float
    prior_deviations: float
    position_m: Array
    position_deviation_m: Array

    @property
    def agrees(self) -> bool:
        """Whether the tie points agree with the priors of the camera."""
        return self.rms_px <= MAX_RESIDUAL_RATIO * self.free_rms_px and self.prior_deviations <= MAX_PRIOR_DEVIATIONS


def fit_camera(
    homography: Array,
    photo_xy: Array,
    plane_xy: Array,
    size: tuple[int, int],
    height_m: float,
    deviation_px: float,
    *,
    nadir_deviation_m: float = NADIR_DEVIATION_M,
) -> CameraFit | None:
    """The most probable camera for tie points in a near-sided perspective plane.

    Args:
        homography: (3, 3) photo pixels -> metres of the plane; the initial value, fitted to the same tie points.
        photo_xy: (N, 2) photo pixels.
        plane_xy: (N, 2) metres of the plane.
        size: width and height of the photo, pixels.
        height_m: height of the camera above the plane.
        deviation_px: standard deviation of a tie point along one axis, photo pixels.
        nadir_deviation_m: standard deviation of the nadir along one axis.

    Returns:
        None where no camera could have made the homography, or the fit fails.
    """
    start = _decompose(homography, size, height_m)
    if start is None:
        return None
    rotation, focal = start
    deviations = np.array(
        [math.inf] * 4
        + [nadir_deviation_m / height_m] * 2
        + [HEIGHT_DEVIATION_M / height_m]
        + [PRINCIPAL_DEVIATION * 2] * 2
    )
    ground = np.asarray(plane_xy) / height_m
    middle = ground.mean(axis=0)

    def residual(values: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            to_photo = _to_photo(values, rotation, focal, size, middle)
            gap = (apply_homography(to_photo, ground) - photo_xy) / deviation_px
            return np.concatenate([gap.ravel(), values / deviations])

    values = np.zeros(9)
    now = residual(values)
    damping = 1e-3
    for _ in range(ROUNDS):
        columns = [(residual(values + STEP * unit) - now) / STEP for unit in np.eye(9)]
        jacobian = np.column_stack(columns)
        if not np.isfinite(jacobian).all():
            return None
        normal = jacobian.T @ jacobian
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -jacobian.T @ now)
        then = residual(values + step)
        if np.isfinite(then).all() and then @ then <= now @ now:
            decrease = float(now @ now - then @ then)
            values, now, damping = values + step, then, damping / 10
            if decrease < 1e-6 * float(now @ now):
                break
        else:
            damping *= 10
    to_plane = scaling(height_m) @ np.linalg.inv(_to_photo(values, rotation, focal, size, middle))
    if not np.isfinite(to_plane).all():
        return None
    gap = now[: 2 * len(photo_xy)] * deviation_px
    free = apply_homography(np.linalg.inv(homography), plane_xy) - photo_xy
    return CameraFit(
        normalise(to_plane),
        float(np.sqrt((gap**2).mean())),
        float(np.sqrt((free**2).mean())),
        prior_deviations=float(np.abs(values / deviations).max()),
        position_m=height_m * np.array([values[4], values[5], 1.0 + values[6]]),
        position_deviation_m=height_m * np.sqrt(np.diag(np.linalg.pinv(normal))[4:7]),
    )


def _decompose(homography: Array, size: tuple[int, int], height_m: float) -> tuple[Array, float] | None:
    """Rotation (3, 3) and focal length (half diagonals of the photo) of the camera nearest to a homography.

    With the camera above the origin, a point (x, y) of the plane is the ray (x, y, -height): the homography from the
    plane is the camera matrix times the rotation times that.
    """
    middle = translation(-size[0] / 2, -size[1] / 2)
    half = math.hypot(*size) / 2
    matrix = scaling(1 / half) @ middle @ np.linalg.inv(homography) @ scaling(height_m) @ np.diag([1.0, 1.0, -1.0])
    if not np.isfinite(matrix).all():
        return None
    # The ground in the middle of the photo has positive depth.
    centre = apply_homography(homography, np.array([[size[0] / 2, size[1] / 2]]))[0] / height_m
    if matrix[2] @ np.array([centre[0], centre[1], -1.0]) < 0:
        matrix = -matrix
    spread = matrix @ matrix.T
    squared = (spread[0, 0] + spread[1, 1]) / 2 / spread[2, 2] - (spread[0, 2] ** 2 + spread[1, 2] ** 2) / 2 / (
        spread[2, 2] ** 2
    )
    if not squared > 1e-4:
        return None
    focal = math.sqrt(squared)
    left, _, right = np.linalg.svd(np.diag([1 / focal, 1 / focal, 1.0]) @ matrix)
    rotation = left @ right
    if np.linalg.det(rotation) < 0:
        return None
    # With a long lens the nearest rotation may point far from the ground shown: rotate it to point there.
    ray = rotation @ np.array([centre[0], centre[1], -1.0])
    rotation = _between(ray, np.array([0.0, 0.0, 1.0])) @ rotation
    return rotation, focal


def _to_photo(values: Array, rotation: Array, focal: float, size: tuple[int, int], ground: Array) -> Array:
    """(3, 3) plane (in heights) -> photo pixels, for a camera that differs from the first by nine parameters.

    They are a rotation vector (3), the logarithm of the focal length, the camera's position east, north and up (in
    heights), the principal point right and down (in half diagonals). A camera that moves keeps pointing
    at ``ground``, a point (x, y) of the plane, and keeps its scale in the photo: so the nine are nearly independent and
    the fit converges with any focal length.
    """
    position = np.array([values[4], values[5], 1.0 + values[6]])
    before, after = np.array([ground[0], ground[1], -1.0]), np.array([ground[0], ground[1], 0.0]) - position
    length = focal * float(np.exp(values[3])) * float(np.linalg.norm(after) / np.linalg.norm(before))
    seen = rotation @ before
    wanted = np.array([focal * seen[0] / seen[2] - values[7], focal * seen[1] / seen[2] - values[8], focal])
    rotated = cv2.Rodrigues(values[:3].reshape(3, 1))[0] @ _between(seen, wanted) @ rotation @ _between(after, before)
    lens = np.array([[length, 0.0, values[7]], [0.0, length, values[8]], [0.0, 0.0, 1.0]])
    half = math.hypot(*size) / 2
    from_position = np.array([[1.0, 0.0, -position[0]], [0.0, 1.0, -position[1]], [0.0, 0.0, -position[2]]])
    return np.asarray(translation(size[0] / 2, size[1] / 2) @ scaling(half) @ lens @ rotated @ from_position)


def _between(a: Array, b: Array) -> Array:
    """The smallest rotation (3, 3) that maps one direction to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-15:
        return np.eye(3)
    return np.asarray(cv2.Rodrigues(axis / sine * math.atan2(sine, float(a @ b)))[0])
