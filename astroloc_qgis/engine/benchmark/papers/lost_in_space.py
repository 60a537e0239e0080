"""Lost in space: where was this taken, anywhere on Earth, with nothing known of it?

AstroLoc (Berton, Stoken, Masone, ICCV 2025) asks this for photos of satellites. The whole index is searched, without a
nadir and without the prior that comes with one, and the time of a query is part of the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.benchmark.photos_real import LAND, read_photos_real
from astroloc_qgis.engine.benchmark.retrieval import PHOTOS, TOPS, Query, read_queries
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.tiles import Block

SIMULATED = "simulated photos"
_KM_A_DEGREE = 111.2


@dataclass(frozen=True)
class Frame(Query):
    """A real frame of roughly known place; its ``nadir`` is that place, and never searched about.

    Its ``footprint`` is the box that right blocks have their middle in.

    Attributes:
        within_km: how far the middle of a right block is from the place, at most.
    """

    within_km: float = 0.0

    def shown_by(self, block: Block) -> tuple[bool, bool]:
        """Whether the middle of a block lies near enough; the frame's extent is not known, so this stands for both."""
        near = bool(great_circle_km(self.nadir.lonlat, block.center_lonlat)[0] <= self.within_km)
        return near, near


def read_sets(folders: Sequence[Path], only: str = "", most: int | None = None) -> dict[str, list[Query]]:
    """Read folders of photos, each with ``photos.csv``, into sets by name.

    Args:
        folders: of real frames, in the layout of ``benchmark photos-real`` (land alone is taken; a set for what stands
            before "__" in their names), or of photos of known footprint, in that of ``benchmark retrieval`` (one set).
        only: text that the name of a real frame has to contain.
        most: number of photos of each region of known footprints; None for all.

    Raises:
        InputError: a folder has no such table.
    """
    sets: dict[str, list[Query]] = {}
    for folder in folders:
        if _is_of_frames(folder / PHOTOS):
            for photo in read_photos_real(folder, only):
                if photo.expect != LAND or photo.place_lonlat is None:
                    continue
                lon, lat = photo.place_lonlat
                name = Path(photo.name).name.partition("__")[0]
                box = box_about(lon, lat, photo.tolerance_km)
                frame = Frame(name, photo.path, box, Nadir(lat, lon), photo.tolerance_km)
                sets.setdefault(name, []).append(frame)
        else:
            sets.setdefault(SIMULATED, []).extend(read_queries(folder, most))
    if not sets:
        raise InputError("None of the folders has a photo of land whose place is known.")
    return sets


def box_about(lon: float, lat: float, km: float) -> Array:
    """(4, 2) longitude, latitude of a box that reaches as far from a point to all four sides."""
    high = km / _KM_A_DEGREE
    wide = high / max(0.1, math.cos(math.radians(abs(lat) + high)))
    return np.array(
        [[lon - wide, lat + high], [lon + wide, lat + high], [lon + wide, lat - high], [lon - wide, lat - high]]
    )


def table(entries: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of summaries of ``retrieval``, by set: any overlap, or the middle near enough."""
    tops = [str(top) for top in TOPS]
    lines = ["| photos | model | number | " + " | ".join(f"R@{top}" for top in tops) + " | core ms a query |"]
    lines.append("| --- | --- |" + " ---: |" * (2 + len(tops)))
    for name, models in entries.items():
        for model, entry in models.items():
            recalls = " | ".join(f"{entry['mean']['overlap'][top]:.1f}" for top in tops)
            number = sum(region["n"] for region in entry["regions"].values())
            lines.append(f"| {name} | {model} | {number} | {recalls} | {1000 * entry['core_seconds_per_query']:.0f} |")
    return "\n".join(lines)


def _is_of_frames(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as stream:
            return "expect" in stream.readline().strip().split(",")
    except OSError as error:
        raise InputError(f"The folder {path.parent} is no set of photos: it has no {PHOTOS}.", str(error)) from error
