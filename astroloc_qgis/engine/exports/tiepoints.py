"""The tie points, as a table or as points on the map."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from osgeo import ogr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.exports.vector import write_features
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

if TYPE_CHECKING:
    from astroloc_qgis.engine.registration import TiePoints

COLUMNS: dict[str, type] = {
    "photo_x": float,
    "photo_y": float,
    "lon": float,
    "lat": float,
    "plane_x": float,
    "plane_y": float,
    "inlier": int,
    "residual_px": float,
    "score": float,
}
"""Pixels of the upright photo; degrees; metres of the working plane; 1 or 0; photo pixels; the matcher's own score."""

_FORMATS = ("{:.3f}", "{:.3f}", "{:.8f}", "{:.8f}", "{:.3f}", "{:.3f}", "{:d}", "{:.3f}", "{:.5f}")


def write_tie_points(path: Path, tie_points: TiePoints, homography: Array, plane: WorkingPlane) -> Path:
    """Write tie points as CSV or GeoJSON, one row each, with the columns of ``COLUMNS``.

    Args:
        path: ".csv" or ".geojson"; an older file is replaced.
        tie_points: the matches.
        homography: (3, 3), photo pixels -> metres of the plane; residuals are against it.
        plane: the working plane.

    Returns:
        ``path``.

    Raises:
        InputError: another suffix, or the folder is missing, protected or full.
    """
    rows = tie_point_rows(tie_points, homography, plane)
    if path.suffix.lower() == ".csv":
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(
            [form.format(value) if np.isfinite(value) else "" for form, value in zip(_FORMATS, row, strict=True)]
            for row in rows
        )
        return write_bytes(path, text.getvalue().encode("utf-8"))
    if path.suffix.lower() == ".geojson":
        features = [
            (ogr.CreateGeometryFromWkt(f"POINT ({row[2]:.9f} {row[3]:.9f})"), dict(zip(COLUMNS, row, strict=True)))
            for row in rows
            if np.isfinite(row[2:4]).all()
        ]
        return write_features(path, "tie_points", ogr.wkbPoint, features, COLUMNS)
    raise InputError(f'"{path.name}" is neither a table nor GeoJSON: name it .csv or .geojson.')


def tie_point_rows(tie_points: TiePoints, homography: Array, plane: WorkingPlane) -> list[tuple[float | int, ...]]:
    """The values of ``COLUMNS`` for each tie point; NaN where there is none."""
    lonlat = plane.to_lonlat(tie_points.plane_xy)
    residual = np.hypot(*(residuals_px(tie_points, homography)).T)
    return [
        (*map(float, photo), *map(float, ground), *map(float, flat), int(inlier), float(off), float(score))
        for photo, ground, flat, inlier, off, score in zip(
            tie_points.photo_xy, lonlat, tie_points.plane_xy, tie_points.inlier, residual, tie_points.score, strict=True
        )
    ]


def residuals_px(tie_points: TiePoints, homography: Array) -> Array:
    """(N, 2) photo pixels from each tie point to where the homography sees its place on the ground."""
    return apply_homography(np.linalg.inv(homography), tie_points.plane_xy) - tie_points.photo_xy
