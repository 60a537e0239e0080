"""EarthLoc's benchmark on its own dataset: six regions, R@N, as its authors' code measures it.

Berton et al., "EarthLoc", CVPR 2024. A region has the photos whose nadir lies within 2,500 km of its centre, and is
searched among the tiles of 2021 within 5,000 km of it. A photo that overlaps no tile, or one that is not among these,
is left out. A tile is right when it overlaps the photo at all. Tiles are described in four quarter turns, and each of
these is a row of its own in the ranked list.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.papers.earthloc_dataset import DatasetQuery, DatasetTile
from astroloc_qgis.engine.benchmark.query_photos import REGION_KM, REGIONS
from astroloc_qgis.engine.benchmark.retrieval import TOPS
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.retrieval.query_picture import query_picture
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations
from astroloc_qgis.engine.retrieval.search import rank_blocks
from astroloc_qgis.engine.tiles import Block, lonlat_to_mercator, overlaps

DATABASE_KM = 5000.0
TURNS = 4
_AT_ONCE = 64
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Region:
    """A region of the dataset.

    Attributes:
        name: of the region.
        queries: numbers of its photos.
        tiles: numbers of the tiles that it is searched among.
        right: of each photo, numbers of the right tiles.
        left_out: photos of the region that overlap no tile, or one that is not among the region's.
    """

    name: str
    queries: tuple[int, ...]
    tiles: NDArray[np.int64]
    right: tuple[frozenset[int], ...]
    left_out: int


def positives_by_footprint(queries: Sequence[DatasetQuery], tiles: Sequence[DatasetTile]) -> list[frozenset[int]]:
    """The numbers of the tiles that each photo overlaps."""
    bounds = np.array([tile.block.bounds_3857 for tile in tiles])
    world = 2 * np.pi * 6378137.0
    found = []
    for query in queries:
        ring = lonlat_to_mercator(query.footprint)
        low, high = ring.min(axis=0), ring.max(axis=0)
        near = (bounds[:, 1] < high[1]) & (bounds[:, 3] > low[1])
        apart = [(bounds[:, 0] < high[0] + k * world) & (bounds[:, 2] > low[0] + k * world) for k in (-1, 0, 1)]
        near &= np.any(apart, axis=0)
        found.append(frozenset(int(n) for n in np.flatnonzero(near) if overlaps(tiles[n].block, query.footprint)))
    return found


def positives_by_file(
    queries: Sequence[DatasetQuery], tiles: Sequence[DatasetTile], folder: Path, named: Mapping[str, Sequence[str]]
) -> list[frozenset[int] | None]:
    """The numbers of the tiles that the intersections file names for each photo.

    Args:
        queries: the photos.
        tiles: the tiles.
        folder: of the dataset, from which the file's paths count.
        named: of ``earthloc_dataset.read_intersections``.

    Returns:
        For each photo the numbers; None where the file does not name the photo, or names a tile that is not here.
    """
    numbers = {tile.path.relative_to(folder).as_posix(): number for number, tile in enumerate(tiles)}
    found: list[frozenset[int] | None] = []
    for query in queries:
        paths = named.get(query.path.name)
        here = None if paths is None else [numbers.get(path) for path in paths]
        known = [number for number in here or () if number is not None]
        found.append(frozenset(known) if here is not None and len(known) == len(here) else None)
    return found


def regions(
    queries: Sequence[DatasetQuery], tiles: Sequence[DatasetTile], positives: Sequence[frozenset[int] | None]
) -> list[Region]:
    """The regions that have photos, in EarthLoc's order.

    Raises:
        InputError: no region has a photo with a right tile.
    """
    nadirs = np.array([query.nadir_lonlat for query in queries])
    middles = np.array([tile.lonlat for tile in tiles])
    found = []
    for name, (lat, lon) in REGIONS.items():
        centre = np.array([lon, lat], dtype=np.float64)
        own = np.flatnonzero(great_circle_km(centre, nadirs) < REGION_KM)
        searched = np.flatnonzero(great_circle_km(centre, middles) < DATABASE_KM)
        reached = set(searched.tolist())
        kept, right = [], []
        for number in own:
            known = positives[number]
            if known and known <= reached:
                kept.append(int(number))
                right.append(known)
        if kept:
            found.append(Region(name, tuple(kept), searched, tuple(right), len(own) - len(kept)))
    if not found:
        raise InputError("No photo of the dataset lies in one of EarthLoc's six regions and overlaps tiles of it.")
    return found


class Described:
    """Vectors of pictures, kept in a folder while they are computed, so that a run that was broken off goes on.

    Args:
        descriptor: describes.
        cache: folder; None to keep nothing.
    """

    def __init__(self, descriptor: Descriptor, cache: Path | None) -> None:
        self._descriptor, self._cache = descriptor, cache

    def tiles(self, tiles: Sequence[DatasetTile], progress: Progress = no_progress) -> Vectors:
        """(N, 4, D) of tiles turned by 0, 90, 180 and 270 degrees counter-clockwise."""
        paths = [tile.path for tile in tiles]
        turned = self._all("tiles", paths, TURNS, lambda pictures: self._turned(pictures), progress)
        return turned.reshape(len(tiles), TURNS, -1)

    def queries(self, queries: Sequence[DatasetQuery], progress: Progress = no_progress) -> Vectors:
        """(N, D) of photos as they are."""
        paths = [query.path for query in queries]
        return self._all("queries", paths, 1, self._descriptor.describe_photos, progress)

    def _turned(self, pictures: list[NDArray[np.uint8]]) -> Vectors:
        turned = [np.rot90(picture, turn) for picture in pictures for turn in range(TURNS)]
        return np.asarray(self._descriptor.describe_blocks(turned), dtype=np.float32)

    def _all(
        self, kind: str, paths: Sequence[Path], each: int, describe: Callable[..., Vectors], progress: Progress
    ) -> Vectors:
        parts = []
        for start in range(0, len(paths), _AT_ONCE):
            progress("describe", start / len(paths))
            some = paths[start : start + _AT_ONCE]
            kept = self._file(kind, some)
            part = None if kept is None or not kept.is_file() else np.load(kept, allow_pickle=False)
            if part is None or part.shape != (each * len(some), self._descriptor.dimensions):
                part = describe([read_photo(path).rgb8() for path in some])
                if kept is not None:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    draft = kept.with_name(f"writing-{kept.name}")
                    np.save(draft, part, allow_pickle=False)
                    draft.replace(kept)
            parts.append(part)
        return np.concatenate(parts)

    def _file(self, kind: str, paths: Sequence[Path]) -> Path | None:
        if self._cache is None:
            return None
        about = [self._descriptor.model_sha256, str(sorted(self._descriptor.settings.items())), *map(str, paths)]
        return self._cache / self._descriptor.name / f"{kind}-{hashlib.sha256(repr(about).encode()).hexdigest()}.npy"


def ranks_among_tiles(region: Region, queries: Vectors, tiles: Vectors) -> list[int | None]:
    """The rank of the first right row for each photo of a region, by similarity; None beyond the first 100.

    Args:
        region: the region.
        queries: (Q, D) of all photos of the dataset.
        tiles: (N, 4, D) of all its tiles.
    """
    # As in the authors' index: all tiles upright, then all turned by 90 degrees, and so on.
    rows = np.concatenate([tiles[region.tiles, turn] for turn in range(TURNS)])
    found: list[int | None] = []
    for start in range(0, len(region.queries), _AT_ONCE):
        some = region.queries[start : start + _AT_ONCE]
        scores = queries[list(some)] @ rows.T
        for right, score in zip(region.right[start : start + _AT_ONCE], scores, strict=True):
            best = np.argsort(-score, kind="stable")[: TOPS[-1]] % len(region.tiles)
            hits = [rank for rank, at in enumerate(best, start=1) if int(region.tiles[at]) in right]
            found.append(hits[0] if hits else None)
    return found


def ranks_in_index(
    region: Region,
    queries: Sequence[DatasetQuery],
    index: Index,
    descriptor: Descriptor,
    right_blocks: Sequence[frozenset[Block]] | None = None,
    progress: Progress = no_progress,
) -> list[int | None]:
    """The rank of the first right block of one of our indexes for each photo of a region, by score alone.

    Args:
        region: the region; blocks within 5,000 km of its centre are searched.
        queries: all photos of the dataset.
        index: the index, of any imagery; the photo is turned in place of its blocks.
        descriptor: of the index.
        right_blocks: of each photo of the region; None for those that overlap it.
        progress: called with the stage "search".
    """
    index.check_descriptor(descriptor)
    lat, lon = REGIONS[region.name]
    allowed = great_circle_km(np.array([lon, lat], dtype=np.float64), index.centers_lonlat) < DATABASE_KM
    found: list[int | None] = []
    for at, number in enumerate(region.queries):
        progress("search", at / len(region.queries))
        query = queries[number]
        photo = read_photo(query.path)
        picture = query_picture(photo.rgb8(), descriptor, photo.alpha)
        vectors = describe_rotations(picture, descriptor)
        bonus = index.texture_bonus(picture)
        ranked = rank_blocks(vectors, index, allowed, top=TOPS[-1], bonus=bonus, diversify=False)
        right = right_blocks and right_blocks[at]
        hits = (
            candidate.rank
            for candidate in ranked
            if (candidate.block in right if right is not None else overlaps(candidate.block, query.footprint))
        )
        found.append(next(hits, None))
    return found


def summary(found: Sequence[tuple[Region, Sequence[int | None]]], seconds: float) -> dict[str, Any]:
    """Recalls in per cent.

    Args:
        found: regions, and the ranks of their photos.
        seconds: that the whole took.

    Returns:
        ``regions`` (name to ``n``, ``database``, ``left_out`` and ``recall`` by number of candidates), ``mean`` over
        them, ``seconds``.
    """
    entries: dict[str, dict[str, Any]] = {
        region.name: {
            "n": len(ranks),
            "database": len(region.tiles),
            "left_out": region.left_out,
            "recall": {str(top): _share(ranks, top) for top in TOPS},
        }
        for region, ranks in found
    }
    mean = {str(top): float(np.mean([entry["recall"][str(top)] for entry in entries.values()])) for top in TOPS}
    return {"regions": entries, "mean": mean, "seconds": round(seconds, 2)}


def measure(
    name: str, descriptor: Descriptor, queries: Sequence[DatasetQuery], tiles: Sequence[DatasetTile],
    places: Sequence[Region], *, cache: Path | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """Describe tiles and photos with a model, and measure its recall as the authors' code does."""
    started = time.perf_counter()
    described = Described(descriptor, cache)
    of_tiles, of_queries = described.tiles(tiles, progress), described.queries(queries, progress)
    ranks = [(region, ranks_among_tiles(region, of_queries, of_tiles)) for region in places]
    return {"model": name, **summary(ranks, time.perf_counter() - started)}


def table(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table of summaries, by name: of each region, and of their mean."""
    tops = [str(top) for top in TOPS]
    lines = ["| model | region | photos | left out | tiles | " + " | ".join(f"R@{top}" for top in tops) + " |"]
    lines.append("| --- | --- |" + " ---: |" * (3 + len(tops)))
    for name, entry in entries.items():
        for region, own in entry["regions"].items():
            recalls = " | ".join(f"{own['recall'][top]:.1f}" for top in tops)
            lines.append(f"| {name} | {region} | {own['n']} | {own['left_out']} | {own['database']} | {recalls} |")
        mean = " | ".join(f"{entry['mean'][top]:.1f}" for top in tops)
        lines.append(f"| {name} | **mean** | | | | {mean} |")
    return "\n".join(lines)


def _share(ranks: Sequence[int | None], top: int) -> float:
    return round(100 * sum(rank is not None and rank <= top for rank in ranks) / len(ranks), 2)
