"""What comes of registering a photo: tie points, the steps that led there, and the place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

CELLS = 5
"""The photo's short side is cut into so many cells to see how its tie points spread."""


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
    """The matches behind a registration.

    Attributes:
        photo_xy: (N, 2) photo pixels.
        plane_xy: (N, 2) metres of the working plane.
        inlier: (N,) whether the homography agrees.
        score: (N,) the matcher's own.
    """

    photo_xy: Array
    plane_xy: Array
    inlier: NDArray[np.bool_]
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """What one iteration found.

    Attributes:
        matches: number of matches.
        inliers: of these, how many agree.
        shift: greatest movement of a corner since the step before, as a part of the photo's diagonal.
        rmse_px: of the inliers, in pixels of the photo.
    """

    matches: int
    inliers: int
    shift: float
    rmse_px: float


@dataclass(frozen=True)
class Hypothesis:
    """A plausible place of the photo, yet to be sharpened.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        quarter_turns: quarter turns of the photo at which it was found.
        step: what the matching gave.
    """

    homography: Array
    quarter_turns: int
    step: Step


@dataclass(frozen=True)
class Registration:
    """A photo put on the ground, or the reason why not.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane; None where nothing was found.
        plane: working plane.
        tie_points: of the last iteration; None where nothing was found.
        history: one step an iteration, the search first.
        converged: whether the last iteration moved nothing.
        reason: why it stopped, in a sentence.
        quarter_turns: quarter turns (``np.rot90``) that bring the photo nearest to the search frame.
        rmse_px: of the inliers, photo pixels.
        rmse_m: of the inliers, metres of the plane.
        frame_scale: pixels of the last frame a photo pixel.
        matcher: name.
        hint: where another matcher may begin: this registration, or else the most promising plausible hypothesis of
            the search, whatever became of it; None where there was none.
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
    hint: Hypothesis | None = None

    @property
    def inliers(self) -> int:
        """Tie points that agree with the homography."""
        return 0 if self.tie_points is None else int(self.tie_points.inlier.sum())

    @property
    def iterations(self) -> int:
        """Iterations made, the search included."""
        return len(self.history)
