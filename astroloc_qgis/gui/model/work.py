"""What the desk knows of one photo: a snapshot that is never changed, only replaced, so that all can be undone."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, relative_depth
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.engine.geometry.tie_point_fits import fits_to_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.tiles import Block

OWN_WEIGHT = 10**0.5
"""A tie point set by hand counts as much as ten that the machine found (this is the weight of its residual)."""

NEAREST_HORIZON = 0.08
"""Depth of a photo point, relative to the photo's centre, below which it is too near to the horizon to be a corner."""
TAMEST_DEPTH = 0.12
"""Depth of a corner, relative to the photo's centre, below which a fit is taken for a mistake."""
MOST_STRETCHED = 6.0
"""Stretch of a photo's middle above which a fit is taken for a mistake: 80 degrees off the nadir have it."""


class PhotoState(enum.Enum):
    """Where a photo is on its way."""

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
"""States that say how the engine's work goes: they are shown, never kept."""


@dataclass(frozen=True)
class TiePoint:
    """A point of the photo whose place on the ground is known.

    Attributes:
        x, y: photo pixels.
        lon, lat: degrees.
        on: whether it takes part.
        by_hand: whether an analyst set it, not the machine.
    """

    x: float
    y: float
    lon: float
    lat: float
    on: bool = True
    by_hand: bool = True


@dataclass(frozen=True)
class Placement:
    """Where a photo lies.

    Attributes:
        homography: photo pixels -> metres of the plane, row by row.
        plane: the working plane, a PROJ string.
        size: width and height of the photo, pixels.
        basis: "machine", "hand" or "tie points": what it follows from.
    """

    homography: tuple[tuple[float, ...], ...]
    plane: str
    size: tuple[int, int]
    basis: str = "machine"

    @classmethod
    def of(cls, matrix: Array, plane: str, size: tuple[int, int], basis: str) -> Placement:
        """Make one from a (3, 3) array."""
        return cls(tuple(tuple(float(value) for value in row) for row in matrix), plane, size, basis)

    @property
    def matrix(self) -> Array:
        """The homography as a (3, 3) array."""
        return np.array(self.homography)

    @property
    def centre(self) -> Array:
        """(2,) the photo's centre, pixels."""
        return np.array(self.size) / 2

    def moved(self, change: Array, basis: str = "hand") -> Placement:
        """The photo after a change of the plane ((3, 3), metres -> metres)."""
        return Placement.of(change @ self.matrix, self.plane, self.size, basis)

    def anchors(self) -> Array:
        """(4, 2) photo pixels: the corners; those beyond the horizon brought inwards until they see ground."""
        return np.array(_anchors(self))

    def to_lonlat(self, photo_xy: Array) -> Array:
        """(N, 2) photo pixels -> (N, 2) longitude, latitude; NaN where they see no ground."""
        mapped = apply_homography(self.matrix, photo_xy)
        mapped[relative_depth(self.matrix, photo_xy, self.centre) <= 0] = np.nan
        return transform_points(mapped, self.plane, WGS84)

    def to_photo(self, lonlat: Array) -> Array:
        """(N, 2) longitude, latitude -> (N, 2) photo pixels; NaN where the plane does not show the place."""
        return apply_homography(np.linalg.inv(self.matrix), transform_points(lonlat, WGS84, self.plane))

    def footprint(self) -> Array:
        """(4, 2) longitude, latitude of the anchors, in the photo's corner order."""
        return self.to_lonlat(self.anchors())

    def re_centred(self) -> Placement:
        """The same place in a local plane about the photo's own centre (of photos dragged far, or fitted anew)."""
        anchors = self.anchors()
        lonlat = self.to_lonlat(anchors)
        middle = self.to_lonlat(self.centre[None])[0]
        if not (np.isfinite(lonlat).all() and np.isfinite(middle).all()):
            return self
        plane = WorkingPlane.local(float(middle[0]), float(middle[1]))
        matrix = homography_from_points(anchors, plane.from_lonlat(lonlat))
        return Placement.of(matrix, plane.proj, self.size, self.basis)


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
        """As the engine takes it."""
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
        nadir: (latitude, longitude) in degrees, if known.
        centre: (latitude, longitude) of the photo's centre, if known.
        area: where to search: {} for the whole index, {"radius_km": ...} or {"extent": [w, s, e, n]},
            the latter with a "polygon" (WKT) inside it where one was selected.
        placement: where the photo lies, if anywhere.
        tie_points: in order.
        candidates: ranked.
        facts: what the machine said: confidence, inliers, matcher, rmse_px, rmse_m, ...
        outputs: files written, by kind; like ``written``, no decision, and so never undone.
        written: the placement that the files show.
    """

    state: PhotoState = PhotoState.NEW
    note: str = ""
    nadir: tuple[float, float] | None = None
    centre: tuple[float, float] | None = None
    area: Mapping[str, Any] = field(default_factory=dict)
    placement: Placement | None = None
    tie_points: tuple[TiePoint, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    written: Placement | None = None

    @property
    def stale(self) -> bool:
        """Whether there are files that show the photo elsewhere."""
        return bool(self.outputs) and self.placement is not None and self.placement != self.written

    def to_json(self) -> str:
        """Everything as text."""
        plain = asdict(self)
        plain["state"] = self.state.value
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
        for name in ("nadir", "centre"):
            known[name] = tuple(known[name]) if known.get(name) else None
        for name in ("placement", "written"):
            if placed := known.get(name):
                matrix = tuple(tuple(map(float, row)) for row in placed["homography"])
                known[name] = Placement(matrix, placed["plane"], tuple(placed["size"]), placed["basis"])
        known["tie_points"] = tuple(TiePoint(**point) for point in known.get("tie_points", ()))
        known["candidates"] = tuple(Candidate(**candidate) for candidate in known.get("candidates", ()))
        return cls(**known)

    def moved_to(self, placement: Placement) -> Work:
        """The photo somewhere else: one that was decided is open again."""
        state = self.state
        if state in (PhotoState.ACCEPTED, PhotoState.EXPORTED, PhotoState.LOCALIZED, *_UNPLACED):
            state = PhotoState.NEEDS_REVIEW
        return replace(self, placement=placement, state=state, note="")

    def not_localized(self, note: str) -> Work:
        """The photo nowhere, as somebody decided; ``note`` says why."""
        return replace(self, state=PhotoState.NOT_LOCALIZED, note=note, placement=None, tie_points=(), facts={})

    def without_candidates(self, struck: Collection[Candidate]) -> Work:
        """Candidates struck out: they stay listed as rejected."""
        candidates = tuple(replace(one, verdict="rejected") if one in struck else one for one in self.candidates)
        return replace(self, candidates=candidates)

    def with_tie_points(self, points: tuple[TiePoint, ...], *, fit: bool = True) -> Work:
        """Other tie points, and the photo where they say."""
        changed = replace(self, tie_points=points)
        if not fit or self.placement is None:
            return changed
        fitted = fit_placement(self.placement, points)
        return changed if fitted is None else changed.moved_to(fitted)

    def residuals(self) -> tuple[Array, Array]:
        """((N, 2) photo pixels, (N, 2) metres of the plane) by which each tie point's place misses; NaN where none."""
        count = len(self.tie_points)
        if self.placement is None or not count:
            return np.full((count, 2), np.nan), np.full((count, 2), np.nan)
        photo = np.array([[point.x, point.y] for point in self.tie_points])
        lonlat = np.array([[point.lon, point.lat] for point in self.tie_points])
        on_plane = transform_points(lonlat, WGS84, self.placement.plane)
        in_metres = on_plane - apply_homography(self.placement.matrix, photo)
        return apply_homography(np.linalg.inv(self.placement.matrix), on_plane) - photo, in_metres


@lru_cache(maxsize=64)
def _anchors(placement: Placement) -> tuple[tuple[float, float], ...]:
    width, height = placement.size
    corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    if _seen(placement, corners).all():
        return tuple((float(x), float(y)) for x, y in corners)
    found = []
    for corner in corners:
        way = placement.centre + np.linspace(1.0, 0.05, 96)[:, None] * (corner - placement.centre)
        usable = np.flatnonzero(_seen(placement, way))
        x, y = way[usable[0]] if len(usable) else way[-1]
        found.append((float(x), float(y)))
    return tuple(found)


def _seen(placement: Placement, photo_xy: Array) -> np.ndarray:
    """Whether photo points see ground, and not too near to the horizon."""
    deep = relative_depth(placement.matrix, photo_xy, placement.centre) > NEAREST_HORIZON
    return np.asarray(deep & np.isfinite(placement.to_lonlat(photo_xy)).all(axis=1))


_UNPLACED = (PhotoState.NEW, PhotoState.NOT_LOCALIZED)


def fit_placement(placement: Placement, points: tuple[TiePoint, ...]) -> Placement | None:
    """The placement that the tie points that are on ask for; None where they ask for none, or for nonsense."""
    used = [point for point in points if point.on]
    if not used:
        return None
    photo = np.array([[point.x, point.y] for point in used])
    plane = transform_points(np.array([[point.lon, point.lat] for point in used]), WGS84, placement.plane)
    weights = np.array([OWN_WEIGHT if point.by_hand else 1.0 for point in used])
    if not np.isfinite(plane).all():
        return None
    try:
        matrices = fits_to_points(placement.matrix, photo, plane, weights)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    for matrix in matrices:
        fitted = Placement.of(matrix, placement.plane, placement.size, "tie points")
        if np.isfinite(matrix).all() and is_sound(fitted) and _is_tame(fitted):
            return fitted
    return None


def _is_tame(placement: Placement) -> bool:
    """Whether a fit looks like a photo: no corner near the horizon, no side squeezed."""
    if relative_depth(placement.matrix, photo_corners(*placement.size), placement.centre).min() < TAMEST_DEPTH:
        return False
    steps = placement.centre + np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
    ends = apply_homography(placement.matrix, steps)
    long, short = np.linalg.svd(np.column_stack([ends[1] - ends[0], ends[3] - ends[2]]), compute_uv=False)
    return bool(short > 0 and long / short < MOST_STRETCHED)


def is_sound(placement: Placement) -> bool:
    """Whether a placement can be drawn: finite, not mirrored, its middle on the ground."""
    if not np.isfinite(placement.matrix).all() or abs(np.linalg.det(placement.matrix)) < 1e-12:
        return False
    middle, size = placement.centre, min(placement.size) / 20
    around = middle + np.array([[-size, -size], [size, -size], [size, size], [-size, size]])
    if (relative_depth(placement.matrix, around, middle) <= 0).any():
        return False
    if not np.isfinite(placement.to_lonlat(around)).all():
        return False
    return signed_area(apply_homography(placement.matrix, around)) < 0


def wrapped(lonlat: Array) -> list[list[float]]:
    """(N, 2) longitude, latitude as a list, longitude within 180 degrees."""
    return np.column_stack([wrap_lon(lonlat[:, 0]), lonlat[:, 1]]).round(9).tolist()
