"""Opening rasters as references: anything that GDAL opens and that has a place on Earth."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from osgeo import gdal, osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import arrangements
from astroloc_qgis.engine.imagery.control_points import warped_by_control_points
from astroloc_qgis.engine.imagery.folder_mosaic import is_folder, open_folder
from astroloc_qgis.engine.imagery.kept.places import kept_copy
from astroloc_qgis.engine.imagery.tile_cache import use_tile_cache
from astroloc_qgis.engine.imagery.web_service import adapted, failure_of, logged_in, name_ourselves, with_patience

log = logging.getLogger(__name__)

gdal.UseExceptions()
osr.UseExceptions()
use_tile_cache()
name_ourselves()


RASTER_CACHE_BYTES = 32 << 20
"""Of pixels that GDAL keeps in memory while many windows are read, each once; by itself it takes 5 % of the memory."""


def limit_raster_cache() -> None:
    """Have GDAL keep few pixels in memory, unless its option says how many."""
    if gdal.GetConfigOption("GDAL_CACHEMAX") is None:
        gdal.SetCacheMax(RASTER_CACHE_BYTES)


def open_raster(uri: str) -> gdal.Dataset:
    """Open a raster file, a folder of rasters, a GDAL connection string or the XML of a GDAL web service.

    A raster that has control points (GCPs) and no other position is warped by them. In place of a service that is kept
    on this computer, the kept file is opened.

    Raises:
        InputError: missing, no raster, without bands, without CRS or position on Earth.
    """
    name = short_name(uri)
    try:
        with logged_in(uri):
            dataset = _kept(uri) or with_patience(lambda: adapted(_opened(uri)), uri)
    except RuntimeError as error:
        raise _cannot_open(uri, error) from error
    if dataset.RasterCount == 0:
        inside = dataset.GetSubDatasets()
        hint = f" Name one of the rasters inside it, for example {inside[0][0]}." if inside else ""
        raise InputError(f"The reference imagery {name} has no bands.{hint}")
    dataset = _placed(dataset, name)
    _check_crs(dataset, name)
    return dataset


def _opened(uri: str) -> gdal.Dataset:
    """A source, as GDAL opens it; a folder of tiles; any other folder is a mosaic of the rasters in it."""
    try:
        return arrangements.opened(uri) or gdal.OpenEx(uri, gdal.OF_RASTER | gdal.OF_READONLY)
    except RuntimeError:
        if not is_folder(uri):
            raise
        return open_folder(Path(uri))


def _kept(uri: str) -> gdal.Dataset | None:
    """The file that is kept in place of a service; None where there is none, or it cannot be opened."""
    path = kept_copy(uri)
    if path is None:
        return None
    try:
        return gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_READONLY)
    except RuntimeError as error:
        log.warning("%s cannot be opened, its service is asked instead: remove it, and keep it again (%s)", path, error)
        return None


def _placed(dataset: gdal.Dataset, name: str) -> gdal.Dataset:
    """A raster with a geotransform: the one given, or what its control points make of it."""
    if dataset.GetGeoTransform(can_return_null=True) is not None:
        return dataset
    if dataset.GetMetadata("RPC"):
        raise InputError(
            f"The reference imagery {name} is placed by rational polynomials (RPC) alone, which need heights: warp it, "
            "for example with gdalwarp -rpc -to RPC_DEM=heights.tif."
        )
    if dataset.GetGCPCount():
        return warped_by_control_points(dataset, name)
    if dataset.GetMetadata("GEOLOCATION"):
        raise InputError(
            f"The reference imagery {name} is placed by arrays of longitudes and latitudes alone: warp it, for example "
            "with gdalwarp -geoloc -t_srs EPSG:4326."
        )
    raise InputError(
        f"The reference imagery {name} has no position on Earth (no geotransform): georeference it first, for "
        "example with the Georeferencer of QGIS."
    )


def _check_crs(dataset: gdal.Dataset, name: str) -> None:
    """Refuse a raster without a CRS, or with one that longitudes and latitudes have no way into."""
    srs, earth = dataset.GetSpatialRef(), osr.SpatialReference()
    if srs is None:
        raise InputError(
            f"The reference imagery {name} has no coordinate reference system: assign it one (for example with "
            "gdal_edit.py -a_srs) and try again."
        )
    earth.ImportFromEPSG(4326)
    try:
        osr.CoordinateTransformation(srs, earth)
    except RuntimeError as error:
        raise InputError(
            f"The coordinate reference system “{srs.GetName()}” of the reference imagery {name} has no known place on "
            "Earth: assign it the right one (for example with gdal_edit.py -a_srs) and try again.",
            str(error),
        ) from error


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
    if hint := arrangements.hint_for(uri):
        return InputError(f"The reference imagery {name} cannot be opened: {hint}.", str(error))
    return InputError(
        f"The reference imagery {name} is not a raster that GDAL can open: convert it, to GeoTIFF say.", str(error)
    )
