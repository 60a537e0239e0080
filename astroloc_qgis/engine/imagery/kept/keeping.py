"""Keeps a service on this computer: fetched tile by tile, or taken from a file that the user has.

Coarse zooms are kept whole, fine ones on land and coast where astronauts see them: the open sea shows nothing that a
photo could be matched with.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE, TILE_PX, Service
from astroloc_qgis.engine.imagery.kept.places import ADDRESS_VARIABLE, KEPT_BYTES, WHOLE_TO, kept_file, part_file
from astroloc_qgis.engine.imagery.kept.tile_fetching import CONNECTIONS, TileFetcher, tile_problem
from astroloc_qgis.engine.imagery.kept.tile_store import Tile, TileStore
from astroloc_qgis.engine.imagery.land_mask import SIDE, LandMask
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.progress import Progress, Repeatable, no_progress, part_of
from astroloc_qgis.engine.tiles import HALF_WORLD_M, lonlat_to_mercator

gdal.UseExceptions()

STAGE = "fetch"
COMMIT_EVERY = 64
"""Tiles that are fetched again at most after a kill."""
SAMPLES = 24
"""Tiles of a user's file that are decoded."""
_COPY_BYTES = 1 << 22
_MARGIN = 1.1
"""Of the room on the disk."""


@dataclass(frozen=True)
class Part:
    """The part of a service that is kept.

    Attributes:
        whole_to: the finest zoom that is kept of the whole world.
        zoom: the finest zoom.
        south, north: limits of the zooms between, degrees.
        least: fewest tiles of the finest zoom in a file that is as good.
    """

    whole_to: int = WHOLE_TO
    zoom: int = BLUE_MARBLE.zoom
    south: float = -60.0
    north: float = 72.0
    least: int = 9000

    @property
    def zooms(self) -> range:
        """All of its zooms."""
        return range(self.zoom + 1)


def keep_service(
    service: Service = BLUE_MARBLE,
    *,
    part: Part | None = None,
    address: str | None = None,
    connections: int = CONNECTIONS,
    progress: Progress = no_progress,
) -> Path:
    """Fetch a service and keep it; the same call resumes what was broken off, whenever and however.

    Args:
        service: one of ``KEEPABLE``.
        part: which part; by default what the world index and registration use.
        address: of the tiles elsewhere, with ${z}, ${y} and ${x}: a mirror; by default as ``$ASTROLOC_BLUE_MARBLE``.
        connections: to the server at a time.
        progress: told the stage "fetch"; may raise ``Cancelled``.

    Returns:
        The file.

    Raises:
        InputError: the service does not answer, or the file cannot be written.
        Cancelled: by ``progress``.
    """
    target, growing, part = kept_file(service), part_file(service), part or Part()
    if target.is_file():
        return target
    if address is None and (mirror := os.environ.get(ADDRESS_VARIABLE)):
        address = checked_address(mirror)
    told = Repeatable(progress)
    told(STAGE, 0.0)
    with TileStore(growing) as store:
        there = store.tiles()
        _check_room(growing, KEPT_BYTES[service.key])
        store.describe(_metadata(service, part, part.whole_to))
        coarse = [tile for zoom in range(part.whole_to + 1) for tile in _all_of(zoom)]
        share = len(coarse) / (len(coarse) + part.least * 2)
        with TileFetcher(address or service.address, service.title, connections) as fetcher:
            _fetch(fetcher, store, coarse, there, part_of(told, 0.0, share), told)
    fine = _fine_tiles(growing, part)
    with TileStore(growing) as store:
        there = store.tiles()
        with TileFetcher(address or service.address, service.title, connections) as fetcher:
            _fetch(fetcher, store, fine, there, part_of(told, share, 1.0), told)
        store.describe(_metadata(service, part, part.zoom))
    _put_in_place(growing, target)
    return target


def adopt_file(
    path: Path, service: Service = BLUE_MARBLE, *, part: Part | None = None, progress: Progress = no_progress
) -> Path:
    """Keep a service as a file that the user has; it is checked, and copied.

    Args:
        path: MBTiles.
        service: one of ``KEEPABLE``.
        part: what it must hold.
        progress: told the stage "fetch"; may raise ``Cancelled``.

    Raises:
        InputError: the file is none of MBTiles, lacks zooms or most of the world, or a tile is damaged.
        Cancelled: by ``progress``.
    """
    part = part or Part()
    progress(STAGE, 0.0)
    check_file(path, service, part)
    target = kept_file(service)
    copy = part_file(service).with_name(f"{service.key}.copy.mbtiles")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size
        _check_room(copy, size)
        with path.open("rb") as source, copy.open("wb") as sink:
            done = 0
            while piece := source.read(_COPY_BYTES):
                sink.write(piece)
                done += len(piece)
                progress(STAGE, done / size)
        _put_in_place(copy, target)
    except OSError as error:
        raise InputError(
            f"{target} cannot be written ({error.strerror}): check the folder and the disk.", repr(error)
        ) from error
    finally:
        copy.unlink(missing_ok=True)
    part_file(service).unlink(missing_ok=True)
    return target


def check_file(path: Path, service: Service = BLUE_MARBLE, part: Part | None = None) -> None:
    """Check that a file can stand for a service.

    Raises:
        InputError: the sentence says what it lacks.
    """
    part = part or Part()
    if not path.is_file():
        raise InputError(f"The file {path} does not exist: check its path.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            metadata = dict(database.execute("SELECT name, value FROM metadata"))
            counts = dict(database.execute("SELECT zoom_level, count(*) FROM tiles GROUP BY zoom_level"))
            finest = database.execute(
                "SELECT tile_data FROM tiles WHERE zoom_level = ? ORDER BY tile_column, tile_row", (part.zoom,)
            )
            step = max(1, counts.get(part.zoom, 0) // SAMPLES)
            samples = [row[0] for number, row in enumerate(finest) if number % step == 0]
    except sqlite3.Error as error:
        raise InputError(f"{path} is no MBTiles file that can be read: choose another one.", repr(error)) from error
    kind = str(metadata.get("format", "")).lower()
    if kind not in ("jpg", "jpeg", "png"):
        raise InputError(f"{path.name} holds tiles of the format '{kind}': pictures are needed, jpg or png.")
    needed = range(min(part.zoom, part.whole_to), part.zoom + 1)
    if lacking := [zoom for zoom in needed if not counts.get(zoom)]:
        raise InputError(
            f"{path.name} lacks zoom {', '.join(map(str, lacking))}: {service.title} is needed up to zoom {part.zoom}."
        )
    if counts[part.zoom] < part.least:
        raise InputError(
            f"{path.name} shows only a part of the world ({counts[part.zoom]} tiles of zoom {part.zoom}): use it as "
            "the reference imagery of a photo instead."
        )
    if damaged := next((problem for sample in samples if (problem := tile_problem(bytes(sample)))), ""):
        raise InputError(f"A tile of {path.name} cannot be used ({damaged}): get the file again.")


def _fetch(
    fetcher: TileFetcher,
    store: TileStore,
    tiles: Sequence[Tile],
    there: set[Tile],
    progress: Progress,
    told: Repeatable,
) -> None:
    """Put into the store what it lacks of some tiles."""
    lacking = [tile for tile in tiles if tile not in there]
    done = len(tiles) - len(lacking)
    progress(STAGE, done / max(1, len(tiles)))
    for tile, content in fetcher.fetch(lacking, told.repeat):
        store.put(tile, content)
        done += 1
        if done % COMMIT_EVERY == 0:
            store.commit()
        progress(STAGE, done / len(tiles))


def _fine_tiles(growing: Path, part: Part) -> list[Tile]:
    """The tiles of the zooms that are not kept of the whole world: on land and coast, and next to these.

    Of the finest zoom none of the latter: they are many, and show sea that the coarser ones show too.
    """
    reference = Reference.open(growing)
    try:
        land = LandMask.of(reference, min(SIDE, TILE_PX * 2**part.whole_to))
    finally:
        reference.close()
    found: list[Tile] = []
    for zoom in range(part.whole_to + 1, part.zoom + 1):
        around = 0 if zoom == part.zoom else 1
        first, last = (_row_at(latitude, zoom) for latitude in (part.north, part.south))
        rows, columns = np.meshgrid(np.arange(first, last + 1), np.arange(2**zoom), indexing="ij")
        west, north = (columns.ravel() - around) % 2**zoom, np.maximum(rows.ravel() - around, 0)
        windows: NDArray[np.int32] = np.column_stack((np.full(rows.size, zoom), north, west)).astype(np.int32)
        near = land.touches(windows, 1 + 2 * around).reshape(rows.shape)
        found += [(zoom, int(column), int(row)) for row, column in zip(rows[near], columns[near], strict=True)]
    return found


def _row_at(latitude: float, zoom: int) -> int:
    """The row of tiles at a latitude."""
    y = float(lonlat_to_mercator([[0.0, latitude]])[0, 1])
    return int((HALF_WORLD_M - y) / (2 * HALF_WORLD_M) * 2**zoom)


def _all_of(zoom: int) -> Iterator[Tile]:
    return ((zoom, column, row) for row in range(2**zoom) for column in range(2**zoom))


def _metadata(service: Service, part: Part, finest: int) -> dict[str, str]:
    return {
        "name": service.title,
        "format": "jpg",
        "type": "baselayer",
        "version": "1.3",
        "description": f"zooms to {part.whole_to} of the world, to {part.zoom} of land and coast",
        "attribution": service.attribution,
        "minzoom": "0",
        "maxzoom": str(finest),
        "bounds": "-180,-85.0511,180,85.0511",
    }


def _put_in_place(growing: Path, target: Path) -> None:
    """Open the file once as it will be read, and give it its name."""
    Reference.open(growing).close()
    try:
        growing.replace(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}): end what uses it.", repr(error)) from error


def _check_room(path: Path, size: int) -> None:
    """Check that the disk has room for what is still to come."""
    have = path.stat().st_size if path.is_file() else 0
    lacking, free = max(0, size - have) * _MARGIN, shutil.disk_usage(path.parent).free
    if free < lacking:
        raise InputError(
            f"The disk of {path.parent} has {free / 1e6:.0f} MB free, and {lacking / 1e6:.0f} MB are needed: make room."
        )


def checked_address(address: str) -> str:
    """The address of tiles as ``keep_service`` takes it, from one with {z}, {y} and {x}.

    Raises:
        InputError: one of them is missing, or it is not of http or https.
    """
    text = re.sub(r"\$?\{([xyz])\}", r"${\1}", address.strip())
    if not re.match(r"https?://", text) or not all(f"${{{name}}}" in text for name in "xyz"):
        raise InputError(
            f"'{address}' is no address of tiles: it looks like https://example.org/tiles/{{z}}/{{y}}/{{x}}.jpeg."
        )
    return text
