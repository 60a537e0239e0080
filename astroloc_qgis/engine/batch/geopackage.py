"""The GeoPackage of a batch: a row for each photo, with the footprint of those that are localized."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import ogr

from astroloc_qgis.engine.batch.rows import FIELDS, as_text, row_of
from astroloc_qgis.engine.exports.vector import Feature, write_features
from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.ogr_polygons import polygon_geometry

LAYER = "footprints"
GEOPACKAGE = "footprints.gpkg"
"""Name of the file in the folder of a batch."""


def write_footprints(path: Path, entries: Iterable[Mapping[str, Any]]) -> Path:
    """Write the layer ``footprints`` (EPSG:4326), whole or not at all.

    A photo that is not localized has no geometry. A ring across the antimeridian runs on past 180 degrees.

    Args:
        path: ".gpkg"; an older file is replaced.
        entries: of the journal.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    return write_features(path, LAYER, ogr.wkbPolygon, _features(entries), FIELDS)


def _features(entries: Iterable[Mapping[str, Any]]) -> Iterator[Feature]:
    for entry in entries:
        row = row_of(entry)
        yield _polygon(entry), {name: as_text(value) for name, value in row.items()}


def _polygon(entry: Mapping[str, Any]) -> Any:
    ring = ring_of(entry)
    return None if ring is None else polygon_geometry(ring)


def ring_of(entry: Mapping[str, Any]) -> np.ndarray | None:
    """(N, 2) longitude, latitude of what a photo sees, on past 180 degrees; None where it is not localized."""
    points = entry.get("outline") or entry["footprint"]
    if entry["status"] != "localized" or points is None:
        return None
    ring = np.array(points, dtype=np.float64)
    return np.column_stack([unwrap_lons(ring[:, 0]), ring[:, 1]])
