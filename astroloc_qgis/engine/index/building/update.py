"""Updating an index in place: only units whose blocks are new, or look other than before, are described again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.building.pieces import PieceFolder
from astroloc_qgis.engine.index.format import SHARDED_VERSION, Labels, read_info
from astroloc_qgis.engine.index.plan import EVERYWHERE, LAND
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import Extent


def update_index(
    out: Path,
    *,
    imagery: str | None = None,
    zooms: tuple[int, ...] | None = None,
    extent: Extent | None = None,
    **options: Any,
) -> Index:
    """Build an index anew, as it was built before, and replace it when the new one is complete.

    What did not change is not described again where the index was built with ``keep_units``, or updated before: an
    unchanged imagery file is not even read where the blocks are the same; other imagery is read and compared. An
    interrupted update leaves the index as it was, and the same call goes on.

    Args:
        out: folder of the index.
        imagery: in place of that which the index was built from.
        zooms: in place of its zooms.
        extent: in place of its extent: west, south, east, north, degrees.
        options: of ``build_index``: device, workers, scheduler, report, progress.

    Raises:
        InputError: no index, one of a list of blocks, or what ``build_index`` raises.
        Cancelled: by ``progress``.
    """
    out = Path(out).absolute()
    PieceFolder(out).finish()
    info = read_info(out)
    if info.format_version == SHARDED_VERSION:
        raise InputError(
            f"The index {out} is in shards, which are not updated in place: update the index they were made from, and "
            "divide it again."
        )
    if info.selection not in (EVERYWHERE, LAND):
        raise InputError(f"The index {out} is of a list of blocks that is not in it: build it again.")
    zooms = zooms or info.zooms
    same = imagery is None
    reference = Reference.open(info.imagery_uri if imagery is None else imagery)
    try:
        labels = Labels(
            title=info.title,
            licence=info.licence if same else "",
            imagery_uri=info.imagery_uri if same else "",
            attribution=info.attribution if same else "",
        )
        return build_index(
            reference,
            zooms,
            extent or info.extent,
            info.model,
            out,
            stride=info.stride,
            kind=info.kind,
            land_only=info.selection == LAND,
            labels=labels,
            texture_zooms=[zoom for zoom in info.texture_zooms if zoom in zooms],
            northern_limits=info.northern_limits,
            keep_units=True,
            update=True,
            **options,
        )
    finally:
        reference.close()
