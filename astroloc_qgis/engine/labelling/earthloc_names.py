"""EarthLoc's file names, which hold all that is known of a photo between @ (Berton et al., CVPR 2024)."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_failure
from astroloc_qgis.engine.geometry.footprint import ground_area_km2
from astroloc_qgis.engine.geometry.projection import Array

FOLDER = Path("earthloc") / "queries"
"""Where the named photos lie, inside the folder of the results."""
LINK, COPY = "link", "copy"
WAYS = (LINK, COPY)
_ENDINGS = {".jpg": ".jpg", ".jpeg": ".jpg", ".png": ".png"}


def earthloc_name(entry: Mapping[str, Any], suffix: str = ".jpg") -> str:
    """The name of a photo that is a label.

    Corners are latitude, longitude from the top left one clockwise as the photo shows them; then photo id, date
    (yyyymmdd), latitude and longitude of the nadir, area in square kilometres, and the bearing of the photo's top,
    whole degrees clockwise from north. What is not known is empty.

    Args:
        entry: of the report, with ``footprint`` and ``label``.
        suffix: of the file.
    """
    corners = np.array(entry["footprint"], dtype=np.float64)
    nadir = entry["nadir"]
    fields = [f"{value:.5f}" for value in corners[:, ::-1].ravel()]
    fields += [_identifier(entry["label"]["photo_id"]), (entry.get("taken") or "")[:10].replace("-", "")]
    fields += ["" if nadir[axis] is None else f"{nadir[axis]:.5f}" for axis in ("latitude", "longitude")]
    fields += [f"{ground_area_km2(corners):.0f}", str(_bearing(corners))]
    return f"@{'@'.join(fields)}@{suffix}"


def name_photos(out: Path, entries: Iterable[Mapping[str, Any]], way: str) -> tuple[Path, int, int]:
    """Link or copy photos under EarthLoc's names; names that an earlier run gave and that hold no longer are removed.

    Args:
        out: folder of the results.
        entries: of labels.
        way: of ``WAYS``.

    Returns:
        The folder, the number of photos in it, and of those left out, since EarthLoc's dataset has JPEG and PNG alone.

    Raises:
        InputError: the folder cannot be written, or the system allows no links.
    """
    folder = out / FOLDER
    names: set[str] = set()
    left_out = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry in entries:
            photo = Path(entry["photo"])
            suffix = _ENDINGS.get(photo.suffix.lower())
            if suffix is None or not photo.is_file():
                left_out += 1
                continue
            names.add(name := earthloc_name(entry, suffix))
            _place(photo.absolute(), folder / name, way)
        for old in folder.glob("@*@*"):
            if old.name not in names:
                old.unlink()
    except OSError as error:
        raise write_failure(error, folder) from error
    return folder, len(names), left_out


def _place(photo: Path, target: Path, way: str) -> None:
    """Put a photo in its place, whole or not at all."""
    draft = target.with_name(f".{os.getpid()}{target.suffix}")
    with suppress(FileNotFoundError):
        draft.unlink()
    if way == COPY:
        if target.is_file() and not target.is_symlink() and target.stat().st_size == photo.stat().st_size:
            return
        shutil.copyfile(photo, draft)
    else:
        if target.is_symlink() and target.resolve() == photo.resolve():
            return
        try:
            draft.symlink_to(photo)
        except (OSError, NotImplementedError) as error:
            raise InputError(
                f"No links can be made in {target.parent}: choose copies (--earthloc {COPY}).", repr(error)
            ) from error
    draft.replace(target)


def _identifier(text: str) -> str:
    """A photo's name without the signs that have a meaning in file names or in EarthLoc's: two _ would name a tile."""
    return re.sub(r"[^\w.\-]|_", "-", text)


def _bearing(corners: Array) -> int:
    """The bearing from the middle of a footprint to the middle of its top, whole degrees from 0 to 359."""
    lon = np.unwrap(corners[:, 0], period=360.0)
    lat = corners[:, 1]
    east = (lon[:2].mean() - lon.mean()) * math.cos(math.radians(float(lat.mean())))
    north = lat[:2].mean() - lat.mean()
    return round(math.degrees(math.atan2(east, north))) % 360
