"""Result of one photo, and its entry in the JSON report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.uncertainty import Uncertainty, estimate_uncertainty
from astroloc_qgis.engine.coregistration.cascade import Outcome
from astroloc_qgis.engine.coregistration.finer_stage import FinerStage
from astroloc_qgis.engine.exports.visible_region import VisibleRegion, find_visible_region
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.georeference.smooth_correction import SmoothCorrection, find_correction
from astroloc_qgis.engine.photo.contents import Contents
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.search_rounds import Searched
from astroloc_qgis.engine.verification import Verdict


@dataclass(frozen=True)
class Neighbourhood:
    """What the photos say of each other where they follow each other.

    Attributes:
        placed_by: "reference" or "neighbours"; None for a photo that is not localized.
        neighbours: names of the photos whose places this one's follows from.
        uncertainty: of a place that the neighbours gave; None for any other.
        proposal: (4, 2) longitude, latitude of a footprint that is not believed, for review; None without one.
    """

    placed_by: str | None = None
    neighbours: tuple[str, ...] = ()
    uncertainty: Uncertainty | None = None
    proposal: Array | None = None

    def summary(self, own: Uncertainty | None) -> dict[str, Any]:
        """The fields of the report.

        Args:
            own: the uncertainty of the photo's place.
        """
        return {
            "placed_by": self.placed_by,
            "neighbours": list(self.neighbours),
            "uncertainty_m": None if own is None else own.summary()["worst_corner_95_m"],
            "proposal": None if self.proposal is None else self.proposal.round(7).tolist(),
        }


@dataclass
class Localization:
    """The result of one photo.

    Attributes:
        photo: its path.
        outcome: of the cascade: the accepted registration, or the best of the rejected ones.
        candidates: the candidates of the retrieval, best first; of several rounds those of the one reported.
        photo_size: width and height of the photo, pixels.
        outputs: kind of file -> path; empty where the photo is not localized.
        seconds: stage -> time; "other" is what belongs to none.
        correction: smooth correction on top of the homography; None where it was not asked for, or not proved.
        searched: where it was searched, and its nadir.
        contents: what the photo shows; None where its place was given.
        hindrance: what makes it hard to find, in its own terms; "" where nothing does.
        neighbourhood: what its neighbours say of it; None where photos were not compared.
        imagery: name of the imagery that it was first registered to; "" where that is not known.
        finer: what became of the second stage, on finer imagery; None where there was none.
    """

    photo: Path
    outcome: Outcome
    candidates: list[Candidate]
    photo_size: tuple[int, int]
    outputs: dict[str, Path] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    correction: SmoothCorrection | None = None
    searched: Searched = field(default_factory=Searched)
    contents: Contents | None = None
    hindrance: str = ""
    neighbourhood: Neighbourhood | None = None
    imagery: str = ""
    finer: FinerStage | None = None

    @property
    def registration(self) -> Registration:
        """The accepted registration, or the best of the rejected ones."""
        return self.outcome.registration

    @property
    def verdict(self) -> Verdict:
        """The verdict on that registration."""
        return self.outcome.verdict

    @property
    def candidate(self) -> Candidate | None:
        """The candidate of that registration; None for a footprint drawn by hand."""
        return self.outcome.candidate

    @property
    def located(self) -> bool:
        """Whether the photo is localized."""
        return self.verdict.located

    @property
    def reference(self) -> str | None:
        """The name of the imagery that placed the photo; None where it is not localized, or by its neighbours."""
        by_neighbours = self.neighbourhood is not None and self.neighbourhood.placed_by == "neighbours"
        if not self.located or by_neighbours:
            return None
        return self.finer.imagery if self.finer is not None and self.finer.used else self.imagery or None

    @property
    def reason(self) -> str:
        """Why the photo is or is not localized, in a sentence; what hinders it comes first."""
        if self.located or not self.hindrance:
            return self.verdict.reason
        return f"{self.hindrance}; {self.verdict.reason}"

    @property
    def effort(self) -> dict[str, dict[str, float]]:
        """Matcher -> "attempts" that it ran on and the "seconds" of that."""
        found: dict[str, dict[str, float]] = {}
        for run in self.outcome.runs:
            spent = found.setdefault(run.matcher, {"attempts": 0, "seconds": 0.0})
            spent["attempts"] += 1
            spent["seconds"] = round(spent["seconds"] + run.seconds, 3)
        return found

    @property
    def footprint(self) -> Array | None:
        """(4, 2) longitude, latitude in the photo's corner order; None where the photo is not localized.

        Where the horizon is in view, a corner above it is replaced by the nearest point towards the photo's centre
        that sees ground.
        """
        homography = self.registration.homography
        if homography is None or not self.located:
            return None
        visible = find_visible_region(homography, self.registration.plane, *self.photo_size)
        return self.registration.plane.to_lonlat(apply_homography(homography, _seen_corners(visible)))

    def or_better(self, later: Localization) -> Localization:
        """This result or that of a later search round, whichever is more certain, with the rounds and runs of both."""
        better = later if later.located or later.verdict.confidence > self.verdict.confidence else self
        return replace(
            better,
            outcome=replace(better.outcome, runs=(*self.outcome.runs, *later.outcome.runs)),
            searched=replace(later.searched, reported=better.searched.reported),
        )

    def find_correction(self) -> None:
        """Look for a smooth correction of an accepted registration."""
        found = self.registration
        if self.located and found.homography is not None and found.tie_points is not None:
            ties = found.tie_points
            used = ties.inlier
            self.correction = find_correction(
                found.homography, ties.photo_xy[used], ties.plane_xy[used], self.photo_size
            )

    @property
    def uncertainty(self) -> Uncertainty | None:
        """Uncertainty of the position of each pixel; None where the photo is not localized."""
        if self.located and self.neighbourhood is not None and self.neighbourhood.uncertainty is not None:
            return self.neighbourhood.uncertainty
        return estimate_uncertainty(self.registration, self.photo_size) if self.located else None

    def disbelieve(self, reason: str) -> None:
        """Turn an accepted registration into one that is not, and remove the files that were written for it.

        Args:
            reason: why, in a sentence.
        """
        verdict = Verdict(False, self.verdict.confidence, reason)
        self.outcome = replace(self.outcome, verdict=verdict)
        for path in self.outputs.values():
            path.unlink(missing_ok=True)
        self.outputs = {}
        self.correction = None

    def report(self) -> dict[str, Any]:
        """The entry of the JSON report: plain types only."""
        found, footprint, uncertainty = self.registration, self.footprint, self.uncertainty
        homography = found.homography if self.located else None
        neighbourhood = {} if self.neighbourhood is None else self.neighbourhood.summary(uncertainty)
        return {
            "photo": str(self.photo),
            "photo_size": list(self.photo_size),
            "status": "localized" if self.located else "not_localized",
            "reason": self._reason(footprint),
            "contents": None if self.contents is None else self.contents.summary(),
            "confidence": round(self.verdict.confidence, 4),
            "inliers": found.inliers,
            "matcher": found.matcher or None,
            "iterations": found.iterations,
            "footprint": None if footprint is None else footprint.round(7).tolist(),
            "homography": None if homography is None else homography.tolist(),
            "working_plane": found.plane.proj,
            "rmse_px": _number(found.rmse_px) if self.located else None,
            "rmse_m": _number(found.rmse_m) if self.located else None,
            "uncertainty": None if uncertainty is None else uncertainty.summary(),
            "correction": None if self.correction is None else self.correction.summary(),
            "candidate": None if self.candidate is None else _candidate_entry(self.candidate),
            "candidates": [_candidate_entry(candidate) for candidate in self.candidates],
            "outputs": {kind: str(path) for kind, path in self.outputs.items()},
            "effort": self.effort,
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "nadir": self.searched.entry(footprint),
            "camera": found.camera.summary() if self.located and found.camera is not None else None,
            "reference": self.reference,
            "finer": None if self.finer is None else self.finer.summary(),
            "searched": [one.where for one in self.searched.rounds],
            **neighbourhood,
        }

    def _reason(self, footprint: Array | None) -> str:
        about_nadir = self.searched.sentence(footprint)
        parts = [self.reason, about_nadir] if self.located else [about_nadir, self.reason]
        return ("; " if self.located else ": ").join(part for part in parts if part)


def _seen_corners(visible: VisibleRegion) -> Array:
    """(4, 2) photo pixels: the corners; those that see no ground are moved towards the centre until they do."""
    corners = photo_corners(visible.width, visible.height)
    if visible.whole:
        return corners
    centre, steps = np.array([visible.width / 2, visible.height / 2]), np.linspace(0.0, 1.0, 4097)[:, None]
    return np.stack([_first_seen(visible, corner + steps * (centre - corner)) for corner in corners])


def _first_seen(visible: VisibleRegion, points: Array) -> Array:
    return np.asarray(points[int(np.argmax(visible.seen(points)))])


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _candidate_entry(candidate: Candidate) -> dict[str, Any]:
    block = candidate.block
    return {
        "zoom": block.zoom,
        "row": block.row,
        "column": block.column,
        "size": block.size,
        "rank": candidate.rank,
        "score": round(candidate.score, 5),
    }
