"""A photo as a camera made it: steadier than any homography where tie points cover only a part of it.

Eight free numbers fit any four points, and throw the far corners about when the matches of a coast or of broken cloud
lie in one part of the photo. A camera has fewer: square pixels, an axis through the middle of the photo, a place above
the nadir that the station's orbit tells. All of that is known only roughly, so it is believed, not imposed: the fit is
the most probable camera given the tie points and the beliefs (a bundle adjustment of one photo; Triggs et al., Bundle
Adjustment: A Modern Synthesis, 2000). Where tie points surround the photo they outweigh the beliefs altogether.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from astroloc_qgis.engine.geometry.homography import apply_homography, normalise, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array

NADIR_DEVIATION_M = 30_000.0
"""Nadirs are listed to a tenth of a degree, but the station moves 7.7 km a second and the clock may be seconds off."""

HEIGHT_DEVIATION_M = 20_000.0
"""The station has flown at 330 to 440 km."""

PRINCIPAL_DEVIATION = 0.005
"""Of the point where the axis meets the photo from its middle, as a part of the diagonal."""

CONTRADICTED = 1.3
"""A camera whose residual is above so many times that of the free homography is not this photo's: it is a cropped or
retouched one, or the nadir is another's."""

STRAINED = 5.0
"""Nor is one that is believed only at so many standard deviations."""

ROUNDS = 30
STEP = 1e-6


@dataclass(frozen=True)
class CameraFit:
    """The most probable camera.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        rms_px: residual of the tie points, photo pixels, axis mean.
        free_rms_px: residual that the homography had that the fit began with.
        strain: of the belief that is most at odds with it, in standard deviations.
    """

    homography: Array
    rms_px: float
    free_rms_px: float
    strain: float

    @property
    def agrees(self) -> bool:
        """Whether the tie points do not contradict what is believed of the camera."""
        return self.rms_px <= CONTRADICTED * self.free_rms_px and self.strain <= STRAINED


def fit_camera(
    homography: Array, photo_xy: Array, plane_xy: Array, size: tuple[int, int], height_m: float, deviation_px: float
) -> CameraFit | None:
    """The most probable camera for tie points in a near-sided perspective plane.

    Args:
        homography: (3, 3) photo pixels -> metres of the plane, of the same tie points, to begin with.
        photo_xy: (N, 2) photo pixels.
        plane_xy: (N, 2) metres of the plane.
        size: width and height of the photo, pixels.
        height_m: of the camera above the plane.
        deviation_px: standard deviation of a tie point along one axis, photo pixels.

    Returns:
        None where the homography is no camera's at all, or the fit fails.
    """
    start = _decompose(homography, size, height_m)
    if start is None:
        return None
    rotation, focal = start
    believed = np.array(
        [math.inf] * 4
        + [NADIR_DEVIATION_M / height_m] * 2
        + [HEIGHT_DEVIATION_M / height_m]
        + [PRINCIPAL_DEVIATION * 2] * 2
    )
    ground = np.asarray(plane_xy) / height_m
    middle = ground.mean(axis=0)

    def residual(values: Array) -> Array:
        to_photo = _to_photo(values, rotation, focal, size, middle)
        gap = (apply_homography(to_photo, ground) - photo_xy) / deviation_px
        return np.concatenate([gap.ravel(), values / believed])

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
            gained = float(now @ now - then @ then)
            values, now, damping = values + step, then, damping / 10
            if gained < 1e-6 * float(now @ now):
                break
        else:
            damping *= 10
    to_plane = scaling(height_m) @ np.linalg.inv(_to_photo(values, rotation, focal, size, middle))
    if not np.isfinite(to_plane).all():
        return None
    gap = now[: 2 * len(photo_xy)] * deviation_px
    free = apply_homography(np.linalg.inv(homography), plane_xy) - photo_xy
    strain = float(np.abs(values / believed).max())
    return CameraFit(normalise(to_plane), float(np.sqrt((gap**2).mean())), float(np.sqrt((free**2).mean())), strain)


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
    # Positive depth for what the middle of the photo shows.
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
    # The nearest rotation may look past the place by far, of a long lens above all: turn it to look there.
    ray = rotation @ np.array([centre[0], centre[1], -1.0])
    rotation = _between(ray, np.array([0.0, 0.0, 1.0])) @ rotation
    return rotation, focal


def _to_photo(values: Array, rotation: Array, focal: float, size: tuple[int, int], ground: Array) -> Array:
    """(3, 3) plane (in heights) -> photo pixels, of a camera that differs from the first by nine numbers.

    They are: a rotation vector (3), the logarithm of the focal length, the camera's place east, north and up (in
    heights), the principal point right and down (in half diagonals). A camera that moves keeps looking at ``ground``, a
    point (x, y) of the plane, and keeps its size in the photo: so the nine hardly depend on each other, and the search
    for the best ones converges however long the lens is.
    """
    place = np.array([values[4], values[5], 1.0 + values[6]])
    before, after = np.array([ground[0], ground[1], -1.0]), np.array([ground[0], ground[1], 0.0]) - place
    length = focal * math.exp(values[3]) * float(np.linalg.norm(after) / np.linalg.norm(before))
    seen = rotation @ before
    wanted = np.array([focal * seen[0] / seen[2] - values[7], focal * seen[1] / seen[2] - values[8], focal])
    turned = cv2.Rodrigues(values[:3].reshape(3, 1))[0] @ _between(seen, wanted) @ rotation @ _between(after, before)
    lens = np.array([[length, 0.0, values[7]], [0.0, length, values[8]], [0.0, 0.0, 1.0]])
    half = math.hypot(*size) / 2
    from_place = np.array([[1.0, 0.0, -place[0]], [0.0, 1.0, -place[1]], [0.0, 0.0, -place[2]]])
    return np.asarray(translation(size[0] / 2, size[1] / 2) @ scaling(half) @ lens @ turned @ from_place)


def _between(a: Array, b: Array) -> Array:
    """The least rotation (3, 3) that turns one direction into another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-15:
        return np.eye(3)
    return np.asarray(cv2.Rodrigues(axis / sine * math.atan2(sine, float(a @ b)))[0])
