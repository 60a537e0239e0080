"""NASA's machine outline as starts of a registration, which alone decides whether it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroloc_qgis.engine.geometry.polygons import is_convex, signed_area
from astroloc_qgis.engine.nasa.record import NasaRecord, Place

MOST_KM = 3000.0
"""Length of a side above which an outline is none."""


def outline_starts(record: NasaRecord | None) -> list[list[list[float]]]:
    """The outline in each order of corners that the photo's own may be, the likeliest first.

    The database does not say whether "upper left" is the photo's or the map's, so all four turns are tried.

    Returns:
        Up to four lists of four [longitude, latitude] corners in the photo's corner order (as a footprint for
        ``pipeline.refine``); none without an outline, or where it is no quadrilateral.
    """
    if record is None or record.outline is None or not _is_quadrilateral(record.outline):
        return []
    corners = [[lon, lat] for lon, lat in record.outline]
    if signed_area(_flat(record.outline)) > 0:  # a photo seen from above is never mirrored
        corners = [corners[number] for number in (1, 0, 3, 2)]
    return [corners[turn:] + corners[:turn] for turn in (0, 2, 1, 3)]


def _flat(outline: Sequence[Place]) -> np.ndarray:
    """(4, 2) longitude made continuous, latitude; degrees."""
    lonlat = np.array(outline, dtype=np.float64)
    lonlat[:, 0] = np.unwrap(lonlat[:, 0], period=360.0)
    return lonlat


def _is_quadrilateral(outline: Sequence[Place]) -> bool:
    """Whether the corners go around an area of a photo's size without crossing."""
    flat = _flat(outline)
    flat[:, 0] *= np.cos(np.radians(flat[:, 1].mean()))
    sides = np.roll(flat, -1, axis=0) - flat
    lengths_km = np.hypot(*sides.T) * 111.2
    return is_convex(flat) and 0.5 < float(lengths_km.max()) < MOST_KM
