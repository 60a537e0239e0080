"""True and false pairs of photo and place, and their registration by a matcher.

Confidence is calibrated and measured on them: photos of known footprints with the block that shows them, and with
blocks that do not. False pairs are hard: neighbours with the same landscape, the same place far off scale, the right
place with the photo mirrored, or with most of it under clouds.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.retrieval import read_queries
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.confidence.evidence import evidence_of, evidence_row
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import CoregistrationSettings, area_about_block
from astroloc_qgis.engine.geometry.distances import great_circle_km, unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.simulation.clouds import fractal
from astroloc_qgis.engine.tiles import Block, block_around, overlaps

RIGHT_WITHIN = 0.05
"""A registration is right when its worst corner is off by less than this part of the footprint's diagonal."""

LENIENT = CoregistrationSettings(min_inliers=5)
"""Settings of calibration. They follow solutions that registration refuses at once, since the calibration needs wrong
solutions."""

ZOOMS = (9, 10, 11, 12)
KINDS = ("true", "elsewhere", "neighbour", "scale", "mirrored", "stranger", "veiled", "sparse")
"""Kinds of pairs: a block that shows the photo; one 300 to 2,000 km away; one next to the area searched; the right
place at a quarter or four times the scale; the photo mirrored; one of thousands of places anywhere; the right place,
with most of the photo under clouds, which gives wrong solutions that are nearly right; the same with few keypoints."""


@dataclass(frozen=True)
class SimulatedPhoto:
    """A photo with its true place.

    Attributes:
        path: image file.
        footprint: (4, 2) longitude, latitude in the photo's corner order.
        nadir: the sub-satellite point.
    """

    path: Path
    footprint: Array
    nadir: Nadir


@dataclass(frozen=True)
class Pair:
    """A photo, the block it is registered to, and the kind of the pair."""

    photo: SimulatedPhoto
    block: Block
    kind: str


class FewKeypoints(Matcher):
    """A matcher that keeps only a few of its keypoints, so that there is little evidence."""

    def __init__(self, matcher: Matcher, seed: int) -> None:
        """Draw the number of keypoints: 60 to 600."""
        self._matcher = matcher
        self._most = int(60 * 10 ** np.random.default_rng([seed, 0xFE3]).uniform(0, 1))
        self.name, self.licence = matcher.name, matcher.licence
        self.rotation_invariant, self.dense = matcher.rotation_invariant, matcher.dense

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        return self._matcher.extract(image, mask, self._most if most is None else min(most, self._most))

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        return self._matcher.match(a, b)


def read_photos(folder: Path) -> list[SimulatedPhoto]:
    """The photos of a folder with ``photos.csv`` (see ``retrieval.read_queries``).

    Raises:
        InputError: the folder has no such file, or the file lacks a field.
    """
    return [SimulatedPhoto(query.path, query.footprint, query.nadir) for query in read_queries(folder)]


def centre_of(footprint: Array) -> tuple[float, float]:
    """Longitude and latitude of the middle of a footprint."""
    return float(wrap_lon(unwrap_lons(footprint[:, 0]).mean())), float(footprint[:, 1].mean())


def diagonal_km(footprint: Array) -> float:
    """The longer diagonal of a footprint."""
    return float(great_circle_km(footprint[:2], footprint[2:]).max())


def make_pairs(photos: Sequence[SimulatedPhoto], kind: str, seed: int) -> Iterator[Pair]:
    """One pair of a kind for each photo; the same seed gives the same pairs.

    Args:
        photos: the photos.
        kind: one of ``KINDS``.
        seed: seed of the random places.
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


def shuffled(photos: Sequence[SimulatedPhoto]) -> list[SimulatedPhoto]:
    """The photos in a fixed order that mixes their regions."""
    return [photos[place] for place in np.random.default_rng(0).permutation(len(photos))]


def stranger_places(photos: Sequence[SimulatedPhoto], count: int) -> list[Block]:
    """Places 300 to 2,000 km from the photos, of like zooms, always the same ones."""
    places = [next(make_pairs([photo], "elsewhere", 99 + number)).block for number, photo in enumerate(photos)]
    return [places[place] for place in np.random.default_rng(5).permutation(len(places))[:count]]


def right_block(photo: SimulatedPhoto, random: np.random.Generator) -> Block:
    """A block that shows the photo: of the zoom nearest to its size, moved from its middle by up to a quarter."""
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
        reach: least and largest distance, in km, or in search windows where the largest is at most 10.
        random: generator.
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
    pairs: Sequence[Pair], reference: Reference, matcher_name: str, out: Path, *, device: str = "cpu",
    use_nadir: bool = True, progress: Progress = no_progress,
) -> None:  # fmt: skip
    """Register every pair and append the results to a file of JSON lines; pairs in the file are left out.

    Args:
        pairs: the pairs.
        reference: imagery.
        matcher_name: name of the registry.
        out: file, written or continued.
        device: torch device.
        use_nadir: whether registration knows the photo's nadir.
        progress: called with the stage "match".
    """
    done = {(row["photo"], row["kind"], row["block"]) for row in rows_so_far(out)}
    matcher = matchers.create(matcher_name, device)
    with out.open("a", encoding="utf-8") as stream:
        for number, pair in enumerate(pairs):
            progress("match", number / max(1, len(pairs)))
            if (str(pair.photo.path), pair.kind, str(pair.block)) in done or not worth_it(reference, pair.block):
                continue
            photo = read_photo(pair.photo.path)
            pixels = photo.rgb8()
            seed = zlib.crc32(f"{pair.photo.path.name} {pair.block}".encode())
            pyramid = PhotoPyramid(_changed(pixels, pair.kind, seed))
            started = time.perf_counter()
            area = area_about_block(pair.block, reference, nadir=pair.photo.nadir if use_nadir else None)
            used = FewKeypoints(matcher, seed) if pair.kind == "sparse" else matcher
            registration = coregister(pyramid, reference, area, used, settings=LENIENT)
            append_row(stream, row_of(pair, registration, pyramid.size, time.perf_counter() - started))


def run_strangers(
    photos: Sequence[SimulatedPhoto], blocks: Sequence[Block], reference: Reference, matcher_name: str, out: Path, *,
    device: str = "cpu", progress: Progress = no_progress,
) -> None:  # fmt: skip
    """Register photos to thousands of places that they do not show; each place is described once for all photos.

    Args:
        photos: the photos.
        blocks: the places; those within 300 km of a photo are left out for it.
        reference: imagery.
        matcher_name: name of the registry.
        out: file of JSON lines, written or continued; a place in it is left out.
        device: torch device.
        progress: called with the stage "match".
    """
    done = {row["block"] for row in rows_so_far(out) if row["kind"] == "stranger"}
    matcher = matchers.create(matcher_name, device)
    pyramids = [PhotoPyramid(read_photo(photo.path).rgb8()) for photo in photos]
    with out.open("a", encoding="utf-8") as stream:
        for number, block in enumerate(blocks):
            progress("match", number / max(1, len(blocks)))
            if str(block) in done or not worth_it(reference, block):
                continue
            area, described = area_about_block(block, reference), dict[int, Features | None]()
            for photo, pyramid in zip(photos, pyramids, strict=True):
                if great_circle_km(block.center_lonlat, np.array(centre_of(photo.footprint)))[0] < 300:
                    continue
                started = time.perf_counter()
                registration = coregister(pyramid, reference, area, matcher, settings=LENIENT, described=described)
                pair = Pair(photo, block, "stranger")
                append_row(stream, row_of(pair, registration, pyramid.size, time.perf_counter() - started))


def _changed(pixels: NDArray[np.uint8], kind: str, seed: int) -> NDArray[np.uint8]:
    """Change a photo for the kind of its pair: mirror it, or cover it with clouds."""
    if kind == "mirrored":
        return np.ascontiguousarray(pixels[:, ::-1])
    if kind not in ("veiled", "sparse"):
        return pixels
    random = np.random.default_rng([seed, 0x5E11])
    cover, edge = random.uniform(0.7 if kind == "veiled" else 0.3, 0.98), random.uniform(0.02, 0.2)
    shape = (pixels.shape[0], pixels.shape[1])
    field = fractal(shape, random, cells=random.uniform(1.0, 2.5), persistence=random.uniform(0.3, 0.6))
    opacity = np.clip((field - 1 + cover) / edge, 0, 1)[..., None]
    relief = 0.7 + 0.3 * fractal(shape, random, cells=12)
    texture = 255 * random.uniform(0.7, 0.95) * relief[..., None]
    noise = random.normal(0, random.uniform(0, 12), pixels.shape)
    return np.asarray(np.clip(pixels * (1 - opacity) + texture * opacity + noise, 0, 255), dtype=np.uint8)


def worth_it(reference: Reference, block: Block) -> bool:
    """Whether the reference shows more than sea or empty imagery there."""
    shown = reference.read(block_window(block, 64))
    return bool(shown.mask.mean() > 0.5 and shown.pixels[shown.mask].std() > 4)


def row_of(pair: Pair, registration: Registration, size: tuple[int, int], seconds: float) -> dict[str, Any]:
    """The result of a pair, as a row of the file."""
    error = None
    if registration.homography is not None:
        found = footprint_lonlat(registration.homography, registration.plane, *size)
        gap = great_circle_km(found, pair.photo.footprint).max() / diagonal_km(pair.photo.footprint)
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
