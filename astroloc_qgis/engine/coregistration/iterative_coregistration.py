"""Iterative coregistration: from a candidate area to the homography of the photo.

After Berton et al., "EarthMatch: Iterative Coregistration for Fine-grained Localization of Astronaut Photography"
(CVPRW 2024): match the photo to the candidate, warp the reference by the homography found, and match again until the
homography converges. Here each iteration reads the reference at the scale of the current footprint and renders it in
the photo's own frame, so that the footprint may leave the candidate and gains resolution. Homographies are float64,
from photo pixels to metres of a working plane, and corners are not rounded.

``coregister`` searches the area at low resolution (``CandidateSearch``) and iterates from the hypotheses found;
``refine_hypothesis`` iterates from one hypothesis, without a search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from astroloc_qgis.engine.coregistration.camera_fit import fit_camera
from astroloc_qgis.engine.coregistration.candidate_search import CandidateSearch, Renderings
from astroloc_qgis.engine.coregistration.homography_fit import Fit, PointPrior, fit_homography, fit_of, why_impossible
from astroloc_qgis.engine.coregistration.orientation_search import OrientationSearch
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid, PyramidLevel
from astroloc_qgis.engine.coregistration.plane_of_registration import (
    choose_working_plane,
    in_plane_of_camera,
    rmse_m,
)
from astroloc_qgis.engine.coregistration.search_area import CoregistrationSettings, SearchArea, framed
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, normalise
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import MIN_SHOWN, Frame, jacobian, render
from astroloc_qgis.engine.matchers.base import Features, Matcher, Matches
from astroloc_qgis.engine.matchers.preprocessing import equalise
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.registration import Hypothesis, Registration, Step, TiePoints, coverage
from astroloc_qgis.engine.verification import verify

SEARCH_PART = 0.7
"""Share of the search in the work, for the progress."""

WELL_COVERED = 0.5
"""Coverage of the photo above which the camera model is not used: the tie points determine the homography well."""

COARSER_BY = 1.2
"""Least ratio of the finest scale to the coarse one at which both are used."""

LAST = 4
"""Number of the last solutions of which a registration that still moves is the mean."""

MORE_IN_PLANE = 1.05
"""Least ratio of inliers in the plane of the camera to those in a local plane at which the camera is believed."""

WELL_SUPPORTED, WELL_SPREAD = 60, 0.4
"""Least number of inliers and coverage of a solution that is iterated further although it still moves."""


def coregister(
    pyramid: PhotoPyramid,
    reference: Reference,
    area: SearchArea,
    matcher: Matcher,
    *,
    settings: CoregistrationSettings | None = None,
    described: dict[int, Features | None] | None = None,
    rendered: Renderings | None = None,
    suspected: Sequence[Hypothesis] = (),
    progress: Progress = no_progress,
) -> Registration:
    """Search for the photo in an area of the reference, then iterate until the homography converges.

    Args:
        pyramid: the photo.
        reference: imagery.
        area: where to search.
        matcher: finds tie points.
        settings: of the search and of the iterations.
        described: cache of the features of the area's frames, by number; shared by many photos with one area.
        rendered: cache of the pictures of the area's frames, by number; shared by many matchers with one area.
        suspected: hypotheses that other matchers found in the area but could not confirm; the iterations start from
            them before the search.
        progress: told the stage "match"; may raise ``Cancelled``.
    """
    settings = settings or CoregistrationSettings()
    search: CandidateSearch | OrientationSearch
    if matcher.dense:
        search = OrientationSearch(pyramid, reference, area, matcher, settings, rendered)
    else:
        search = CandidateSearch(pyramid, reference, area, matcher, settings, described, rendered)
    best = Registration(area.plane, "", matcher.name)

    def in_plane(registration: Registration) -> Registration:
        return _in_its_plane(pyramid, reference, registration, matcher, settings, progress)

    for hypothesis in suspected:
        confirmed = _iterate(pyramid, reference, hypothesis, area.plane, matcher, settings, progress)
        if confirmed.converged and verify(confirmed, pyramid.size).located:
            return replace(in_plane(confirmed), promising=_latest(confirmed))
        best = _with_more_inliers(best, confirmed)
    waiting: list[Hypothesis] = []
    followed = 0
    for hypothesis in search.hypotheses(part_of(progress, 0.0, SEARCH_PART)):
        # A hypothesis with many inliers is refined at once: it is mostly right, and saves the trials that remain.
        if hypothesis.step.inliers < settings.promising_inliers:
            waiting.append(hypothesis)
            continue
        followed += 1
        best = _with_more_inliers(
            best, _iterate(pyramid, reference, hypothesis, area.plane, matcher, settings, progress)
        )
        if best.converged and best.inliers >= settings.strong_inliers:
            break
    else:
        waiting.sort(key=lambda hypothesis: -hypothesis.step.inliers)
        for hypothesis in waiting[: max(0, settings.hypotheses - followed)]:
            best = _with_more_inliers(
                best, _iterate(pyramid, reference, hypothesis, area.plane, matcher, settings, progress)
            )
    promising = max(search.found, key=lambda hypothesis: hypothesis.step.inliers, default=None)
    if best.homography is not None:
        promising = _latest(best)
    return replace(in_plane(best), promising=promising, reason=best.reason or search.why)


def _latest(registration: Registration) -> Hypothesis | None:
    """The last homography of a registration as a hypothesis; None where it has none."""
    if registration.homography is None:
        return None
    return Hypothesis(registration.homography, registration.quarter_turns, registration.history[-1])


def _with_more_inliers(best: Registration, other: Registration) -> Registration:
    """The registration with more inliers; ``other`` where ``best`` has no homography."""
    return other if best.homography is None or other.inliers >= best.inliers else best


def refine_hypothesis(
    pyramid: PhotoPyramid,
    reference: Reference,
    hypothesis: Hypothesis,
    plane: WorkingPlane,
    matcher: Matcher,
    *,
    settings: CoregistrationSettings | None = None,
    progress: Progress = no_progress,
) -> Registration:
    """Iterate from a hypothesis, often another matcher's, without a search (arguments as for ``coregister``)."""
    settings = settings or CoregistrationSettings()
    found = _iterate(pyramid, reference, hypothesis, plane, matcher, settings, progress)
    return _in_its_plane(pyramid, reference, found, matcher, settings, progress)


def _in_its_plane(
    pyramid: PhotoPyramid,
    reference: Reference,
    registration: Registration,
    matcher: Matcher,
    settings: CoregistrationSettings,
    progress: Progress,
) -> Registration:
    """The registration in the plane of its tie points; in that of the camera they tell where more agree in it."""
    chosen = choose_working_plane(registration)
    if not settings.find_camera:
        return chosen
    moved = in_plane_of_camera(chosen, pyramid.size, settings.threshold_px / 2 / chosen.frame_scale)
    if moved is None or moved.homography is None:
        return chosen
    limit = settings.max_long_side
    again = _converge(pyramid, reference, moved, moved.homography, matcher, settings, limit, progress)
    return again if again.converged and again.inliers >= MORE_IN_PLANE * chosen.inliers else chosen


def _iterate(
    pyramid: PhotoPyramid,
    reference: Reference,
    hypothesis: Hypothesis,
    plane: WorkingPlane,
    matcher: Matcher,
    settings: CoregistrationSettings,
    progress: Progress,
) -> Registration:
    """EarthMatch's loop, from one hypothesis: at the coarse scale first, unless the hypothesis is strong.

    Photo and reference of different seasons agree in what is large. At the finest scale the loop then finds nothing,
    though it converges at a coarser one; and a wrong hypothesis is refuted at a coarse scale in less time.
    """
    start = Registration(
        plane,
        "",
        matcher.name,
        history=(hypothesis.step,),
        quarter_turns=hypothesis.quarter_turns,
        content_share=pyramid.content_share,
    )

    def run(before: Registration, homography: Array, limit: int) -> Registration:
        return _converge(pyramid, reference, before, homography, matcher, settings, limit, progress)

    long_side = _working_long_side(pyramid.size, hypothesis.homography, plane, reference, settings)
    if long_side <= settings.coarse_long_side * COARSER_BY:
        return run(start, hypothesis.homography, settings.max_long_side)
    if hypothesis.step.inliers >= settings.strong_inliers:
        fine = run(start, hypothesis.homography, settings.max_long_side)
        if fine.converged:
            return fine
    coarse = run(start, hypothesis.homography, settings.coarse_long_side)
    if coarse.homography is None:
        return coarse
    fine = run(coarse, coarse.homography, settings.max_long_side)
    return fine if _at_least_as_good(fine, coarse, pyramid.size) else coarse


def _at_least_as_good(fine: Registration, coarse: Registration, photo_size: tuple[int, int]) -> bool:
    """Whether the registration at the fine scale, which locates more precisely, is as well supported."""
    found, before = verify(fine, photo_size), verify(coarse, photo_size)
    return found.located or found.confidence >= before.confidence


def _converge(
    pyramid: PhotoPyramid,
    reference: Reference,
    registration: Registration,
    homography: Array,
    matcher: Matcher,
    settings: CoregistrationSettings,
    limit: int,
    progress: Progress,
) -> Registration:
    """Iterate until the homography converges, with at most ``limit`` pixels on the photo's long side."""
    registration = replace(registration, converged=False)
    iteration, solutions = 0, []
    while iteration < settings.iterations or (iteration < settings.most_iterations and _drifts(registration, pyramid)):
        progress("match", SEARCH_PART + (1 - SEARCH_PART) * min(1.0, iteration / settings.iterations))
        refined = _iteration(pyramid, reference, homography, registration, matcher, settings, limit)
        if isinstance(refined, str):
            # A hypothesis that does not match in the photo's own frame is wrong, however many matches agreed before.
            return replace(registration, reason=refined, converged=False, homography=None, tie_points=None)
        registration, homography = refined
        solutions.append(homography)
        iteration += 1
        if registration.converged:
            return registration
    registration = replace(registration, reason=f"it still moved after {iteration} iterations")
    return _settled(registration, solutions[-LAST:], pyramid.size) if _drifts(registration, pyramid) else registration


def _settled(registration: Registration, solutions: Sequence[Array], photo_size: tuple[int, int]) -> Registration:
    """The mean of the last solutions of a registration that moves to and fro, and how far they are from it.

    Returns:
        The registration with the homography that maps the photo's corners to their mean places. The movement of its
        last step is the largest distance of a corner from there: that is part of its uncertainty.
    """
    corners, ties = photo_corners(*photo_size), registration.tie_points
    places = np.stack([apply_homography(solution, corners) for solution in solutions])
    mean = places.mean(axis=0)
    homography = normalise(homography_from_points(corners, mean))
    if ties is None:
        return registration
    to_photo = np.linalg.inv(homography)
    moved = max(np.linalg.norm(apply_homography(to_photo, place) - corners, axis=1).max() for place in places)
    shift = float(moved / math.hypot(*photo_size))
    used = ties.photo_xy[ties.inlier]
    away = apply_homography(to_photo, ties.plane_xy[ties.inlier]) - used
    last = replace(registration.history[-1], shift=shift)
    return replace(
        registration,
        homography=homography,
        history=(*registration.history[:-1], last),
        rmse_px=float(np.sqrt((away**2).sum(axis=1).mean())),
        rmse_m=rmse_m(homography, used, ties.plane_xy[ties.inlier]),
    )


def _drifts(registration: Registration, pyramid: PhotoPyramid) -> bool:
    """Whether a solution that has not converged is supported well enough to iterate further."""
    ties = registration.tie_points
    return (
        ties is not None
        and registration.inliers >= WELL_SUPPORTED
        and coverage(ties.photo_xy[ties.inlier], pyramid.size) >= WELL_SPREAD * pyramid.content_share
    )


def _iteration(
    pyramid: PhotoPyramid,
    reference: Reference,
    homography: Array,
    before: Registration,
    matcher: Matcher,
    settings: CoregistrationSettings,
    limit: int,
) -> tuple[Registration, Array] | str:
    """One iteration of EarthMatch: render the reference in the photo's frame, match it, and fit the homography.

    Returns:
        The registration and its homography; or why the iteration failed, in a sentence.
    """
    long_side = round(min(limit, _working_long_side(pyramid.size, homography, before.plane, reference, settings)))
    # Learned matchers depend on the orientation: the photo keeps the quarter turns at which it was found.
    level = pyramid.level(long_side, before.quarter_turns)
    frame = framed(homography, before.plane, level.from_photo, level.size, settings.margin)
    pixels, mask = render(reference, frame)
    if mask.mean() < MIN_SHOWN:
        return "the solution wandered off the reference"
    features = pyramid.features(matcher, long_side, before.quarter_turns)
    matches = matcher.match(features, matcher.extract(equalise(pixels, mask), mask))
    corners = photo_corners(*level.size)
    expected = apply_homography(np.linalg.inv(frame.to_plane) @ homography @ np.linalg.inv(level.from_photo), corners)
    prior = PointPrior(corners, expected, settings.corner_deviation * math.hypot(*level.size))
    fit = fit_homography(matches, settings.threshold_px, prior, settings.min_inliers)
    if fit is None:
        return f"too few of {len(matches)} matches agree once the reference is seen from the camera"
    fit = _constrain_to_camera(fit, matches, level, frame, pyramid.size, settings.threshold_px)
    photo_to_frame = fit.homography @ level.from_photo
    impossible = why_impossible(photo_to_frame, pyramid.size)
    if impossible:
        return impossible
    moved = normalise(frame.to_plane @ photo_to_frame)
    movement = np.linalg.norm(apply_homography(fit.homography, corners) - expected, axis=1).max()
    shift = float(movement / math.hypot(*level.size))
    ties = TiePoints(
        apply_homography(np.linalg.inv(level.from_photo), matches.a),
        apply_homography(frame.to_plane, matches.b),
        fit.inlier,
        matches.score,
    )
    step = Step(len(matches), fit.inliers, shift, fit.rmse / level.scale)
    registration = replace(
        before,
        reason=f"converged after {before.iterations + 1} iterations",
        homography=moved,
        tie_points=ties,
        history=(*before.history, step),
        converged=shift <= settings.converged_fraction,
        rmse_px=fit.rmse / level.scale,
        rmse_m=rmse_m(moved, ties.photo_xy[fit.inlier], ties.plane_xy[fit.inlier]),
        frame_scale=level.scale,
    )
    return registration, moved


def _constrain_to_camera(
    fit: Fit, matches: Matches, level: PyramidLevel, frame: Frame, photo_size: tuple[int, int], threshold_px: float
) -> Fit:
    """Constrain a fit by the camera model, where the nadir is known and the tie points agree with the model."""
    height = frame.plane.camera_height_m
    photo_xy = apply_homography(np.linalg.inv(level.from_photo), matches.a)
    if height is None or coverage(photo_xy[fit.inlier], photo_size) > WELL_COVERED:
        return fit
    plane_xy = apply_homography(frame.to_plane, matches.b)
    free = normalise(frame.to_plane @ fit.homography @ level.from_photo)
    used = fit.inlier
    deviation = threshold_px / 2 / level.scale
    camera = fit_camera(free, photo_xy[used], plane_xy[used], photo_size, height, deviation)
    if camera is None or not camera.agrees:
        return fit
    homography = normalise(np.linalg.inv(frame.to_plane) @ camera.homography @ np.linalg.inv(level.from_photo))
    constrained = fit_of(homography, matches, threshold_px)
    return fit if constrained is None or constrained.inliers < 0.9 * fit.inliers else constrained


def _working_long_side(
    photo_size: tuple[int, int],
    homography: Array,
    plane: WorkingPlane,
    reference: Reference,
    settings: CoregistrationSettings,
) -> float:
    """Long side of the photo, pixels, at which photo and reference have the same detail, within the limits set."""
    centre = (photo_size[0] / 2, photo_size[1] / 2)
    photo_gsd = math.sqrt(abs(np.linalg.det(jacobian(homography, centre))))
    lonlat = plane.to_lonlat(apply_homography(homography, np.array([centre])))[0]
    native = reference.native_gsd_m(float(lonlat[0]), float(lonlat[1]))
    wanted = max(photo_size) * photo_gsd / max(native if math.isfinite(native) else photo_gsd, 1e-6) * 1.25
    # Small pictures locate corners less precisely, but they match better than an enlarged reference does.
    wanted = max(wanted, min(2 * wanted, settings.usual_long_side))
    return float(np.clip(wanted, settings.min_long_side, settings.max_long_side))
