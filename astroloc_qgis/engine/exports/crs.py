"""Coordinate reference systems of the outputs: parsing, UTM zones, and the period of the x axis."""

from __future__ import annotations

import numpy as np
from osgeo import gdal, osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.projection import transform_points


def utm_crs(lon: float, lat: float) -> str:
    """The WGS 84 / UTM zone of a place, as "EPSG:326xx" (north) or "EPSG:327xx" (south).

    Zones are the plain six degrees; the military exceptions of Norway and Svalbard are left out, as EPSG does.
    """
    zone = min(int((float(wrap_lon(lon)) + 180.0) // 6.0) + 1, 60)
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"


def resolve_crs(text: str) -> osr.SpatialReference:
    """The spatial reference that a text means (EPSG code, WKT, PROJ string), with x or longitude first.

    Raises:
        InputError: the text means nothing to PROJ, or is neither a geographic nor a projected CRS.
    """
    reference = osr.SpatialReference()
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        understood = reference.SetFromUserInput(text) == 0
        details = "" if understood else gdal.GetLastErrorMsg()
    except RuntimeError as error:  # what osr raises once anything in the process has called osr.UseExceptions()
        understood, details = False, str(error)
    finally:
        gdal.PopErrorHandler()
    if not understood:
        raise InputError(
            f'"{shown}" is no coordinate reference system that PROJ knows: give an EPSG code such as EPSG:4326, '
            "a PROJ string or a WKT.",
            details,
        )
    if not (reference.IsGeographic() or reference.IsProjected()):
        raise InputError(
            f'"{shown}" is neither a geographic nor a projected coordinate reference system: a photo cannot be put '
            "on a map in it; choose another, e.g. EPSG:4326."
        )
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def x_period(reference: osr.SpatialReference) -> tuple[float, float] | None:
    """The period of the x axis of a CRS, where it has one.

    Geographic and cylindrical systems (Mercator, plate carrée, ...) have one: x is proportional to the longitude at
    every latitude, which is what is tested.

    Returns:
        (x of the middle, period) in CRS units, or None where x has no period.
    """
    wkt = reference.ExportToWkt()
    middle = reference.GetProjParm(osr.SRS_PP_CENTRAL_MERIDIAN, 0.0) if reference.IsProjected() else 0.0
    lons = middle + np.array([-120.0, -60.0, 0.0, 60.0, 120.0])
    rows = [transform_points(np.column_stack([lons, np.full(5, lat)]), "EPSG:4326", wkt) for lat in (0.0, 30.0, 50.0)]
    xs = np.array([row[:, 0] for row in rows])
    steps = np.diff(xs, axis=1)
    if not np.isfinite(steps).all() or not np.allclose(steps, steps[0, 0], rtol=1e-5, atol=0.0):
        return None
    return float(xs[0, 2]), float(6.0 * steps[0, 0])
