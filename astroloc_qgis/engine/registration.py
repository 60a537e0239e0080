"""Registration of a photo: its homography to the ground, the tie points, and the steps that led there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.camera_position import CameraPosition
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

CELLS = 5
"""Number of cells along the photo's short side in which the spread of its tie points is measured."""


def coverage(photo_xy: Array, photo_size: tuple[int, int]) -> float:
    """Share of the photo's cells that hold at least one point.

    Args:
        photo_xy: (N, 2) photo pixels.
        photo_size: width and height of the photo, pixels.
    """
    width, height = photo_size
    cell = min(width, height) / CELLS
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    column = np.clip((photo_xy[:, 0] / width * columns).astype(int), 0, columns - 1)
    row = np.clip((photo_xy[:, 1] / height * rows).astype(int), 0, rows - 1)
    return len(np.unique(row * columns + column)) / (columns * rows)


@dataclass(frozen=True)
class TiePoints:
    """The matches of a registration.

    Attributes:
        photo_xy: (N, 2) photo pixels.
        plane_xy: (N, 2) metres of the working plane.
        inlier: (N,) whether the match agrees with the homography.
        score: (N,) the matcher's score.
    """

    photo_xy: Array
    plane_xy: Array
    inlier: NDArray[np.bool_]
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """The result of one iteration.

    Attributes:
        matches: number of matches.
        inliers: number of matches that agree with the homography.
        shift: greatest movement of a corner since the step before, as a part of the photo's diagonal.
        rmse_px: root mean square error of the inliers, photo pixels.
    """

    matches: int
    inliers: int
    shift: float
    rmse_px: float


@dataclass(frozen=True)
class Hypothesis:
    """A plausible homography of the photo, before refinement.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        quarter_turns: quarter turns of the photo (``np.rot90``) at which it was found.
        step: the result of the matching.
    """

    homography: Array
    quarter_turns: int
    step: Step


@dataclass(frozen=True)
class Registration:
    """A photo registered to the reference, or the reason why it is not.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane; None where nothing was found.
        plane: working plane.
        tie_points: matches of the last iteration; None where nothing was found.
        history: one step for each iteration, the search first.
        converged: whether the last iteration moved no corner further than the limit of convergence.
        reason: why the iterations stopped, in a sentence.
        quarter_turns: quarter turns (``np.rot90``) that bring the photo nearest to the search frame.
        rmse_px: root mean square error of the inliers, photo pixels.
        rmse_m: root mean square error of the inliers, metres of the plane.
        frame_scale: pixels of the last frame in one photo pixel.
        content_share: share of the photo that is content, without surroundings.
        matcher: name.
        promising: hypothesis that another matcher may refine: this registration, or else the plausible hypothesis of
            the search with the most inliers, even if its refinement failed; None where there is none.
        camera: where the camera was, found from the tie points, where the plane rests on that.
    """

    plane: WorkingPlane
    reason: str
    matcher: str
    homography: Array | None = None
    tie_points: TiePoints | None = None
    history: tuple[Step, ...] = field(default_factory=tuple)
    converged: bool = False
    quarter_turns: int = 0
    rmse_px: float = math.nan
    rmse_m: float = math.nan
    frame_scale: float = 1.0
    content_share: float = 1.0
    promising: Hypothesis | None = None
    camera: CameraPosition | None = None

    @property
    def inliers(self) -> int:
        """Number of tie points that agree with the homography."""
        return 0 if self.tie_points is None else int(self.tie_points.inlier.sum())

    @property
    def iterations(self) -> int:
        """Number of iterations, the search included."""
        return len(self.history)
