"""Homographies and working planes for live editing, in numpy alone (the engine's own module needs OpenCV).

Photo pixels are continuous, in GDAL's corner convention. Longitude comes before latitude; degrees, WGS 84.
"""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array, transform_points

WGS84 = "EPSG:4326"
transform = transform_points
FEWEST_FOR_PERSPECTIVE = 4


def local_plane(lon: float, lat: float) -> str:
    """The PROJ string of the azimuthal equidistant plane about a place, as the engine writes it."""
    return f"+proj=aeqd +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs"


def apply(homography: Array, xy: Array) -> Array:
    """Map (N, 2) points by a (3, 3) homography; NaN on the line at infinity."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    mapped = xy @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        result = mapped[:, :2] / mapped[:, 2:]
    result[~np.isfinite(result).all(axis=1)] = np.nan
    return np.asarray(result)


def depth(homography: Array, xy: Array, here: Array) -> Array:
    """(N,) depth of photo points relative to that of ``here``: at or below 0 a point sees no ground."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    at = xy @ homography[2, :2] + homography[2, 2]
    return np.asarray(at / (np.asarray(here, dtype=np.float64) @ homography[2, :2] + homography[2, 2]))


def normalise(homography: Array) -> Array:
    """The same homography with its last entry 1, where that is not almost 0."""
    last = homography[2, 2]
    return np.asarray(
        homography / (last if abs(last) > 1e-12 * np.abs(homography).max() else np.linalg.norm(homography))
    )


def fit_homography(source: Array, target: Array, weights: Array | None = None) -> Array:
    """The homography through four point pairs, or the weighted least-squares one through more ((N, 2) each).

    Raises:
        numpy.linalg.LinAlgError: the points do not fix one.
    """
    to_source, to_target = _conditioner(source), _conditioner(target)
    a, b = apply(to_source, source), apply(to_target, target)
    x, y, u, v = a[:, 0], a[:, 1], b[:, 0], b[:, 1]
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.stack(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v], axis=1),
        ]
    )
    if weights is not None:
        rows = rows * np.asarray(weights, dtype=np.float64)[:, None]
    solution = np.linalg.svd(np.linalg.qr(rows.reshape(-1, 9), mode="r"))[2][-1].reshape(3, 3)
    return normalise(np.linalg.inv(to_target) @ solution @ to_source)


def fits_to_points(homography: Array, photo: Array, plane: Array, weights: Array) -> list[Array]:
    """Homographies that the tie points ask for, the one with most freedom first.

    One point shifts the photo, two turn and scale it, three shear it; four or more give the perspective. Fits with less
    freedom follow, for points that do not carry the first (all on a line, for one); more points than a fit needs are
    fitted by least squares.

    Args:
        homography: (3, 3) the present one, photo pixels -> metres of the plane: it is changed no more than they say.
        photo: (N, 2) photo pixels of the tie points.
        plane: (N, 2) their places, metres.
        weights: (N,) of the residuals.

    Raises:
        numpy.linalg.LinAlgError: some of them cannot be computed.
    """
    now = apply(homography, photo)
    if len(photo) == 1:
        return [normalise(shift(*(plane[0] - now[0])) @ homography)]
    found = []
    if len(photo) >= FEWEST_FOR_PERSPECTIVE:
        found.append(fit_homography(photo, plane, weights))
    if len(photo) >= FEWEST_FOR_PERSPECTIVE - 1:
        found.append(normalise(_affine(now, plane, weights) @ homography))
    return [*found, normalise(_similarity(now, plane, weights) @ homography)]


def _affine(source: Array, target: Array, weights: Array) -> Array:
    """The least-squares affine map between (N, 2) points, as a (3, 3) matrix."""
    middle = source.mean(axis=0)
    rows = np.column_stack([source - middle, np.ones(len(source))]) * weights[:, None]
    found = np.linalg.lstsq(rows, target * weights[:, None], rcond=None)[0].T
    return np.asarray(np.vstack([found, [0.0, 0.0, 1.0]]) @ shift(*-middle))


def _similarity(source: Array, target: Array, weights: Array) -> Array:
    """The least-squares turn, scale and shift between (N, 2) points, as a (3, 3) matrix."""
    share = (weights**2 / (weights**2).sum())[:, None]
    from_middle, to_middle = (source * share).sum(axis=0), (target * share).sum(axis=0)
    a = (source - from_middle) @ np.array([1.0, 1.0j])
    b = (target - to_middle) @ np.array([1.0, 1.0j])
    turn = complex((share[:, 0] * np.conj(a) * b).sum() / (share[:, 0] * np.abs(a) ** 2).sum())
    about = np.array([[turn.real, -turn.imag, 0.0], [turn.imag, turn.real, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(shift(*to_middle) @ about @ shift(*-from_middle))


def shift(x: float, y: float) -> Array:
    """The (3, 3) shift by (x, y)."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def turn_and_scale(centre: Array, turn: float, scale: float) -> Array:
    """The (3, 3) turn by radians (anticlockwise with y up) and scaling about a centre."""
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    about = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(shift(*centre) @ about @ shift(*(-np.asarray(centre))))


def is_convex(polygon: Array) -> bool:
    """Whether the (N, 2) polygon turns the same way at every corner."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool(np.all(turns > 0) or np.all(turns < 0))


def signed_area(polygon: Array) -> float:
    """Area of an (N, 2) polygon: positive when it runs anticlockwise with y up."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def wrap_lon(lon: Array | float) -> Array:
    """Longitude brought into [-180, 180)."""
    return np.asarray((np.asarray(lon, dtype=np.float64) + 180.0) % 360.0 - 180.0)


def ground_km(a: Array, b: Array) -> float:
    """Great-circle distance of two (lon, lat) places, kilometres."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(float(value)) for value in (*a, *b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(min(1.0, half)))


def _conditioner(points: Array) -> Array:
    """The similarity that brings points to the origin at unit spread (Hartley 1997), for a well-conditioned fit."""
    centre = points.mean(axis=0)
    spread = max(float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean())), 1e-12)
    return np.diag([1 / spread, 1 / spread, 1.0]) @ shift(-centre[0], -centre[1])
