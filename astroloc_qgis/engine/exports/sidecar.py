"""Metadata of an exported photo: a JSON file with everything to georeference it again, and a STAC item."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.exports.footprint import split_polygon
from astroloc_qgis.engine.exports.geotiff import SOFTWARE
from astroloc_qgis.engine.geometry.distances import unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.photo.number import platform_of

if TYPE_CHECKING:
    from astroloc_qgis.engine.exports.photo_export import PhotoExport

STAC_VERSION = "1.0.0"
PROJECTION_EXTENSION = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
STAC_FACTS = ("confidence", "inliers", "matcher", "rmse_m")
MEDIA_TYPES = {
    ".tif": "image/tiff; application=geotiff",
    ".gpkg": "application/geopackage+sqlite3",
    ".geojson": "application/geo+json",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".csv": "text/csv",
    ".vrt": "application/xml",
}


def export_sidecar(export: PhotoExport) -> Path:
    """Write everything that is needed to georeference the photo again in the same way, as JSON."""
    photo = export.photo
    content = {
        "software": SOFTWARE,
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "photo": {
            "file": photo.path.name,
            "sha256": _sha256(photo.path),
            "nasa_id": photo.nasa_id,
            "width": photo.width,
            "height": photo.height,
            "orientation": photo.orientation,
            "taken": None if photo.taken is None else photo.taken.isoformat(),
            "focal_length_mm": photo.focal_length_mm,
        },
        "coordinates": "photo pixels are continuous, (0, 0) the top-left corner of the top-left pixel, upright by "
        "EXIF; the homography maps them to metres of the working plane; longitude before latitude, WGS 84",
        "homography": export.homography.tolist(),
        "working_plane": export.plane.proj,
        "footprint": _ring(export.outline),
        "tie_points": [dict(point) for point in export.tie_points],
        "facts": dict(export.facts),
        "options": asdict(export.options),
    }
    return write_bytes(export.path(".json"), (json.dumps(content, indent=1, default=str) + "\n").encode("utf-8"))


def export_stac_item(export: PhotoExport) -> Path:
    """Write a STAC item (version 1.0.0, with the projection extension) that names all files written before it."""
    path, photo, facts, assets = export.path("_stac.json"), export.photo, export.facts, export.files
    ring = export.outline
    # A STAC item must have a time: where the camera wrote none, that of the item.
    when = (photo.taken or datetime.now(timezone.utc)).isoformat(timespec="seconds")
    properties: dict[str, Any] = {
        "datetime": when if when.endswith("+00:00") else f"{when}Z",
        "title": photo.name,
        **{f"astroloc:{name}": facts[name] for name in STAC_FACTS if facts.get(name) is not None},
    }
    if (platform := platform_of(photo.nasa_id)) is not None:
        properties["platform"] = platform
    raster = next((file for kind, file in assets.items() if kind in ("geotiff", "cog") and file.is_file()), None)
    if raster is not None:
        properties |= _projection(raster)
    item = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [PROJECTION_EXTENSION],
        "id": path.stem,
        "geometry": _geometry(ring),
        "bbox": _bbox(ring),
        "properties": properties,
        "links": [{"rel": "self", "href": f"./{path.name}", "type": "application/geo+json"}],
        "assets": {
            kind: {"href": f"./{file.name}", "type": MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream"),
                   "roles": ["data" if kind in ("geotiff", "cog") else "metadata"]}
            for kind, file in assets.items()
        },
    }  # fmt: skip
    return write_bytes(path, (json.dumps(item, indent=1, default=str) + "\n").encode("utf-8"))


def _projection(raster: Path) -> dict[str, Any]:
    dataset = gdal.OpenEx(str(raster), gdal.OF_RASTER)
    reference = dataset.GetSpatialRef()
    code = reference.GetAuthorityCode(None)
    left, across, _, top, _, down = dataset.GetGeoTransform()
    return {
        "proj:epsg": int(code) if code and reference.GetAuthorityName(None) == "EPSG" else None,
        "proj:wkt2": reference.ExportToWkt(["FORMAT=WKT2_2019"]),
        "proj:shape": [dataset.RasterYSize, dataset.RasterXSize],
        "proj:transform": [across, 0.0, left, 0.0, down, top],
    }


def _geometry(ring: Array) -> dict[str, Any]:
    """GeoJSON (RFC 7946) of the footprint, cut at the antimeridian where it crosses it."""
    lons = unwrap_lons(wrap_lon(ring[:, 0]))
    lons += float(wrap_lon(lons.min())) - lons.min()
    geometry: dict[str, Any] = json.loads(split_polygon(np.column_stack([lons, ring[:, 1]])).ExportToJson())
    return geometry


def _bbox(ring: Array) -> list[float]:
    """West, south, east, north; west is greater than east across the antimeridian (RFC 7946, 5.2)."""
    lons = unwrap_lons(wrap_lon(ring[:, 0]))
    west, east = float(wrap_lon(lons.min())), float(wrap_lon(lons.max()))
    return [round(value, 7) for value in (west, float(ring[:, 1].min()), east, float(ring[:, 1].max()))]


def _ring(footprint: Array) -> list[list[float]]:
    lonlat = np.asarray(footprint, dtype=np.float64)
    rounded: list[list[float]] = np.column_stack([wrap_lon(lonlat[:, 0]), lonlat[:, 1]]).round(9).tolist()
    return rounded


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
