"""Photos of known place from folders of four layouts, each with what tells a right footprint from a wrong one.

The layouts are those of ``benchmark.cases`` (cases.json), ``benchmark.aims`` (outlines.csv), ``benchmark.photos_real``
(photos.csv with ``expect``) and ``benchmark.retrieval`` (photos.csv with ``region`` and corners).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.benchmark import aims, coregistration, photos_real
from astroloc_qgis.engine.benchmark.cases import Case, read_cases
from astroloc_qgis.engine.benchmark.localization import corner_error
from astroloc_qgis.engine.benchmark.pairs import RIGHT_WITHIN
from astroloc_qgis.engine.benchmark.retrieval import PHOTOS, Query, read_queries
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km, unwrap_lons, wrap_lon
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference

CASES, AIMS = "cases.json", "outlines.csv"

Judge = Callable[[Array], "bool | None"]
"""Whether a (4, 2) longitude, latitude footprint is right; None where that cannot be told."""


@dataclass(frozen=True)
class KnownPhoto:
    """A photo of known place.

    Attributes:
        name: of the photo, unlike any other of its folder.
        path: the file.
        source: name of the folder that it is from.
        shown: whether some of its ground can be recognised, and is in the references that come with it.
        nadir: the sub-satellite point; None where it is not known.
        centre: (2,) longitude, latitude of its middle, roughly; None where not even that is known.
        width_km: mean length of the longer sides of its footprint; None where that is not known.
        judge: tells right footprints from wrong ones.
    """

    name: str
    path: Path
    source: str
    shown: bool
    nadir: Nadir | None
    centre: tuple[float, float] | None
    width_km: float | None
    judge: Judge


def read_known_photos(folder: Path) -> list[KnownPhoto]:
    """Read the photos of a folder, in its order.

    Raises:
        InputError: the folder has none of the layouts, or what is in it cannot be understood.
    """
    if (folder / CASES).is_file():
        return [_of_case(folder, case) for case in read_cases(folder)]
    if (folder / AIMS).is_file():
        return [_of_aims(folder, photo) for photo in aims.read_aims(folder)]
    if not (folder / PHOTOS).is_file():
        raise InputError(f"The folder {folder} has none of {CASES}, {AIMS} and {PHOTOS}: name a folder of photos.")
    with (folder / PHOTOS).open(encoding="utf-8") as stream:
        header = stream.readline().strip().split(",")
    if "expect" in header:
        return [_of_real(folder, photo) for photo in photos_real.read_photos_real(folder)]
    return [_of_query(folder, query) for query in read_queries(folder)]


def _of_case(folder: Path, case: Case) -> KnownPhoto:
    corners = case.footprint if case.footprint is not None else case.outline
    if corners is None:
        judge: Judge = partial(_near, case.centre)
    else:
        judge = partial(_as_case, case)
        corners = ring(corners)
    return KnownPhoto(
        case.name, case.photo, folder.name, case.kind not in coregistration.ELSEWHERE, case.nadir,
        case.centre if corners is None else middle(corners), None if corners is None else width_km(corners), judge,
    )  # fmt: skip


def _as_case(case: Case, footprint: Array) -> bool:
    reference = Reference.open(case.reference)
    try:
        error = coregistration.corner_error_px(footprint, case, reference)
    finally:
        reference.close()
    tolerance = max(coregistration.LEAST_TOLERANCE_PX, 5 * case.spread_px)
    return coregistration.is_right(footprint, case, error, tolerance)


def _near(centre: tuple[float, float] | None, footprint: Array) -> bool | None:
    """Whether a footprint's middle is where a catalogue says, within half of its diagonal."""
    if centre is None:
        return None
    off = great_circle_km(np.array([middle(footprint)]), np.array([centre]))[0]
    return bool(off <= aims.CENTRE_WITHIN * photos_real.diagonal_of_km(footprint))


def _of_aims(folder: Path, photo: aims.AimsPhoto) -> KnownPhoto:
    corners = ring(photo.outline)
    shown = any(candidate.right for candidate in photo.candidates)
    judge = partial(_as_outline, photo.outline)
    return KnownPhoto(
        photo.number, photo.file, folder.name, shown, photo.nadir, middle(corners), width_km(corners), judge
    )


def _as_outline(outline: Array, footprint: Array) -> bool:
    """As EarthMatch's photos are judged, and by size: outlines are good to a third of the diagonal."""
    ratio = photos_real.diagonal_of_km(footprint) / photos_real.diagonal_of_km(ring(outline))
    return aims.is_right(footprint, outline) and 0.5 < ratio < 2


def _of_real(folder: Path, photo: photos_real.RealPhoto) -> KnownPhoto:
    width = None if photo.diagonal_km is None else photo.diagonal_km * 0.83  # of a photo of 3:2
    shown = photo.expect == photos_real.LAND
    judge = partial(photos_real.is_right, photo)
    return KnownPhoto(photo.name, photo.path, folder.name, shown, photo.nadir, photo.place_lonlat, width, judge)


def _of_query(folder: Path, query: Query) -> KnownPhoto:
    name = f"{query.path.parent.name}/{query.path.name}"
    truth = query.footprint
    return KnownPhoto(
        name, query.path, folder.name, True, query.nadir, middle(truth), width_km(truth), partial(_as_corners, truth)
    )


def _as_corners(truth: Array, footprint: Array) -> bool:
    return corner_error(footprint, truth) < RIGHT_WITHIN


def ring(corners: Array) -> Array:
    """(4, 2) corners of an outline, which may come in any order, as they follow each other around it."""
    from_centre = corners - corners.mean(axis=0)
    return corners[np.argsort(np.arctan2(from_centre[:, 1], from_centre[:, 0]))]


def middle(corners: Array) -> tuple[float, float]:
    """Longitude, latitude of the middle of (4, 2) corners."""
    return float(wrap_lon(unwrap_lons(corners[:, 0]).mean())), float(corners[:, 1].mean())


def width_km(corners: Array) -> float:
    """Mean length of the longer two of the opposite sides of (4, 2) corners."""
    sides = great_circle_km(corners, np.roll(corners, -1, axis=0))
    return float(max(sides[0] + sides[2], sides[1] + sides[3]) / 2)
