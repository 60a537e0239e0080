"""The benchmark of retrieval, as EarthLoc measures it: recall among the first 1, 5, 10, 20 and 100 candidates.

Berton et al., "EarthLoc", CVPR 2024: a block is right when it overlaps the photo at all ("overlap"). That is generous
where one is much larger than the other, so recall is also counted for an IoU above 0.2 ("iou20").
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.cases import read_cases
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.nadir_prior import prior_penalty
from astroloc_qgis.engine.retrieval.query_picture import query_picture
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations
from astroloc_qgis.engine.retrieval.search import rank_blocks
from astroloc_qgis.engine.tiles import Block, block_iou, overlaps

TOPS = (1, 5, 10, 20, 100)
RIGHT_IOU = 0.2
PHOTOS = "photos.csv"
_CORNERS = ("tl", "tr", "br", "bl")
Picture = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""A photo's (H, W, 3) RGB, and its (H, W) opacity; None where all of it is opaque."""


@dataclass(frozen=True)
class Query:
    """A photo of known place.

    Attributes:
        region: region of EarthLoc's protocol.
        path: file of the photo.
        footprint: (4, 2) lon,lat of its corners TL, TR, BR, BL.
        nadir: the sub-satellite point.
    """

    region: str
    path: Path
    footprint: Array
    nadir: Nadir

    def shown_by(self, block: Block) -> tuple[bool, bool]:
        """Whether a block is right: whether it overlaps the photo, and whether their IoU is above 0.2."""
        overlap = overlaps(block, self.footprint)
        return overlap, overlap and block_iou(block, self.footprint) > RIGHT_IOU


@dataclass(frozen=True)
class Found:
    """The result of a query.

    Attributes:
        query: the photo.
        overlap: rank of the first block that overlaps it; None where none of the first 100 does.
        iou20: rank of the first block whose IoU with it is above 0.2.
        by_score: the same two ranks in a list by score alone, not spread over different places.
        by_radius: the same two ranks without the nadir's soft prior, only within its radius; None without a radius.
        seconds: time to describe the photo and to search.
        core_seconds: of the processor's cores together, so that other jobs on the machine do not count.
    """

    query: Query
    overlap: int | None
    iou20: int | None
    by_score: tuple[int | None, int | None]
    by_radius: tuple[int | None, int | None] | None
    seconds: float
    core_seconds: float = 0.0


def read_queries(folder: Path, most: int | None = None) -> list[Query]:
    """Read ``photos.csv``: region, file, lon_tl, lat_tl, ..., lat_bl, nadir_lat, nadir_lon; else ``cases.json``.

    Args:
        folder: folder with one of these files and the photos that it names. Cases of known footprint and nadir are
            taken, each as a region of its own, by the photo's name.
        most: number of photos of a region, the first ones; None for all.

    Raises:
        InputError: no such file, a missing column, a field that is no number, or a missing photo.
    """
    path = folder / PHOTOS
    if not path.is_file() and (folder / "cases.json").is_file():
        cases = [
            Query(case.name, case.photo, case.footprint, case.nadir)
            for case in read_cases(folder)
            if case.footprint is not None and case.nadir is not None
        ]
        if not cases:
            raise InputError(f"No case of {folder / 'cases.json'} has both a footprint and a nadir: add them.")
        return cases
    if not path.is_file():
        raise InputError(f"The folder {folder} is no benchmark of retrieval: it has no {PHOTOS}.")
    queries: list[Query] = []
    counts: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            try:
                corners = [[float(row[f"{axis}_{corner}"]) for axis in ("lon", "lat")] for corner in _CORNERS]
                nadir = Nadir(float(row["nadir_lat"]), float(row["nadir_lon"]))
                query = Query(row["region"], folder / row["file"], np.array(corners), nadir)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"Line {line} of {path} lacks what a photo needs: {error}.") from error
            if not query.path.is_file():
                raise InputError(f"Line {line} of {path} names a photo that is not there: {query.path}.")
            counts[query.region] = counts.get(query.region, 0) + 1
            if most is None or counts[query.region] <= most:
                queries.append(query)
    if not queries:
        raise InputError(f"{path} names no photos.")
    return queries


def run(
    queries: Sequence[Query],
    index: Index,
    descriptor: Descriptor,
    *,
    radius_km: float = 2500.0,
    read: Callable[[Query], Picture] | None = None,
    progress: Progress = no_progress,
) -> list[Found]:
    """Search the index for every photo as the pipeline does, limited to the surroundings of its nadir.

    Args:
        queries: the photos.
        index: the index to search.
        descriptor: descriptor of the index.
        radius_km: radius about each photo's nadir; 0 for the whole index.
        read: reads the photo of a query; None to read its file.
        progress: called with the stage "search".

    Raises:
        InputError: another descriptor than the index's, or a photo that cannot be read.
    """
    index.check_descriptor(descriptor)
    results = []
    for number, query in enumerate(queries):
        progress("search", number / len(queries))
        pixels, alpha = (read or read_file)(query)
        started, cores = time.perf_counter(), time.process_time()
        picture = query_picture(pixels, descriptor, alpha)
        vectors = describe_rotations(picture, descriptor)
        allowed = None
        if radius_km:  # a photo without any block in reach is not found, which is no error here
            allowed = great_circle_km(query.nadir.lonlat, index.centers_lonlat) <= radius_km
        bonus = index.texture_bonus(picture)
        penalty = prior_penalty(index, query.nadir, radius_km)
        spread = rank_blocks(vectors, index, allowed, top=TOPS[-1], penalty=penalty, bonus=bonus)
        seconds, cores = time.perf_counter() - started, time.process_time() - cores
        plain = rank_blocks(vectors, index, allowed, top=TOPS[-1], penalty=penalty, bonus=bonus, diversify=False)
        by_radius = None
        if penalty is not None:
            by_radius = _first_right(rank_blocks(vectors, index, allowed, top=TOPS[-1], bonus=bonus), query)
        overlap, iou20 = _first_right(spread, query)
        by_score = _first_right(plain, query)
        results.append(Found(query, overlap, iou20, by_score, by_radius, seconds, cores))
    return results


def summary(results: Sequence[Found]) -> dict[str, Any]:
    """Recalls in per cent by region, and their mean over the regions.

    Returns:
        ``regions`` (name to ``n``, ``overlap`` and ``iou20``, each by number of candidates), ``mean``, ``by_score``
        (the mean for the list by score alone), ``by_radius`` (the mean without the nadir's soft prior; absent without a
        radius), ``seconds_per_query``, ``core_seconds_per_query``, and ``photos`` with the ranks of each.
    """
    names = list(dict.fromkeys(found.query.region for found in results))
    regions, plain, circle = {}, {}, {}
    for name in names:
        own = [found for found in results if found.query.region == name]
        regions[name] = {
            "n": len(own),
            "overlap": _recalls([found.overlap for found in own]),
            "iou20": _recalls([found.iou20 for found in own]),
        }
        plain[name] = _two_recalls([found.by_score for found in own])
        if by_radius := [found.by_radius for found in own if found.by_radius is not None]:
            circle[name] = _two_recalls(by_radius)
    return {
        "regions": regions,
        "mean": _mean(list(regions.values())),
        "by_score": _mean(list(plain.values())),
        **({"by_radius": _mean(list(circle.values()))} if circle else {}),
        "seconds_per_query": round(float(np.mean([found.seconds for found in results])), 4),
        "core_seconds_per_query": round(float(np.mean([found.core_seconds for found in results])), 4),
        "photos": [
            {"photo": f"{found.query.path.parent.name}/{found.query.path.name}", "overlap": found.overlap}
            | {"iou20": found.iou20}
            for found in results
        ],
    }


def table(entries: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of summaries, by name: recalls by any overlap and by IoU, and the time a query takes."""
    tops = [str(top) for top in TOPS]
    head = ["model", *(f"R@{top}" for top in tops), *(f"IoU R@{top}" for top in tops), "ms a query"]
    rows = []
    for name, entry in entries.items():
        values = [*(entry["mean"]["overlap"][top] for top in tops), *(entry["mean"]["iou20"][top] for top in tops)]
        rows.append([name, *(f"{value:.1f}" for value in values), f"{1000 * entry['seconds_per_query']:.0f}"])
    return _markdown([head, *rows])


def photo_table(entry: dict[str, Any]) -> str:
    """A Markdown table of the ranks of one summary's photos; a dash where no right block is among the first 100."""
    rows = [["photo", "rank by overlap", "rank by IoU"]]
    rows += [[photo["photo"], str(photo["overlap"] or "–"), str(photo["iou20"] or "–")] for photo in entry["photos"]]
    return _markdown(rows)


def region_table(entry: dict[str, Any]) -> str:
    """A Markdown table of one summary's regions."""
    tops = [str(top) for top in TOPS]
    head = ["region", "photos", *(f"R@{top}" for top in tops), *(f"IoU R@{top}" for top in tops)]
    rows = []
    for name, region in [*entry["regions"].items(), ("mean", entry["mean"])]:
        values = [region[rule][top] for rule in ("overlap", "iou20") for top in tops]
        rows.append([name, str(region.get("n", "")), *(f"{value:.1f}" for value in values)])
    return _markdown([head, *rows])


def read_file(query: Query) -> Picture:
    """The pixels of a query's photo, and its opacity.

    Raises:
        InputError: the photo cannot be read.
    """
    photo = read_photo(query.path)
    return photo.rgb8(), photo.alpha


def _first_right(candidates: Sequence[Candidate], query: Query) -> tuple[int | None, int | None]:
    """Ranks of the first candidate that overlaps a photo, and of the first whose IoU with it is above 0.2."""
    first = None
    for candidate in candidates:
        overlap, good = query.shown_by(candidate.block)
        if overlap and first is None:
            first = candidate.rank
        if good:
            return first, candidate.rank
    return first, None


def _recalls(ranks: Sequence[int | None]) -> dict[str, float]:
    within = [math.inf if rank is None else rank for rank in ranks]
    return {str(top): round(100 * sum(rank <= top for rank in within) / len(within), 2) for top in TOPS}


def _two_recalls(ranks: Sequence[tuple[int | None, int | None]]) -> dict[str, dict[str, float]]:
    return {"overlap": _recalls([one[0] for one in ranks]), "iou20": _recalls([one[1] for one in ranks])}


def _mean(regions: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    return {
        rule: {str(top): round(float(np.mean([region[rule][str(top)] for region in regions])), 2) for top in TOPS}
        for rule in ("overlap", "iou20")
    }


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "| --- |" + " ---: |" * (len(rows[0]) - 1))
    return "\n".join(lines)
