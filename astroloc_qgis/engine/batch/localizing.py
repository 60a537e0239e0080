"""The work of a batch's units: photos are localized in a folder of their own, and what is asked for is kept of it."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.working import WORKING
from astroloc_qgis.engine.device import limit_threads, threads_wanted
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_failure
from astroloc_qgis.engine.exports.visible_region import find_visible_region
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.format import INFO
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.retrieval.nadir_proposal import nadir_from_elements
from astroloc_qgis.engine.retrieval.remote_index import is_address, open_index
from astroloc_qgis.engine.sequence.localization import Search, localize_neighbours
from astroloc_qgis.engine.units.units import DoUnit, Task, Work, defect

log = logging.getLogger(__name__)

OPENER = f"{__name__}:open_localizing"
THUMBNAIL_PX, THUMBNAIL_BYTES = 112, 6000
_EXIF_NADIR, _TLE = "exif_nadir", "tle"


def localizing(
    index: Path | str,
    out: Path,
    *,
    imagery: str | None,
    limits: Mapping[str, Any],
    options: Mapping[str, Any],
    kinds: tuple[str, ...],
) -> Work:
    """The work of localizing photos.

    Args:
        index: folder of the index, or the address of its service.
        out: folder of the batch.
        imagery: the reference; None for the index's own.
        limits: of ``pipeline.localize``: nadir, radius_km, centre, ... ; they hold for each photo of which nothing else
            is known.
        options: of ``pipeline.Options``.
        kinds: of ``KINDS``, the files that are kept.
    """
    plain = {name: _plain(value) for name, value in limits.items()}
    place = index if isinstance(index, str) else str(index.absolute())
    settings = {"index": place, "out": str(out.absolute()), "imagery": imagery, "limits": plain}
    return Work(OPENER, settings | {"options": dict(options), "kinds": sorted(kinds)})


def what_changes_results(work: Work) -> dict[str, Any]:
    """The settings of ``localizing`` that change what comes out, with marks of the files that they name."""
    settings = {name: value for name, value in work.settings.items() if name != "out"}
    settings["options"] = {name: value for name, value in settings["options"].items() if name != "device"}
    place = settings["index"]
    mark = _mark_of_service(place) if is_address(place) else _mark(Path(place) / INFO)
    marks: dict[str, Any] = {"index": mark}
    named = {
        "imagery": settings["imagery"],
        "finer": settings["options"].get("finer"),
        _TLE: settings["limits"].get(_TLE),
    }
    return settings | {"marks": marks | {name: _mark(Path(path)) for name, path in named.items() if path}}


def _mark_of_service(address: str) -> list[Any]:
    """What tells the index of a service from a later one.

    Raises:
        InputError: the service cannot be asked.
    """
    info = open_index(address).info
    return [info.model_sha256, info.created, info.count]


def _mark(path: Path) -> list[int] | str | None:
    """What tells a file from a later one of the same name; None for what is no file, such as a web service."""
    try:
        if path.name == INFO:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        found = path.stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]


def _plain(value: Any) -> Any:
    """A limit as JSON knows it."""
    if isinstance(value, Nadir):
        return list(value.numbers)
    if isinstance(value, Path):
        return str(value.absolute())
    return list(value) if isinstance(value, tuple) else value


def open_localizing(settings: Mapping[str, Any]) -> DoUnit:
    """Get ready to localize photos in this process.

    Raises:
        InputError: the index cannot be opened.
    """
    limit_threads(threads_wanted())
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    logging.captureWarnings(True)
    return Localizer(settings).do


class Localizer:
    """Localizes the photos of units.

    Args:
        settings: of ``localizing``.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        place, self._out = settings["index"], Path(settings["out"])
        self._index = place if is_address(place) else Path(place)
        self._imagery: str | None = settings["imagery"]
        self._options, self._kinds = dict(settings["options"]), frozenset(settings["kinds"])
        limits = dict(settings["limits"])
        self._tle = None if limits.get(_TLE) is None else Path(limits[_TLE])
        self._nadir = None if limits.get("nadir") is None else Nadir.of(limits["nadir"])
        self._limits = {name: value for name, value in limits.items() if name not in ("nadir", "centre", _TLE)}
        for name in ("extent", "centre"):
            if limits.get(name) is not None:
                self._limits[name] = tuple(limits[name])

    def do(self, task: Task) -> dict[str, Any]:
        """Localize the photos of a unit.

        Args:
            task: of ``photos.plan_units``.

        Returns:
            ``photos``: an entry of the report for each, with ``taken``, ``outline`` and ``thumbnail``, and, where so,
            ``high_oblique``, ``tilt``, ``focal_mm`` and ``horizon_in_view``; without the other candidates. The paths of
            its files are seen from the folder of the batch.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        photos = {Path(photo["path"]): photo for photo in task["photos"]}
        with TemporaryDirectory(prefix=WORKING, dir=self._out, ignore_cleanup_errors=True) as working:
            folders = {path: Path(working) / str(number) for number, path in enumerate(photos)}
            results: dict[Path, Localization] = {}
            entries: dict[Path, dict[str, Any]] = {}
            for path, photo in photos.items():
                found = self._localized(path, photo, folders[path])
                if isinstance(found, Localization):
                    results[path] = found
                else:
                    entries[path] = found
            note = self._together(results, photos, folders) if task["together"] and len(results) > 1 else ""
            for path, result in results.items():
                entries[path] = self._entry(path, photos[path], result) | ({"note": note} if note else {})
        return {"photos": [_known(photo) | entries[path] for path, photo in photos.items()]}

    def _localized(self, path: Path, photo: Mapping[str, Any], out: Path) -> Localization | dict[str, Any]:
        """The result of a photo, or the entry of one that cannot be read."""
        try:
            if photo["problem"]:
                raise InputError(photo["problem"])
            centre = {} if photo["centre"] is None else {"centre": tuple(photo["centre"])}
            if photo.get("radius_km"):
                centre["centre_km"] = photo["radius_km"]
            return pipeline.localize(
                path, self._index, out, imagery=self._imagery, nadir=self._nadir_of(photo), tle=self._tle,
                **{**self._limits, **centre}, **self._options,
            )  # fmt: skip
        except InputError as error:
            return unfinished_entry(path, str(error), "error")
        except Exception as error:
            log.exception("%s", path)
            return unfinished_entry(path, defect(error), "failed") | {"details": traceback.format_exc()}

    def _nadir_of(self, photo: Mapping[str, Any]) -> Nadir | None:
        """The nadir of the table, else that for all photos, else of the orbital elements at the time of the table."""
        if photo["nadir"] is not None:
            return Nadir.of(photo["nadir"])
        if self._nadir is None and self._tle is not None and photo["taken"] is not None:
            return nadir_from_elements(self._tle, datetime.fromisoformat(photo["taken"]))
        return self._nadir

    def _together(
        self, results: dict[Path, Localization], photos: Mapping[Path, Mapping[str, Any]], folders: Mapping[Path, Path]
    ) -> str:
        """Let photos that follow each other help each other; where that fails, what each found by itself stays."""
        nadirs = {path: Nadir.of(photos[path]["nadir"]) for path in results if photos[path]["nadir"] is not None}
        taken = {path: datetime.fromisoformat(photos[path]["taken"]) for path in results if photos[path]["taken"]}
        search = Search(self._index, self._out, self._imagery, nadirs, self._options, folders, taken)
        try:
            for result in localize_neighbours(results, search):
                results[result.photo] = result
        except Exception as error:
            log.exception("photos that follow each other")
            return f"its neighbours could not help: {error if isinstance(error, InputError) else defect(error)}"
        return ""

    def _entry(self, path: Path, photo: Mapping[str, Any], result: Localization) -> dict[str, Any]:
        entry = result.report()
        try:
            entry["outputs"] = self._keep(result.outputs, photo["out"])
        except InputError as error:
            return unfinished_entry(path, str(error), "failed")
        own = read_exif(path).taken
        taken = photo["taken"] or (None if own is None else own.isoformat())
        return entry | {
            "candidates": [],
            "taken": taken,
            **what_is_seen(result),
            "thumbnail": thumbnail(path),
        }

    def _keep(self, outputs: Mapping[str, Path], folder: str) -> dict[str, str]:
        """Move the files that are asked for to their folder; their paths, seen from the folder of the batch."""
        kept = {}
        for kind, path in outputs.items():
            if kind in self._kinds:
                target = self._out / folder / path.name
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(target)
                except OSError as error:
                    raise write_failure(error, target) from error
                kept[kind] = f"{folder}/{path.name}"
        return kept


def _known(photo: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says of a photo that the work on it does not tell."""
    known = {"number": photo["number"], "taken": photo["taken"]}
    return known | {name: photo[name] for name in ("tilt", "high_oblique", "focal_mm") if photo.get(name)}


def what_is_seen(result: Localization) -> dict[str, Any]:
    """Of a located photo the ``outline``: longitude, latitude of the part that sees ground, None of any other photo.

    Where that is not the whole photo, ``horizon_in_view`` is true.
    """
    homography, plane = result.registration.homography, result.registration.plane
    if homography is None or not result.located:
        return {"outline": None}
    visible = find_visible_region(homography, plane, *result.photo_size)
    outline = plane.to_lonlat(apply_homography(homography, np.asarray(visible.outline())))
    seen = {"outline": outline.round(7).tolist() if np.isfinite(outline).all() else None}
    return seen if visible.whole else seen | {"horizon_in_view": True}


def thumbnail(path: Path) -> str | None:
    """A small JPEG of a photo, base64; None where it cannot be read."""
    try:
        pixels = read_photo(path).rgb8()
    except InputError:
        return None
    height, width = pixels.shape[:2]
    scale = min(1.0, THUMBNAIL_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    for quality in (70, 45, 20):
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= THUMBNAIL_BYTES:
            return base64.b64encode(data).decode("ascii")
    return None
