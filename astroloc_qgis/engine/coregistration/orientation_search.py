"""Orientation search: a photo at all rotations and many sizes, correlated with the picture of a search area.

``correlation`` finds the places where the photo agrees with the picture best. These are looked at by
``OrientationCorrelation``, patch by patch: those that many patches confirm are hypotheses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.coregistration.candidate_search import Renderings, picture_of_frame
from astroloc_qgis.engine.coregistration.correlation import Peak, find_peaks
from astroloc_qgis.engine.coregistration.homography_fit import fit_homography, why_impossible
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import CoregistrationSettings, SearchArea, framed
from astroloc_qgis.engine.geometry.homography import normalise, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import MIN_SHOWN, Frame
from astroloc_qgis.engine.matchers.base import Matcher
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.registration import Hypothesis, Step

LOOK_PX, FINER = 224, 3.0
"""Long side of the photo where a peak is looked at, pixels, and how much finer than for the correlation the picture of
an area is drawn for that, where no other matcher has drawn it."""


class OrientationSearch:
    """As ``CandidateSearch``, for ``OrientationCorrelation``: one picture of the area, and every rotation.

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
        rendered: Renderings | None = None,
    ) -> None:
        """Set up the search.

        Args:
            pyramid: the photo.
            reference: imagery.
            area: where to search; without trials or ``correlated_px`` nothing is searched.
            matcher: one that is ``dense``.
            settings: of the search.
            rendered: cache of the pictures of the area's frames, by number; used, and not added to.
        """
        self.found: list[Hypothesis] = []
        self.why = "no rotation of the photo correlates with the reference"
        self._pyramid, self._reference, self._area = pyramid, reference, area
        self._matcher, self._settings = matcher, settings
        self._rendered = {} if rendered is None else rendered

    def hypotheses(self, progress: Progress) -> Iterator[Hypothesis]:
        """Search the area's first picture, and yield what patches confirm, most inliers first.

        Args:
            progress: told the stage "match"; may raise ``Cancelled``.
        """
        if not self._area.trials or not self._area.correlated_px:
            self.why = "nothing was suspected there, and no search was made"
            return
        shown = self._picture()
        if shown is None:
            self.why = "the reference shows nothing there"
            return
        shrink = min(1.0, self._area.correlated_px / (self._area.expected_px * shown.scale))
        size = (max(8, round(shown.size[0] * shrink)), max(8, round(shown.size[1] * shrink)))
        picture = cv2.resize(shown.picture, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(shown.mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
        to_shown = scaling(shown.size[0] / size[0], shown.size[1] / size[1])
        expected = self._area.expected_px * shown.scale * size[0] / shown.size[0]
        for peak in find_peaks(self._pyramid, picture, mask, expected, progress):
            hypothesis = self._look_at(shown, to_shown @ placed(peak, self._pyramid.size))
            if hypothesis is not None:
                self.found.append(hypothesis)
        self.found.sort(key=lambda hypothesis: -hypothesis.step.inliers)
        yield from self.found

    def _picture(self) -> _Shown | None:
        """The area's first picture: another matcher's, or one as small as is needed; None where it shows too little."""
        frame, area, scale = self._area.frames[0], self._area, 1.0
        rendered = self._rendered
        if 0 not in rendered:
            scale = min(1.0, FINER * area.correlated_px / area.expected_px)
            size = (round(frame.size[0] * scale), round(frame.size[1] * scale))
            to_frame = scaling(frame.size[0] / size[0], frame.size[1] / size[1])
            frame, rendered = Frame(frame.plane, frame.to_plane @ to_frame, size), {}
        found = picture_of_frame(self._reference, frame, 0, rendered)
        return None if found is None else _Shown(*found, frame.to_plane, scale)

    def _look_at(self, shown: _Shown, homography: Array) -> Hypothesis | None:
        """The hypothesis of a homography, photo pixels -> pixels of the picture; None where few patches confirm it."""
        level = self._pyramid.level(LOOK_PX)
        view = framed(homography, self._area.plane, level.from_photo, level.size, self._settings.margin)
        to_view = np.linalg.inv(view.to_plane)
        pixels = cv2.warpPerspective(shown.picture, to_view, view.size, flags=cv2.INTER_LINEAR)
        mask = cv2.warpPerspective(shown.mask.astype(np.uint8), to_view, view.size, flags=cv2.INTER_NEAREST) > 0
        if mask.mean() < MIN_SHOWN:
            return None
        features = self._pyramid.features(self._matcher, LOOK_PX)
        matches = self._matcher.match(features, self._matcher.extract(pixels, mask))
        fit = fit_homography(matches, self._settings.threshold_px, least=self._settings.min_inliers)
        if fit is None:
            return None
        found = normalise(shown.to_plane @ view.to_plane @ fit.homography @ level.from_photo)
        impossible = why_impossible(fit.homography @ level.from_photo, self._pyramid.size)
        if impossible:
            self.why = impossible
            return None
        return Hypothesis(found, 0, Step(len(matches), fit.inliers, math.inf, fit.rmse / level.scale))


@dataclass(frozen=True)
class _Shown:
    """A picture of the area.

    Attributes:
        picture: (H, W, 3) RGB, contrast equalised.
        mask: (H, W), True where it shows the reference.
        to_plane: (3, 3) its pixels -> plane.
        scale: its pixels in one pixel of the area's first frame.
    """

    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    to_plane: Array
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]


def placed(peak: Peak, photo_size: tuple[int, int]) -> Array:
    """(3, 3) photo pixels -> pixels of the picture searched, for a peak."""
    scale, turn = peak.long_side / max(photo_size), math.radians(peak.turn)
    cosine, sine = scale * math.cos(turn), scale * math.sin(turn)
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return translation(peak.x, peak.y) @ rotation @ translation(-photo_size[0] / 2, -photo_size[1] / 2)
