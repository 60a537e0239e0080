"""The benchmark of real photos, from photo to footprint: places known roughly, and photos that show no ground at all.

``photos.csv`` has a row a photo: ``file``; ``expect`` ("land": some ground can be recognised; "negative": cloud, sea,
night, limb: to be refused, or right all the same); ``tolerance_km``; ``diagonal_km`` (of the footprint, where it is
known); ``kind``; ``nadir_lat``, ``nadir_lon`` (where they are known); ``place`` (may state "centre LAT,LON", for a lens
that does not look down); ``licence``.
"""

from __future__ import annotations

import csv
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.benchmark.trials import trials_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km, unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.sequence.localization import Search, localize_neighbours

LAND, NEGATIVE = "land", "negative"

SIZE_WITHIN = 1.25
"""A footprint is right only when its diagonal is within this factor of the known one."""


@dataclass(frozen=True)
class RealPhoto:
    """A photo of the table.

    Attributes:
        name: its file, as the table states it.
        path: the file.
        expect: "land" or "negative".
        kind: such as "day-coast", "night".
        tolerance_km: how far the middle of a right footprint is from ``place_lonlat``, at most.
        diagonal_km: of the footprint; None where it is not known.
        nadir: the sub-satellite point; None where it is not known.
        place_lonlat: (2,) longitude, latitude of the middle, or else of the nadir; None where neither is known.
        licence: as the table states it.
    """

    name: str
    path: Path
    expect: str
    kind: str
    tolerance_km: float
    diagonal_km: float | None = None
    nadir: Nadir | None = None
    place_lonlat: tuple[float, float] | None = None
    licence: str = ""

    @property
    def group(self) -> str:
        """What photos of one series have in common: the name without the number at its end."""
        return re.sub(r"\d+$", "", Path(self.name).stem)


Result = tuple[RealPhoto, Localization | InputError, float]
"""A photo, its result (or what is wrong with it), seconds."""

Localizer = Callable[[Sequence[RealPhoto], Progress], Iterator[Result]]
"""Localizes photos of one group, all at once where neighbours help each other."""


def read_photos_real(folder: Path, only: str = "") -> list[RealPhoto]:
    """Read the table of a folder.

    Args:
        folder: with ``photos.csv``.
        only: text that the file's name has to contain.

    Raises:
        InputError: there is no such table, a value in it cannot be understood, or no photo is left.
    """
    table = folder / "photos.csv"
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            photos = [_read_row(folder, row) for row in csv.DictReader(stream)]
    except OSError as error:
        raise InputError(f"The table {table} cannot be read ({error.strerror}): name a folder that has it.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The table {table} cannot be understood ({error}).") from error
    photos = [photo for photo in photos if only in photo.name]
    if not photos:
        raise InputError(f"The table {table} has no photos{f' whose names contain {only}' if only else ''}.")
    return photos


def _read_row(folder: Path, row: dict[str, str]) -> RealPhoto:
    if row["expect"] not in (LAND, NEGATIVE):
        raise ValueError(f"{row['file']} is expected to be '{row['expect']}', neither {LAND} nor {NEGATIVE}")
    nadir = Nadir(float(row["nadir_lat"]), float(row["nadir_lon"])) if row["nadir_lat"] else None
    stated = re.search(r"\bcentre\s+(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)", row.get("place") or "")
    place = (float(stated[2]), float(stated[1])) if stated else (nadir.longitude, nadir.latitude) if nadir else None
    return RealPhoto(
        name=row["file"],
        path=folder / row["file"],
        expect=row["expect"],
        kind=row["kind"],
        tolerance_km=float(row["tolerance_km"]),
        diagonal_km=float(row["diagonal_km"]) if row.get("diagonal_km") else None,
        nadir=nadir,
        place_lonlat=place,
        licence=row.get("licence") or "",
    )


def off_km(photo: RealPhoto, footprint: Array) -> float | None:
    """How far the middle of a footprint is from where the photo is; None where that is not known.

    Args:
        photo: the photo.
        footprint: (4, 2) longitude, latitude.
    """
    if photo.place_lonlat is None:
        return None
    middle = np.array([wrap_lon(unwrap_lons(footprint[:, 0]).mean()), footprint[:, 1].mean()])
    return float(great_circle_km(middle[None], np.array([photo.place_lonlat]))[0])


def diagonal_of_km(footprint: Array) -> float:
    """The greatest distance between two corners of a (4, 2) longitude, latitude footprint."""
    return max(float(great_circle_km(footprint, np.roll(footprint, shift, axis=0)).max()) for shift in (1, 2))


def is_right(photo: RealPhoto, footprint: Array) -> bool | None:
    """Whether a footprint lies where the photo is, and has its size; None where the place is not known.

    Args:
        photo: the photo.
        footprint: (4, 2) longitude, latitude.
    """
    off = off_km(photo, footprint)
    if off is None:
        return None
    of_size = True
    if photo.diagonal_km is not None:
        of_size = 1 / SIZE_WITHIN < diagonal_of_km(footprint) / photo.diagonal_km < SIZE_WITHIN
    return off <= photo.tolerance_km and of_size


def verdict(photo: RealPhoto, row: dict[str, Any]) -> str:
    """Judge the answer in a row.

    Returns:
        "right", "wrong", "missed" (land, not localized), "refused" (a negative, not localized), "unknown" (localized,
        and the true place is not known) or "error" (the photo cannot be read).
    """
    if row["status"] == "error":
        return "error"
    if row["status"] != "localized":
        return "missed" if photo.expect == LAND else "refused"
    right = is_right(photo, np.array(row["footprint"], dtype=np.float64))
    return "unknown" if right is None else "right" if right else "wrong"


@dataclass(frozen=True)
class Setting:
    """How real photos are localized.

    Attributes:
        index: folder of the index to search.
        imagery: imagery to register to; None for the index's own.
        use_nadir: whether the nadir of the table is given where there is one.
        options: see ``pipeline.Options``.
    """

    index: Path
    imagery: str | None = None
    use_nadir: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def nadir_of(self, photo: RealPhoto) -> Nadir | None:
        """The nadir that is given for a photo."""
        return photo.nadir if self.use_nadir else None

    def localize(self, photo: RealPhoto, out: Path, progress: Progress) -> tuple[Localization | InputError, float]:
        """Localize a photo as the command line does, with all outputs: what was found, and the seconds that took."""
        started = time.perf_counter()
        found: Localization | InputError
        try:
            found = pipeline.localize(
                photo.path, self.index, out, imagery=self.imagery, nadir=self.nadir_of(photo), progress=progress,
                **self.options,
            )  # fmt: skip
        except InputError as error:
            found = error
        return found, time.perf_counter() - started


def one_by_one(photos: Sequence[RealPhoto], progress: Progress, *, setting: Setting) -> Iterator[Result]:
    """Localize photos, each by itself; a ``Localizer``.

    Args:
        photos: the photos.
        progress: called with the stages.
        setting: how they are localized; the outputs go into a temporary folder.
    """
    for number, photo in enumerate(photos):
        with tempfile.TemporaryDirectory() as out:
            step = part_of(progress, number / len(photos), (number + 1) / len(photos))
            yield photo, *setting.localize(photo, Path(out), step)


def in_sequence(photos: Sequence[RealPhoto], progress: Progress, *, setting: Setting) -> Iterator[Result]:
    """Localize the photos of a group, which then help each other as with ``localize --sequence``; a ``Localizer``.

    The time of a photo is its own and its share of the time that the photos take together.

    Args:
        photos: of one group.
        progress: called with the stages.
        setting: how they are localized; the outputs go into a temporary folder.
    """
    of, results, spent = {photo.path: photo for photo in photos}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for number, photo in enumerate(photos):
            step = part_of(progress, number / (len(photos) + 1), (number + 1) / (len(photos) + 1))
            result, spent[photo.path] = setting.localize(photo, out, step)
            if isinstance(result, InputError):
                yield photo, result, spent[photo.path]
            else:
                results[photo.path] = result
        started = time.perf_counter()
        last = part_of(progress, len(photos) / (len(photos) + 1), 1.0)
        nadirs = {photo.path: nadir for photo in photos if (nadir := setting.nadir_of(photo)) is not None}
        search = Search(setting.index, out, setting.imagery, nadirs, setting.options)
        found = list(localize_neighbours(results, search, progress=last))
        together = (time.perf_counter() - started) / max(1, len(found))
        yield from ((of[each.photo], each, spent[each.photo] + together) for each in found)


def run(
    photos: Sequence[RealPhoto],
    work: Path,
    localizer: Localizer,
    *,
    mode: str = "nadir",
    grouped: bool = False,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Localize every photo of the table.

    Args:
        photos: of ``read_photos_real``.
        work: file of JSON lines, one a photo and mode; photos in it are not localized again.
        localizer: localizes the photos.
        mode: name of the way in which it does, "nadir" or "no nadir" for example; rows of other modes stay apart.
        grouped: whether the localizer gets all photos of a group at once, else one after the other.
        progress: called with the stages.

    Returns:
        One row a photo, in their order: ``photo``, ``mode``, ``expect``, ``kind``, ``status`` ("localized",
        "not_localized" or "error"), ``reason``, ``confidence``, ``inliers``, ``matcher``, ``rank`` (of the candidate),
        ``footprint``, ``seconds``, ``stages`` (seconds by stage); and for the calibration ``set``, ``shows`` and
        ``trials`` (see ``trials.trials_of``).

    Raises:
        Cancelled: by ``progress``.
    """
    rows = {row["photo"]: row for row in rows_so_far(work) if row["mode"] == mode}
    work.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with work.open("a", encoding="utf-8") as stream:
        for group in _groups(photos, grouped):
            if any(photo.name not in rows for photo in group):
                step = part_of(progress, done / len(photos), (done + len(group)) / len(photos))
                for photo, found, seconds in localizer(group, step):
                    rows[photo.name] = {"photo": photo.name, "mode": mode, **_row(photo, found, seconds)}
                    append_row(stream, rows[photo.name])
            done += len(group)
    return [rows[photo.name] for photo in photos]


def _groups(photos: Iterable[RealPhoto], grouped: bool) -> list[list[RealPhoto]]:
    if not grouped:
        return [[photo] for photo in photos]
    in_order = sorted(photos, key=lambda photo: (photo.group, photo.name))
    return [list(group) for _, group in groupby(in_order, key=lambda photo: photo.group)]


def _row(photo: RealPhoto, found: Localization | InputError, seconds: float) -> dict[str, Any]:
    row = {"set": "photos-real", "expect": photo.expect, "kind": photo.kind, "shows": photo.expect == LAND}
    if isinstance(found, InputError):
        return {**row, "status": "error", "reason": str(found), "seconds": round(seconds, 2), "trials": []}
    footprint = found.footprint
    return {
        **row,
        "status": "localized" if found.located else "not_localized",
        "reason": found.verdict.reason,
        "confidence": round(found.verdict.confidence, 4),
        "inliers": found.registration.inliers,
        "matcher": found.registration.matcher,
        "rank": None if found.candidate is None else found.candidate.rank,
        "footprint": None if footprint is None else footprint.round(5).tolist(),
        "seconds": round(seconds, 2),
        "stages": {stage: round(value, 2) for stage, value in found.seconds.items()},
        "trials": trials_of(found, partial(_judged, photo)),
    }


def _judged(photo: RealPhoto, footprint: Array, located: bool) -> bool | None:
    """Whether a solution is right, as far as a rough place tells: a rejected one near it may be right or not."""
    right = is_right(photo, footprint)
    if right is None:
        return None if photo.expect == LAND else False
    return right if located or not right else None
