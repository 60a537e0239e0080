"""Rasters whose only position is control points (GCPs), placed by warping them on the fly."""

from __future__ import annotations

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.bands import colour_view, is_negative

LEAST_POINTS = 4
"""Three determine the affine map exactly, whether they are right or wrong."""
SPLINE_POINTS = 10
"""Least number of control points for a thin-plate spline, which goes through every one."""
MOST_MISS_PX = 2.0
"""Largest root mean square distance of the control points from the polynomial, pixels of the raster."""


def warped_by_control_points(dataset: gdal.Dataset, name: str) -> gdal.Dataset:
    """A virtual raster, warped by the control points of another into their CRS, transparent where that one ends.

    The map is the polynomial that gdalwarp chooses (of order 1, or 2 from six points on); a thin-plate spline where
    that misses many control points.

    Args:
        dataset: raster with control points.
        name: of the raster, for messages.

    Raises:
        InputError: too few control points, without CRS, or none of the maps fits them.
    """
    count, crs = dataset.GetGCPCount(), dataset.GetGCPSpatialRef()
    if crs is None:
        raise InputError(
            f"The reference imagery {name} has {count} control points (GCPs) without a coordinate reference system: "
            f"give them one, for example with gdal_translate -a_srs EPSG:4326 {name} new.tif."
        )
    if count < LEAST_POINTS:
        raise InputError(
            f"The reference imagery {name} has only {count} control points (GCPs); at least {LEAST_POINTS} are needed: "
            "add some with the Georeferencer of QGIS."
        )
    method = _method(dataset, name)
    colours, _, _ = colour_view(dataset, name)  # a palette's colours first: numbers of colours cannot be mixed
    warped = gdal.Warp(
        "",
        colours,
        format="VRT",
        dstSRS=crs.ExportToWkt(),
        resampleAlg="bilinear",
        dstAlpha=True,
        tps=method == "GCP_TPS",
    )
    if is_negative(dataset):
        warped.SetMetadataItem("MINISWHITE", "YES", "IMAGE_STRUCTURE")
    return warped


def _method(dataset: gdal.Dataset, name: str) -> str:
    """GDAL's name of the map that fits the control points."""
    try:
        missed = _miss_px(dataset)
    except RuntimeError as error:
        raise InputError(
            f"The reference imagery {name} cannot be placed by its control points (GCPs), which lie in a line or "
            "contradict each other: georeference it again.",
            str(error),
        ) from error
    if missed <= MOST_MISS_PX:
        return "GCP_POLYNOMIAL"
    if dataset.GetGCPCount() >= SPLINE_POINTS:
        return "GCP_TPS"
    raise InputError(
        f"The {dataset.GetGCPCount()} control points (GCPs) of the reference imagery {name} are {missed:.1f} pixels "
        f"off a simple map: warp it with the Georeferencer of QGIS, or give it {SPLINE_POINTS} or more."
    )


def _miss_px(dataset: gdal.Dataset) -> float:
    """Root mean square distance of the control points from the polynomial, pixels."""
    transformer = gdal.Transformer(dataset, None, ["METHOD=GCP_POLYNOMIAL"])
    points = dataset.GetGCPs()
    pixels = np.array([(point.GCPPixel, point.GCPLine) for point in points])
    places = [(point.GCPX, point.GCPY, point.GCPZ) for point in points]
    found, done = transformer.TransformPoints(True, places)
    if not all(done):
        raise RuntimeError("a control point does not project back into the raster")
    return float(np.sqrt(np.square(np.array(found)[:, :2] - pixels).sum(axis=1).mean()))
