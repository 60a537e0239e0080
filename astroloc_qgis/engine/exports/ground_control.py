"""Ground control points: in the header of an untouched GeoTIFF, in a VRT beside the photo, in a ``.points`` file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.confidence.uncertainty import MIN_TIE_POINTS
from astroloc_qgis.engine.device import threads_wanted
from astroloc_qgis.engine.exports.files import atomic_path, close, gdal_writes, write_bytes
from astroloc_qgis.engine.exports.geotiff import SOFTWARE
from astroloc_qgis.engine.exports.points_file import ControlPoint, points_text
from astroloc_qgis.engine.exports.visible_region import VisibleRegion
from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import WGS84, Array, spatial_reference
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.photo.kinds import kind_of
from astroloc_qgis.engine.photo.raster import open_raster, to_stored

if TYPE_CHECKING:
    from astroloc_qgis.engine.exports.photo_export import PhotoExport
    from astroloc_qgis.engine.photo.reading import Photo

GRID = 11
"""Control points along each side of the photo, where they follow from its homography."""


def export_photo_with_control_points(export: PhotoExport) -> Path:
    """Write the untouched photo with the tie points that are on or, where they are few, a grid of control points."""
    photo_xy, lonlat = export.tie_points_used()
    if len(photo_xy) < MIN_TIE_POINTS:
        photo_xy, lonlat = control_grid(export.homography, export.plane, export.visible)
    return write_with_control_points(export.path("_untouched.tif"), export.photo, photo_xy, lonlat)


def export_vrt(export: PhotoExport) -> Path | None:
    """Write a VRT with a grid of control points; None where the photo has no file that GDAL opens."""
    photo_xy, lonlat = control_grid(export.homography, export.plane, export.visible)
    return write_photo_vrt(export.path(".vrt"), export.photo, photo_xy, lonlat)


def export_points(export: PhotoExport) -> Path:
    """Write the tie points as QGIS's Georeferencer reads them, or a grid of control points where there are none.

    They count pixels as the photo's file has them: neither GDAL nor QGIS turns a photo upright.
    """
    if export.tie_points:
        photo_xy = np.array([[point["x"], point["y"]] for point in export.tie_points], dtype=np.float64)
        lonlat = np.array([[point["lon"], point["lat"]] for point in export.tie_points], dtype=np.float64)
        on = [bool(point.get("on", True)) for point in export.tie_points]
    else:
        photo_xy, lonlat = control_grid(export.homography, export.plane, export.visible, side=5)
        on = [True] * len(photo_xy)
    predicted = apply_homography(np.linalg.inv(export.homography), export.plane.from_lonlat(lonlat))
    photo_xy = _as_stored(export.photo, photo_xy)
    residual = _as_stored(export.photo, predicted) - photo_xy
    points = [
        ControlPoint(float(x), float(y), float(lon), float(lat), used, (float(dx), float(dy)))
        for (x, y), (lon, lat), used, (dx, dy) in zip(photo_xy, lonlat, on, residual, strict=True)
    ]
    return write_bytes(export.path(".points"), points_text(points).encode("utf-8"))


def control_grid(
    homography: Array, plane: WorkingPlane, visible: VisibleRegion, side: int = GRID
) -> tuple[Array, Array]:
    """Points all over the part of a photo that sees ground.

    Args:
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        visible: the part of the photo that sees ground.
        side: points along each side.

    Returns:
        (N, 2) photo pixels and (N, 2) longitude, latitude, longitudes contiguous across the antimeridian.
    """
    x, y = np.meshgrid(np.linspace(0, visible.width, side), np.linspace(0, visible.height, side))
    photo_xy = np.column_stack([x.ravel(), y.ravel()])
    lonlat = plane.to_lonlat(apply_homography(homography, photo_xy))
    usable = visible.seen(photo_xy) & np.isfinite(lonlat).all(axis=1)
    photo_xy, lonlat = photo_xy[usable], lonlat[usable]
    return photo_xy, np.column_stack([_contiguous(lonlat[:, 0]), lonlat[:, 1]])


def write_with_control_points(path: Path, photo: Photo, photo_xy: Array, lonlat: Array) -> Path:
    """Write the photo's own pixels, unwarped, with control points (EPSG:4326) in the header of the GeoTIFF.

    Args:
        path: ".tif"; an older file is replaced.
        photo: the photo.
        photo_xy: (N, 2) photo pixels.
        lonlat: (N, 2) their longitude, latitude.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    bands: list[np.ndarray] = [photo.pixels[..., 0]] if photo.grey else [photo.pixels[..., band] for band in range(3)]
    kind = gdal.GDT_UInt16 if photo.pixels.dtype == np.uint16 else gdal.GDT_Byte
    if photo.alpha is not None:
        bands.append(photo.alpha.astype(np.uint16) * np.uint16(257) if kind == gdal.GDT_UInt16 else photo.alpha)
    options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2", "BIGTIFF=IF_SAFER", f"NUM_THREADS={threads_wanted()}"]
    options.append(f"PHOTOMETRIC={'MINISBLACK' if photo.grey else 'RGB'}")
    if photo.alpha is not None:
        options.append("ALPHA=YES")
    with atomic_path(path) as part, gdal_writes(part):
        dataset = gdal.GetDriverByName("GTiff").Create(str(part), photo.width, photo.height, len(bands), kind, options)
        try:
            dataset.SetGCPs(_points(photo_xy, lonlat), spatial_reference(WGS84))
            dataset.SetMetadata({"TIFFTAG_SOFTWARE": SOFTWARE, "TIFFTAG_DOCUMENTNAME": photo.name})
            for number, band in enumerate(bands, start=1):
                data = np.ascontiguousarray(band).tobytes()
                dataset.GetRasterBand(number).WriteRaster(0, 0, photo.width, photo.height, data)
        finally:
            close(dataset)
    return path


def write_photo_vrt(path: Path, photo: Photo, photo_xy: Array, lonlat: Array) -> Path | None:
    """Write a VRT that gives the photo's own file control points; GDAL and QGIS warp it as they open it.

    Args:
        path: ".vrt"; an older file is replaced.
        photo: its file is named in the VRT.
        photo_xy: (N, 2) photo pixels of the control points.
        lonlat: (N, 2) longitude, latitude of the control points.

    Returns:
        ``path``, or None for a photo that has no file, or one that GDAL does not open (raw files, HEIC, AVIF).

    Raises:
        InputError: the folder is missing, protected or full.
    """
    if not photo.path.is_file() or kind_of(photo.path).is_decoded:
        return None
    source = open_raster(photo.path.absolute())
    stored = to_stored(np.array([[photo.width, photo.height], [0.0, 0.0]]), photo.orientation, photo.size)
    if (source.RasterXSize, source.RasterYSize) != tuple(np.abs(stored[0] - stored[1])):
        return None  # it was replaced since it was read
    photo_xy = _as_stored(photo, photo_xy)
    with atomic_path(path) as part, gdal_writes(part):
        options = gdal.TranslateOptions(format="VRT", GCPs=_points(photo_xy, lonlat), outputSRS="EPSG:4326")
        translated = gdal.Translate(str(part), source, options=options)
        translated.FlushCache()
        del translated
        text = part.read_text(encoding="utf-8")  # the source by its full path: a VRT may be moved, the photo is not
        text = text.replace('relativeToVRT="1"', 'relativeToVRT="0"')
        part.write_text(_named(text, source.GetDescription()), encoding="utf-8")
    return path


def _named(text: str, name: str) -> str:
    return re.sub(r"(<SourceFilename[^>]*>)[^<]*", lambda found: found.group(1) + escape(name), text)


def _as_stored(photo: Photo, photo_xy: Array) -> Array:
    return to_stored(photo_xy, photo.orientation, photo.size)


def _contiguous(lons: Array) -> Array:
    """Longitudes without a jump, in any order: each is brought to within 180 degrees of the first."""
    if not len(lons):
        return lons
    return np.asarray([float(unwrap_lons(np.array([lons[0], lon]))[1]) for lon in lons])


def _points(photo_xy: Array, lonlat: Array) -> list:
    return [
        gdal.GCP(float(lon), float(lat), 0.0, float(x), float(y), "", str(number))
        for number, ((x, y), (lon, lat)) in enumerate(zip(photo_xy, lonlat, strict=True), start=1)
    ]
