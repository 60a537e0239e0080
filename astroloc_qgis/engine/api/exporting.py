"""``export`` for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.api.pictures import as_file
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.api.pictures import Picture
    from astroloc_qgis.engine.result import Localization


def export(
    result: Localization,
    photo: Picture,
    out: str | Path,
    forms: Sequence[str] = ("geotiff", "footprint_gpkg"),
    *,
    crs: str = "EPSG:4326",
    resolution: float | None = None,
    resampling: str = "cubic",
    compression: str = "DEFLATE",
    progress: Progress = no_progress,
) -> dict[str, Path]:
    """Write a localized photo in other forms.

    Args:
        result: of ``localize`` or ``refine``.
        photo: the photo that it is of.
        out: folder.
        forms: some of ``exports.registry.FORMS``: "geotiff", "cog", "footprint_geojson", "points", "stac", ...
        crs: of the rasters, anything PROJ understands.
        resolution: pixel size in units of the CRS; by default the photo's own.
        resampling: "nearest", "bilinear", "cubic" or "lanczos".
        compression: "DEFLATE", "LZW", "ZSTD" or "NONE".
        progress: called as ``progress(stage, fraction)``; may raise ``Cancelled``.

    Returns:
        The paths by form.

    Raises:
        InputError: the photo is not localized, or is another one, or an option is wrong.
        Cancelled: by ``progress``.
    """
    found = result.registration
    if not result.located or found.homography is None:
        raise InputError(f"The photo {result.photo.name} is not localized: there is nothing to export.")
    options = ExportOptions(
        forms=tuple(forms), crs=crs, resolution=resolution, resampling=resampling, compression=compression
    )
    ties = []
    if found.tie_points is not None:
        used = found.tie_points.inlier
        lonlat = found.plane.to_lonlat(found.tie_points.plane_xy[used])
        ties = [
            {"x": float(x), "y": float(y), "lon": float(lon), "lat": float(lat), "on": True}
            for (x, y), (lon, lat) in zip(found.tie_points.photo_xy[used], lonlat, strict=True)
        ]
    facts = {
        "status": "localized", "confidence": result.verdict.confidence, "inliers": found.inliers,
        "matcher": found.matcher, "rmse_px": found.rmse_px, "rmse_m": found.rmse_m,
    }  # fmt: skip
    with as_file(photo, result.photo.stem) as file:
        read = read_photo(file)
        if read.size != result.photo_size:
            raise InputError(f"The result is of a photo of {result.photo_size} pixels, and this one has {read.size}.")
        return export_photo(
            read, found.homography, found.plane, Path(out), read.name, options, tie_points=ties, facts=facts,
            progress=progress,
        )  # fmt: skip
