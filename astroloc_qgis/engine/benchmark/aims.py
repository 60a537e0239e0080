"""AIMS, EarthMatch's benchmark: real photos, each with its retrieved candidates, of which some show its place.

A folder a photo, as EarthMatch lays it out: the photo
``@lat@lon@nadir lat@nadir lon@tilt@focal length@cloud@number@.jpg`` and its candidates
``pred_N__big_img__rotR__@(four corners: lat, lon)@zoom_row_col@year@lat@lon@km2@0@.jpg``. A candidate's picture shows
three times the width and the height of the block that its name states.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.benchmark.trials import trials_of
from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Block, overlaps

PICTURE_BLOCKS = 3
"""Side of a candidate's picture, in blocks."""

CENTRE_WITHIN = 0.5
"""A footprint is right when its centre is this close to the outline's, as a part of the outline's diagonal: outlines
are good to a third of the diagonal."""


@dataclass(frozen=True)
class Candidate:
    """A retrieved candidate of a photo.

    Attributes:
        picture: file of the imagery about its block.
        rank: from 1.
        block: the block.
        right: whether the block shares ground with the photo's outline.
    """

    picture: Path
    rank: int
    block: Block
    right: bool


@dataclass(frozen=True)
class AimsPhoto:
    """A photo of AIMS.

    Attributes:
        number: NASA's number.
        file: the picture.
        nadir: the sub-satellite point; None where the name does not state it.
        tilt_deg: angle between the optical axis and the vertical, degrees; None where the name does not state it.
        focal_mm: focal length, millimetres; None where the name does not state it.
        cloud_percent: share under clouds, per cent; None where the name does not state it.
        outline: (4, 2) longitude, latitude, in no particular order.
        candidates: by rank.
    """

    number: str
    file: Path
    nadir: Nadir | None
    tilt_deg: float | None
    focal_mm: float | None
    cloud_percent: float | None
    outline: Array
    candidates: tuple[Candidate, ...]


def read_aims(folder: Path) -> list[AimsPhoto]:
    """Read the photos of a folder, with the outlines of its ``outlines.csv`` (id, lat1, lon1, ... lat4, lon4).

    Raises:
        InputError: the folder holds no photo, no outline of one, or a name that is not in EarthMatch's layout.
    """
    outlines = _read_outlines(folder / "outlines.csv")
    found = [_read_photo(path, outlines) for path in sorted(folder.iterdir()) if path.is_dir()]
    if not found:
        raise InputError(f"The folder {folder} holds no photos of AIMS: each has a folder of its own.")
    return found


def _read_outlines(path: Path) -> dict[str, Array]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {
                row["id"]: np.array([[float(row[f"lon{k}"]), float(row[f"lat{k}"])] for k in range(1, 5)])
                for row in csv.DictReader(stream)
            }
    except OSError as error:
        raise InputError(f"The outlines {path} cannot be read ({error.strerror}): name a folder of AIMS.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"The outlines {path} cannot be understood ({error}): it needs id and lat1 to lon4."
        ) from error


def _read_photo(folder: Path, outlines: dict[str, Array]) -> AimsPhoto:
    photos = sorted(folder.glob("@*.jpg"))
    if len(photos) != 1:
        raise InputError(f"The folder {folder} has {len(photos)} photos named @...@.jpg: it must have one.")
    parts = photos[0].name.split("@")
    if len(parts) < 10:
        raise InputError(f"The name {photos[0].name} is not in EarthMatch's layout: @lat@lon@...@number@.jpg.")
    latitude, longitude, tilt, focal, cloud = (_number(part) for part in parts[3:8])
    number = parts[8]
    if number not in outlines:
        raise InputError(f"outlines.csv has no outline of {number}: add it.")
    nadir = None if latitude is None or longitude is None else Nadir(latitude, longitude)
    pictures = sorted(folder.glob("pred_*__big_img__*.jpg"), key=lambda path: int(path.name.split("_")[1]))
    candidates = tuple(_read_candidate(path, rank, outlines[number]) for rank, path in enumerate(pictures, start=1))
    return AimsPhoto(number, photos[0], nadir, tilt, focal, cloud, outlines[number], candidates)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _read_candidate(path: Path, rank: int, outline: Array) -> Candidate:
    try:
        block = Block(*(int(part) for part in path.name.split("@")[9].split("_")))
    except (IndexError, TypeError, ValueError) as error:
        raise InputError(f"The name {path.name} states no zoom_row_column of a block: rename it.") from error
    from_centre = outline - outline.mean(axis=0)
    ring = outline[np.argsort(np.arctan2(from_centre[:, 1], from_centre[:, 0]))]  # the corners come in no order
    return Candidate(path, rank, block, overlaps(block, ring))


def place_candidate(candidate: Candidate) -> dict[str, Any]:
    """The options of GDAL's translation that place a candidate's picture in EPSG:3857."""
    west, south, east, north = candidate.block.bounds_3857
    margin = (east - west) * (PICTURE_BLOCKS - 1) / 2
    bounds = [west - margin, north + margin, east + margin, south - margin]
    return {"outputSRS": "EPSG:3857", "outputBounds": bounds}


@contextmanager
def reference_of(candidate: Candidate) -> Iterator[Reference]:
    """Open a candidate's picture as a reference in EPSG:3857."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candidate.vrt"
        gdal.Translate(str(path), str(candidate.picture), format="VRT", **place_candidate(candidate))
        reference = Reference.open(path)
        try:
            yield reference
        finally:
            reference.close()


def run(
    photos: Sequence[AimsPhoto],
    matcher_names: Sequence[str],
    work: Path,
    *,
    device: str = "auto",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Register every photo to each of its candidates with every matcher.

    Args:
        photos: of ``read_aims``.
        matcher_names: names of the registry, or "auto".
        work: file of JSON lines, one a pair and matcher; pairs in it are not registered again.
        device: torch device, or "auto".
        progress: called with the stage "match".

    Returns:
        One row a pair and matcher: ``photo``, ``rank``, ``block``, ``matcher``, ``won_by``, ``candidate_right``,
        ``localized``, ``right`` (of the footprint; None where not localized), ``inliers``, ``confidence``, ``seconds``,
        ``reason``, ``tilt_deg``, ``focal_mm``, ``cloud_percent``; and for the calibration ``set``, ``shows`` (as
        ``candidate_right``) and ``trials`` (see ``trials.trials_of``).

    Raises:
        InputError: an unknown matcher or device, or a picture that cannot be read.
    """
    device = resolve_device(device)
    stages = {name: stages_of(name) for name in dict.fromkeys(matcher_names)}
    for stage in (stage for several in stages.values() for stage in several):
        matchers.create(stage.matcher, device)
    rows = rows_so_far(work)
    done = {(row["photo"], row["matcher"], row["rank"]) for row in rows}
    work.parent.mkdir(parents=True, exist_ok=True)
    with work.open("a", encoding="utf-8") as stream:
        for count, photo in enumerate(photos):
            pixels = read_photo(photo.file)
            pyramid = PhotoPyramid(pixels.rgb8(), pixels.alpha)
            for name in stages:
                for candidate in distinct(photo.candidates):
                    if (photo.number, name, candidate.rank) in done:
                        continue
                    started = time.perf_counter()
                    with reference_of(candidate) as reference:
                        found = pipeline.register_block(
                            photo.file,
                            pyramid,
                            reference,
                            candidate.block,
                            nadir=photo.nadir,
                            stages=stages[name],
                            device=device,
                        )
                    seconds = time.perf_counter() - started
                    rows.append(_row(photo, candidate, name, found, seconds))
                    append_row(stream, rows[-1])
            progress("match", (count + 1) / len(photos))
    return rows


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates of different blocks, the first of each: retrieval lists a block once for each rotation."""
    return list({candidate.block: candidate for candidate in reversed(list(candidates))}.values())[::-1]


def _row(
    photo: AimsPhoto, candidate: Candidate, matcher: str, found: pipeline.Localization, seconds: float
) -> dict[str, Any]:
    footprint = found.footprint
    return {
        "photo": photo.number,
        "rank": candidate.rank,
        "block": str(candidate.block),
        "matcher": matcher,
        "won_by": found.registration.matcher,
        "candidate_right": candidate.right,
        "localized": found.located,
        "right": None if footprint is None else is_right(footprint, photo.outline),
        "inliers": found.registration.inliers,
        "confidence": round(found.verdict.confidence, 4),
        "seconds": round(seconds, 2),
        "reason": found.verdict.reason,
        "tilt_deg": photo.tilt_deg,
        "focal_mm": photo.focal_mm,
        "cloud_percent": photo.cloud_percent,
        "set": "aims",
        "shows": candidate.right,
        "trials": trials_of(found, partial(_judged, photo.outline)),
    }


def _judged(outline: Array, footprint: Array, located: bool) -> bool | None:
    """Whether a solution is right, as far as a rough outline tells: a rejected one near it may be right or not."""
    near = is_right(footprint, outline)
    return near if located or not near else None


def is_right(footprint: Array, outline: Array) -> bool:
    """Whether a footprint lies where a rough outline does.

    Args:
        footprint: (N, 2) longitude, latitude.
        outline: (4, 2) longitude, latitude, in any order.
    """
    diagonal = max(great_circle_km(outline, np.roll(outline, shift, axis=0)).max() for shift in (1, 2))
    apart = great_circle_km(footprint.mean(axis=0)[None], outline.mean(axis=0)[None])[0]
    return bool(apart <= CENTRE_WITHIN * diagonal)
