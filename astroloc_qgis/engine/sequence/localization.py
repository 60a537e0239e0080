"""Neighbours help: photos that follow each other are reviewed against each other and placed by each other.

As steps: the photos are matched to each other; the located ones are held against each other and against one orbit, and
what disagrees is not believed; where the located ones say another photo must be, it is registered to the reference
again; and where the reference shows nothing of it (cloud, sea), it is placed there with the uncertainty that this has.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.confidence.uncertainty import estimate_uncertainty
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.result import Localization, Neighbourhood
from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index
from astroloc_qgis.engine.sequence.chain import Anchor, Prediction, carry
from astroloc_qgis.engine.sequence.fixed_camera import FixedCamera, find_fixed_camera
from astroloc_qgis.engine.sequence.footprints import diagonal_km, difference, middle_of
from astroloc_qgis.engine.sequence.neighbours import Link, find_links
from astroloc_qgis.engine.sequence.order import Frame, PhotoSequence, frame_of, sequences
from astroloc_qgis.engine.sequence.placement import Outputs, confirm, place
from astroloc_qgis.engine.sequence.review import agreement, borne_out, doubts

log = logging.getLogger(__name__)

MOST_RADIUS = 0.3
"""Greatest radius (95 %) of a place that is reported, as a part of the footprint's diagonal."""
SURE_RADIUS = 0.15
"""Up to this radius the reference is searched in the predicted footprint alone; beyond it, retrieval is asked too."""
LEAST_CONFIDENCE = 0.4
"""Least confidence of a registration, too weak by itself, that neighbours can bear out..."""
BORNE_OUT = 0.05
"""... and the greatest difference of its corners from where they say it is, as a part of the diagonal."""
LONE_CONFIDENCE = 0.95
"""Least confidence of a located photo that places others though no third photo agrees with it."""
MOST_AWAY_KM = 700.0
"""A nadir farther than this from where the neighbours place a photo is not relied on: some EXIF positions are wrong."""
STILL_S = 2.0
"""Longest time between two photos of the same view, seconds: the station moves on."""
_FLOOR = 0.01  # least deviation of a located photo, as a part of the diagonal


@dataclass(frozen=True)
class Search:
    """What the work on each photo needs.

    Attributes:
        index: folder of the index.
        out: folder for the outputs.
        imagery: the reference; None for the index's own.
        nadirs: of the photos for which they are known.
        options: of ``pipeline.Options``.
        outs: folders of the photos whose outputs go elsewhere.
        taken: when photos were taken, where that is known better than from their EXIF.
    """

    index: Path | str
    out: Path
    imagery: str | None = None
    nadirs: Mapping[Path, Nadir] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    outs: Mapping[Path, Path] = field(default_factory=dict)
    taken: Mapping[Path, datetime] = field(default_factory=dict)

    def out_of(self, photo: Path) -> Path:
        """The folder for the outputs of a photo."""
        return self.outs.get(photo, self.out)

    def frame(self, result: Localization) -> Frame:
        """The place of a photo in a sequence."""
        frame = frame_of(result.photo, result.photo_size)
        return replace(frame, taken=self.taken.get(result.photo, frame.taken))


def localize_neighbours(
    results: Mapping[Path, Localization], search: Search, *, progress: Progress = no_progress
) -> Iterator[Localization]:
    """Review and complete the results of photos that follow each other.

    Args:
        results: of ``pipeline.localize`` for each photo, by path; those of a sequence are changed.
        search: as it was for the photos.
        progress: told the stages "match" and those of the pipeline; may raise ``Cancelled``.

    Yields:
        Each result when it is final.

    Raises:
        InputError: outputs cannot be written.
        Cancelled: by ``progress``.
    """
    found = sequences(search.frame(result) for result in results.values())
    alone = set(results) - {path for one in found for path in one.paths}
    for path in results:
        if path in alone:
            _settle(results[path])
            yield results[path]
    for number, one in enumerate(found):
        here = part_of(progress, number / len(found), (number + 1) / len(found))
        work = _Work(one, [results[path] for path in one.paths], search)
        work.run(here)
        yield from work.results


class _Work:
    """The photos of one sequence.

    Args:
        sequence: their order.
        results: of the photos in that order.
        search: as for ``localize_neighbours``.
    """

    def __init__(self, sequence: PhotoSequence, results: list[Localization], search: Search) -> None:
        self.results = results
        self._sequence, self._search = sequence, search
        self._names = [path.stem for path in sequence.paths]
        self._at = dict(enumerate(sequence.at))
        self._size = results[0].photo_size
        self._links: list[Link] = []
        self._camera: FixedCamera | None = None
        self._tried: dict[int, list[Array]] = {}

    def run(self, progress: Progress) -> None:
        """Link, review, register again, and place."""
        device = resolve_device(self._search.options.get("device", "auto"))
        self._links = find_links(
            len(self.results),
            self._size,
            self._picture,
            may_stand_still=self._may_stand_still,
            device=device,
            progress=part_of(progress, 0.0, 0.3),
        )
        log.info("%d photos follow each other, with %d links", len(self.results), len(self._links))
        self._confirm(part_of(progress, 0.3, 0.35))
        self._review()
        self._register_again(part_of(progress, 0.35, 0.9))
        self._review()
        predictions = self._predictions()
        for number, prediction in sorted(predictions.items()):
            if prediction.relative_radius <= MOST_RADIUS and self._is_borne_out(prediction):
                self._place(number, prediction, part_of(progress, 0.9, 1.0))
        for result in self.results:
            _settle(result)

    def _may_stand_still(self, first: int, second: int) -> bool:
        apart = self._at[second] - self._at[first]
        return apart <= (STILL_S if self._sequence.timed else 1.0)

    @cached_property
    def _imagery(self) -> str:
        return self._search.imagery or imagery_of(open_index(self._search.index))

    def _picture(self, number: int) -> tuple[Any, Any]:
        photo = read_photo(self._sequence.paths[number])
        return photo.rgb8(), photo.alpha

    def _footprints(self) -> dict[int, Array]:
        """Those of the located photos that see ground at every corner, by number."""
        found = {number: result.footprint for number, result in enumerate(self.results)}
        return {number: one for number, one in found.items() if one is not None and np.isfinite(one).all()}

    def _anchors(self) -> dict[int, Anchor]:
        found = {}
        for number, footprint in self._footprints().items():
            registration = self.results[number].registration
            if registration.homography is None:
                continue
            own = estimate_uncertainty(registration, self._size)
            radius_km = 0.0 if own is None else (own.summary()["worst_corner_68_m"] or 0.0) / 1000
            deviation = max(radius_km / 1.5, _FLOOR * diagonal_km(footprint))
            found[number] = Anchor(registration.homography, registration.plane, deviation)
        return found

    def _nadirs(self) -> dict[int, Array]:
        known = {number: self._nadir(result) for number, result in enumerate(self.results)}
        return {number: nadir.lonlat for number, nadir in known.items() if nadir is not None}

    def _nadir(self, result: Localization) -> Nadir | None:
        """The nadir that was given for a photo, or proposed by its EXIF or by orbital elements."""
        return self._search.nadirs.get(result.photo, result.searched.nadir)

    def _weak(self) -> dict[int, Array]:
        """(4, 2) longitude, latitude of the rejected registrations that neighbours may bear out, by number."""
        found = {}
        for number, result in enumerate(self.results):
            own = _rejected(result)
            if own is not None and result.neighbourhood is None:
                found[number] = own
        return found

    def _confirm(self, progress: Progress) -> None:
        """Accept the weak registrations that agree with others on one fixed camera."""
        found = borne_out(self._weak(), self._footprints(), self._at, timed=self._sequence.timed)
        for number, others in found.items():
            log.info("%s is borne out by %d others", self._names[number], len(others))
            self._accept(self.results[number], others, progress)

    def _accept(self, result: Localization, others: Sequence[int], progress: Progress) -> None:
        """Accept a weak registration that other photos bear out."""
        confirm(result, [self._names[one] for one in others], self._outputs(result.photo, progress))

    def _outputs(self, photo: Path, progress: Progress) -> Outputs:
        """Where the outputs of a photo are written."""
        return Outputs(self._search.out_of(photo), self._imagery, self._search.options.get("crs"), progress)

    def _review(self) -> None:
        """Find the camera, and disbelieve what contradicts it or the neighbours."""
        for _ in range(len(self.results)):
            footprints = self._footprints()
            timed = self._sequence.timed
            self._camera = find_fixed_camera(footprints, self._at, timed=timed, nadirs=self._nadirs())
            wrong = doubts(
                footprints, self._anchors(), self._links, self._size, self._at,
                timed=timed, camera=self._camera, names=self._names,
            )  # fmt: skip
            for number, reason in wrong.items():
                log.info("%s is not believed: %s", self._names[number], reason)
                self.results[number].disbelieve(reason)
                self.results[number].neighbourhood = Neighbourhood(proposal=footprints[number])
            if not wrong:
                return

    def _predictions(self) -> dict[int, Prediction]:
        """Where each photo that is not located must be; where links and track contradict each other, nowhere."""
        anchors = self._anchors()
        found = carry(anchors, self._links, self._size)
        if self._camera is None:
            return found
        for number, result in enumerate(self.results):
            if result.located:
                continue
            at = self._at[number]
            seen = [self._at[one] for one in self._camera.agreeing]
            if not (self._sequence.regular or self._camera.is_within_reach(at, seen)):
                continue
            near = sorted(self._camera.agreeing, key=lambda one: abs(self._at[one] - at))[:3]
            by_track = Prediction(self._camera.footprint(at), self._camera.deviation_at_km(at), tuple(sorted(near)))
            by_links = found.get(number)
            if not np.isfinite(by_track.footprint).all():
                continue
            if by_links is None:
                found[number] = by_track
                continue
            off = difference(by_links.footprint, by_track.footprint)
            if off > by_links.relative_radius + by_track.relative_radius:
                log.info("%s: links and track differ by %.0f %% of the diagonal", self._names[number], 100 * off)
                del found[number]
            elif by_track.deviation_km < by_links.deviation_km:
                found[number] = by_track
        return found

    def _register_again(self, progress: Progress) -> None:
        """Register the photos that are not located where the others say they are, the surest first."""
        total, done = max(1, sum(not result.located for result in self.results)), 0
        while True:
            open_ = {
                number: prediction
                for number, prediction in self._predictions().items()
                if not self.results[number].located and self._is_new(number, prediction)
            }
            if not open_:
                return
            number = min(open_, key=lambda one: (open_[one].relative_radius, one))
            step = part_of(progress, min(done / total, 0.98), min((done + 1) / total, 1.0))
            self._tried.setdefault(number, []).append(open_[number].footprint)
            if self._register(number, open_[number], step):
                footprints = self._footprints()
                self._camera = find_fixed_camera(
                    footprints, self._at, timed=self._sequence.timed, nadirs=self._nadirs()
                )
            done += 1

    def _is_new(self, number: int, prediction: Prediction) -> bool:
        """Whether the reference was not yet searched there; no photo is tried more than twice."""
        tried = self._tried.get(number, [])
        return len(tried) < 2 and all(difference(one, prediction.footprint) > SURE_RADIUS for one in tried)

    def _register(self, number: int, prediction: Prediction, progress: Progress) -> bool:
        """Register a photo in its predicted footprint, or search about it; whether it was accepted and agrees."""

        def doubt(result: Localization) -> str | None:
            own = result.footprint
            if own is not None and agreement(prediction.footprint, own, prediction.relative_radius):
                return None
            return "the place found contradicts that of its neighbours"

        search, before = self._search, self.results[number]
        options = {**search.options, "doubt": doubt}
        nadir = self._nadir(before)
        if nadir is not None and great_circle_km(nadir.lonlat, middle_of(prediction.footprint))[0] > MOST_AWAY_KM:
            nadir = None
        found = pipeline.refine(
            before.photo,
            self._imagery,
            search.out_of(before.photo),
            footprint=prediction.footprint.tolist(),
            nadir=nadir,
            progress=progress,
            **options,
        )
        if not found.located and prediction.relative_radius > SURE_RADIUS:
            found = self._search_about(before.photo, prediction, nadir, options, progress) or found
        log.info("%s where its neighbours place it: %s", self._names[number], found.verdict.reason)
        weak = None if found.located else _rejected(found)
        if weak is not None and difference(prediction.footprint, weak) <= BORNE_OUT:
            self._accept(found, prediction.neighbours, progress)
        if not found.located:
            return False
        found.candidates, found.searched = before.candidates, before.searched
        found.seconds = {
            stage: before.seconds.get(stage, 0.0) + found.seconds.get(stage, 0.0)
            for stage in {**before.seconds, **found.seconds}
        }
        near = tuple(self._names[one] for one in prediction.neighbours)
        found.neighbourhood = Neighbourhood("reference", near)
        self.results[number] = found
        return True

    def _search_about(
        self, photo: Path, prediction: Prediction, nadir: Nadir | None, options: Mapping[str, Any], progress: Progress
    ) -> Localization | None:
        """Search the index about a predicted place; None where it has no block there."""
        lon, lat = (float(value) for value in middle_of(prediction.footprint))
        try:
            return pipeline.localize(
                photo, self._search.index, self._search.out_of(photo), imagery=self._search.imagery, nadir=nadir,
                centre=(lat, lon), centre_km=prediction.radius_km, progress=progress, **options,
            )  # fmt: skip
        except InputError as error:
            log.info("%s", error)
            return None

    def _is_borne_out(self, prediction: Prediction) -> bool:
        """Whether more than one located photo stands behind a prediction, or one that is sure by itself."""
        sources = set(prediction.neighbours)
        if len(sources) > 1 or (self._camera is not None and sources & self._camera.agreeing):
            return True
        footprints = self._footprints()
        own = {one: self._anchors()[one] for one in sources}
        seen = carry(own, self._links, self._size)
        others = (number for number in footprints if number in seen and number not in sources)
        agreeing = any(agreement(seen[one].footprint, footprints[one], seen[one].relative_radius) for one in others)
        return agreeing or all(self.results[one].verdict.confidence >= LONE_CONFIDENCE for one in sources)

    def _place(self, number: int, prediction: Prediction, progress: Progress) -> None:
        """Place a photo that the reference does not show."""
        result = self.results[number]
        sources = [self.results[one].verdict.confidence for one in prediction.neighbours]
        confidence = math.prod(sources) ** (1 / len(sources))
        place(result, prediction, confidence, self._names, self._outputs(result.photo, progress))


def _rejected(result: Localization) -> Array | None:
    """(4, 2) longitude, latitude of a rejected registration that is not hopeless; None for any other."""
    registration = result.registration
    if result.located or registration.homography is None or result.verdict.confidence < LEAST_CONFIDENCE:
        return None
    corners = footprint_lonlat(registration.homography, registration.plane, *result.photo_size)
    return corners if np.isfinite(corners).all() else None


def _settle(result: Localization) -> None:
    """Note who placed a photo."""
    if result.neighbourhood is None:
        result.neighbourhood = Neighbourhood("reference" if result.located else None)
