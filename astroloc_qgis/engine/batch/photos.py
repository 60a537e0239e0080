"""The photos of a batch, what is known of each, and the units that they make."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.engine.photo.raster import open_raster
from astroloc_qgis.engine.sequence.order import Frame, frame_of, sequences
from astroloc_qgis.engine.units.units import Unit, key_of

MOST_OF_A_RUN = 60
"""Most photos of a unit: those of a longer run help each other within its parts, and a kill costs no more than one."""
_SELDOM = ("radius_km", "tilt", "high_oblique", "focal_mm")
_FORM = 1  # of keys: another number makes every unit another one


@dataclass(frozen=True)
class BatchPhoto:
    """A photo, and what is known of it before the work.

    Attributes:
        path: absolute.
        nadir: the sub-satellite point.
        centre: latitude, longitude of its middle, degrees.
        taken: when, UTC without a zone; None where only its EXIF may tell.
        number: NASA's.
        problem: what is wrong with what was said of it, in a sentence; it is then not localized.
        radius_km: how far from ``centre`` its middle may be, kilometres; None for that of all photos.
        tilt: degrees from straight down, or NASA's word (NV, LO, HO); "" where it is not known.
        high_oblique: whether it says that the horizon is probably in view.
        focal_mm: focal length of the lens.
    """

    path: Path
    nadir: Nadir | None = None
    centre: tuple[float, float] | None = None
    taken: datetime | None = None
    number: str | None = None
    problem: str = ""
    radius_km: float | None = None
    tilt: str = ""
    high_oblique: bool = False
    focal_mm: float | None = None

    def known(self) -> dict[str, Any]:
        """All but the path, as JSON knows it."""
        return {
            "nadir": None if self.nadir is None else list(self.nadir.numbers),
            "centre": None if self.centre is None else list(self.centre),
            "taken": None if self.taken is None else self.taken.isoformat(),
            "number": self.number,
            "problem": self.problem,
            **{name: value for name in _SELDOM if (value := getattr(self, name))},
        }


def plan_units(
    photos: Sequence[BatchPhoto], settings: Mapping[str, Any], *, source: Path, sequence: bool = False
) -> list[Unit]:
    """The units of a batch: a photo each, or with ``sequence`` each run of photos that follow each other.

    Args:
        photos: each path once.
        settings: all that changes a result, as JSON knows it.
        source: the folder, or the table, that the photos came from.
        sequence: whether photos that follow each other are a unit.

    Returns:
        Each with the task ``photos`` (path, out, and what is known of each) and ``together``.
    """
    outs = _out_folders(photos, source if source.is_dir() else source.parent)
    runs = _runs(photos) if sequence else [[photo] for photo in photos]
    return [_unit([(photo, outs[photo.path]) for photo in run], settings, len(run) > 1) for run in runs]


def alone(unit: Unit, settings: Mapping[str, Any]) -> list[Unit]:
    """The photos of a unit as units of their own."""
    return [_keyed([photo], settings, together=False) for photo in unit.task["photos"]]


def _unit(photos: Sequence[tuple[BatchPhoto, str]], settings: Mapping[str, Any], together: bool) -> Unit:
    entries = [{"path": str(photo.path), "out": out, **photo.known()} for photo, out in photos]
    return _keyed(entries, settings, together=together)


def _keyed(entries: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], *, together: bool) -> Unit:
    task = {"photos": list(entries), "together": together}
    files = [_file(Path(entry["path"])) for entry in entries]
    return Unit(key_of({"form": _FORM, "task": task, "files": files, "settings": settings}), task)


def _file(path: Path) -> list[int] | None:
    """Size and time of a file; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _runs(photos: Sequence[BatchPhoto]) -> Iterator[list[BatchPhoto]]:
    """Photos that follow each other, together; the others alone; in the order of each one's first photo."""
    by_path = {photo.path: photo for photo in photos}
    frames = [frame for photo in photos if (frame := _frame(photo)) is not None]
    run_of: dict[Path, list[BatchPhoto]] = {}
    for found in sequences(frames):
        for first in range(0, len(found.paths), MOST_OF_A_RUN):
            run = [by_path[path] for path in found.paths[first : first + MOST_OF_A_RUN]]
            run_of |= {photo.path: run for photo in run}
    begun: set[Path] = set()
    for photo in photos:
        run = run_of.get(photo.path, [photo])
        if photo.path not in begun:
            begun |= {each.path for each in run}
            yield run


def _frame(photo: BatchPhoto) -> Frame | None:
    """A photo's place in a sequence; None where its file cannot be read."""
    if photo.problem:
        return None
    try:
        dataset = open_raster(photo.path)
        frame = frame_of(photo.path, (dataset.RasterXSize, dataset.RasterYSize))
    except (RuntimeError, OSError, ValueError, InputError):  # the work on it says what is wrong
        return None
    return frame if photo.taken is None else replace(frame, taken=photo.taken)


def _out_folders(photos: Iterable[BatchPhoto], root: Path) -> dict[Path, str]:
    """The folder of each photo's files, as a path inside that of the batch, such that no two share a name.

    It follows the folders of the photos. Photos in one folder whose results would have the same names (a.jpg and a.tif)
    get a folder of their own.
    """
    photos, root = list(photos), root.resolve()
    folders = {photo.path: _inside(photo.path.parent.resolve(), root) for photo in photos}
    named = Counter((folders[photo.path], photo_name(photo.path).casefold()) for photo in photos)
    outs = {}
    for photo in photos:
        folder = folders[photo.path]
        alike = named[folder, photo_name(photo.path).casefold()] > 1
        outs[photo.path] = "/".join(["photos", *folder, *([photo.path.name] if alike else [])])
    return outs


def _inside(folder: Path, root: Path) -> tuple[str, ...]:
    """The parts of a folder's path below the root; of one elsewhere its name and a mark of its path."""
    try:
        return folder.relative_to(root).parts
    except ValueError:
        return (f"{folder.name or 'root'}-{key_of({'folder': json.dumps(str(folder))})[:8]}",)
