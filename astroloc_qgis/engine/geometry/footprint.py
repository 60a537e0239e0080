"""A photo's outline, in its own pixels and on the ground."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.homography import apply_homography, in_front
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane


def photo_corners(width: float, height: float) -> Array:
    """The (4, 2) corners of a photo in pixels: top-left, top-right, bottom-right, bottom-left."""
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def footprint_lonlat(homography: Array, plane: WorkingPlane, width: float, height: float) -> Array:
    """The photo's outline on the ground.

    Returns:
        (4, 2) longitude, latitude in the photo's corner order, longitude in [-180, 180]; NaN for a corner that sees
        no ground (the horizon is in view).
    """
    corners = photo_corners(width, height)
    mapped = apply_homography(homography, corners)
    mapped[in_front(homography, corners, (width / 2, height / 2)) <= 0] = np.nan
    return plane.to_lonlat(mapped)


def ground_area_km2(footprint: Array) -> float:
    """Area of a (4, 2) longitude, latitude footprint, square kilometres, in a local equal-area projection."""
    ring = np.column_stack([unwrap_lons(footprint[:, 0]), footprint[:, 1]])
    lon, lat = ring.mean(axis=0)
    plane = f"+proj=laea +lat_0={lat:.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +no_defs"
    return abs(signed_area(transform_points(ring, "EPSG:4326", plane))) / 1e6
