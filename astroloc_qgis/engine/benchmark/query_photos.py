"""Query photos of the benchmark of retrieval: simulated at real footprints that training never sees.

The regions are EarthLoc's (Berton et al., CVPR 2024, section 5): a photo belongs to one when its nadir lies within
2,500 km of the region's centre.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.retrieval import PHOTOS
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.simulation.appearance import appearance
from astroloc_qgis.engine.tiles import lonlat_to_mercator

REGIONS = {
    "Alps": (45.0, 10.0),
    "Texas": (30.0, -95.0),
    "Toshka": (23.0, 30.0),
    "Amazon": (-3.0, -60.0),
    "Napa": (38.0, -122.0),
    "Gobi": (40.0, 105.0),
}
"""Latitude, longitude of EarthLoc's six regions."""
REGION_KM = 2500.0
SIZE = (768, 512)
LEAST_KM2, MOST_KM2 = 5_000.0, 160_000.0
"""Footprints that Blue Marble shows with enough pixels, and that are smaller than half a continent."""
LEAST_VALID = 0.7
_CORNERS = ("tl", "tr", "br", "bl")


@dataclass(frozen=True)
class Footprint:
    """A row of the table of footprints.

    Attributes:
        name: name of the photo.
        corners: (4, 2) lon,lat.
        nadir: the sub-satellite point.
    """

    name: str
    corners: Array
    nadir: Nadir


def write_query_photos(
    imagery: str, footprints: Path, out: Path, *, per_region: int = 50, seed: int = 7, progress: Progress = no_progress
) -> int:
    """Render photos at footprints of the split "test", and list them in ``photos.csv``.

    Args:
        imagery: reference, anything GDAL opens.
        footprints: CSV of ``id, lat1, lon1, .. lat4, lon4, nadir_lat, nadir_lon, area_km2, split``.
        out: folder to write.
        per_region: number of photos of each region; a region of fewer gives all.
        seed: seed of the choice and of all appearances.
        progress: called with the stage "render".

    Returns:
        Number of photos.

    Raises:
        InputError: the imagery or the footprints cannot be read.
    """
    found = read_test_footprints(footprints)
    rng = np.random.default_rng(seed)
    reference = Reference.open(imagery)
    rows = []
    for number, (region, centre) in enumerate(REGIONS.items()):
        near = [one for one in found if great_circle_km(one.nadir.lonlat, np.array(centre[::-1]))[0] < REGION_KM]
        (out / region).mkdir(parents=True, exist_ok=True)
        taken = 0
        for at in rng.permutation(len(near)):
            if taken == per_region:
                break
            progress("render", (number + taken / per_region) / len(REGIONS))
            corners = np.roll(near[at].corners, int(rng.integers(4)), axis=0)  # any rotation of the camera
            corners = corners + rng.uniform(-0.08, 0.08, (4, 2)) * np.ptp(corners, axis=0)
            ground = view(reference, corners)
            if ground is None:
                continue
            file = f"{region}/{taken:03d}.jpg"
            _, encoded = cv2.imencode(".jpg", cv2.cvtColor(appearance(ground, rng), cv2.COLOR_RGB2BGR))
            write_bytes(out / file, encoded.tobytes())
            nadir = near[at].nadir
            corner_columns = corners.round(6).ravel().tolist()
            rows.append([region, file, near[at].name, *corner_columns, nadir.latitude, nadir.longitude])
            taken += 1
    reference.close()
    columns = [f"{axis}_{corner}" for corner in _CORNERS for axis in ("lon", "lat")]
    with (out / PHOTOS).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["region", "file", "footprint_id", *columns, "nadir_lat", "nadir_lon"])
        table.writerows(rows)
    return len(rows)


def read_test_footprints(path: Path) -> list[Footprint]:
    """Read the rows of the split "test" that are neither too small nor too large.

    Raises:
        InputError: the file is missing, or no such table.
    """
    found = []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["split"] != "test" or not LEAST_KM2 <= float(row["area_km2"]) <= MOST_KM2:
                    continue
                corners = np.array([[float(row[f"{axis}{one}"]) for axis in ("lon", "lat")] for one in range(1, 5)])
                corners[:, 0] = np.unwrap(corners[:, 0], period=360)
                found.append(
                    Footprint(row["id"], clockwise(corners), Nadir(float(row["nadir_lat"]), float(row["nadir_lon"])))
                )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not a table of footprints (id,lat1,lon1,…,area_km2,split).", repr(error)
        ) from error
    return found


def clockwise(corners: Array) -> Array:
    """(4, 2) lon,lat in the order of a photo's corners on a map; the other order mirrors the photo."""
    lon, lat = corners.T
    twice_area = float(np.sum(lon * np.roll(lat, -1) - lat * np.roll(lon, -1)))
    return corners[::-1] if twice_area > 0 else corners


def view(reference: Reference, corners: Array) -> NDArray[np.uint8] | None:
    """Render the ground of a photo of known corners.

    Args:
        reference: imagery.
        corners: (4, 2) lon,lat in the photo's corner order.

    Returns:
        (H, W, 3) uint8 RGB, landscape or portrait as the corners are; None where the imagery has too little.
    """
    xy = lonlat_to_mercator(corners)
    sides = np.linalg.norm(np.roll(xy, -1, axis=0) - xy, axis=1)
    width, height = SIZE if sides[[0, 2]].sum() >= sides[[1, 3]].sum() else SIZE[::-1]
    low, high = xy.min(axis=0), xy.max(axis=0)
    pixel = float(np.sqrt((sides[0] + sides[2]) * (sides[1] + sides[3]) / (4 * width * height))) / 2  # anti-aliasing
    columns, rows = (max(1, round(float(span / pixel))) for span in high - low)
    window = Window("EPSG:3857", (float(low[0]), float(low[1]), float(high[0]), float(high[1])), columns, rows)
    seen = reference.read(window)
    if seen.mask.mean() < LEAST_VALID:
        return None
    at = np.column_stack(((xy[:, 0] - low[0]) / pixel, (high[1] - xy[:, 1]) / pixel))
    to_picture = homography_from_points(photo_corners(2 * width, 2 * height), at)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from pixel centres
    fine = cv2.warpPerspective(
        seen.pixels,
        np.linalg.inv(half) @ to_picture @ half,
        (2 * width, 2 * height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
