"""The index of the whole world that comes with the plugin: its settings, and how it is built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import catalogue
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.format import Labels
from astroloc_qgis.engine.index.plan import texture_suits
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Extent

STRIDES = {7: 2, 8: 2, 9: 2, 10: 2, 11: 3}
"""Tiles from one block to the next by zoom: neighbours overlap by half; at zoom 11, to save space, by a quarter."""
EXTENT: Extent = (-180.0, -60.0, 180.0, 72.0)
"""The ISS flies between 51.6 degrees south and north, and sees land some 20 degrees beyond; in the south there is none
but Antarctica."""
NORTHERN_LIMITS = {10: 60.0, 11: 60.0}
"""Latitude where zooms end. North of it a block of zoom 10 is less than 78 km wide, one of zoom 11 less than 39 km:
photos of ground so far from the station's path show more."""
TEXTURE_ZOOMS = (8, 10)
"""Zooms of the blocks with texture codes."""
KIND = "PQ128x7np"
"""Kind of the vector store: 112 bytes a block. The model card says what is lost against exact vectors."""
BLUE_MARBLE = catalogue.BLUE_MARBLE.uri()
"""NASA GIBS's Blue Marble as GDAL opens it; where a copy is kept on this computer, that is read in its place."""
LABELS = Labels(
    title="World: Blue Marble, 60 S to 60 N, coarsely to 72 N",
    licence=catalogue.BLUE_MARBLE.licence,
    imagery_uri=BLUE_MARBLE,
    attribution=catalogue.BLUE_MARBLE.attribution,
)


def build_world_index(
    out: Path,
    *,
    model: str,
    imagery: str = BLUE_MARBLE,
    zooms: Sequence[int] = tuple(STRIDES),
    extent: Extent = EXTENT,
    kind: str = KIND,
    device: str = "cpu",
    workers: int = 1,
    progress: Progress = no_progress,
) -> Index:
    """Build the index of the world's land and coasts; the same call resumes an interrupted build.

    Args:
        out: folder to make.
        model: name of a descriptor.
        imagery: Blue Marble: a copy of it, or NASA's own service. In either case the index names the service, so that
            it works on other machines.
        zooms: zooms of the blocks; some of ``STRIDES``.
        extent: west, south, east, north in degrees.
        kind: kind of the vector store.
        device: for torch.
        workers: processes that describe in parallel, on the CPU; 1: this process does it, on ``device``.
        progress: told the stages "read" and "describe"; may raise ``Cancelled``.

    Raises:
        InputError: as ``build_index``, or a zoom that the world index does not have.
        Cancelled: by ``progress``.
    """
    if not set(zooms) <= set(STRIDES):
        raise InputError(f"The world index has zooms {listed_zooms()}, not {', '.join(map(str, zooms))}.")
    coded = [zoom for zoom in TEXTURE_ZOOMS if zoom in zooms]
    reference = Reference.open(imagery)
    try:
        return build_index(
            reference,
            list(zooms),
            extent,
            model,
            out,
            stride={zoom: STRIDES[zoom] for zoom in zooms},
            kind=kind,
            land_only=True,
            texture_zooms=coded if texture_suits(coded, zooms) and model in descriptors.offered() else (),
            northern_limits={zoom: limit for zoom, limit in NORTHERN_LIMITS.items() if zoom in zooms},
            labels=LABELS,
            device=device,
            workers=workers,
            progress=progress,
        )
    finally:
        reference.close()


def listed_zooms() -> str:
    """The zooms of the world index in words."""
    *most, last = map(str, STRIDES)
    return f"{', '.join(most)} and {last}"
