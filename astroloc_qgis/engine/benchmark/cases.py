"""Cases: photos of known footprints, each with the reference around it, in a folder with ``cases.json``."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.tiles import Block

KINDS = ("positive", "negative", "hard")


@dataclass(frozen=True)
class Case:
    """One photo and the truth about its place.

    Attributes:
        name: number of the photo.
        kind: "positive" (the reference shows the place), "negative" (it does not) or "hard" (it does, and only a rough
            outline is known).
        photo: file of the photo.
        reference: file of the reference.
        block: block in the middle of the reference.
        nadir: the sub-satellite point; None where it is not known.
        footprint: (4, 2) longitude, latitude in the photo's corner order; None where it is not known exactly.
        outline: (4, 2) longitude, latitude in no order, where the footprint is known only roughly.
        spread_px: how far those who found the footprint disagree at its worst corner, pixels of the reference.
        centre: (2,) longitude, latitude that the catalogue states for the photo's middle; None where it states none.
    """

    name: str
    kind: str
    photo: Path
    reference: Path
    block: Block
    nadir: Nadir | None
    footprint: Array | None
    outline: Array | None
    spread_px: float
    centre: tuple[float, float] | None = None


def read_cases(folder: Path) -> list[Case]:
    """Read the cases of a folder.

    Raises:
        InputError: the folder has no ``cases.json``, the file is no list of cases, or a case lacks a field.
    """
    path = folder / "cases.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"The folder {folder} has no cases.json that can be read ({error.strerror}): name a folder of cases."
        ) from error
    except ValueError as error:
        raise InputError(f"The file {path} is not JSON ({error}): correct it.") from error
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"The file {path} is no list of cases: it must be a JSON list with an object for each photo.")
    return [_read_case(folder, path, number, entry) for number, entry in enumerate(entries, start=1)]


def _read_case(folder: Path, path: Path, number: int, entry: dict[str, Any]) -> Case:
    where = f"Case {number} ({entry.get('id', 'without id')}) of {path}"
    needed = ("id", "kind", "photo", "reference", "tile_block")
    if missing := [name for name in needed if name not in entry]:
        raise InputError(f"{where} lacks {', '.join(missing)}: each case needs {', '.join(needed)}.")
    if entry["kind"] not in KINDS:
        raise InputError(f"{where} is of kind '{entry['kind']}': it must be one of {', '.join(KINDS)}.")
    footprint, outline = (_corners(where, entry, name) for name in ("footprint_lonlat", "published_outline_lonlat"))
    if entry["kind"] != "negative" and footprint is None and outline is None:
        raise InputError(f"{where} lacks footprint_lonlat or published_outline_lonlat: only a negative has neither.")
    try:
        photo, reference = folder / entry["photo"], folder / entry["reference"]
        block = Block(**{key: int(value) for key, value in entry["tile_block"].items()})
        nadir = None
        if entry.get("nadir_lat") is not None and entry.get("nadir_lon") is not None:
            nadir = Nadir(float(entry["nadir_lat"]), float(entry["nadir_lon"]))
        centre = None
        if entry.get("center_lat") is not None and entry.get("center_lon") is not None:
            centre = float(entry["center_lon"]), float(entry["center_lat"])
        spread = float(entry.get("corner_spread_px", 0.0))
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where} cannot be understood ({error}): correct it.") from error
    for file in (photo, reference):
        if not file.is_file():
            raise InputError(f"{where} names the file {file}, which does not exist.")
    return Case(str(entry["id"]), entry["kind"], photo, reference, block, nadir, footprint, outline, spread, centre)


def _corners(where: str, entry: dict[str, Any], name: str) -> Array | None:
    """(4, 2) longitude, latitude of a field, or None where the case lacks the field."""
    if entry.get(name) is None:
        return None
    try:
        corners = np.array(entry[name], dtype=np.float64)
    except (TypeError, ValueError):
        corners = np.full((1, 1), math.nan)
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        raise InputError(f"{where} has a {name} that is not four corners of longitude and latitude.")
    return corners
