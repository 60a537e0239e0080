"""Matchers from cheap to strong, until one result is believed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_of
from astroloc_qgis.engine.coregistration.candidate_search import Renderings
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister, sharpen
from astroloc_qgis.engine.coregistration.parallel import in_order, workers_for
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import SearchArea
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Matcher
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.registration import Hypothesis, Registration
from astroloc_qgis.engine.retrieval.search import Candidate
from astroloc_qgis.engine.verification import Verdict, verify

log = logging.getLogger(__name__)

Attempt = tuple[SearchArea, Candidate | None]
"""Where registration begins, and the candidate behind it (None for a footprint drawn by hand)."""


@dataclass(frozen=True)
class Stage:
    """One matcher's turn in the cascade.

    Attributes:
        matcher: name.
        attempts: how many of the best attempts it gets.
        refine_only: whether it only refines what an earlier stage found: a strong matcher is too slow to search
            everywhere, and where a cheap one finds nothing at all, it seldom does.
    """

    matcher: str
    attempts: int
    refine_only: bool = False


PROMISING = 12
"""Inliers from which a hypothesis is worth a strong matcher's time; chance alone gives 8 or 9."""

GROUP = 6
"""So many attempts are looked at by all matchers but the refine_only ones before the next are: of photos whose place is
retrieved at all, two in three have it among the first so many candidates."""

AUTO = (Stage("sift", 50), Stage("xfeat-lighterglue", 36), Stage("aliked-lightglue", 2, refine_only=True))
"""The cascade called ``auto``. SIFT finds most photos at any turn, XFeat with LighterGlue most of the rest at quarter
turns, each in less than a second a candidate; ALIKED with LightGlue settles what they could neither confirm nor
refute."""


def stages_of(name: str) -> tuple[Stage, ...]:
    """The stages that the name of a matcher, or "auto", stands for.

    Raises:
        InputError: no matcher has that name.
    """
    if name == "auto":
        return AUTO
    matchers.check_name(name)
    return (Stage(name, 30),)


@dataclass(frozen=True)
class Trial:
    """One matcher put to one attempt.

    Attributes:
        matcher: name.
        evidence: of what it found; None where it found nothing plausible.
        located: whether that was believed.
    """

    matcher: str
    evidence: Evidence | None
    located: bool


@dataclass(frozen=True)
class Outcome:
    """What the cascade came to: the believed registration, or the best that was not believed.

    Attributes:
        registration: that one.
        verdict: on it.
        candidate: behind its attempt.
        trials: everything that was tried, in order.
    """

    registration: Registration
    verdict: Verdict
    candidate: Candidate | None
    trials: tuple[Trial, ...] = ()


def run_cascade(
    pyramid: PhotoPyramid,
    reference: Reference,
    attempts: Sequence[Attempt],
    stages: Sequence[Stage],
    *,
    device: str = "cpu",
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """EarthMatch from each start, matchers from cheap to strong, until verification believes a result.

    Args:
        pyramid: the photo; its features are made once for all attempts.
        reference: imagery.
        attempts: where to look, likeliest first; at least one.
        stages: of ``stages_of``.
        device: torch device.
        workers: attempts that a stage looks at side by side; by default as many as suit the device. The outcome is the
            same, whatever their number.
        progress: told the stage "match"; may raise ``Cancelled``.
    """
    best: Outcome | None = None
    trials: list[Trial] = []
    promising_hypotheses: dict[int, Hypothesis] = {}
    workers = workers_for(device) if workers is None else workers
    with closing(
        _registrations(pyramid, reference, attempts, stages, promising_hypotheses, device, workers, progress)
    ) as registrations:
        for stage, place, registration in registrations:
            candidate = attempts[place][1]
            verdict = verify(registration, pyramid.size)
            log.info(
                "%s from %s: %d inliers, confidence %.3f, %s",
                stage.matcher,
                "footprint" if candidate is None else candidate.block,
                registration.inliers,
                verdict.confidence,
                verdict.reason,
            )
            evidence = None if registration.homography is None else evidence_of(registration, pyramid.size)
            trials.append(Trial(stage.matcher, evidence, verdict.located))
            hint = registration.hint
            if hint is not None and (
                place not in promising_hypotheses or hint.step.inliers > promising_hypotheses[place].step.inliers
            ):
                promising_hypotheses[place] = hint
            if best is None or verdict.confidence > best.verdict.confidence:
                best = Outcome(registration, verdict, candidate)
            if verdict.located:
                break
    assert best is not None  # noqa: S101 - the first stage is never refine_only and there is an attempt
    return replace(best, trials=tuple(trials))


def _registrations(
    pyramid: PhotoPyramid,
    reference: Reference,
    attempts: Sequence[Attempt],
    stages: Sequence[Stage],
    promising_hypotheses: Mapping[int, Hypothesis],
    device: str,
    workers: int,
    progress: Progress,
) -> Generator[tuple[Stage, int, Registration]]:
    """What each stage makes of each start, in the order of ``_schedule``; arguments as for ``run_cascade``."""
    steps = sum(min(stage.attempts, len(attempts)) for stage in stages)
    done = 0
    rendered: dict[int, Renderings] = {}

    def progress_of(number: int) -> Progress:
        return part_of(progress, min(1.0, (done + number) / steps), min(1.0, (done + number + 1) / steps))

    with closing(_References(reference)) as references:
        for stage, places in _schedule(len(attempts), stages, promising_hypotheses):
            matcher = matchers.create(stage.matcher, device)
            group = range(places[0] // GROUP * GROUP, (places[0] // GROUP + 1) * GROUP)
            rendered = {place: rendered.get(place, {}) for place in group}

            def look(
                place: int,
                progress: Progress,
                stage: Stage = stage,
                matcher: Matcher = matcher,
                shown: dict[int, Renderings] = rendered,
            ) -> Registration:
                area = attempts[place][0]
                if stage.refine_only:
                    return sharpen(
                        pyramid, references.get(), promising_hypotheses[place], area.plane, matcher, progress=progress
                    )
                return coregister(pyramid, references.get(), area, matcher, rendered=shown[place], progress=progress)

            with closing(in_order(look, places, workers, progress_of, "match")) as found:
                for place, registration in zip(places, found, strict=True):
                    yield stage, place, registration
            done += len(places)


class _References:
    """The reference, opened once for each thread, as GDAL asks for."""

    def __init__(self, reference: Reference) -> None:
        self._given, self._owner = reference, threading.get_ident()
        self._own = threading.local()
        self._opened: list[Reference] = []

    def get(self) -> Reference:
        """The present thread's."""
        if threading.get_ident() == self._owner:
            return self._given
        if not hasattr(self._own, "reference"):
            self._own.reference = Reference.open(self._given.uri)
            self._opened.append(self._own.reference)
        found: Reference = self._own.reference
        return found

    def close(self) -> None:
        """Close those that were opened here."""
        for reference in self._opened:
            reference.close()


def sharpen_on(
    pyramid: PhotoPyramid,
    reference: Reference,
    coarse: Outcome,
    stages: Sequence[Stage],
    *,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Outcome:
    """A photo that was placed on coarse imagery, placed again on finer imagery.

    Args:
        pyramid: the photo.
        reference: the finer imagery.
        coarse: where the photo was placed.
        stages: of ``stages_of``; each begins at that place.
        device: torch device.
        progress: told the stage "match"; may raise ``Cancelled``.

    Returns:
        The first result that verification believes; ``coarse`` itself where none is, as where the finer imagery does
        not show the place.
    """
    found = coarse.registration
    if found.homography is None:
        return coarse
    initial = Hypothesis(found.homography, found.quarter_turns, found.history[-1])
    for number, stage in enumerate(stages):
        step = part_of(progress, number / len(stages), (number + 1) / len(stages))
        matcher = matchers.create(stage.matcher, device)
        registration = sharpen(pyramid, reference, initial, found.plane, matcher, progress=step)
        verdict = verify(registration, pyramid.size)
        log.info("%s on finer imagery: %d inliers, %s", stage.matcher, registration.inliers, verdict.reason)
        if verdict.located:
            return replace(coarse, registration=registration, verdict=verdict)
    return coarse


def _schedule(
    attempts: int, stages: Sequence[Stage], promising_hypotheses: Mapping[int, Hypothesis]
) -> Iterator[tuple[Stage, list[int]]]:
    """Which stage looks at which attempts, in order; promising_hypotheses may come to be known as one goes.

    The very first attempt is looked at alone: where the place is the likeliest one, nothing else need be begun.
    """
    for first in range(0, attempts, GROUP):
        for stage in stages:
            places = [] if stage.refine_only else list(range(first, min(first + GROUP, stage.attempts, attempts)))
            if places[:1] == [0] and stage is stages[0]:
                yield stage, [0]
                places = places[1:]
            if places:
                yield stage, places
    for stage in stages:
        if stage.refine_only:
            promising = [place for place, hint in promising_hypotheses.items() if hint.step.inliers >= PROMISING]
            places = sorted(promising, key=lambda place: -promising_hypotheses[place].step.inliers)[: stage.attempts]
            for place in places:
                yield stage, [place]
