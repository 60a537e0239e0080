"""From a homography to files on disk: all the outputs of one photo, together or not at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.exports.crs import resolve_crs, utm_crs
from astroloc_qgis.engine.exports.files import staging
from astroloc_qgis.engine.exports.footprint import read_footprint, write_footprint
from astroloc_qgis.engine.exports.geotiff import write_geotiff
from astroloc_qgis.engine.exports.preview import draw_preview, ground_picture, write_preview
from astroloc_qgis.engine.exports.tiepoints import write_tie_points
from astroloc_qgis.engine.exports.uncertainty_raster import write_uncertainty
from astroloc_qgis.engine.exports.vector import Value
from astroloc_qgis.engine.exports.visible_region import VisibleRegion, find_visible_region
from astroloc_qgis.engine.geometry.footprint import ground_area_km2
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.window import Rendering, Window
from astroloc_qgis.engine.progress import Progress, no_progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.confidence.uncertainty import Uncertainty
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.photo.reading import Photo
    from astroloc_qgis.engine.registration import TiePoints

__all__ = [
    "georeference",
    "read_footprint",
    "resolve_crs",
    "utm_crs",
    "write_footprint",
    "write_geotiff",
    "write_preview",
    "write_tie_points",
]

log = logging.getLogger(__name__)

_PREVIEW_SIDE = 1000
_PREVIEW_MARGIN = 0.12


def georeference(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    out_dir: Path,
    *,
    crs: str | None = None,
    reference: Reference | None = None,
    finer_credit: str = "",
    tie_points: TiePoints | None = None,
    uncertainty: Uncertainty | None = None,
    attributes: Mapping[str, Value] | None = None,
    resolution: float | tuple[float, float] | None = None,
    resampling: str = "cubic",
    compression: str = "DEFLATE",
    progress: Progress = no_progress,
) -> dict[str, Path]:
    """Write all the outputs of a georeferenced photo into a folder.

    They are made in a temporary folder inside it and moved when all are done, so an error or a cancellation leaves the
    folder as it was.

    Args:
        photo: the photo.
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        out_dir: made where it does not exist.
        crs: of the GeoTIFF, anything PROJ understands; by default the reference's, or EPSG:4326 without one.
        reference: for the preview; whom to credit for it is in the GeoTIFF's tags.
        finer_credit: whom to credit, beside that, for the finer imagery that the photo was refined on.
        tie_points: for their table and the preview.
        uncertainty: for the raster of the error in metres.
        attributes: of the footprint: "status", "confidence", "inliers", "matcher", "model", "rmse_px", "rmse_m", ...
            Those that follow from photo and homography (name, time, area, ground sample distance) are added.
        resolution: of the GeoTIFF, see ``write_geotiff``.
        resampling: of the GeoTIFF.
        compression: of the GeoTIFF.
        progress: called with the stage "georeference".

    Returns:
        The paths of "geotiff", "footprint_gpkg", "footprint_geojson", "preview" and, where they were given, of
        "tie_points" and "uncertainty".

    Raises:
        InputError: the folder cannot be made, is protected or full; or as ``write_geotiff``.
        Cancelled: by ``progress``.
    """
    progress("georeference", 0.0)
    homography = np.asarray(homography, dtype=np.float64)
    visible = find_visible_region(homography, plane, photo.width, photo.height)
    outline = plane.to_lonlat(apply_homography(homography, visible.outline()))
    facts = _facts(photo, homography, plane, visible, tie_points, attributes or {})
    if crs is None:
        crs = reference.crs_wkt if reference is not None else "EPSG:4326"
    credit = dict.fromkeys(filter(None, (reference.attribution if reference else "", finer_credit)))
    name = photo.name
    given = {"tie_points": tie_points, "uncertainty": uncertainty}
    files = {kind: file for kind, file in output_names(name).items() if given.get(kind, True) is not None}
    with staging(out_dir) as stage:
        for kind in ("footprint_gpkg", "footprint_geojson"):
            write_footprint(stage / files[kind], outline, facts, homography=homography, plane=plane)
        if tie_points is not None:
            write_tie_points(stage / files["tie_points"], tie_points, homography, plane)
        if uncertainty is not None:
            write_uncertainty(stage / files["uncertainty"], uncertainty, crs=crs, resolution=resolution)
        photo8 = photo.rgb8()
        preview = draw_preview(
            photo8,
            _background(photo8, homography, plane, visible, reference),
            homography,
            plane,
            tie_points=tie_points,
            title=name,
            facts=_caption(facts),
            reference_label="Reference" if reference is not None else "On the ground",
        )
        write_preview(stage / files["preview"], preview)
        del photo8, preview
        confidence = facts.get("confidence")
        write_geotiff(
            photo,
            homography,
            plane,
            stage / files["geotiff"],
            crs=crs,
            resolution=resolution,
            resampling=resampling,
            compression=compression,
            confidence=float(confidence) if isinstance(confidence, int | float) else None,
            credit="; ".join(credit),
            progress=progress,
        )
    log.info("%s: wrote %s into %s", name, ", ".join(files.values()), out_dir)
    return {kind: out_dir / file for kind, file in files.items()}


def output_names(name: str) -> dict[str, str]:
    """The names of all files that ``georeference`` may write for a photo of this name, by kind."""
    endings = {
        "geotiff": "_georeferenced.tif",
        "footprint_gpkg": "_footprint.gpkg",
        "footprint_geojson": "_footprint.geojson",
        "preview": "_preview.png",
        "tie_points": "_tie_points.csv",
        "uncertainty": "_uncertainty.tif",
    }
    return {kind: f"{name}{ending}" for kind, ending in endings.items()}


def _facts(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    visible: VisibleRegion,
    tie_points: TiePoints | None,
    attributes: Mapping[str, Value],
) -> dict[str, Value]:
    """The footprint's attributes: what was given, and what follows from photo and homography."""
    edge = plane.to_lonlat(apply_homography(homography, visible.outline(points_per_edge=32)))
    facts: dict[str, Value] = {
        "photo": photo.path.name,
        "nasa_id": photo.nasa_id,
        "status": "localized",
        "confidence": None,
        "inliers": None if tie_points is None else int(tie_points.inlier.sum()),
        "matcher": None,
        "model": None,
        "rmse_px": None,
        "rmse_m": None,
        "gsd_m": round(visible.gsd_m, 3),
        "area_km2": round(ground_area_km2(edge), 3),
        "taken": photo.taken,
    }
    return facts | dict(attributes)


def _caption(facts: Mapping[str, Value]) -> list[str]:
    """The most important facts, in words."""
    forms = {
        "confidence": "confidence {:.2f}",
        "inliers": "{} inliers",
        "rmse_m": "RMSE {:.0f} m",
        "gsd_m": "{:.1f} m a pixel",
        "area_km2": "{:,.0f} km2",
        "matcher": "{}",
    }
    words = [str(facts["status"]).replace("_", " ")]
    words += [form.format(facts[key]) for key, form in forms.items() if facts.get(key) not in (None, "")]
    taken = facts.get("taken")
    return words if taken is None else [*words, f"{taken:%Y-%m-%d %H:%M}"]


def _background(
    photo8: NDArray[np.uint8],
    homography: Array,
    plane: WorkingPlane,
    visible: VisibleRegion,
    reference: Reference | None,
) -> Rendering:
    """The reference about the footprint, north-up; without a reference the warped photo itself."""
    edge = apply_homography(homography, visible.outline(points_per_edge=32))
    if reference is not None:  # not in the working plane: far from its nadir a perspective one is oblique
        lon, lat = plane.to_lonlat(
            apply_homography(homography, np.array([[photo8.shape[1] / 2, photo8.shape[0] / 2]]))
        )[0]
        shown = WorkingPlane.local(float(lon), float(lat))
        edge = shown.from_lonlat(plane.to_lonlat(edge))
    else:
        shown = plane
    low, high = edge.min(axis=0), edge.max(axis=0)
    side = high - low
    low, high = low - _PREVIEW_MARGIN * side, high + _PREVIEW_MARGIN * side
    width, height = np.maximum(1, np.round((high - low) / (high - low).max() * _PREVIEW_SIDE)).astype(int)
    window = Window(shown.proj, (float(low[0]), float(low[1]), float(high[0]), float(high[1])), int(width), int(height))
    if reference is not None:
        return reference.read(window)
    pixels = ground_picture(photo8, homography, window.to_pixel, (window.width, window.height))
    return Rendering(pixels, np.ones(pixels.shape[:2], bool), window)
