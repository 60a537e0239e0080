"""The indexes on this computer, unfinished ones too: the world's, those in the user's data folder, and those used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.index.format import SHARDS
from astroloc_qgis.engine.index.upkeep.removal import PARTIAL, PLAN
from astroloc_qgis.qgis_adapters.files import user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings

MOST_REMEMBERED = 100
INFO = "index.json"


class IndexState(Enum):
    """What can be done with an index."""

    READY = "ready"
    UNFINISHED = "unfinished"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class ListedIndex:
    """An index as the list shows it, from its ``index.json``, or from the plan of an unfinished one.

    Attributes:
        folder: of the index; of an unfinished one, that with its parts (``NAME.partial``).
        state: what can be done with it.
        is_world: whether it came with the plugin.
        title: of the index.
        zooms: of its blocks.
        blocks: how many; 0 where it is not known.
        size: bytes on disk.
        model: name of the descriptor.
        imagery: name or address of the imagery.
        created: the date, ISO 8601; empty where it is not known.
        extents: west, south, east, north in degrees by zoom.
        plan: of an unfinished one: its ``plan.json``.
    """

    folder: Path
    state: IndexState
    is_world: bool = False
    title: str = ""
    zooms: tuple[int, ...] = ()
    blocks: int = 0
    size: int = 0
    model: str = ""
    imagery: str = ""
    created: str = ""
    extents: Mapping[int, tuple[float, float, float, float]] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)


def indexes_folder() -> Path:
    """Where indexes are installed and merged unless the user chooses: in the user's data folder."""
    return user_data_folder() / "indexes"


def remembered_indexes(settings: Settings) -> list[Path]:
    """The folders that were chosen, built or installed before, the newest first; some may be gone."""
    try:
        found = json.loads(settings.indexes or "[]")
    except ValueError:
        return []
    return [Path(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []


def remember_index(settings: Settings, folder: Path) -> None:
    """Keep a folder in the list, whether the index is there already or is going to be."""
    folder = Path(folder).absolute()
    names = [str(folder), *(str(each) for each in remembered_indexes(settings) if each != folder)]
    settings.indexes = json.dumps(names[:MOST_REMEMBERED])


def forget_index(settings: Settings, folder: Path) -> None:
    """Take a folder off the list."""
    settings.indexes = json.dumps([str(each) for each in remembered_indexes(settings) if each != folder])


def list_indexes(settings: Settings, world: Path | None) -> list[ListedIndex]:
    """All indexes: the world's first, then those used before, then the others in the user's data folder."""
    found = [_read_index(world, is_world=True)] if world else []
    seen = {world}
    for folder in [*remembered_indexes(settings), *_in_data_folder()]:
        if folder in seen:
            continue
        seen.add(folder)
        if (folder / INFO).is_file():
            found.append(_read_index(folder))
        partial = folder.with_name(folder.name + PARTIAL)
        if (partial / PLAN).is_file():
            found.append(_read_plan(partial))
    return found


def _in_data_folder() -> Iterator[Path]:
    folder = indexes_folder()
    if folder.is_dir():
        names = {path.name.removesuffix(PARTIAL) for path in folder.iterdir() if path.is_dir()}
        yield from (folder / name for name in sorted(names) if name)


def _size_of(folder: Path) -> int:
    try:
        inside = [*folder.iterdir(), *(folder.glob("shard-*/*") if (folder / SHARDS).is_file() else ())]
        return sum(path.stat().st_size for path in inside if path.is_file())
    except OSError:
        return 0


def _read_index(folder: Path, is_world: bool = False) -> ListedIndex:
    try:
        info = json.loads((folder / INFO).read_text(encoding="utf-8"))
        zooms = tuple(int(zoom) for zoom in info["zooms"])
        return ListedIndex(
            folder,
            IndexState.READY,
            is_world,
            str(info.get("title") or folder.name),
            zooms,
            sum(int(count) for count in info["counts"].values()),
            _size_of(folder),
            str(info["model"]),
            short_imagery(str(info.get("imagery_uri", ""))),
            str(info.get("created", ""))[:10],
            _extents(info, zooms),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ListedIndex(folder, IndexState.DAMAGED, is_world, folder.name, size=_size_of(folder))


def _read_plan(folder: Path) -> ListedIndex:
    name = folder.name.removesuffix(PARTIAL)
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        zooms = tuple(int(zoom) for zoom in plan["zooms"])
        return ListedIndex(
            folder,
            IndexState.UNFINISHED,
            title=name,
            zooms=zooms,
            size=_size_of(folder),
            model=str(plan["model"]),
            imagery=short_imagery(str(plan["imagery"])),
            extents=_extents(plan, zooms),
            plan=plan,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ListedIndex(folder, IndexState.DAMAGED, title=name, size=_size_of(folder))


def _extents(info: Mapping[str, Any], zooms: tuple[int, ...]) -> dict[int, tuple[float, float, float, float]]:
    """The extent of each zoom; of an index that does not tell any, none."""
    if "extent" not in info:
        return {}
    west, south, east, north = (float(value) for value in info["extent"])
    limits = {int(zoom): float(limit) for zoom, limit in (info.get("northern_limits") or {}).items()}
    return {zoom: (west, south, east, min(north, limits.get(zoom, north))) for zoom in zooms}


def short_imagery(uri: str) -> str:
    """The imagery for the list: of a file its name, of a service its host."""
    found = re.search(r"https?://([^/<\"]+)", uri)
    return found[1] if found else Path(uri).name if uri and "<" not in uri else uri[:40]
