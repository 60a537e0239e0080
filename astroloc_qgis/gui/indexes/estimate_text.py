"""The estimate of an index in the user's words."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.index.estimate import estimate_index
from astroloc_qgis.engine.index.upkeep.rates import known_rate
from astroloc_qgis.qgis_adapters.text import tr

LONG_S, LONG_MIN = 90, 90


def size_text(size: float) -> str:
    """A size for the user."""
    return (
        f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.0f} kB"
    )


def time_text(seconds: float) -> str:
    """A time for the user."""
    if seconds < LONG_S:
        return tr("{n} s").format(n=max(1, round(seconds)))
    if seconds < 60 * LONG_MIN:
        return tr("{n} min").format(n=round(seconds / 60))
    return tr("{n} h").format(n=f"{seconds / 3600:,.1f}")


def kind_texts() -> dict[str, str]:
    """The kinds of vector store that an estimate compares, in words, the exact one first."""
    return {
        "Flat": tr("Exact"),
        "SQfp16": tr("Half the size"),
        "SQ8": tr("A quarter of the size"),
        "PQ128x7np": tr("A ninth of the size (256 blocks or more)"),
        "PQ64np": tr("A sixteenth of the size (256 blocks or more)"),
    }


def estimate_text(params: Mapping[str, Any], imagery: str) -> tuple[str, str]:
    """What building will take, and its size by kind of vector store.

    Args:
        params: zooms, extent, land_only, model, kind, out: of the engine's method "index_build".
        imagery: what is indexed; empty where it is not known.

    Raises:
        InputError: the parameters make no sense.
    """
    zooms = sorted(params["zooms"])
    found = estimate_index(
        zooms,
        params["extent"],
        land_only=params["land_only"],
        model=params["model"],
        texture_zooms=zooms[(len(zooms) - 1) // 2 :][:1],
        rate=known_rate(params["model"], imagery),
    )
    size = found.bytes_by_kind[params["kind"]]
    lines = [tr("At most {blocks} blocks, {size} on disk").format(blocks=f"{found.count:,}", size=size_text(size))]
    if found.seconds is None:
        lines.append(tr("Time: not known before the first build on this computer"))
    else:
        lines.append(tr("Time: about {time}, as fast as the last build").format(time=time_text(found.seconds)))
    if imagery and not Path(imagery).is_file():
        lines.append(tr("About {tiles} tiles from the service").format(tiles=f"{found.tiles:,}"))
    free = _free(Path(params["out"]))
    if free is not None and size > free:
        lines.append(tr("Too large for the disk: {free} are free").format(free=size_text(free)))
    words = kind_texts()
    kinds = (
        tr("{kind}: {size}").format(kind=words.get(kind, kind), size=size_text(each))
        for kind, each in found.bytes_by_kind.items()
    )
    return "\n".join(lines), "\n".join([tr("Size on disk by storage:"), *kinds])


def _free(folder: Path) -> int | None:
    folder = folder.absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
