"""Simulated photos of known camera and weather, at real footprints.

A pinhole camera at a real footprint's nadir looks at that footprint; the rays are cast exactly over the ellipsoid that
is covered with the reference, and the view gets the appearance of a photo. Their tilt, rotation, clouds and size are
known. Photo and reference share one mosaic, so rates are optimistic.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.pairs import SimulatedPhoto
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.simulation.appearance import STEPS, jpeg
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera, render_photo

SIZE, EARTH_KM = (900, 600), 6371.0
LEAST_KM2, MOST_KM2 = 4_000.0, 300_000.0
"""Footprints that the Blue Marble, at 611 m, shows with more than a hundred pixels along a side."""
CLOUDED = 0.12
"""Brightness, of 1, that clouds add to a pixel that counts as clouded."""


@dataclass(frozen=True)
class Listed:
    """A row of the table of footprints.

    Attributes:
        name: name of the photo.
        centre: (2,) longitude, latitude.
        nadir: the sub-satellite point.
        area_km2: area, square kilometres.
    """

    name: str
    centre: Array
    nadir: Nadir
    area_km2: float


def read_footprints(path: Path, split: str) -> list[Listed]:
    """Read the footprints of one split of a table with ``id,lat1,lon1..lat4,lon4,nadir_lat,nadir_lon,area_km2,split``.

    Raises:
        InputError: the file cannot be read, is no such table, or has no such split.
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
    """A camera above the nadir whose view has the place and the area of a footprint; None if there is none."""
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
            # The horizon is in view: only a longer lens shows a finite area.
            camera = replace(camera, focal_mm=camera.focal_mm * 2.5)
            continue
        sides = great_circle_km(corners, np.roll(corners, -1, axis=0))
        area = (sides[0] + sides[2]) * (sides[1] + sides[3]) / 4
        camera = replace(camera, focal_mm=camera.focal_mm * math.sqrt(area / listed.area_km2))
    corners = camera.corners_lonlat
    if not np.isfinite(corners).all() or camera.elevation_deg(corners).min() < 15:
        return None
    return camera


def _azimuth(lon: float, lat: float, towards: Array) -> float:
    """Initial bearing of the great circle, degrees clockwise from north."""
    there, here, apart = math.radians(towards[1]), math.radians(lat), math.radians(towards[0] - lon)
    east = math.sin(apart) * math.cos(there)
    north = math.cos(here) * math.sin(there) - math.sin(here) * math.cos(there) * math.cos(apart)
    return math.degrees(math.atan2(east, north)) % 360


def appearance(ground: NDArray[np.uint8], random: np.random.Generator) -> tuple[NDArray[np.uint8], float]:
    """Give a view of the reference the appearance of a photo; also returns the share of it under clouds."""
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
    """A simulated photo: its name, camera, pixels (H, W, 3), and the share of it under clouds."""

    name: str
    camera: PinholeCamera
    pixels: NDArray[np.uint8]
    cover: float

    @property
    def photo(self) -> SimulatedPhoto:
        """The photo for ``pairs``; its nadir is rounded to a tenth of a degree, as in NASA's lists."""
        nadir = Nadir(round(self.camera.lat, 1), round(self.camera.lon, 1))
        return SimulatedPhoto(Path(self.name), self.camera.corners_lonlat, nadir)


def scenes(
    footprints: Sequence[Listed], reference: Reference, count: int, seed: int, skip: set[str]
) -> Iterator[tuple[str, Scene | None]]:
    """Simulate photos; the same seed gives the same photos.

    Args:
        footprints: footprints to choose from.
        reference: imagery.
        count: number of photos.
        seed: seed of the choice and of all appearances.
        skip: names of photos that are not rendered again: they come without a scene.
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
        pixels, cover = appearance(view, random)
        yield listed.name, Scene(listed.name, camera, pixels, cover)
