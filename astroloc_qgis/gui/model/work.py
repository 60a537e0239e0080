"""What is kept of one photo: a snapshot that is never changed, only replaced, so that every step can be undone."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.places import numbers_of
from astroloc_qgis.gui.model.tie_points import TiePoint, fit_placement


class PhotoState(enum.Enum):
    """How far a photo is, from new to exported."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    LOCALIZED = "localized"
    NEEDS_REVIEW = "needs review"
    NOT_LOCALIZED = "not localized"
    ACCEPTED = "accepted"
    EXPORTED = "exported"
    ERROR = "error"


PASSING = (PhotoState.WAITING, PhotoState.RUNNING, PhotoState.ERROR)
"""States while the engine works on a photo: they are shown, never kept."""
_UNPLACED = (PhotoState.NEW, PhotoState.NOT_LOCALIZED)


@dataclass(frozen=True)
class Candidate:
    """A place that the index proposed.

    Attributes:
        zoom, row, column, size: the block of web-map tiles.
        rank: from 1.
        score: of retrieval.
        verdict: "" (not tried), "localized", "not localized", "rejected".
        inliers, confidence: of the registration, once it was tried.
    """

    zoom: int
    row: int
    column: int
    size: int = 4
    rank: int = 1
    score: float = 0.0
    verdict: str = ""
    inliers: int | None = None
    confidence: float | None = None

    @property
    def block(self) -> str:
        """The block as the engine takes it: "zoom/row/column"."""
        return f"{self.zoom}/{self.row}/{self.column}"

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres of EPSG:3857."""
        return self._block.bounds_3857

    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of its middle."""
        lon, lat = self._block.center_lonlat
        return float(lon), float(lat)

    @property
    def _block(self) -> Block:
        return Block(self.zoom, self.row, self.column, self.size)


@dataclass(frozen=True)
class Work:
    """Everything about one photo that is kept.

    Attributes:
        state: never one of ``PASSING``.
        note: what there is to say about the state.
        nadir: the sub-satellite point, if known or proposed.
        centre: (latitude, longitude) of the photo's centre, if known.
        area: where to search: {} or {"radius_km": None} for the whole index, about the nadir first where it is known;
            {"radius_km": ...} for a limit about the nadir (0 for none) or {"extent": [w, s, e, n]}, the latter with a
            "polygon" (WKT) inside it where one was selected; {"centre_km": ...} or, where the centre is known, also {},
            for the surroundings of the centre.
        placement: where the photo lies, if anywhere.
        tie_points: in order.
        candidates: ranked.
        facts: what the machine said: confidence, inliers, matcher, rmse_px, rmse_m, ...
        clues: what else is said of its place: "nasa", the record of NASA's photo database as JSON; "tle", the numbers
            of the nadir that orbital elements gave.
        outputs: files written, by kind; like ``written``, no decision, and so never undone.
        written: the placement that the files show.
    """

    state: PhotoState = PhotoState.NEW
    note: str = ""
    nadir: Nadir | None = None
    centre: tuple[float, float] | None = None
    area: Mapping[str, Any] = field(default_factory=dict)
    placement: Placement | None = None
    tie_points: tuple[TiePoint, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    clues: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    written: Placement | None = None

    @property
    def stale(self) -> bool:
        """Whether the files on disk show the photo at an earlier place."""
        return bool(self.outputs) and self.placement is not None and self.placement != self.written

    @property
    def search(self) -> dict[str, Any]:
        """Where to search, as parameters of the engine's method "localize"."""
        limits = {name: value for name, value in self.area.items() if name != "centre_km"}
        if self.centre is not None and not limits:
            return {"centre": self.centre, "centre_km": self.area.get("centre_km", CENTRE_KM)}
        return {name: value for name, value in limits.items() if value is not None}

    def to_json(self) -> str:
        """Everything as text."""
        plain = asdict(self)
        plain["state"] = self.state.value
        plain["nadir"] = numbers_of(self.nadir)
        plain["nadir_source"] = None if self.nadir is None else self.nadir.source
        return json.dumps(plain, default=str)

    @classmethod
    def from_json(cls, text: str) -> Work:
        """Read what ``to_json`` wrote; fields that an older version did not know keep their defaults.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        plain = json.loads(text)
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        known["state"] = PhotoState(known.get("state", "new"))
        source: Any = plain.get("nadir_source") or "given"
        known["nadir"] = Nadir.of(known["nadir"], source) if known.get("nadir") else None
        known["centre"] = tuple(known["centre"]) if known.get("centre") else None
        for name in ("placement", "written"):
            if placed := known.get(name):
                matrix = tuple(tuple(map(float, row)) for row in placed["homography"])
                known[name] = Placement(matrix, placed["plane"], tuple(placed["size"]), placed["basis"])
        known["tie_points"] = tuple(TiePoint(**point) for point in known.get("tie_points", ()))
        known["candidates"] = tuple(Candidate(**candidate) for candidate in known.get("candidates", ()))
        return cls(**known)

    def moved_to(self, placement: Placement) -> Work:
        """The work with the photo at another place; a decided photo needs review again."""
        state = self.state
        if state in (PhotoState.ACCEPTED, PhotoState.EXPORTED, PhotoState.LOCALIZED, *_UNPLACED):
            state = PhotoState.NEEDS_REVIEW
        return replace(self, placement=placement, state=state, note="")

    def not_localized(self, note: str) -> Work:
        """The work with the photo at no place, by decision of the analyst; ``note`` says why."""
        return replace(self, state=PhotoState.NOT_LOCALIZED, note=note, placement=None, tie_points=(), facts={})

    def without_candidates(self, struck: Collection[Candidate]) -> Work:
        """The work with candidates rejected; they stay in the list."""
        candidates = tuple(replace(one, verdict="rejected") if one in struck else one for one in self.candidates)
        return replace(self, candidates=candidates)

    def with_tie_points(self, points: tuple[TiePoint, ...], *, fit: bool = True) -> Work:
        """The work with other tie points, and the photo fitted to them."""
        changed = replace(self, tie_points=points)
        if not fit or self.placement is None:
            return changed
        fitted = fit_placement(self.placement, points)
        return changed if fitted is None else changed.moved_to(fitted)

    def residuals(self) -> tuple[Array, Array]:
        """Residuals of the tie points, (N, 2) photo pixels and (N, 2) metres of the plane; NaN without placement."""
        count = len(self.tie_points)
        if self.placement is None or not count:
            return np.full((count, 2), np.nan), np.full((count, 2), np.nan)
        photo = np.array([[point.x, point.y] for point in self.tie_points])
        lonlat = np.array([[point.lon, point.lat] for point in self.tie_points])
        on_plane = transform_points(lonlat, WGS84, self.placement.plane)
        in_metres = on_plane - apply_homography(self.placement.matrix, photo)
        return apply_homography(np.linalg.inv(self.placement.matrix), on_plane) - photo, in_metres

    def rms(self) -> tuple[float, float] | None:
        """The RMS error of the tie points that are on, (photo pixels, metres); None without tie points or place."""
        used = [number for number, point in enumerate(self.tie_points) if point.on]
        if not used or self.placement is None:
            return None
        pixels, metres = (np.sqrt(np.nanmean((off[used] ** 2).sum(axis=1))) for off in self.residuals())
        return float(pixels), float(metres)
