"""Candidate search: trials of rotation and scale at low resolution, over one search area."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.coregistration.homography_fit import Fit, fit_homography, fit_similarity, why_impossible
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid, PyramidLevel
from astroloc_qgis.engine.coregistration.search_area import CoregistrationSettings, SearchArea
from astroloc_qgis.engine.geometry.homography import normalise
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import MIN_SHOWN, Frame, render
from astroloc_qgis.engine.matchers.base import Features, Matcher, Matches
from astroloc_qgis.engine.matchers.preprocessing import equalise
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.registration import Hypothesis, Step

Renderings = dict[int, tuple[NDArray[np.uint8], NDArray[np.bool_]] | None]
"""Pictures of a search area by number of the frame: (H, W, 3) RGB, contrast equalised, and (H, W) mask of the pixels
that show the reference; None where too few do."""


def picture_of_frame(
    reference: Reference, frame: Frame, number: int, rendered: Renderings
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]] | None:
    """The picture of an area's frame and its mask, rendered once; None where it shows too little of the reference."""
    if number not in rendered:
        pixels, mask = render(reference, frame)
        rendered[number] = (equalise(pixels, mask), mask) if mask.mean() >= MIN_SHOWN else None
    return rendered[number]


class CandidateSearch:
    """A search for plausible homographies over the rotations and sizes of the photo.

    Attributes:
        found: hypotheses found so far.
        why: why there are no more, in a sentence.
    """

    def __init__(
        self,
        pyramid: PhotoPyramid,
        reference: Reference,
        area: SearchArea,
        matcher: Matcher,
        settings: CoregistrationSettings,
        described: dict[int, Features | None] | None = None,
        rendered: Renderings | None = None,
    ) -> None:
        self.found: list[Hypothesis] = []
        self.why = "no turn of the photo matches the reference"
        self._pyramid, self._reference, self._area = pyramid, reference, area
        self._matcher, self._settings = matcher, settings
        self._described = {} if described is None else described
        self._rendered = {} if rendered is None else rendered
        self._most = None if matcher.rotation_invariant else settings.search_keypoints

    def hypotheses(self, progress: Progress) -> Iterator[Hypothesis]:
        """Run the trials one after the other; the caller stops when a hypothesis is confirmed."""
        trials = self._area.trials[:1] if self._matcher.rotation_invariant else self._area.trials
        tries = [(*trial, long_side) for trial in trials for long_side in self._area.photo_px]
        for tried, (number, quarter_turns, long_side) in enumerate(tries):
            progress("match", tried / len(tries))
            frame = self._area.frames[number]
            features = self._features(number, frame)
            if features is None:
                self.why = "the reference shows nothing there"
                return
            for hypothesis in self._try(frame, features, long_side, quarter_turns):
                self.found.append(hypothesis)
                yield hypothesis

    def _features(self, number: int, frame: Frame) -> Features | None:
        if number not in self._described:
            shown = picture_of_frame(self._reference, frame, number, self._rendered)
            self._described[number] = None if shown is None else self._matcher.extract(*shown, self._most)
        return self._described[number]

    def _try(self, frame: Frame, features: Features, long_side: int, quarter_turns: int) -> Iterator[Hypothesis]:
        """The homography of one trial, and the similarity unless the homography is supported better."""
        level = self._pyramid.level(long_side, quarter_turns)
        matches = self._matcher.match(
            self._pyramid.features(self._matcher, long_side, quarter_turns, self._most), features
        )
        settings = self._settings
        found = fit_homography(matches, settings.threshold_px, least=settings.min_inliers)
        hypothesis = None if found is None else self._hypothesis(found, matches, level, frame, quarter_turns)
        if hypothesis is not None:
            yield hypothesis
            if found is not None and found.inliers >= settings.promising_inliers:
                return
        least = settings.similar_inliers if self._matcher.rotation_invariant else settings.similar_learned_inliers
        similar = fit_similarity(matches, settings.similarity_part * max(level.size), least)
        if similar is None or (hypothesis is not None and found is not None and similar.inliers < found.inliers):
            return
        hypothesis = self._hypothesis(similar, matches, level, frame, quarter_turns)
        if hypothesis is not None:
            yield hypothesis

    def _hypothesis(
        self, fit: Fit, matches: Matches, level: PyramidLevel, frame: Frame, quarter_turns: int
    ) -> Hypothesis | None:
        """The hypothesis of a fit; None where no camera could have made it."""
        photo_to_frame = fit.homography @ level.from_photo
        impossible = why_impossible(photo_to_frame, self._pyramid.size)
        if impossible:
            self.why = impossible
            return None
        step = Step(len(matches), fit.inliers, math.inf, fit.rmse / level.scale)
        return Hypothesis(normalise(frame.to_plane @ photo_to_frame), quarter_turns, step)
