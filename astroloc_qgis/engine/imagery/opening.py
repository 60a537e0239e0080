"""Opening rasters as references: anything that GDAL opens and that has a place on Earth."""

from __future__ import annotations

import re
from pathlib import Path

from osgeo import gdal, osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.control_points import has_control_points, warped_by_control_points
from astroloc_qgis.engine.imagery.tile_cache import use_tile_cache
from astroloc_qgis.engine.imagery.web_service import adapted, failure_of, name_ourselves, with_patience

gdal.UseExceptions()
osr.UseExceptions()
use_tile_cache()
name_ourselves()


def open_raster(uri: str) -> gdal.Dataset:
    """Open a raster file, a GDAL connection string or the XML of a GDAL web service.

    Raises:
        InputError: missing, no raster, without bands, without CRS or position.

    A raster that has control points (GCPs) and no other position is warped by them.
    """
    name = short_name(uri)
    try:
        dataset = with_patience(lambda: adapted(gdal.OpenEx(uri, gdal.OF_RASTER | gdal.OF_READONLY)))
    except RuntimeError as error:
        raise _cannot_open(uri, error) from error
    if dataset.RasterCount == 0:
        inside = dataset.GetSubDatasets()
        hint = f" Name one of the rasters inside it, for example {inside[0][0]}." if inside else ""
        raise InputError(f"The reference imagery {name} has no bands.{hint}")
    placed = dataset.GetGeoTransform(can_return_null=True) is not None
    if not placed and dataset.GetMetadata("RPC"):
        raise InputError(
            f"The reference imagery {name} is placed by rational polynomials (RPC) alone, which need heights: warp it, "
            "for example with gdalwarp -rpc -to RPC_DEM=heights.tif."
        )
    if has_control_points(dataset):
        return warped_by_control_points(dataset, name)
    if not placed and dataset.GetMetadata("GEOLOCATION"):
        raise InputError(
            f"The reference imagery {name} is placed by arrays of longitudes and latitudes alone: warp it, for example "
            "with gdalwarp -geoloc -t_srs EPSG:4326."
        )
    if not placed:
        raise InputError(
            f"The reference imagery {name} has no position on Earth (no geotransform): georeference it first, for "
            "example with the Georeferencer of QGIS."
        )
    if dataset.GetSpatialRef() is None:
        raise InputError(
            f"The reference imagery {name} has no coordinate reference system: assign it one (for example with "
            "gdal_edit.py -a_srs) and try again."
        )
    return dataset


def short_name(uri: str) -> str:
    """The name of a source in messages to the user: of a service's XML, the address in it."""
    address = re.search(r"<ServerUrl>(.*?)</ServerUrl>", uri, re.DOTALL)
    name = " ".join((address.group(1) if address else uri).split())
    return name if len(name) <= 120 else name[:117] + "..."


def _cannot_open(uri: str, error: RuntimeError) -> InputError:
    name, failure = short_name(uri), failure_of(str(error))
    if failure is not None:
        return InputError(f"The reference imagery {name} cannot be opened: {failure.sentence}.", str(error))
    if "<" not in uri and ":" not in uri and not Path(uri).exists():
        return InputError(f"The reference imagery {name} does not exist: check its path or address.", str(error))
    return InputError(
        f"The reference imagery {name} is not a raster that GDAL can open: convert it, to GeoTIFF say.", str(error)
    )
