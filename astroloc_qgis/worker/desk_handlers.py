"""What the engine process does for the analyst's desk: exports, pictures of candidates, the nadir of a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress

PICTURE_PX = 256


def export(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Write ``photo``, placed by ``homography`` on ``plane``, to ``out`` as ``options`` say; returns the paths."""
    _need(params, "photo", "homography", "plane", "out", "name", "options")
    import numpy as np

    from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
    from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
    from astroloc_qgis.engine.photo.reading import read_photo

    options = {name: value for name, value in params["options"].items() if value is not None}
    known = ExportOptions.__dataclass_fields__
    if unknown := sorted(set(options) - set(known)):
        raise InputError(f"There are no export options {', '.join(unknown)}.")
    if "forms" in options:
        options["forms"] = tuple(options["forms"])
    settings = ExportOptions(**options)
    matrix = np.array(params["homography"], dtype=np.float64)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise InputError("The homography is not three rows of three numbers: place the photo again.")
    progress("read", 0.0)
    photo = read_photo(params["photo"])
    files = export_photo(
        photo, matrix, WorkingPlane(params["plane"]), Path(params["out"]), params["name"], settings,
        tie_points=params.get("tie_points") or (), facts=params.get("facts"), progress=progress,
    )  # fmt: skip
    return {"outputs": {kind: str(path) for kind, path in files.items()}}


def candidate_pictures(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Draw ``blocks`` of ``imagery`` into ``folder``; returns the path of each picture by its block."""
    _need(params, "imagery", "blocks", "folder")
    import cv2

    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.imagery.window import block_window
    from astroloc_qgis.engine.tiles import Block

    folder = Path(params["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, str] = {}
    reference = Reference.open(params["imagery"])
    try:
        for number, text in enumerate(params["blocks"]):
            progress("read", number / len(params["blocks"]))
            rendering = reference.read(block_window(Block.parse(text), PICTURE_PX))
            path = folder / f"{str(text).replace('/', '_')}.jpg"
            done, encoded = cv2.imencode(".jpg", rendering.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
            if done:
                path.write_bytes(encoded.tobytes())
                pictures[text] = str(path)
    finally:
        reference.close()
    return {"pictures": pictures}


def nadir(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Compute the sub-satellite point at ``time`` (ISO, UTC) from the orbital elements in the file ``tle``."""
    _need(params, "tle", "time")
    progress("read", 0.0)
    from datetime import datetime

    from astroloc_qgis.engine.orbit import nadir_at

    try:
        when = datetime.fromisoformat(str(params["time"]))
    except ValueError as error:
        raise InputError(f"{params['time']} is no time: give it as 2023-05-01T12:30:00.", repr(error)) from error
    found = nadir_at(Path(params["tle"]), when)
    return {"nadir": [found.lat, found.lon], "altitude_km": found.altitude_km, "age_days": found.age_days}


METHODS = {"export": export, "candidate_pictures": candidate_pictures, "nadir": nadir}
"""The desk's methods, for ``handlers``."""


def _need(params: Mapping[str, Any], *names: str) -> None:
    if missing := [name for name in names if params.get(name) is None]:
        raise InputError(f"The request lacks {', '.join(missing)}.")
