"""True and false pairs of photo and place, and what the matchers make of them.

Verification is calibrated and measured on these: photos of known footprints against the block that shows them, and
against blocks that do not. The false ones are made hard: neighbours with the same landscape, the same place far off
scale, the right place with the photo mirrored.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import matchers
from astroloc_qgis.engine.confidence import evidence_row
from astroloc_qgis.engine.coregistration import coregister
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry import Array, WorkingPlane, footprint_lonlat, geodesic_km, unwrap_lons, wrap_lon
from astroloc_qgis.engine.imagery import Reference, block_window
from astroloc_qgis.engine.matchers.base import Features
from astroloc_qgis.engine.photo import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.search_area import CoregistrationSettings, area_about_block
from astroloc_qgis.engine.tiles import Block, block_around, overlaps
from astroloc_qgis.engine.verification import evidence_of
from astroloc_qgis.engine.views import PhotoViews

RIGHT_WITHIN = 0.05
"""A registration is right when its worst corner is off by less than this part of the footprint's diagonal."""

LENIENT = CoregistrationSettings(min_inliers=5)
"""While calibrating, even solutions are followed that registration refuses out of hand: else there would be hardly any
wrong ones to learn from."""

ZOOMS = (9, 10, 11, 12)
KINDS = ("true", "elsewhere", "neighbour", "scale", "mirrored", "stranger")


@dataclass(frozen=True)
class SimulatedPhoto:
    """A photo with its truth.

    Attributes:
        path: image file.
        footprint: (4, 2) longitude, latitude in the photo's corner order.
        nadir: latitude, longitude.
    """

    path: Path
    footprint: Array
    nadir: tuple[float, float]


@dataclass(frozen=True)
class Pair:
    """A photo, a place to look for it, and which kind of pair that is."""

    photo: SimulatedPhoto
    block: Block
    kind: str


def read_photos(folder: Path) -> list[SimulatedPhoto]:
    """The photos of a folder with ``photos.csv``.

    Raises:
        InputError: there is none, or it lacks a column.
    """
    table = folder / "photos.csv"
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [
            SimulatedPhoto(
                folder / row["file"],
                np.array([float(row[name]) for name in names]).reshape(4, 2),
                (float(row["nadir_lat"]), float(row["nadir_lon"])),
            )
            for row in rows
        ]
    except OSError as error:
        raise InputError(f"The folder {folder} has no readable photos.csv: {error.strerror}.") from error
    except (KeyError, ValueError) as error:
        raise InputError(f"The table {table} is not as expected: {error}.") from error


def centre_of(footprint: Array) -> tuple[float, float]:
    """Longitude and latitude of the middle of a footprint."""
    return float(wrap_lon(unwrap_lons(footprint[:, 0]).mean())), float(footprint[:, 1].mean())


def diagonal_km(footprint: Array) -> float:
    """The longer diagonal of a footprint."""
    return float(geodesic_km(footprint[:2], footprint[2:]).max())


def make_pairs(photos: Sequence[SimulatedPhoto], kind: str, seed: int) -> Iterator[Pair]:
    """One pair of a kind for each photo, always the same for a seed.

    Args:
        photos: the photos.
        kind: one of ``KINDS``.
        seed: of the random places.
    """
    for number, photo in enumerate(photos):
        random = np.random.default_rng([seed, KINDS.index(kind), number])
        block = right_block(photo, random)
        if kind in ("elsewhere", "neighbour"):
            reach = (300.0, 2000.0) if kind == "elsewhere" else (1.2, 2.5)
            block = _another_block(photo, block, reach, random)
        elif kind == "scale":
            lon, lat = centre_of(photo.footprint)
            block = block_around(lon, lat, block.zoom + (2 if block.zoom <= 10 else -2))
        yield Pair(photo, block, kind)


def right_block(photo: SimulatedPhoto, random: np.random.Generator) -> Block:
    """A block that shows the photo: of the zoom nearest to its size, off its middle by up to a quarter."""
    lon, lat = centre_of(photo.footprint)
    wanted = diagonal_km(photo.footprint) * 1000 / 1.6
    zoom = min(ZOOMS, key=lambda zoom: abs(math.log(block_around(lon, lat, zoom).side_m / wanted)))
    side = block_around(lon, lat, zoom).side_m
    east, north = random.uniform(-0.25, 0.25, 2) * side
    moved = WorkingPlane.local(lon, lat).to_lonlat(np.array([[east, north]]))[0]
    return block_around(float(moved[0]), float(moved[1]), zoom)


def _another_block(
    photo: SimulatedPhoto, right: Block, reach: tuple[float, float], random: np.random.Generator
) -> Block:
    """A block of the same zoom that does not show the photo.

    Args:
        photo: the photo.
        right: a block that shows it.
        reach: how far away, in km, or in search windows where that is below 10.
        random: where from.
    """
    lon, lat = centre_of(photo.footprint)
    unit = 1000.0 if reach[1] > 10 else right.side_m * 3
    for _ in range(100):
        angle, distance = random.uniform(0, 2 * math.pi), random.uniform(*reach) * unit
        offset = np.array([[distance * math.cos(angle), distance * math.sin(angle)]])
        place = WorkingPlane.local(lon, lat).to_lonlat(offset)[0]
        if abs(place[1]) > 58:
            continue
        block = block_around(float(place[0]), float(place[1]), right.zoom)
        if not overlaps(block, photo.footprint):
            return block
    return block_around(lon + 20, min(lat, 50.0), right.zoom)


def run_pairs(
    pairs: Sequence[Pair],
    reference: Reference,
    matcher_name: str,
    out: Path,
    *,
    device: str = "cpu",
    use_nadir: bool = True,
    progress: Progress = no_progress,
) -> None:
    """Register every pair and append what came of it to a file of JSON lines; pairs that are there are left out.

    Args:
        pairs: what to do.
        reference: imagery.
        matcher_name: of the registry.
        out: file, made or continued.
        device: torch device.
        use_nadir: whether registration is told the photo's nadir.
        progress: told the stage "match".
    """
    done = {(row["photo"], row["kind"], row["block"]) for row in read_rows(out)} if out.exists() else set()
    matcher = matchers.create(matcher_name, device)
    with out.open("a", encoding="utf-8") as stream:
        for number, pair in enumerate(pairs):
            progress("match", number / max(1, len(pairs)))
            if (str(pair.photo.path), pair.kind, str(pair.block)) in done or not _worth_it(reference, pair.block):
                continue
            photo = read_photo(pair.photo.path)
            pixels = photo.rgb8()
            if pair.kind == "mirrored":
                pixels = np.ascontiguousarray(pixels[:, ::-1])
            views = PhotoViews(pixels)
            started = time.perf_counter()
            area = area_about_block(pair.block, reference, nadir=pair.photo.nadir if use_nadir else None)
            registration = coregister(views, reference, area, matcher, settings=LENIENT)
            row = row_of(pair, registration, views.size, time.perf_counter() - started)
            stream.write(json.dumps(row) + "\n")
            stream.flush()


def run_strangers(
    photos: Sequence[SimulatedPhoto],
    blocks: Sequence[Block],
    reference: Reference,
    matcher_name: str,
    out: Path,
    *,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> None:
    """Put photos to places that they do not show, by the thousand: each place is described once for all photos.

    Args:
        photos: the photos.
        blocks: the places; those within 300 km of a photo are passed over for it.
        reference: imagery.
        matcher_name: of the registry.
        out: file of JSON lines, made or continued; a place that is in it is done.
        device: torch device.
        progress: told the stage "match".
    """
    done = {row["block"] for row in read_rows(out) if row["kind"] == "stranger"} if out.exists() else set()
    matcher = matchers.create(matcher_name, device)
    views = [PhotoViews(read_photo(photo.path).rgb8()) for photo in photos]
    with out.open("a", encoding="utf-8") as stream:
        for number, block in enumerate(blocks):
            progress("match", number / max(1, len(blocks)))
            if str(block) in done or not _worth_it(reference, block):
                continue
            area, described = area_about_block(block, reference), dict[int, Features | None]()
            for photo, view in zip(photos, views, strict=True):
                if geodesic_km(block.center_lonlat, np.array(centre_of(photo.footprint)))[0] < 300:
                    continue
                started = time.perf_counter()
                registration = coregister(view, reference, area, matcher, settings=LENIENT, described=described)
                pair = Pair(photo, block, "stranger")
                stream.write(json.dumps(row_of(pair, registration, view.size, time.perf_counter() - started)) + "\n")
                stream.flush()


def _worth_it(reference: Reference, block: Block) -> bool:
    """Whether the reference shows anything but sea and nothing there."""
    shown = reference.read(block_window(block, 64))
    return bool(shown.mask.mean() > 0.5 and shown.pixels[shown.mask].std() > 4)


def row_of(pair: Pair, registration: Registration, size: tuple[int, int], seconds: float) -> dict[str, Any]:
    """What came of a pair, for the file."""
    error = None
    if registration.homography is not None:
        found = footprint_lonlat(registration.homography, registration.plane, *size)
        gap = geodesic_km(found, pair.photo.footprint).max() / diagonal_km(pair.photo.footprint)
        error = float(gap) if np.isfinite(gap) else 99.0
    return {
        "photo": str(pair.photo.path),
        "kind": pair.kind,
        "block": str(pair.block),
        "matcher": registration.matcher,
        "found": registration.homography is not None,
        "right": error is not None and error < RIGHT_WITHIN and pair.kind != "mirrored",
        "error": None if error is None else round(error, 5),
        "evidence": evidence_row(evidence_of(registration, size)),
        "converged": registration.converged,
        "search_inliers": registration.history[0].inliers if registration.history else 0,
        "seconds": round(seconds, 3),
    }


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of ``run_pairs``."""
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]
