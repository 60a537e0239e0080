"""A polygon that limits a search: read from a file, and compared with the blocks of an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, ogr

from astroloc_qgis.engine.block_table import Table, bounds_3857
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.ogr_polygons import box_geometry, ring_geometry
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Extent, lonlat_to_mercator, mercator_to_lonlat

ogr.UseExceptions()

_LONGEST_EDGE_DEG = 1.0
"""Edges are straight in longitude and latitude; longer ones are divided before they are projected to Mercator."""


def read_polygon(path: Path) -> str:
    """Read the polygons of a vector file as one WKT in longitude and latitude.

    Raises:
        InputError: the file cannot be read, or has no polygons or no CRS.
    """
    try:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    except RuntimeError as error:
        raise InputError(
            f"The file {path} with the search area cannot be read: give a GeoPackage or GeoJSON with polygons.",
            str(error),
        ) from error
    layer = dataset.GetLayer(0)
    srs = layer.GetSpatialRef()
    if srs is None:
        raise InputError(f"The file {path} with the search area has no coordinate reference system: give it one.")
    crs = srs.ExportToWkt(["FORMAT=WKT2"])
    whole = ogr.Geometry(ogr.wkbMultiPolygon)
    for feature in layer:
        shape = feature.GetGeometryRef()
        if shape is None or shape.GetDimension() != 2:
            continue
        for polygon in _polygons(shape.GetLinearGeometry()):
            whole.AddGeometry(_transformed(polygon, crs))
    if whole.IsEmpty():
        raise InputError(f"The file {path} has no polygon to search in.")
    return str(whole.ExportToWkt())


def overlaps_polygon(table: Table, size: int, wkt: str) -> NDArray[np.bool_]:
    """Find the blocks that overlap a polygon.

    Args:
        table: (N, 3) zoom, row, column.
        size: tiles a side of a block.
        wkt: polygon or multipolygon, longitude and latitude in degrees; longitudes beyond 180 continue across the
            antimeridian.

    Returns:
        (N,) bool.

    Raises:
        InputError: the WKT is not a polygon.
    """
    shape = _area(wkt)
    bounds = bounds_3857(table, size)
    found = np.zeros(len(table), dtype=bool)
    for world in (-1, 0, 1):
        left, right, bottom, top = shape.GetEnvelope()
        shift = world * 2 * HALF_WORLD_M
        near = (bounds[:, 0] + shift < right) & (bounds[:, 2] + shift > left)
        near &= (bounds[:, 1] < top) & (bounds[:, 3] > bottom) & ~found
        prepared = shape.CreatePreparedGeometry()
        for number in np.flatnonzero(near):
            slack = 1e-6 * (bounds[number, 2] - bounds[number, 0])  # a block that only touches does not overlap
            xmin, ymin, xmax, ymax = bounds[number] + [shift + slack, slack, shift - slack, -slack]
            found[number] = prepared.Intersects(box_geometry(xmin, ymin, xmax, ymax))
    return found


def polygon_bounds(wkt: str) -> Extent:
    """West, south, east, north in degrees of a polygon (``overlaps_polygon``); longitudes may be beyond 180.

    Raises:
        InputError: the WKT is not a polygon.
    """
    left, right, bottom, top = _area(wkt).GetEnvelope()
    (west, south), (east, north) = mercator_to_lonlat(np.array([(left, bottom), (right, top)]))
    return float(west), float(south), float(east), float(north)


def _area(wkt: str) -> ogr.Geometry:
    """The polygon in EPSG:3857."""
    try:
        shape = ogr.CreateGeometryFromWkt(wkt)
    except RuntimeError as error:
        raise InputError(f"The search area '{wkt[:60]}' is not a polygon in WKT.", str(error)) from error
    if shape is None or shape.GetDimension() != 2 or shape.IsEmpty():
        raise InputError(f"The search area '{wkt[:60]}' is not a polygon in WKT.")
    shape = shape.GetLinearGeometry()
    shape.Segmentize(_LONGEST_EDGE_DEG)
    whole = ogr.Geometry(ogr.wkbMultiPolygon)
    for polygon in _polygons(shape):
        whole.AddGeometry(_transformed(polygon, None))
    try:
        return whole if whole.IsValid() else whole.Buffer(0)
    except RuntimeError as error:
        raise InputError(
            f"The search area '{wkt[:60]}' has a ring of fewer than three corners: draw it again.", str(error)
        ) from error


def _polygons(shape: ogr.Geometry) -> list[ogr.Geometry]:
    """Copies of the polygons in a shape: a part of a shape must not be used once the shape is gone."""
    if shape.GetGeometryName() == "POLYGON":
        return [shape.Clone()]
    return [part for number in range(shape.GetGeometryCount()) for part in _polygons(shape.GetGeometryRef(number))]


def _transformed(polygon: ogr.Geometry, crs: str | None) -> ogr.Geometry:
    """Transform a polygon from a CRS to longitude and latitude; with None, from these to EPSG:3857."""
    transformed = ogr.Geometry(ogr.wkbPolygon)
    for number in range(polygon.GetGeometryCount()):
        points = np.array(polygon.GetGeometryRef(number).GetPoints(), dtype=np.float64)[:, :2]
        if crs is None:
            points[:, 1] = np.clip(points[:, 1], -85.05, 85.05)
            points = lonlat_to_mercator(points)
        else:
            points = transform_points(points, crs, "EPSG:4326")
        if not np.isfinite(points).all():
            raise InputError("The search area reaches to where its coordinate reference system ends: make it smaller.")
        transformed.AddGeometry(ring_geometry(points))
    return transformed
