"""``localize`` and ``refine`` for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.api.indexes import place_of
from astroloc_qgis.engine.api.pictures import as_file, is_file
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Block

if TYPE_CHECKING:
    from typing import Unpack

    from numpy.typing import ArrayLike

    from astroloc_qgis.engine.api.pictures import Picture
    from astroloc_qgis.engine.index.store import Index
    from astroloc_qgis.engine.result import Localization
    from astroloc_qgis.engine.retrieval.remote_index import RemoteIndex

    NadirInput = Nadir | tuple[float, float] | tuple[float, float, float]
    """A ``Nadir``, or latitude, longitude in degrees and, if known, the camera's height in kilometres."""


class LocalizeOptions(pipeline.Options, total=False):
    """Further options of ``localize``, with the meaning that ``pipeline.localize`` gives them.

    Attributes:
        tle: file of two-line elements, which with the photo's time propose a nadir where none is given.
        exif_nadir: whether the position in the photo's EXIF is the nadir where there is no other.
        radius_km: limit of the search about the nadir; 0 for no limit.
        centre: latitude, longitude of the photo's middle, where it is roughly known.
        centre_km: limit of the search about the centre.
        extent: west, south, east, north of the search, degrees.
        polygon: WKT of the search area, longitude and latitude.
    """

    tle: Path | None
    exif_nadir: bool
    radius_km: float | None
    centre: tuple[float, float] | None
    centre_km: float
    extent: tuple[float, float, float, float] | None
    polygon: str | None


def localize(
    photo: Picture,
    index: Index | RemoteIndex | str | Path | None = None,
    out: str | Path | None = None,
    *,
    imagery: str | Path | None = None,
    nadir: NadirInput | None = None,
    name: str = "photo",
    progress: Progress = no_progress,
    **options: Unpack[LocalizeOptions],
) -> Localization:
    """Find a photo on Earth and georeference it.

    Args:
        photo: a file, an array or a PIL image (``pictures.Picture``).
        index: an open index, its folder or a service's address; by default the world's.
        out: folder for GeoTIFF, footprint, tie points and preview; by default nothing is kept.
        imagery: reference to register to, anything GDAL opens; by default the index's own.
        nadir: the point below the camera, where it is known.
        name: what an array or an image is called; of a file its own name holds.
        progress: called as ``progress(stage, fraction)``; may raise ``Cancelled``.
        **options: see ``LocalizeOptions`` and ``pipeline.Options``.

    Returns:
        The result; ``located`` says whether there is a place, ``footprint`` where (longitude, latitude).

    Raises:
        InputError: something given is wrong.
        Cancelled: by ``progress``.
    """
    with as_file(photo, name) as file, _folder(out) as folder:
        result = pipeline.localize(
            file, place_of(index), folder, imagery=None if imagery is None else str(imagery),
            nadir=_nadir(nadir), progress=progress, **options,
        )  # fmt: skip
    return _finished(result, photo, name, out)


def refine(
    photo: Picture,
    imagery: str | Path,
    out: str | Path | None = None,
    *,
    footprint: str | Path | ArrayLike | None = None,
    block: Block | str | None = None,
    nadir: NadirInput | None = None,
    name: str = "photo",
    progress: Progress = no_progress,
    **options: Unpack[pipeline.Options],
) -> Localization:
    """Georeference a photo whose place is roughly known, as a footprint or as a block.

    Args:
        photo: a file, an array or a PIL image (``pictures.Picture``).
        imagery: reference to register to, anything GDAL opens.
        out: folder for GeoTIFF, footprint, tie points and preview; by default nothing is kept.
        footprint: (4, 2) longitude, latitude in the photo's corner order (top-left, top-right, bottom-right,
            bottom-left), or a vector file with such a polygon.
        block: web-map block about the photo, or "zoom/row/column".
        nadir: the point below the camera, where it is known.
        name: what an array or an image is called; of a file its own name holds.
        progress: called as ``progress(stage, fraction)``; may raise ``Cancelled``.
        **options: see ``pipeline.Options``.

    Raises:
        InputError: something given is wrong, or not exactly one of footprint and block is given.
        Cancelled: by ``progress``.
    """
    start: Path | Sequence[Sequence[float]] | None = None
    if footprint is not None:
        is_path = isinstance(footprint, str | Path)
        start = Path(str(footprint)) if is_path else np.asarray(footprint, dtype=np.float64).tolist()
    with as_file(photo, name) as file, _folder(out) as folder:
        result = pipeline.refine(
            file, str(imagery), folder, block=Block.parse(block) if isinstance(block, str) else block,
            footprint=start, nadir=_nadir(nadir), progress=progress, **options,
        )  # fmt: skip
    return _finished(result, photo, name, out)


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with TemporaryDirectory(prefix="astroloc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _finished(result: Localization, photo: Picture, name: str, out: str | Path | None) -> Localization:
    """The result without what has been removed: the file of an array, and outputs that nobody wanted."""
    if not is_file(photo):
        result.photo = Path(name)
    if out is None:
        result.outputs = {}
    return result


def _nadir(given: NadirInput | None) -> Nadir | None:
    if given is None or isinstance(given, Nadir):
        return given
    latitude, longitude, *altitude_km = given
    return Nadir.at(latitude, longitude, altitude_km[0] if altitude_km else None)
