"""Forms of the georeferenced raster: GeoTIFF, with alpha or nodata, cloud-optimised GeoTIFF, world file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.device import threads_wanted
from astroloc_qgis.engine.exports.files import atomic_path, close, gdal_writes, write_bytes
from astroloc_qgis.engine.exports.geotiff import write_geotiff

if TYPE_CHECKING:
    from astroloc_qgis.engine.exports.photo_export import PhotoExport

NO_DATA = 0
"""The value outside the photo; pixels of the photo that have it are written one brighter."""
_ROWS = 512


def export_geotiff(export: PhotoExport) -> Path:
    """Write the georeferenced raster as the options say."""
    warped, options = _warped(export), export.options
    if not _is_plain(export):
        return warped
    return write_plain(
        export.path(".tif"), warped, nodata=options.transparency == "nodata", overviews=options.overviews,
        compression=options.compression.upper(),
    )  # fmt: skip


def export_cog(export: PhotoExport) -> Path:
    """Write the georeferenced raster as a cloud-optimised GeoTIFF."""
    source = _warped(export)
    if export.options.transparency == "nodata":
        source = export.shared(
            export.stage / f".{export.name}_plain.tif",
            lambda path: write_plain(path, _warped(export), nodata=True, overviews=False, compression="NONE"),
        )
    return write_cog(export.path("_cog.tif"), source, export.options.compression.upper())


def export_world_file(export: PhotoExport) -> Path:
    """Write a world file, and the GeoTIFF that it belongs to."""
    if "geotiff" not in export.files:
        export.files["geotiff"] = export_geotiff(export)
    dataset = gdal.OpenEx(str(export.files["geotiff"]), gdal.OF_RASTER)
    written = write_world_file(export.path(".tfw"), dataset.GetGeoTransform())
    del dataset
    return written


def _is_plain(export: PhotoExport) -> bool:
    """Whether the GeoTIFF differs from the warped raster, which has alpha and overviews."""
    return export.options.transparency == "nodata" or not export.options.overviews


def _warped(export: PhotoExport) -> Path:
    """The georeferenced raster with alpha and overviews, of which all forms are made: the photo is warped once."""
    options, confidence = export.options, export.facts.get("confidence")
    return export.shared(
        export.stage / f".{export.name}_warped.tif" if _is_plain(export) else export.path(".tif"),
        lambda path: write_geotiff(
            export.photo, export.homography, export.plane, path,
            crs=options.crs, resolution=options.resolution, resampling=options.resampling,
            compression=options.compression.upper(),
            confidence=float(confidence) if isinstance(confidence, int | float) else None,
            progress=lambda _stage, fraction: export.progress("export", fraction),
        ),
    )  # fmt: skip


def write_cog(path: Path, geotiff: Path, compression: str = "DEFLATE") -> Path:
    """Write a GeoTIFF again as a cloud-optimised one.

    Args:
        path: of the copy; an older file is replaced.
        geotiff: the raster.
        compression: "DEFLATE", "LZW", "ZSTD" or "NONE".

    Raises:
        InputError: the folder is missing, protected or full.
    """
    options = [f"COMPRESS={compression}", "BLOCKSIZE=512", "OVERVIEWS=AUTO", "OVERVIEW_RESAMPLING=AVERAGE"]
    options += ["BIGTIFF=IF_SAFER", f"NUM_THREADS={threads_wanted()}"]
    if compression != "NONE":
        options.append("PREDICTOR=YES")
    with atomic_path(path) as part, gdal_writes(part):
        source = gdal.OpenEx(str(geotiff), gdal.OF_RASTER)
        copy = gdal.GetDriverByName("COG").CreateCopy(str(part), source, strict=0, options=options)
        close(copy)
    return path


def write_plain(path: Path, geotiff: Path, *, nodata: bool, overviews: bool, compression: str = "DEFLATE") -> Path:
    """Write a GeoTIFF again without overviews, or with a nodata value instead of its alpha band.

    Args:
        path: of the copy; an older file is replaced.
        geotiff: the raster, its last band alpha.
        nodata: write 0 where there is nothing, and no alpha band.
        overviews: make them.
        compression: "DEFLATE", "LZW", "ZSTD" or "NONE".

    Raises:
        InputError: the folder is missing, protected or full.
    """
    source = gdal.OpenEx(str(geotiff), gdal.OF_RASTER)
    width, height = source.RasterXSize, source.RasterYSize
    kind = source.GetRasterBand(1).DataType
    bands = source.RasterCount - 1 if nodata else source.RasterCount
    options = ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", f"COMPRESS={compression}", "BIGTIFF=IF_SAFER"]
    options += [f"PHOTOMETRIC={'RGB' if bands >= 3 else 'MINISBLACK'}", f"NUM_THREADS={threads_wanted()}"]
    options += [] if nodata else ["ALPHA=YES"]
    options += [] if compression == "NONE" else ["PREDICTOR=2"]
    with atomic_path(path) as part, gdal_writes(part):
        target = gdal.GetDriverByName("GTiff").Create(str(part), width, height, bands, kind, options)
        try:
            target.SetSpatialRef(source.GetSpatialRef())
            target.SetGeoTransform(source.GetGeoTransform())
            target.SetMetadata(source.GetMetadata())
            if nodata:
                for band in range(1, bands + 1):
                    target.GetRasterBand(band).SetNoDataValue(NO_DATA)
            _copy_rows(source, target, bands, nodata)
            target.FlushCache()
            if overviews:
                levels = [2**step for step in range(1, 16) if max(width, height) / 2 ** (step - 1) > 256]
                target.BuildOverviews("AVERAGE", levels)
        finally:
            close(target)
    return path


def write_world_file(path: Path, geotransform: tuple[float, ...]) -> Path:
    """Write a world file: six numbers, the last two the place of the centre of the top-left pixel.

    Args:
        path: ".tfw" beside the raster.
        geotransform: GDAL's six numbers.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    left, across, skew_x, top, skew_y, down = geotransform
    x, y = left + (across + skew_x) / 2, top + (skew_y + down) / 2
    lines = [f"{value:.15g}" for value in (across, skew_y, skew_x, down, x, y)]
    return write_bytes(path, ("\n".join(lines) + "\n").encode("ascii"))


def _copy_rows(source: Any, target: Any, bands: int, nodata: bool) -> None:
    width, height = source.RasterXSize, source.RasterYSize
    dtype = np.uint16 if source.GetRasterBand(1).DataType == gdal.GDT_UInt16 else np.uint8
    for top in range(0, height, _ROWS):
        rows = min(_ROWS, height - top)
        opaque: NDArray[np.bool_] | None = None
        if nodata:
            raw = source.GetRasterBand(source.RasterCount).ReadRaster(0, top, width, rows)
            # Half transparent is at the edge: what is there is kept, as with alpha.
            opaque = np.asarray(np.frombuffer(raw, dtype) > dtype(0))
        for band in range(1, bands + 1):
            raw = source.GetRasterBand(band).ReadRaster(0, top, width, rows)
            if opaque is not None:
                values = np.frombuffer(raw, dtype)
                raw = np.where(opaque, np.maximum(values, dtype(NO_DATA + 1)), dtype(NO_DATA)).tobytes()
            target.GetRasterBand(band).WriteRaster(0, top, width, rows, raw)
