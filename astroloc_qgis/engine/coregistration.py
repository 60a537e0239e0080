"""EarthMatch: from a candidate place to the homography that puts the photo there.

After Berton et al., "EarthMatch: Iterative Coregistration for Fine-grained Localization of Astronaut Photography"
(CVPRW 2024): match the photo to the candidate, warp the reference by the homography found, match again, until nothing
moves. Here the reference is read anew in each iteration, at the scale of the present footprint and rendered into the
photo's own frame, so that the solution may wander off the candidate and gains resolution as it converges; homographies
are kept in float64 from the photo's pixels to metres of a working plane, and their corners are never rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.estimation import Expectation, fit_homography, why_impossible
from astroloc_qgis.engine.geometry import (
    Array,
    WorkingPlane,
    apply_homography,
    normalise,
    photo_corners,
    wrap_lon,
)
from astroloc_qgis.engine.imagery import Reference
from astroloc_qgis.engine.matchers.base import Features, Matcher
from astroloc_qgis.engine.matchers.contrast import equalise
from astroloc_qgis.engine.plane_choice import choose_plane
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.rendering import jacobian, render
from astroloc_qgis.engine.search_area import CoregistrationSettings, SearchArea, framed
from astroloc_qgis.engine.views import PhotoViews

MIN_SHOWN = 0.05
"""A picture of which the reference fills less than this part has nothing to match."""


SEARCH_PART = 0.7
"""The search's share of the work, for the progress bar."""


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
        turn: quarter turns of the photo at which it was found.
        step: what the matching gave.
    """

    homography: Array
    turn: int
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
        turn: quarter turns (``np.rot90``) that bring the photo nearest to the search frame.
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
    turn: int = 0
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


def coregister(
    views: PhotoViews,
    reference: Reference,
    area: SearchArea,
    matcher: Matcher,
    *,
    settings: CoregistrationSettings | None = None,
    described: dict[int, Features | None] | None = None,
    progress: Progress = no_progress,
) -> Registration:
    """Find the photo in an area of the reference, then sharpen until nothing moves.

    Args:
        views: the photo.
        reference: imagery.
        area: where to look.
        matcher: finds tie points.
        settings: how hard to look.
        described: features of the area's frames by number, filled and used again: for many photos and one area.
        progress: told of the stage "match"; may raise ``Cancelled``.
    """
    settings = settings or CoregistrationSettings()
    described = {} if described is None else described
    hypotheses, why = _search(views, reference, area, matcher, settings, described, progress)
    best = Registration(area.plane, why, matcher.name)
    for hypothesis in hypotheses[: settings.hypotheses]:
        registration = _iterate(views, reference, hypothesis, area.plane, matcher, settings, progress)
        if best.homography is None or registration.inliers >= best.inliers:
            best = registration
        if best.converged and best.inliers >= settings.strong_inliers:
            break
    hint = hypotheses[0] if hypotheses else None
    if best.homography is not None:
        hint = Hypothesis(best.homography, best.turn, best.history[-1])
    return replace(_in_the_best_plane(best), hint=hint)


def sharpen(
    views: PhotoViews,
    reference: Reference,
    hypothesis: Hypothesis,
    plane: WorkingPlane,
    matcher: Matcher,
    *,
    settings: CoregistrationSettings | None = None,
    progress: Progress = no_progress,
) -> Registration:
    """EarthMatch's iterations alone, from a place that another matcher has found (arguments as for ``coregister``)."""
    settings = settings or CoregistrationSettings()
    return _in_the_best_plane(_iterate(views, reference, hypothesis, plane, matcher, settings, progress))


def _in_the_best_plane(registration: Registration) -> Registration:
    """The same tie points in a local plane, should they fit one better: then the nadir given is not the photo's."""
    ties = registration.tie_points
    if registration.homography is None or ties is None or "+proj=nsper" not in registration.plane.proj:
        return registration
    lonlat = registration.plane.to_lonlat(ties.plane_xy)
    inlier = ties.inlier & np.isfinite(lonlat).all(axis=1)
    about = lonlat[inlier] - lonlat[inlier][0]
    about[:, 0] = wrap_lon(about[:, 0])
    lon, lat = lonlat[inlier][0] + np.median(about, axis=0)
    local = WorkingPlane.local(float(wrap_lon(lon)), float(lat))
    chosen = choose_plane(ties.photo_xy[inlier], lonlat[inlier], [registration.plane, local])
    if chosen.plane == registration.plane:
        return registration
    plane_xy = chosen.plane.from_lonlat(lonlat)
    residual_m = apply_homography(chosen.homography, ties.photo_xy[inlier]) - plane_xy[inlier]
    return replace(
        registration,
        plane=chosen.plane,
        homography=normalise(chosen.homography),
        tie_points=replace(ties, plane_xy=plane_xy, inlier=inlier),
        rmse_px=chosen.rms_px * math.sqrt(2),
        rmse_m=float(np.sqrt((residual_m**2).sum(axis=1).mean())),
    )


def _iterate(
    views: PhotoViews,
    reference: Reference,
    hypothesis: Hypothesis,
    plane: WorkingPlane,
    matcher: Matcher,
    settings: CoregistrationSettings,
    progress: Progress,
) -> Registration:
    """EarthMatch's loop from one hypothesis."""
    registration = Registration(plane, "", matcher.name, history=(hypothesis.step,), turn=hypothesis.turn)
    homography = hypothesis.homography
    for iteration in range(settings.iterations):
        progress("match", SEARCH_PART + (1 - SEARCH_PART) * iteration / settings.iterations)
        refined = _refine(views, reference, homography, registration, matcher, settings)
        if isinstance(refined, str):
            # What does not survive a look from the camera's own side is no solution, however many agreed before.
            return replace(registration, reason=refined, converged=False, homography=None, tie_points=None)
        registration, homography = refined
        if registration.converged:
            return registration
    return replace(registration, reason=f"it still moved after {settings.iterations} iterations")


def _search(
    views: PhotoViews,
    reference: Reference,
    area: SearchArea,
    matcher: Matcher,
    settings: CoregistrationSettings,
    described: dict[int, Features | None],
    progress: Progress,
) -> tuple[list[Hypothesis], str]:
    """The plausible places over sizes and turns of the photo, best first, and why there are no more."""
    found: list[Hypothesis] = []
    why = "no turn of the photo matches the reference"
    frames = area.frames[:1] if matcher.rotation_invariant else area.frames
    turns = area.turns[:1] if matcher.rotation_invariant else area.turns
    most = None if matcher.rotation_invariant else settings.search_keypoints
    tries = len(frames) * len(area.photo_px) * len(turns)
    tried = 0
    for number, frame in enumerate(frames):
        progress("match", SEARCH_PART * tried / tries)
        if number not in described:
            pixels, mask = render(reference, frame)
            shown = mask.mean() >= MIN_SHOWN
            described[number] = matcher.extract(equalise(pixels), mask, most) if shown else None
        features = described[number]
        if features is None:
            return [], "the reference shows nothing there"
        for long_side in area.photo_px:
            for turn in turns:
                progress("match", SEARCH_PART * tried / tries)
                tried += 1
                view = views.view(long_side, turn)
                matches = matcher.match(views.features(matcher, long_side, turn, most), features)
                fit = fit_homography(matches, settings.threshold_px)
                if fit is None:
                    continue
                photo_to_frame = fit.homography @ view.from_photo
                impossible = why_impossible(photo_to_frame, views.size)
                if impossible:
                    why = impossible
                    continue
                step = Step(len(matches), fit.inliers, math.inf, fit.rmse / view.scale)
                found.append(Hypothesis(normalise(frame.to_plane @ photo_to_frame), turn, step))
                if fit.inliers >= settings.strong_inliers:
                    return [found[-1]], ""
    return sorted(found, key=lambda hypothesis: -hypothesis.step.inliers), why


def _refine(
    views: PhotoViews,
    reference: Reference,
    homography: Array,
    before: Registration,
    matcher: Matcher,
    settings: CoregistrationSettings,
) -> tuple[Registration, Array] | str:
    """One EarthMatch iteration: the reference in the photo's frame, matched to the photo; or why it failed."""
    long_side = round(_working_long_side(views.size, homography, before.plane, reference, settings))
    # Learned matchers have a sense of up: the turn at which they found the photo is the one at which they see most.
    view = views.view(long_side, before.turn)
    frame = framed(homography, before.plane, view.from_photo, view.size, settings.margin)
    pixels, mask = render(reference, frame)
    if mask.mean() < MIN_SHOWN:
        return "the solution wandered off the reference"
    features = views.features(matcher, long_side, before.turn)
    matches = matcher.match(features, matcher.extract(equalise(pixels), mask))
    corners = photo_corners(*view.size)
    expected = apply_homography(np.linalg.inv(frame.to_plane) @ homography @ np.linalg.inv(view.from_photo), corners)
    belief = Expectation(corners, expected, settings.corner_deviation * math.hypot(*view.size))
    fit = fit_homography(matches, settings.threshold_px, belief)
    if fit is None:
        return f"too few of {len(matches)} matches agree once the reference is seen from the camera"
    photo_to_frame = fit.homography @ view.from_photo
    impossible = why_impossible(photo_to_frame, views.size)
    if impossible:
        return impossible
    moved = normalise(frame.to_plane @ photo_to_frame)
    movement = np.linalg.norm(apply_homography(fit.homography, corners) - expected, axis=1).max()
    shift = float(movement / math.hypot(*view.size))
    ties = TiePoints(
        apply_homography(np.linalg.inv(view.from_photo), matches.a),
        apply_homography(frame.to_plane, matches.b),
        fit.inlier,
        matches.score,
    )
    residual_m = apply_homography(moved, ties.photo_xy[fit.inlier]) - ties.plane_xy[fit.inlier]
    step = Step(len(matches), fit.inliers, shift, fit.rmse / view.scale)
    registration = replace(
        before,
        reason=f"converged after {before.iterations + 1} iterations",
        homography=moved,
        tie_points=ties,
        history=(*before.history, step),
        converged=shift <= settings.converged_fraction,
        rmse_px=fit.rmse / view.scale,
        rmse_m=float(np.sqrt((residual_m**2).sum(axis=1).mean())),
        frame_scale=view.scale,
    )
    return registration, moved


def _working_long_side(
    photo_size: tuple[int, int],
    homography: Array,
    plane: WorkingPlane,
    reference: Reference,
    settings: CoregistrationSettings,
) -> float:
    """Long side of the photo, pixels, at which photo and reference both have detail, within the limits set."""
    centre = (photo_size[0] / 2, photo_size[1] / 2)
    photo_gsd = math.sqrt(abs(np.linalg.det(jacobian(homography, centre))))
    lonlat = plane.to_lonlat(apply_homography(homography, np.array([centre])))[0]
    native = reference.native_gsd_m(float(lonlat[0]), float(lonlat[1])) if np.isfinite(lonlat).all() else photo_gsd
    wanted = max(photo_size) * photo_gsd / max(native, 1e-6) * 1.25
    return float(np.clip(wanted, settings.min_long_side, settings.max_long_side))
