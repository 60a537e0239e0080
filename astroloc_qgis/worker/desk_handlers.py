"""The engine process's methods for the analyst's desk: exports, pictures of candidates, the nadir at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astroloc_qgis.engine.progress import Progress, Repeatable, asking
from astroloc_qgis.worker.parameters import read
from astroloc_qgis.worker.requests import CandidatePictures, ComputeNadir, Export

PICTURE_PX = 256


def export(request: Export, progress: Progress) -> Mapping[str, Any]:
    """Write the photo in the forms of the options; returns the paths by form."""
    import numpy as np

    from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
    from astroloc_qgis.engine.exports.crs import resolve_crs
    from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
    from astroloc_qgis.engine.photo.reading import read_photo

    options = read(ExportOptions, request.options)
    resolve_crs(request.plane)
    matrix = np.array(request.homography, dtype=np.float64)
    progress("read", 0.0)
    photo = read_photo(request.photo)
    files = export_photo(
        photo, matrix, WorkingPlane(request.plane), request.out, request.name, options,
        tie_points=request.tie_points or (), facts=request.facts, progress=progress,
    )  # fmt: skip
    return {"outputs": {form: str(path) for form, path in files.items()}}


def candidate_pictures(request: CandidatePictures, progress: Progress) -> Mapping[str, Any]:
    """Draw each block as a JPEG; returns the path of each picture by its block."""
    import cv2

    from astroloc_qgis.engine.exports.files import write_bytes, write_failure
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.imagery.window import block_window
    from astroloc_qgis.engine.tiles import Block

    blocks = {text: Block.parse(text) for text in request.blocks}
    try:
        request.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(error, request.folder) from error
    pictures: dict[str, str] = {}
    reference = Reference.open(request.imagery)
    told = Repeatable(progress)
    try:
        for number, (text, block) in enumerate(blocks.items()):
            told("read", number / len(blocks))
            with asking(told.repeat):
                rendering = reference.read(block_window(block, PICTURE_PX))
            path = request.folder / f"{text.replace('/', '_')}.jpg"
            done, encoded = cv2.imencode(".jpg", rendering.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
            if done:
                pictures[text] = str(write_bytes(path, encoded.tobytes()))
    finally:
        reference.close()
    return {"pictures": pictures}


def nadir(request: ComputeNadir, progress: Progress) -> Mapping[str, Any]:
    """Compute the point below the satellite; returns it with the altitude and the age of the elements."""
    progress("read", 0.0)
    from astroloc_qgis.engine.orbit import nadir_at

    found = nadir_at(request.tle, request.time)
    return {"nadir": [found.lat, found.lon], "altitude_km": found.altitude_km, "age_days": found.age_days}
