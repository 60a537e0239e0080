"""``build_index``, ``open_index`` and ``retrieve`` for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.api.pictures import as_file
from astroloc_qgis.engine.descriptors.registry import DEFAULT
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.index.plan import EXACT, usual_texture_zooms
from astroloc_qgis.engine.index.sharded.opening import AnIndex, open_local
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, Repeatable, asking, no_progress
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.retrieval import remote_index, search
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM
from astroloc_qgis.engine.retrieval.remote_index import RemoteIndex

if TYPE_CHECKING:
    from astroloc_qgis.engine.api.pictures import Picture
    from astroloc_qgis.engine.retrieval.candidate import Candidate
    from astroloc_qgis.engine.tiles import Extent


def build_index(
    imagery: str | Path,
    zooms: Sequence[int],
    out: str | Path,
    *,
    extent: Extent | None = None,
    model: str = DEFAULT,
    stride: int = 2,
    kind: str = EXACT,
    title: str = "",
    device: str = "auto",
    progress: Progress = no_progress,
) -> Index:
    """Describe imagery block by block into an index. The same call resumes a build that was interrupted.

    Args:
        imagery: anything GDAL opens.
        zooms: web-map zooms of the blocks: 9 is about 313 km a side at the equator, 10 is 156 km, 11 is 78 km.
        out: folder of the index.
        extent: west, south, east, north, degrees; by default all of the imagery.
        model: name of the descriptor.
        stride: tiles from one block to the next; a block has four a side.
        kind: of the vector store: "Flat" (exact), "SQ8", "PQ64np", ...
        title: shown to users.
        device: torch device, or "auto".
        progress: called as ``progress(stage, fraction)``; may raise ``Cancelled``.

    Raises:
        InputError: something given is wrong.
        Cancelled: by ``progress``.
    """
    reference = Reference.open(str(imagery))
    try:
        return builder.build_index(
            reference, list(zooms), extent, model, Path(out), device=resolve_device(device), stride=stride, title=title,
            kind=kind, texture_zooms=usual_texture_zooms(model, list(zooms)), progress=progress,
        )  # fmt: skip
    finally:
        reference.close()


def open_index(place: str | Path | None = None, *, thorough: bool = False) -> AnIndex | RemoteIndex:
    """Open an index.

    Args:
        place: a folder, or the address of a service (``serve``); by default the world's, which comes with AstroLoc.
        thorough: check the sha256 of a folder's large files too.

    Raises:
        InputError: it is no index, is damaged, or of a model that is not installed.
    """
    found = place_of(place)
    return open_local(found, thorough=True) if thorough and isinstance(found, Path) else remote_index.open_index(found)


def retrieve(
    photo: Picture,
    index: AnIndex | RemoteIndex | str | Path | None = None,
    *,
    top: int = 10,
    nadir: Nadir | tuple[float, float] | None = None,
    radius_km: float = 2500,
    centre: tuple[float, float] | None = None,
    centre_km: float = CENTRE_KM,
    extent: Extent | None = None,
    polygon: str | None = None,
    device: str = "auto",
    progress: Progress = no_progress,
) -> list[Candidate]:
    """Rank the places of an index by their similarity to a photo, without matching any of them.

    Args:
        photo: a file, an array or a PIL image (``pictures.Picture``).
        index: an open index, its folder or a service's address; by default the world's.
        top: number of candidates.
        nadir: the point below the camera (latitude, longitude); only what lies within ``radius_km`` of it is searched.
        radius_km: 0 to ignore the nadir.
        centre: latitude, longitude of the photo's middle, roughly.
        centre_km: limit of the search about the centre.
        extent: west, south, east, north of the search, degrees.
        polygon: WKT of the search area, longitude and latitude.
        device: torch device, or "auto".
        progress: called as ``progress(stage, fraction)``; may raise ``Cancelled``.

    Returns:
        Candidates, best first.

    Raises:
        InputError: something given is wrong.
        Cancelled: by ``progress``.
    """
    opened = index if isinstance(index, AnIndex | RemoteIndex) else open_index(index)
    if nadir is not None and not isinstance(nadir, Nadir):
        nadir = Nadir.at(*nadir)
    told = Repeatable(progress)
    with as_file(photo, "photo") as file, asking(told.repeat):
        read = read_photo(file)
        return search.retrieve(
            read.rgb8(), opened, opened.create_descriptor(resolve_device(device)), alpha=read.alpha, top=top,
            nadir=nadir, radius_km=radius_km, centre=centre, centre_km=centre_km, extent=extent, polygon=polygon,
            field_ratio=read.field_ratio, progress=told,
        )  # fmt: skip


def place_of(index: AnIndex | RemoteIndex | str | Path | None) -> Path | str:
    """The folder of an index or the address of its service; by default the world's folder.

    Raises:
        InputError: there is none of the world.
    """
    if isinstance(index, AnIndex | RemoteIndex):
        return index.folder
    if index is not None:
        return str(index) if remote_index.is_address(index) else Path(index)
    world = shipped("index", "world")
    if not (world / "index.json").is_file():
        raise InputError("No index of the world came with this AstroLoc: name the folder of an index.")
    return world
