"""An export of one photo in several forms: all of them are written, or none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import check_outputs, staging
from astroloc_qgis.engine.exports.photo_export import ExportOptions, PhotoExport
from astroloc_qgis.engine.exports.registry import FORMS
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    from astroloc_qgis.engine.photo.reading import Photo

__all__ = ["FORMS", "ExportOptions", "export_photo"]

log = logging.getLogger(__name__)

WARPED = 0.7
"""Progress at which the warped raster, which takes longest, is written."""


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
        out_dir: output folder, made where it does not exist.
        name: file name without ending.
        options: how the photo is written.
        tie_points: each with "x", "y" (photo pixels), "lon", "lat" and "on".
        facts: of the registration: "status", "confidence", "inliers", "matcher", "rmse_px", "rmse_m".
        progress: told the stage "export".

    Returns:
        The paths by form. "uncertainty" is left out where too few tie points are on, "vrt" for a photo that has no
        file; a world file brings the GeoTIFF that it belongs to.

    Raises:
        InputError: an option makes no sense; as ``write_geotiff``; the folder cannot be made, is protected or full.
        Cancelled: by ``progress``; nothing is written then.
    """
    progress("export", 0.0)
    if not name or Path(name).name != name:
        raise InputError(f'"{name}" is no name for files: leave out slashes and give at least one letter.')
    forms = [form for form in FORMS if form in options.forms]
    check_outputs(out_dir, [f"{name}{ending}" for form in forms for ending in FORMS[form].endings])
    rising = _rising(progress)
    if options.depth == "8":
        photo = replace(photo, pixels=photo.rgb8())
    with staging(out_dir) as stage:
        export = PhotoExport(
            photo, np.asarray(homography, dtype=np.float64), plane, stage, name, options, tie_points,
            dict(facts or {}), part_of(rising, 0.0, WARPED),
        )  # fmt: skip
        for number, form in enumerate(forms, start=1):
            path = FORMS[form].load()(export)
            if path is not None:
                export.files[form] = path
            rising("export", WARPED + (0.98 - WARPED) * number / len(forms))
        export.remove_temporary()
    log.info("%s: exported %s into %s", photo.name, ", ".join(export.files), out_dir)
    return {kind: out_dir / file.name for kind, file in export.files.items()}


def _rising(progress: Progress) -> Progress:
    """A progress that never falls: a form that needs the warped raster may come after one that does not."""
    highest = 0.0

    def tell(stage: str, fraction: float) -> None:
        nonlocal highest
        highest = max(highest, fraction)
        progress(stage, highest)

    return tell
