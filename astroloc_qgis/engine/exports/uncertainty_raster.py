"""The uncertainty of a georeferenced photo, in metres, as a raster."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.confidence.uncertainty import MIN_TIE_POINTS, Uncertainty, uncertainty_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.crs import resolve_crs
from astroloc_qgis.engine.exports.files import atomic_path, close, gdal_writes
from astroloc_qgis.engine.exports.geotiff import SOFTWARE, storable
from astroloc_qgis.engine.exports.grid import OutputGrid, plan_grid
from astroloc_qgis.engine.exports.visible_region import find_visible_region
from astroloc_qgis.engine.geometry.homography import apply_homography, in_front
from astroloc_qgis.engine.geometry.projection import Array

if TYPE_CHECKING:
    from astroloc_qgis.engine.exports.photo_export import PhotoExport

log = logging.getLogger(__name__)

BANDS = {0.68: "radius that holds the truth in 68 % of cases, metres", 0.95: "the same in 95 % of cases"}
NO_DATA = -9999.0


def export_uncertainty(export: PhotoExport) -> Path | None:
    """Write the uncertainty that follows from the tie points that are on; None where they are too few."""
    photo_xy, lonlat = export.tie_points_used()
    if len(photo_xy) < MIN_TIE_POINTS:
        log.warning(
            "Only %d tie points are on: they say nothing about the error, so no uncertainty is written.", len(photo_xy)
        )
        return None
    size = (export.photo.width, export.photo.height)
    plane_xy = export.plane.from_lonlat(lonlat)
    known = uncertainty_of(photo_xy, plane_xy, export.homography, export.plane, size)
    path, options = export.path("_uncertainty.tif"), export.options
    return write_uncertainty(path, known, crs=options.crs, resolution=options.resolution)


def write_uncertainty(
    path: Path,
    uncertainty: Uncertainty,
    *,
    crs: str,
    resolution: float | tuple[float, float] | None = None,
    cells: int = 128,
) -> Path:
    """Write the uncertainty of every place of a georeferenced photo, whole or not at all.

    Args:
        path: of the GeoTIFF (float32, two bands in metres: radius of 68 % and of 95 %; -9999 outside the photo).
        uncertainty: of the photo's registration.
        crs: of the georeferenced photo.
        resolution: of the georeferenced photo, as ``write_geotiff`` takes it: the extent is the same.
        cells: along the longer side; uncertainty is smooth.

    Returns:
        ``path``.

    Raises:
        InputError: as ``write_geotiff``.
    """
    width, height = uncertainty.size
    visible = find_visible_region(uncertainty.homography, uncertainty.plane, width, height)
    reference = resolve_crs(crs)
    if not storable(reference):
        raise InputError(f'A GeoTIFF cannot hold the CRS "{crs}": choose another, e.g. EPSG:4326.')
    fine = plan_grid(uncertainty.homography, uncertainty.plane, visible, reference, resolution=resolution)
    grid = _coarse(fine, cells)
    column, row = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    photo_xy = _to_photo(grid, uncertainty, np.column_stack([column.ravel(), row.ravel()]))
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(photo_xy).all(axis=1) & visible.seen(photo_xy)
    with atomic_path(path) as part, gdal_writes(part):
        options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3"]
        dataset = gdal.GetDriverByName("GTiff").Create(
            str(part), grid.width, grid.height, len(BANDS), gdal.GDT_Float32, options
        )
        try:
            dataset.SetSpatialRef(reference)
            dataset.SetGeoTransform(grid.geotransform)
            dataset.SetMetadata({"TIFFTAG_SOFTWARE": SOFTWARE, "TIFFTAG_IMAGEDESCRIPTION": "Uncertainty in metres"})
            radii = uncertainty.radii_m(photo_xy[seen], BANDS)
            for number, (description, radius) in enumerate(zip(BANDS.values(), radii, strict=True), start=1):
                values = np.full(len(photo_xy), NO_DATA, dtype=np.float32)
                values[seen] = np.nan_to_num(radius, nan=NO_DATA)
                band = dataset.GetRasterBand(number)
                band.SetNoDataValue(NO_DATA)
                band.SetDescription(description)
                band.SetUnitType("m")
                band.WriteRaster(0, 0, grid.width, grid.height, values.tobytes())
        finally:
            close(dataset)
    return path


def _coarse(grid: OutputGrid, cells: int) -> OutputGrid:
    """The same extent in fewer pixels."""
    shrink = max(1.0, max(grid.width, grid.height) / cells)
    width, height = (max(1, math.ceil(side / shrink)) for side in (grid.width, grid.height))
    return replace(
        grid,
        pixel_x=grid.pixel_x * grid.width / width,
        pixel_y=grid.pixel_y * grid.height / height,
        width=width,
        height=height,
    )


def _to_photo(grid: OutputGrid, uncertainty: Uncertainty, pixels: Array) -> Array:
    """(N, 2) pixels of the grid -> (N, 2) photo points; NaN behind the camera."""
    to_photo = np.linalg.inv(uncertainty.homography)
    middle = np.array(uncertainty.size) / 2
    on_plane = grid.to_plane(pixels, uncertainty.plane)
    photo_xy = apply_homography(to_photo, on_plane)
    here = apply_homography(uncertainty.homography, middle[None])[0]
    with np.errstate(invalid="ignore"):
        photo_xy[~(in_front(to_photo, on_plane, (here[0], here[1])) > 0)] = np.nan
    return photo_xy
