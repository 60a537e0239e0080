"""The whole cascade on simulated photos of known camera and weather, and on false pairs made hard.

A pinhole camera at a real footprint's nadir looks at that footprint; the rays are cast exactly over the ellipsoid that
is wallpapered with the reference, and the view is given the looks of a photo. Unlike photos of unknown history, these
say how tilted, turned, clouded and large they are. Photo and reference share one mosaic: rates are optimistic.
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
from numpy.typing import NDArray

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.pairs import RIGHT_WITHIN, Pair, SimulatedPhoto, make_pairs, read_rows, worth_it
from astroloc_qgis.engine.confidence.evidence import evidence_from, evidence_row
from astroloc_qgis.engine.confidence.model import confidence_of
from astroloc_qgis.engine.confidence.per_matcher_threshold import ACCEPTED
from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.simulation.appearance import STEPS, jpeg
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera, render_photo

SIZE = (900, 600)
LEAST_KM2, MOST_KM2 = 4_000.0, 300_000.0
"""Footprints that the Blue Marble, at 611 m, shows with more than a hundred pixels along a side."""

FALSE_KINDS = ("elsewhere", "neighbour", "scale", "mirrored")
EARTH_KM = 6371.0
CLOUDED = 0.12
"""A pixel counts as clouded where the clouds made it so much brighter, of 1."""


@dataclass(frozen=True)
class Listed:
    """A footprint of the table.

    Attributes:
        name: of the photo that has it.
        centre: (2,) longitude, latitude.
        nadir: latitude, longitude.
        area_km2: its area.
    """

    name: str
    centre: Array
    nadir: Nadir
    area_km2: float


def read_footprints(path: Path, split: str) -> list[Listed]:
    """The footprints of one split of a table with ``id,lat1,lon1..lat4,lon4,nadir_lat,nadir_lon,area_km2,split``.

    Raises:
        InputError: it cannot be read, or is no such table.
    """
    found = []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["split"] != split:
                    continue
                corners = np.array([(float(row[f"lon{at}"]), float(row[f"lat{at}"])) for at in range(1, 5)])
                corners[:, 0] = np.unwrap(corners[:, 0], period=360)
                nadir = Nadir(float(row["nadir_lat"]), float(row["nadir_lon"]))
                found.append(Listed(row["id"], corners.mean(axis=0), nadir, float(row["area_km2"])))
    except OSError as error:
        raise InputError(f"The table of footprints {path} cannot be read: {error.strerror}.") from error
    except (KeyError, ValueError) as error:
        raise InputError(f"The table of footprints {path} is not as expected: {error}.") from error
    if not found:
        raise InputError(f"The table of footprints {path} has none of the split '{split}'.")
    return found


def camera_at(listed: Listed, random: np.random.Generator) -> PinholeCamera | None:
    """A camera above the nadir that looks at the footprint with a lens that makes it as large; None if none can."""
    lat, lon = (float(value + random.uniform(-0.05, 0.05)) for value in (listed.nadir.latitude, listed.nadir.longitude))
    altitude = ISS_ALTITUDE_M + random.uniform(-15e3, 15e3)
    reach = float(great_circle_km(np.array([lon, lat]), listed.centre)[0]) / EARTH_KM
    tilt = math.degrees(math.atan2(math.sin(reach), 1 + altitude / 1000 / EARTH_KM - math.cos(reach)))
    camera = PinholeCamera(
        lon, lat, altitude, 50.0, tilt, _azimuth(lon, lat, listed.centre), random.uniform(0, 360), SIZE
    )
    for _ in range(4):
        corners = camera.corners_lonlat
        if not np.isfinite(corners).all() or camera.elevation_deg(corners).min() < 10:
            # The horizon: a longer lens first, so that its size can be told at all.
            camera = _with_lens(camera, camera.focal_mm * 2.5)
            continue
        sides = great_circle_km(corners, np.roll(corners, -1, axis=0))
        area = (sides[0] + sides[2]) * (sides[1] + sides[3]) / 4
        camera = _with_lens(camera, camera.focal_mm * math.sqrt(area / listed.area_km2))
    corners = camera.corners_lonlat
    if not np.isfinite(corners).all() or camera.elevation_deg(corners).min() < 15:
        return None
    return camera


def _with_lens(camera: PinholeCamera, focal_mm: float) -> PinholeCamera:
    return PinholeCamera(
        camera.lon, camera.lat, camera.altitude_m, focal_mm, camera.tilt_deg, camera.azimuth_deg, camera.roll_deg, SIZE
    )


def _azimuth(lon: float, lat: float, towards: Array) -> float:
    """Initial bearing of the great circle, degrees clockwise from north."""
    there, here, apart = math.radians(towards[1]), math.radians(lat), math.radians(towards[0] - lon)
    east = math.sin(apart) * math.cos(there)
    north = math.cos(here) * math.sin(there) - math.sin(here) * math.cos(there) * math.cos(apart)
    return math.degrees(math.atan2(east, north)) % 360


def looks(ground: NDArray[np.uint8], random: np.random.Generator) -> tuple[NDArray[np.uint8], float]:
    """The looks of a photo for a view of the reference, and the share of it that lies under clouds."""
    image, cover = ground.astype(np.float32) / 255, 0.0
    for name, probability, step in STEPS:
        if random.random() < probability:
            before = image
            image = step(image, random)
            if name == "clouds":
                cover = float((image.mean(axis=2) - before.mean(axis=2) > CLOUDED).mean())
    return jpeg(np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8), random), cover


@dataclass(frozen=True)
class Scene:
    """A simulated photo with all that is known of it."""

    name: str
    camera: PinholeCamera
    pixels: NDArray[np.uint8]
    cover: float

    @property
    def photo(self) -> SimulatedPhoto:
        """As the makers of pairs take it; the nadir as it would be listed, to a tenth of a degree."""
        nadir = Nadir(round(self.camera.lat, 1), round(self.camera.lon, 1))
        return SimulatedPhoto(Path(self.name), self.camera.corners_lonlat, nadir)


def scenes(
    footprints: Sequence[Listed], reference: Reference, count: int, seed: int, skip: set[str]
) -> Iterator[tuple[str, Scene | None]]:
    """``count`` photos, always the same for a seed.

    Args:
        footprints: to choose from.
        reference: imagery.
        count: how many.
        seed: of the choice and of all looks.
        skip: names of photos that need not be made again: they come without a scene.
    """
    wanted = [item for item in footprints if LEAST_KM2 <= item.area_km2 <= MOST_KM2 and abs(item.centre[1]) < 60]
    order = np.random.default_rng(seed).permutation(len(wanted))
    made = 0
    for place in order:
        if made >= count:
            return
        listed = wanted[place]
        random = np.random.default_rng([seed, int(place)])
        camera = camera_at(listed, random)
        if camera is None:
            continue
        if listed.name in skip:
            made += 1
            yield listed.name, None
            continue
        view, mask = render_photo(camera, reference, supersampling=1)
        if mask.mean() < 0.98 or view.std() < 6:
            continue
        made += 1
        pixels, cover = looks(view, random)
        yield listed.name, Scene(listed.name, camera, pixels, cover)


def run_simulated(
    footprints: Sequence[Listed],
    reference: Reference,
    out: Path,
    *,
    count: int = 300,
    false_pairs: int = 3,
    matcher: str = "auto",
    seed: int = 7,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Put each photo to a block that shows it and to some that do not, through the whole cascade.

    Args:
        footprints: of ``read_footprints``.
        reference: imagery.
        out: file of JSON lines, made or continued: a pair that is in it is not run again, unless the weights of
            confidence have changed so much that the cascade would go another way.
        count: number of photos.
        false_pairs: false pairs a photo, of kinds taken in turn.
        matcher: name, or "auto".
        seed: of everything random.
        device: torch device.
        progress: told the stage "match".

    Returns:
        One row a pair: photo, kind, block, status, right (and localized), truly_right (localized or not), confidence,
        plausible (whether there was any solution), matcher, error (worst corner, part of the
        diagonal), tilt_deg, turn_deg, cover, diagonal_km, seconds.
    """
    kept = {(row["photo"], row["kind"]): row for row in (read_rows(out) if out.exists() else []) if rejudge(row)}
    stages = stages_of(matcher)
    out.parent.mkdir(parents=True, exist_ok=True)
    names: dict[str, int] = {}
    for name, _ in kept:
        names[name] = names.get(name, 0) + 1
    whole = {name for name, number in names.items() if number >= 1 + false_pairs}
    rows: list[dict[str, Any]] = []
    with out.open("a", encoding="utf-8") as stream:
        for number, (name, scene) in enumerate(scenes(footprints, reference, count, seed, whole)):
            progress("match", number / count)
            for kind in ["true", *(FALSE_KINDS[(number + at) % len(FALSE_KINDS)] for at in range(false_pairs))]:
                row = kept.get((name, kind))
                if row is None and scene is not None:
                    pair = _pair(scene, kind, seed + number, reference)
                    row = _run(scene, pair, reference, stages, device)
                    stream.write(json.dumps(row) + "\n")
                    stream.flush()
                if row is not None:
                    rows.append(row)
    return rows


def rejudge(row: dict[str, Any]) -> bool:
    """Bring the confidence of a row up to the present weights.

    Returns:
        False where the cascade would now have gone another way, so that the pair must be run again.
    """
    best = 0.0
    for trial in row["trials"]:
        confidence = 0.0
        if trial["evidence"] is not None:
            confidence = confidence_of(evidence_from(trial["evidence"]), trial["matcher"])
        if (confidence >= ACCEPTED) != trial["located"]:
            return False
        best = max(best, confidence)
    row["confidence"] = round(best, 5)
    return True


def _pair(scene: Scene, kind: str, seed: int, reference: Reference) -> Pair:
    """A pair of a kind whose place the reference shows: sea and nothing prove nothing."""
    for attempt in range(20):
        (pair,) = make_pairs([scene.photo], kind, seed + 1000 * attempt)
        if kind in ("true", "mirrored", "scale") or worth_it(reference, pair.block):
            return pair
    return pair


def _run(scene: Scene, pair: Pair, reference: Reference, stages: Any, device: str) -> dict[str, Any]:
    pixels = np.ascontiguousarray(scene.pixels[:, ::-1]) if pair.kind == "mirrored" else scene.pixels
    pyramid = PhotoPyramid(pixels)
    started = time.perf_counter()
    result = pipeline.register_block(
        pair.photo.path, pyramid, reference, pair.block, nadir=pair.photo.nadir, stages=stages, device=device
    )
    seconds = time.perf_counter() - started
    truth, error = pair.photo.footprint, None
    diagonal = float(great_circle_km(truth[:2], truth[2:]).max())
    registration = result.registration
    if registration.homography is not None:
        found = footprint_lonlat(registration.homography, registration.plane, *SIZE)
        gap = float(great_circle_km(found, truth).max() / diagonal)
        error = gap if math.isfinite(gap) else 99.0
    truly = error is not None and error < RIGHT_WITHIN and pair.kind != "mirrored"
    return {
        "photo": scene.name,
        "kind": pair.kind,
        "block": str(pair.block),
        "status": "localized" if result.located else "not_localized",
        "right": truly and result.located,
        "truly_right": truly,
        "confidence": round(result.verdict.confidence, 5),
        "plausible": registration.homography is not None,
        "matcher": registration.matcher,
        "inliers": registration.inliers,
        "trials": [
            {
                "matcher": trial.matcher,
                "evidence": None if trial.evidence is None else evidence_row(trial.evidence),
                "located": trial.located,
            }
            for trial in result.outcome.runs
        ],
        "error": None if error is None else round(error, 5),
        "covered_68": _covered(result, scene, 0.68),
        "covered_95": _covered(result, scene, 0.95),
        "tilt_deg": round(scene.camera.tilt_deg, 1),
        "turn_deg": round(scene.camera.roll_deg, 1),
        "cover": round(scene.cover, 3),
        "diagonal_km": round(diagonal, 1),
        "seconds": round(seconds, 3),
    }


def _covered(result: Any, scene: Scene, probability: float) -> float | None:
    """Share of a grid of photo points whose true place lies within the stated radius; None where none is stated."""
    if not result.located or result.uncertainty is None or result.registration.homography is None:
        return None
    points = scene.camera.grid(5, 5)
    told = result.registration.plane.to_lonlat(apply_homography(result.registration.homography, points))
    true = scene.camera.to_lonlat(points)
    radius = result.uncertainty.radius_m(points, probability)
    known = np.isfinite(true).all(axis=1) & np.isfinite(told).all(axis=1) & np.isfinite(radius)
    if not known.any():
        return None
    return round(float((great_circle_km(told[known], true[known]) * 1000 <= radius[known]).mean()), 4)
