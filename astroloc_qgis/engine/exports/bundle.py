"""Everything that is handed on of one photo, in the forms that were asked for: all of them, or none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.confidence.uncertainty import MIN_TIE_POINTS, uncertainty_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import staging, write_bytes
from astroloc_qgis.engine.exports.footprint import write_footprint
from astroloc_qgis.engine.exports.footprint_forms import write_kml, write_shapefile
from astroloc_qgis.engine.exports.geotiff import write_geotiff
from astroloc_qgis.engine.exports.ground_control import control_grid, write_photo_vrt, write_with_control_points
from astroloc_qgis.engine.exports.points_file import ControlPoint, points_text
from astroloc_qgis.engine.exports.raster_forms import write_cog, write_plain, write_world_file
from astroloc_qgis.engine.exports.sidecar import write_sidecar, write_stac_item
from astroloc_qgis.engine.exports.uncertainty_raster import write_uncertainty
from astroloc_qgis.engine.exports.vector import Value
from astroloc_qgis.engine.exports.visible_region import VisibleRegion, find_visible_region
from astroloc_qgis.engine.geometry.footprint import ground_area_km2
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    from astroloc_qgis.engine.photo.reading import Photo

log = logging.getLogger(__name__)

FORMS = ("geotiff", "cog", "gcp_photo", "world_file", "vrt", "uncertainty", "footprint_gpkg", "footprint_geojson",
         "footprint_kml", "footprint_shapefile", "points", "sidecar", "stac")  # fmt: skip
"""What can be written of a photo."""


@dataclass(frozen=True)
class ExportOptions:
    """How a photo is written.

    Attributes:
        forms: some of ``FORMS``.
        crs: of the rasters, anything PROJ understands.
        resolution: of the raster in CRS units; None for the photo's own.
        resampling: "nearest", "bilinear", "cubic" or "lanczos".
        compression: "DEFLATE", "LZW", "ZSTD" or "NONE".
        depth: "keep", or "8" for 8 bits of a 16-bit photo.
        transparency: "alpha", or "nodata" for the value 0.
        overviews: whether the GeoTIFF has them.
    """

    forms: tuple[str, ...] = ("geotiff", "footprint_gpkg")
    crs: str = "EPSG:4326"
    resolution: float | None = None
    resampling: str = "cubic"
    compression: str = "DEFLATE"
    depth: str = "keep"
    transparency: str = "alpha"
    overviews: bool = True

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.forms) - set(FORMS)):
            raise InputError(f"There is no form {', '.join(unknown)}: choose among {', '.join(FORMS)}.")
        if not self.forms:
            raise InputError("Choose at least one form to write.")
        if self.depth not in ("keep", "8"):
            raise InputError(f'A depth of "{self.depth}" cannot be written: give "keep" or "8".')
        if self.transparency not in ("alpha", "nodata"):
            raise InputError(f'There is no transparency "{self.transparency}": give "alpha" or "nodata".')


def export_photo(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    out_dir: Path,
    name: str,
    options: ExportOptions,
    *,
    tie_points: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Path]:
    """Write a photo in all the forms asked for.

    Args:
        photo: the photo.
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        out_dir: made where it does not exist.
        name: of the files, without ending.
        options: how.
        tie_points: each with "x", "y" (photo pixels), "lon", "lat" and "on".
        facts: of the registration: "status", "confidence", "inliers", "matcher", "rmse_px", "rmse_m".
        progress: told the stage "export".

    Returns:
        The paths by form; "uncertainty" is left out where too few tie points are on to tell it, "vrt" for a photo whose
        file is turned by EXIF.

    Raises:
        InputError: an option makes no sense; as ``write_geotiff``; the folder cannot be made, is protected or full.
        Cancelled: by ``progress``; nothing is written then.
    """
    progress("export", 0.0)
    if not name or Path(name).name != name:
        raise InputError(f'"{name}" is no name for files: leave out slashes and give at least one letter.')
    homography = np.asarray(homography, dtype=np.float64)
    if options.depth == "8":
        photo = replace(photo, pixels=photo.rgb8())
    visible = find_visible_region(homography, plane, photo.width, photo.height)
    outline = plane.to_lonlat(apply_homography(homography, visible.outline()))
    known = dict(facts or {})
    wanted = set(options.forms)
    files: dict[str, Path] = {}
    with staging(out_dir) as stage:
        if wanted & {"geotiff", "cog", "world_file"}:
            files |= _rasters(photo, homography, plane, stage, name, options, known, progress)
        progress("export", 0.8)
        if wanted & {"gcp_photo", "vrt"}:
            files |= _with_control(photo, homography, plane, visible, stage, name, wanted, tie_points)
        if "uncertainty" in wanted:
            files |= _uncertainty(homography, plane, (photo.width, photo.height), stage, name, options, tie_points)
        files |= _footprints(photo, homography, plane, visible, stage, name, wanted, known, outline)
        if "points" in wanted:
            files["points"] = _points(homography, plane, visible, stage / f"{name}.points", tie_points)
        if "sidecar" in wanted:
            files["sidecar"] = write_sidecar(
                stage / f"{name}.json", photo, homography, plane, outline,
                tie_points=tie_points, facts=known, options=asdict(options),
            )  # fmt: skip
        if "stac" in wanted:
            files["stac"] = write_stac_item(stage / f"{name}_stac.json", photo, outline, files, known)
        progress("export", 0.98)
    log.info("%s: exported %s into %s", photo.name, ", ".join(files), out_dir)
    return {kind: out_dir / file.name for kind, file in files.items()}


def _rasters(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    stage: Path,
    name: str,
    options: ExportOptions,
    facts: Mapping[str, Any],
    progress: Progress,
) -> dict[str, Path]:
    """The warped photo; every form of it is made from one warp."""
    confidence = facts.get("confidence")
    compression = options.compression.upper()
    base = stage / f"{name}.tif"
    write_geotiff(
        photo, homography, plane, base,
        crs=options.crs, resolution=options.resolution, resampling=options.resampling, compression=compression,
        confidence=float(confidence) if isinstance(confidence, int | float) else None,
        progress=lambda _stage, fraction: part_of(progress, 0.0, 0.7)("export", fraction),
    )  # fmt: skip
    files: dict[str, Path] = {}
    if "cog" in options.forms:
        source = base
        if options.transparency == "nodata":
            source = write_plain(stage / f".{name}_plain.tif", base, nodata=True, overviews=False, compression="NONE")
        files["cog"] = write_cog(stage / f"{name}_cog.tif", source, compression)
        if source is not base:
            source.unlink()
    if set(options.forms) & {"geotiff", "world_file"}:
        if options.transparency == "nodata" or not options.overviews:
            plain = stage / f".{name}_plain.tif"
            nodata = options.transparency == "nodata"
            write_plain(plain, base, nodata=nodata, overviews=options.overviews, compression=compression)
            plain.replace(base)
        files["geotiff"] = base
        if "world_file" in options.forms:
            dataset = gdal.OpenEx(str(base), gdal.OF_RASTER)
            files["world_file"] = write_world_file(stage / f"{name}.tfw", dataset.GetGeoTransform())
            del dataset
    else:
        base.unlink()
    return files


def _with_control(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    visible: VisibleRegion,
    stage: Path,
    name: str,
    wanted: set[str],
    tie_points: Sequence[Mapping[str, Any]],
) -> dict[str, Path]:
    """The untouched photo, with the tie points that are on, or where they are few points of its homography."""
    files: dict[str, Path] = {}
    grid_xy, grid_lonlat = control_grid(homography, plane, visible)
    if "gcp_photo" in wanted:
        used = [point for point in tie_points if point.get("on", True)]
        photo_xy, lonlat = grid_xy, grid_lonlat
        if len(used) >= MIN_TIE_POINTS:
            photo_xy = np.array([[point["x"], point["y"]] for point in used])
            lonlat = np.array([[point["lon"], point["lat"]] for point in used])
        files["gcp_photo"] = write_with_control_points(stage / f"{name}_untouched.tif", photo, photo_xy, lonlat)
    if "vrt" in wanted:
        vrt = write_photo_vrt(stage / f"{name}.vrt", photo, grid_xy, grid_lonlat)
        files |= {"vrt": vrt} if vrt is not None else {}
    return files


def _uncertainty(
    homography: Array,
    plane: WorkingPlane,
    size: tuple[int, int],
    stage: Path,
    name: str,
    options: ExportOptions,
    tie_points: Sequence[Mapping[str, Any]],
) -> dict[str, Path]:
    used = [point for point in tie_points if point.get("on", True)]
    if len(used) < MIN_TIE_POINTS:
        log.warning(
            "Only %d tie points are on: they say nothing about the error, so no uncertainty is written.", len(used)
        )
        return {}
    photo_xy = np.array([[point["x"], point["y"]] for point in used])
    plane_xy = plane.from_lonlat(np.array([[point["lon"], point["lat"]] for point in used]))
    known = uncertainty_of(photo_xy, plane_xy, homography, plane, size)
    path = stage / f"{name}_uncertainty.tif"
    return {"uncertainty": write_uncertainty(path, known, crs=options.crs, resolution=options.resolution)}


def _footprints(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    visible: VisibleRegion,
    stage: Path,
    name: str,
    wanted: set[str],
    facts: Mapping[str, Any],
    outline: Array,
) -> dict[str, Path]:
    edge = plane.to_lonlat(apply_homography(homography, visible.outline(points_per_edge=32)))
    attributes: dict[str, Value] = {
        "photo": photo.path.name,
        "nasa_id": photo.nasa_id,
        "status": str(facts.get("status") or "accepted"),
        **{key: facts.get(key) for key in ("confidence", "inliers", "matcher", "rmse_px", "rmse_m")},
        "gsd_m": round(visible.gsd_m, 3),
        "area_km2": round(ground_area_km2(edge), 3),
        "taken": photo.taken,
    }
    files: dict[str, Path] = {}
    if "footprint_gpkg" in wanted:
        path = stage / f"{name}_footprint.gpkg"
        files["footprint_gpkg"] = write_footprint(path, outline, attributes, homography=homography, plane=plane)
    if wanted & {"footprint_geojson", "footprint_kml", "footprint_shapefile"}:
        geojson = stage / f"{name}_footprint.geojson"
        write_footprint(geojson, outline, attributes, homography=homography, plane=plane)
        if "footprint_kml" in wanted:
            files["footprint_kml"] = write_kml(stage / f"{name}_footprint.kml", geojson)
        if "footprint_shapefile" in wanted:
            written = write_shapefile(stage / f"{name}_footprint.shp", geojson)
            files["footprint_shapefile"] = next(file for file in written if file.suffix == ".shp")
        if "footprint_geojson" in wanted:
            files["footprint_geojson"] = geojson
        else:
            geojson.unlink()
    return files


def _points(
    homography: Array, plane: WorkingPlane, visible: VisibleRegion, path: Path, tie_points: Sequence[Mapping[str, Any]]
) -> Path:
    """The tie points as QGIS's Georeferencer reads them, or a grid of them where there are none."""
    if tie_points:
        photo_xy = np.array([[point["x"], point["y"]] for point in tie_points], dtype=np.float64)
        lonlat = np.array([[point["lon"], point["lat"]] for point in tie_points], dtype=np.float64)
        on = [bool(point.get("on", True)) for point in tie_points]
    else:
        photo_xy, lonlat = control_grid(homography, plane, visible, side=5)
        on = [True] * len(photo_xy)
    residual = apply_homography(np.linalg.inv(homography), plane.from_lonlat(lonlat)) - photo_xy
    points = [
        ControlPoint(float(x), float(y), float(lon), float(lat), used, (float(dx), float(dy)))
        for (x, y), (lon, lat), used, (dx, dy) in zip(photo_xy, lonlat, on, residual, strict=True)
    ]
    return write_bytes(path, points_text(points).encode("utf-8"))
