"""Points and polygons as GeoPackage or GeoJSON, written by OGR in memory and then to disk whole."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from osgeo import gdal, ogr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import gdal_writes, write_bytes
from astroloc_qgis.engine.geometry.projection import WGS84, spatial_reference

Value = str | bool | int | float | date | datetime | list | tuple | dict | None
"""What an attribute may be. Lists and dictionaries are written as JSON text, dates as date and time."""

Feature = tuple[ogr.Geometry, Mapping[str, Value]]

_DRIVERS: dict[str, tuple[str, list[str]]] = {
    ".gpkg": ("GPKG", ["FID=fid", "GEOMETRY_NAME=geom", "SPATIAL_INDEX=YES"]),
    ".geojson": ("GeoJSON", ["RFC7946=YES", "COORDINATE_PRECISION=9"]),
}
_TYPES = {str: (ogr.OFTString, ogr.OFSTNone), bool: (ogr.OFTInteger, ogr.OFSTBoolean)} | {
    int: (ogr.OFTInteger64, ogr.OFSTNone),
    float: (ogr.OFTReal, ogr.OFSTNone),
    datetime: (ogr.OFTDateTime, ogr.OFSTNone),
}


def write_features(
    path: Path, layer: str, geometry_type: int, features: Iterable[Feature], fields: Mapping[str, type]
) -> Path:
    """Write one layer of features, longitude and latitude (WGS 84, EPSG:4326).

    Args:
        path: ".gpkg" or ".geojson"; an older file is replaced.
        layer: name of the layer.
        geometry_type: OGR's.
        features: geometries with their attributes; an attribute that is missing, None or NaN is written as null.
        fields: name and type (str, bool, int, float or datetime) of every attribute, in order.

    Returns:
        ``path``.

    Raises:
        InputError: another suffix, or the folder is missing, protected or full.
    """
    if path.suffix.lower() not in _DRIVERS:
        raise InputError(f'"{path.name}" is neither a GeoPackage nor GeoJSON: name it .gpkg or .geojson.')
    driver, options = _DRIVERS[path.suffix.lower()]
    # Written in memory first: OGR's drivers do not notice every failed write, Python does.
    draft = f"/vsimem/{uuid4().hex}{path.suffix.lower()}"
    try:
        with gdal_writes(path):
            dataset = gdal.GetDriverByName(driver).Create(draft, 0, 0, 0, gdal.GDT_Unknown)
            table = dataset.CreateLayer(layer, spatial_reference(WGS84), geometry_type, options)
            for name, kind in fields.items():
                table.CreateField(_field(name, kind))
            table.StartTransaction()
            for geometry, attributes in features:
                table.CreateFeature(_feature(table.GetLayerDefn(), geometry, attributes))
            table.CommitTransaction()
            dataset.FlushCache()
            del table, dataset
        return write_bytes(path, _content(draft))
    finally:
        if gdal.VSIStatL(draft) is not None:
            gdal.Unlink(draft)


def field_types(attributes: Mapping[str, Value], known: Mapping[str, type]) -> dict[str, type]:
    """The type of every attribute: as known by its name, else as its value shows, text for the rest."""
    found: dict[str, type] = {}
    for name, value in attributes.items():
        shown = next((kind for kind in (bool, int, float, datetime) if isinstance(value, kind)), str)
        found[name] = known.get(name, shown)
    return found


def _field(name: str, kind: type) -> ogr.FieldDefn:
    main, sub = _TYPES[kind]
    field = ogr.FieldDefn(name, main)
    field.SetSubType(sub)
    return field


def _feature(definition: ogr.FeatureDefn, geometry: ogr.Geometry, attributes: Mapping[str, Value]) -> ogr.Feature:
    feature = ogr.Feature(definition)
    for name, value in attributes.items():
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            feature.SetFieldNull(name)
        else:
            feature.SetField(name, _plain(value))
    feature.SetGeometryDirectly(geometry)
    return feature


def _plain(value: Value) -> Any:
    """The value as OGR's bindings take it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value)
    return value


def _content(draft: str) -> bytes:
    """The bytes of a file in GDAL's memory."""
    file = gdal.VSIFOpenL(draft, "rb")
    try:
        return bytes(gdal.VSIFReadL(1, gdal.VSIStatL(draft).size, file))
    finally:
        gdal.VSIFCloseL(file)
