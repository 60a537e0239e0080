"""The footprint, as a polygon that can be edited, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from osgeo import gdal, ogr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.vector import Value, field_types, write_features
from astroloc_qgis.engine.geometry.distances import unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.ogr_polygons import box_geometry, polygon_geometry
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

LAYER = "footprint"

FIELDS: dict[str, type] = {
    "photo": str,
    "nasa_id": str,
    "status": str,
    "confidence": float,
    "inliers": int,
    "matcher": str,
    "model": str,
    "rmse_px": float,
    "rmse_m": float,
    "gsd_m": float,
    "area_km2": float,
    "taken": datetime,
    "working_plane": str,
    "homography": str,
    "corners": str,
}
"""Attributes that have a fixed type, so that the tables of many photos can be joined. Others keep their own."""


def write_footprint(
    path: Path,
    footprint_lonlat: Array,
    attributes: Mapping[str, Value],
    *,
    homography: Array | None = None,
    plane: WorkingPlane | None = None,
) -> Path:
    """Write a footprint as one polygon (EPSG:4326).

    In a GeoPackage the ring runs through the photo's corners in their own order (top-left, top-right, bottom-right,
    bottom-left) and, across the antimeridian, on past 180 degrees, so that it stays one polygon that can be edited
    and lies on the GeoTIFF. GeoJSON follows RFC 7946: the ring is anticlockwise (beginning with the top-left corner),
    and a footprint across the antimeridian is cut into two. Both have the corners, in order, as attribute "corners".

    Args:
        path: ".gpkg" or ".geojson"; an older file is replaced.
        footprint_lonlat: (N, 2) longitude, latitude: the four corners, or the outline of a photo with a horizon.
        attributes: by name; those of ``FIELDS`` are given their type, others keep theirs.
        homography: (3, 3), photo pixels -> metres of the plane: kept as an attribute.
        plane: its working plane: kept as an attribute.

    Returns:
        ``path``.

    Raises:
        InputError: another suffix; a corner that is not on the ground; the folder is missing, protected or full.
    """
    ring = np.array(footprint_lonlat, dtype=np.float64)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or not np.isfinite(ring).all():
        raise InputError("The footprint has a corner that is not on the ground: it cannot be written as a polygon.")
    everything = dict(attributes)
    if plane is not None:
        everything["working_plane"] = plane.proj
    if homography is not None:
        everything["homography"] = json.dumps(np.asarray(homography).tolist())
    wrapped = np.column_stack([wrap_lon(ring[:, 0]), ring[:, 1]])
    everything["corners"] = json.dumps(wrapped.round(9).tolist())
    ring[:, 0] = unwrap_lons(wrapped[:, 0])
    ring[:, 0] += float(wrap_lon(ring[:, 0].min())) - ring[:, 0].min()  # beyond 180, never below -180
    strict = path.suffix.lower() == ".geojson"
    polygon = split_polygon(ring) if strict else polygon_geometry(ring)
    return write_features(path, LAYER, ogr.wkbUnknown if strict else ogr.wkbPolygon, [(polygon, everything)],
                          field_types(everything, FIELDS))  # fmt: skip


def read_footprint(path: Path) -> Array:
    """Read the four corners of a footprint from any vector file that GDAL opens.

    The first polygon is taken, from its first vertex on, clockwise: that is the photo's corner order, in whichever
    direction the format keeps its rings (a photo is never mirrored). A polygon cut at the antimeridian is taken from
    the attribute "corners".

    Returns:
        (4, 2) longitude, latitude, in the photo's corner order, longitude in [-180, 180).

    Raises:
        InputError: no such file, not a vector file, no polygon, no CRS, or not four corners.
    """
    if not path.is_file():
        raise InputError(f"There is no footprint file {path}: check the path.")
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    except RuntimeError:  # where GDAL's exceptions are on
        dataset = None
    finally:
        gdal.PopErrorHandler()
    if dataset is None or dataset.GetLayerCount() == 0:
        raise InputError(f"{path.name} is not a vector file that GDAL can read: give a GeoPackage or GeoJSON.")
    layer = dataset.GetLayer(0)
    feature = layer.GetNextFeature()
    geometry = None if feature is None else feature.GetGeometryRef()
    if geometry is None or ogr.GT_Flatten(geometry.GetGeometryType()) not in (ogr.wkbPolygon, ogr.wkbMultiPolygon):
        raise InputError(f"{path.name} begins with no polygon: the footprint must be its first feature.")
    if geometry.GetGeometryCount() > 1 and layer.GetLayerDefn().GetFieldIndex("corners") >= 0:
        ring = np.array(json.loads(feature.GetField("corners")), dtype=np.float64)
    else:
        part = geometry if ogr.GT_Flatten(geometry.GetGeometryType()) == ogr.wkbPolygon else geometry.GetGeometryRef(0)
        ring = np.array(part.GetGeometryRef(0).GetPoints(), dtype=np.float64)[:-1, :2]
        if layer.GetSpatialRef() is None:
            raise InputError(f"{path.name} has no coordinate reference system: set one first.")
        ring = transform_points(ring, layer.GetSpatialRef().ExportToWkt(), "EPSG:4326")
    if ring.shape != (4, 2) or not np.isfinite(ring).all():
        raise InputError(f"The polygon in {path.name} has {len(ring)} corners: the footprint of a photo has four.")
    if signed_area(np.column_stack([unwrap_lons(ring[:, 0]), ring[:, 1]])) > 0:
        ring = np.roll(ring[::-1], 1, axis=0)
    return np.column_stack([wrap_lon(ring[:, 0]), ring[:, 1]])


def split_polygon(ring: Array) -> ogr.Geometry:
    """A contiguous ring as a polygon, cut at the antimeridian into parts inside [-180, 180] (RFC 7946, 3.1.9)."""
    west, east = ring[:, 0].min(), ring[:, 0].max()
    if west >= -180.0 and east <= 180.0:
        return polygon_geometry(_anticlockwise(ring))
    parts = ogr.Geometry(ogr.wkbMultiPolygon)
    whole = polygon_geometry(ring)
    for shift in (-360.0, 0.0, 360.0):
        left, right = shift - 180.0, shift + 180.0
        piece = whole.Intersection(box_geometry(left, -90.0, right, 90.0))
        if piece is None or piece.IsEmpty() or ogr.GT_Flatten(piece.GetGeometryType()) != ogr.wkbPolygon:
            continue
        points = np.array(piece.GetGeometryRef(0).GetPoints(), dtype=np.float64)[:-1, :2] - [shift, 0.0]
        parts.AddGeometryDirectly(polygon_geometry(_anticlockwise(points)))
    return parts


def _anticlockwise(ring: Array) -> Array:
    """The ring the other way round if need be, from the same first point."""
    return ring if signed_area(ring) > 0 else np.roll(ring[::-1], 1, axis=0)
