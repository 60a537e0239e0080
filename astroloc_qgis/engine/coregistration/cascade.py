"""The cascade: matchers from cheap to strong run on the attempts until a registration is accepted.

``_schedule`` orders the work: attempts in groups, and on each group every cheap stage; at the end the strong ones,
which refine the most promising hypotheses and then search at the likeliest attempts themselves. ``_registrations`` runs
each stage's matcher on its attempts, several in parallel. ``run_cascade`` verifies the registrations in that order and
stops at the first that is accepted. ``refine_on_finer_imagery`` repeats the last step of an accepted registration on
imagery of better resolution.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_of
from astroloc_qgis.engine.coregistration.candidate_search import Renderings
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister, refine_hypothesis
from astroloc_qgis.engine.coregistration.parallel import References, in_order, workers_for
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import SearchArea
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Matcher
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.registration import Hypothesis, Registration
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.verification import Verdict, verify

log = logging.getLogger(__name__)

Attempt = tuple[SearchArea, Candidate | None]
"""The area in which registration begins, and the candidate it belongs to (None for a footprint drawn by hand)."""


@dataclass(frozen=True)
class Stage:
    """One matcher of the cascade.

    Attributes:
        matcher: name.
        attempts: number of the best attempts that it runs on.
        searches: number of these on which it searches itself; on the others it only follows what another suspected.
            None: on all.
        refine_only: whether it only refines hypotheses of earlier stages, without a search of its own.
        last: whether it searches when all cheaper stages have failed, at the likeliest attempts; where there is more
            than a group of attempts, at half as many, and the photo at one size.
    """

    matcher: str
    attempts: int
    searches: int | None = None
    refine_only: bool = False
    last: bool = False

    def runs_on(self, number: int, promising: Mapping[int, Hypothesis]) -> bool:
        """Whether a stage that is not strong has something to do on an attempt."""
        return number < self.attempts and (self.searches is None or number < self.searches or number in promising)

    @property
    def is_strong(self) -> bool:
        """Whether it comes after the cheap ones."""
        return self.refine_only or self.last


PROMISING = 9
"""Least number of inliers of a hypothesis that a refine-only stage refines."""

GROUP = 6
"""Number of attempts on which all searching stages run before the next attempts begin."""

AUTO = (
    Stage("sift", 50, searches=18),
    Stage("orientation", 50),
    Stage("xfeat-lighterglue", 50, searches=6),
    Stage("aliked-lightglue", 4, refine_only=True),
    Stage("aliked-lightglue", 2, last=True),
)
"""The cascade called ``auto``: SIFT matches at any rotation, and so does orientation correlation, which needs no
keypoints; XFeat with LighterGlue matches at the quarter turns; ALIKED with LightGlue refines what they can neither
confirm nor refute, and searches where the photo most probably is."""

THOROUGH = 4
"""Factor by which a thorough search multiplies the attempts of the stages of ``auto`` that come last."""


def stages_of(name: str, *, thorough: bool = False) -> tuple[Stage, ...]:
    """The stages of "auto", or the one stage of a matcher.

    Args:
        name: of a matcher, or "auto".
        thorough: whether the strong matchers search at more attempts than usual.

    Raises:
        InputError: no matcher has that name.
    """
    if name == "auto":
        return tuple(_thorough(stage) for stage in AUTO) if thorough else AUTO
    matchers.check_name(name)
    return (Stage(name, 60 if thorough else 30),)


def _thorough(stage: Stage) -> Stage:
    return replace(stage, searches=None, attempts=stage.attempts * (THOROUGH if stage.is_strong else 1))


@dataclass(frozen=True)
class MatcherRun:
    """The result of one matcher on one attempt.

    Attributes:
        matcher: name.
        evidence: of the registration; None where there is no homography.
        located: whether the registration was accepted.
        footprint: (4, 2) longitude, latitude as of ``footprint_lonlat``; None where there is no homography.
        seconds: since the run before, in order; of runs in parallel the time until each was awaited.
    """

    matcher: str
    evidence: Evidence | None
    located: bool
    footprint: Array | None = field(default=None, compare=False)
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Outcome:
    """The result of the cascade.

    Attributes:
        registration: the accepted registration, or else the one of highest confidence.
        verdict: on that registration.
        candidate: of its attempt.
        runs: all runs of matchers on attempts, in order.
    """

    registration: Registration
    verdict: Verdict
    candidate: Candidate | None
    runs: tuple[MatcherRun, ...] = ()


def run_cascade(
    pyramid: PhotoPyramid,
    reference: Reference,
    attempts: Sequence[Attempt],
    stages: Sequence[Stage],
    *,
    device: str = "cpu",
    workers: int | None = None,
    seconds: float | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """Coregister the photo at each attempt, with matchers from cheap to strong, until a registration is accepted.

    Args:
        pyramid: the photo; its features are computed once for all attempts.
        reference: imagery.
        attempts: where to search, likeliest first; at least one.
        stages: of ``stages_of``.
        device: torch device.
        workers: number of attempts on which a stage runs in parallel; by default as suits the device that its
            matcher computes on. The outcome does not depend on it.
        seconds: after which no further attempts begin; None for no limit. The first attempt is made in any case.
        progress: told the stage "match"; may raise ``Cancelled``.
    """
    best: Outcome | None = None
    runs: list[MatcherRun] = []
    promising: dict[int, Hypothesis] = {}
    started = before = time.perf_counter()
    used_up = ""
    with closing(
        _registrations(pyramid, reference, attempts, stages, promising, device, workers, progress)
    ) as registrations:
        for stage, number, registration in registrations:
            candidate = attempts[number][1]
            verdict = verify(registration, pyramid.size)
            log.info(
                "%s from %s: %d inliers, confidence %.3f, %s",
                stage.matcher,
                "footprint" if candidate is None else candidate.block,
                registration.inliers,
                verdict.confidence,
                verdict.reason,
            )
            now = time.perf_counter()
            run = _run_of(stage.matcher, registration, verdict, pyramid.size)
            runs.append(replace(run, seconds=now - before))
            before = now
            found = registration.promising
            if found is not None and (number not in promising or found.step.inliers > promising[number].step.inliers):
                promising[number] = found
            if best is None or verdict.confidence > best.verdict.confidence:
                best = Outcome(registration, verdict, candidate)
            if verdict.located:
                break
            if seconds is not None and now - started >= seconds:
                used_up = f"; the time for matching, {seconds:.0f} s, is used up"
                break
    assert best is not None  # noqa: S101 - the first stage is never refine_only and there is an attempt
    told = replace(best.verdict, reason=best.verdict.reason + used_up)
    return replace(best, verdict=told, runs=tuple(runs))


def _run_of(matcher: str, registration: Registration, verdict: Verdict, size: tuple[int, int]) -> MatcherRun:
    if registration.homography is None:
        return MatcherRun(matcher, None, verdict.located)
    footprint = footprint_lonlat(registration.homography, registration.plane, *size)
    return MatcherRun(matcher, evidence_of(registration, size), verdict.located, footprint)


def _registrations(
    pyramid: PhotoPyramid,
    reference: Reference,
    attempts: Sequence[Attempt],
    stages: Sequence[Stage],
    promising: Mapping[int, Hypothesis],
    device: str,
    workers: int | None,
    progress: Progress,
) -> Generator[tuple[Stage, int, Registration]]:
    """Run the stages on the attempts in the order of ``_schedule``; arguments as for ``run_cascade``.

    Yields:
        Stage, number of the attempt, registration.
    """
    steps = sum(min(stage.attempts, len(attempts)) for stage in stages)
    done = 0
    rendered: dict[int, Renderings] = {}

    def progress_of(number: int) -> Progress:
        return part_of(progress, min(1.0, (done + number) / steps), min(1.0, (done + number + 1) / steps))

    with closing(References(reference)) as references:
        for stage, numbers in _schedule(len(attempts), stages, promising):
            matcher = matchers.create(stage.matcher, device)
            at_once = workers_for(matchers.device_of(stage.matcher, device)) if workers is None else workers
            group = range(numbers[0] // GROUP * GROUP, (numbers[0] // GROUP + 1) * GROUP)
            rendered = {number: rendered.get(number, {}) for number in group}

            def register(
                number: int,
                progress: Progress,
                stage: Stage = stage,
                matcher: Matcher = matcher,
                rendered: dict[int, Renderings] = rendered,
            ) -> Registration:
                area = attempts[number][0]
                if stage.searches is not None and number >= stage.searches:
                    area = replace(area, trials=())
                elif stage.last and len(attempts) > GROUP:
                    area = replace(area, photo_px=area.photo_px[-1:])
                with references.borrowed() as opened:
                    if stage.refine_only:
                        start = promising[number]
                        return refine_hypothesis(pyramid, opened, start, area.plane, matcher, progress=progress)
                    suspected = [promising[number]] if number in promising else []
                    return coregister(
                        pyramid,
                        opened,
                        area,
                        matcher,
                        rendered=rendered.get(number),
                        suspected=suspected,
                        progress=progress,
                    )

            with closing(in_order(register, numbers, at_once, progress_of, "match")) as found:
                for number, registration in zip(numbers, found, strict=True):
                    yield stage, number, registration
            done += len(numbers)


def refine_on_finer_imagery(
    pyramid: PhotoPyramid,
    reference: Reference,
    coarse: Outcome,
    stages: Sequence[Stage],
    *,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Outcome:
    """Refine a registration to coarse imagery on finer imagery.

    Args:
        pyramid: the photo.
        reference: the finer imagery.
        coarse: the registration to the coarse imagery.
        stages: of ``stages_of``; each starts from the coarse registration.
        device: torch device.
        progress: told the stage "match"; may raise ``Cancelled``.

    Returns:
        The first registration that is accepted; ``coarse`` itself where none is, for example where the finer imagery
        does not show the place.
    """
    found = coarse.registration
    if found.homography is None:
        return coarse
    initial = Hypothesis(found.homography, found.quarter_turns, found.history[-1])
    names = list(dict.fromkeys(stage.matcher for stage in stages))
    for number, name in enumerate(names):
        step = part_of(progress, number / len(names), (number + 1) / len(names))
        matcher = matchers.create(name, device)
        registration = refine_hypothesis(pyramid, reference, initial, found.plane, matcher, progress=step)
        verdict = verify(registration, pyramid.size)
        log.info("%s on finer imagery: %d inliers, %s", name, registration.inliers, verdict.reason)
        if verdict.located:
            return replace(coarse, registration=registration, verdict=verdict)
    return coarse


def _schedule(
    attempts: int, stages: Sequence[Stage], promising: Mapping[int, Hypothesis]
) -> Iterator[tuple[Stage, list[int]]]:
    """The order of the work.

    The first attempt runs alone: where it is accepted, no other has been begun.

    Args:
        attempts: how many there are.
        stages: of ``stages_of``.
        promising: the most promising hypothesis of each attempt; read after the searching stages have filled it.

    Yields:
        Stage, and the numbers of the attempts on which it runs in parallel.
    """
    for first in range(0, attempts, GROUP):
        for stage in stages:
            group = range(first, min(first + GROUP, attempts))
            numbers = [] if stage.is_strong else [number for number in group if stage.runs_on(number, promising)]
            if numbers[:1] == [0] and stage is stages[0]:
                yield stage, [0]
                numbers = numbers[1:]
            if numbers:
                yield stage, numbers
    for stage in stages:
        if stage.is_strong:
            numbers = _most_promising(promising) if stage.refine_only else _likeliest(attempts, promising)
            most = math.ceil(stage.attempts / 2) if stage.last and attempts > GROUP else stage.attempts
            for number in numbers[:most]:
                yield stage, [number]


def _most_promising(promising: Mapping[int, Hypothesis]) -> list[int]:
    """The attempts with a hypothesis of at least ``PROMISING`` inliers, most inliers first."""
    worth_it = [number for number, found in promising.items() if found.step.inliers >= PROMISING]
    return sorted(worth_it, key=lambda number: -promising[number].step.inliers)


def _likeliest(attempts: int, promising: Mapping[int, Hypothesis]) -> list[int]:
    """The attempts in the order in which a strong matcher searches: in turn the most promising and the first ones."""
    order = [number for pair in zip_longest(_most_promising(promising), range(attempts)) for number in pair]
    return list(dict.fromkeys(number for number in order if number is not None))
