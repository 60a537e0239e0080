"""The whole way from a photo to its place, as the three papers go it.

EarthLoc and AstroLoc retrieve candidates from an index of satellite imagery; EarthMatch registers the photo to each by
iterated matching; the first registration that verification believes georeferences the photo.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.coregistration.attempts import attempts_about, attempts_at
from astroloc_qgis.engine.coregistration.cascade import Attempt, Stage, run_cascade, sharpen_on, stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import SearchArea, area_about_footprint
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.exports.files import staging
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.working_plane import plane_for
from astroloc_qgis.engine.georeference.outputs import georeference, read_footprint, resolve_crs
from astroloc_qgis.engine.georeference.smooth_correction import find_correction
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import Photo, read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.retrieval.search import Candidate, retrieve
from astroloc_qgis.engine.tiles import Block, Extent

__all__ = ["Localization", "localize", "refine", "register_block"]

CANDIDATES_KEPT = 50
"""How many candidates the report lists."""


def localize(
    photo_path: Path,
    index_folder: Path,
    out: Path,
    *,
    imagery: str | None = None,
    nadir: Nadir | None = None,
    radius_km: float = 2500.0,
    extent: Extent | None = None,
    polygon: str | None = None,
    matcher: str = "auto",
    device: str = "auto",
    crs: str | None = None,
    finer: str | None = None,
    correct: bool = False,
    progress: Progress = no_progress,
) -> Localization:
    """Find a photo on Earth and georeference it.

    Args:
        photo_path: image file.
        index_folder: index to search.
        out: folder for the outputs.
        imagery: reference to register to, anything GDAL opens; by default the index's own.
        nadir: the sub-satellite point, where it is known.
        radius_km: how far from the nadir to search; 0 for no limit.
        extent: west, south, east, north to search in, degrees.
        polygon: WKT in longitude and latitude to search in.
        matcher: name, or "auto" for a cascade from cheap to strong.
        device: torch device, or "auto".
        crs: of the GeoTIFF; by default the reference's.
        finer: imagery of better resolution, to which a photo that was found is registered as well, from where it was
            found; if that imagery does not show the place, the photo stays where it was.
        correct: look for a smooth correction on top of the homography, and use it where tie points prove it.
        progress: told the stages; may raise ``Cancelled``.

    Raises:
        InputError: something given is wrong; nothing is written then.
        Cancelled: by ``progress``.
    """
    clock = _Clock()
    stages = stages_of(matcher)
    device = resolve_device(device)
    with clock.stage("read"):
        progress("read", 0.0)
        photo = read_photo(photo_path)
        pixels = photo.rgb8()
        index = Index.open(index_folder)
        Reference.open(imagery or index.info.imagery_uri).close()
        if finer is not None:
            Reference.open(finer).close()
        _check_outputs(out, crs)
    with clock.stage("search"):
        candidates = retrieve(
            pixels,
            index,
            index.create_descriptor(device),
            top=CANDIDATES_KEPT,
            nadir=nadir,
            radius_km=radius_km,
            extent=extent,
            polygon=polygon,
            progress=progress,
        )
    with _opened(imagery or index.info.imagery_uri) as reference:
        with clock.stage("match"):
            pyramid = PhotoPyramid(pixels, photo.alpha)
            attempts = attempts_about(candidates, reference, nadir)
            outcome = run_cascade(pyramid, reference, attempts, stages, device=device, progress=progress)
        result = Localization(photo_path, outcome, candidates, pyramid.size)
        if finer is not None:
            with clock.stage("match"):
                _sharpen_on(finer, result, pyramid, stages, device, progress)
        with clock.stage("georeference"):
            if correct:
                _correct(result)
            _write(result, photo, reference, out, crs, index.info.model, progress)
    result.seconds = clock.seconds
    return result


def refine(
    photo_path: Path,
    imagery: str,
    out: Path,
    *,
    block: Block | None = None,
    footprint: Path | Sequence[Sequence[float]] | None = None,
    nadir: Nadir | None = None,
    matcher: str = "auto",
    device: str = "auto",
    crs: str | None = None,
    finer: str | None = None,
    correct: bool = False,
    progress: Progress = no_progress,
) -> Localization:
    """Georeference a photo whose place is roughly known, as a block or as a footprint.

    Args:
        photo_path: image file.
        imagery: reference, anything GDAL opens.
        out: folder for the outputs.
        block: web-map block about the photo.
        footprint: file with a polygon, or four longitude, latitude corners in the photo's corner order.
        nadir: the sub-satellite point, where it is known.
        matcher: name, or "auto".
        device: torch device, or "auto".
        crs: of the GeoTIFF; by default the reference's.
        finer: imagery of better resolution, to which a photo that was found is registered as well, from where it was
            found; if that imagery does not show the place, the photo stays where it was.
        correct: look for a smooth correction on top of the homography, and use it where tie points prove it.
        progress: told the stages; may raise ``Cancelled``.

    Raises:
        InputError: something given is wrong, or not exactly one of block and footprint is given.
    """
    if (block is None) == (footprint is None):
        raise InputError("Give either a block or a footprint to start from.")
    clock = _Clock()
    stages = stages_of(matcher)
    device = resolve_device(device)
    with clock.stage("read"):
        progress("read", 0.0)
        photo = read_photo(photo_path)
        if finer is not None:
            Reference.open(finer).close()
    with _opened(imagery) as reference:
        _check_outputs(out, crs)
        with clock.stage("match"):
            pyramid = PhotoPyramid(photo.rgb8(), photo.alpha)
            if block is not None:
                result = register_block(
                    photo_path, pyramid, reference, block, nadir=nadir, stages=stages, device=device, progress=progress
                )
            else:
                attempts: list[Attempt] = [(_footprint_area(footprint, pyramid.size, nadir), None)]
                outcome = run_cascade(pyramid, reference, attempts, stages, device=device, progress=progress)
                result = Localization(photo_path, outcome, [], pyramid.size)
        if finer is not None:
            with clock.stage("match"):
                _sharpen_on(finer, result, pyramid, stages, device, progress)
        with clock.stage("georeference"):
            if correct:
                _correct(result)
            _write(result, photo, reference, out, crs, "", progress)
    result.seconds = clock.seconds
    return result


def register_block(
    photo_path: Path,
    pyramid: PhotoPyramid,
    reference: Reference,
    block: Block,
    *,
    nadir: Nadir | None = None,
    stages: Sequence[Stage],
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Localization:
    """Register a photo to the surroundings of one block, writing nothing (arguments as for ``refine``).

    Args:
        photo_path: for the report.
        pyramid: the photo.
        reference: imagery.
        block: where to look.
        nadir: the sub-satellite point, where it is known.
        stages: of ``cascade.stages_of``.
        device: torch device.
        progress: told the stage "match".
    """
    candidate = Candidate(block, rank=1, score=1.0, quarter_turns=0)
    attempts = attempts_at(candidate, reference, nadir)
    outcome = run_cascade(pyramid, reference, attempts, stages, device=device, progress=progress)
    return Localization(photo_path, outcome, [candidate], pyramid.size)


def _footprint_area(
    footprint: Path | Sequence[Sequence[float]] | None, size: tuple[int, int], nadir: Nadir | None
) -> SearchArea:
    """Where a footprint drawn by hand says to look."""
    corners = read_footprint(footprint) if isinstance(footprint, Path) else np.asarray(footprint, dtype=np.float64)
    if corners.shape != (4, 2) or not (np.abs(corners) <= (360, 90)).all():
        raise InputError(
            f"The footprint {corners.round(4).tolist()} is not four corners of longitude and latitude in degrees: "
            "give them in the photo's order, the top left one first."
        )
    plane = plane_for(corners[0], nadir)
    ground = plane.from_lonlat(corners)
    if not np.isfinite(ground).all() or great_circle_km(corners[:1], corners[2:3])[0] < 0.01:
        raise InputError("The footprint is no quadrilateral on the ground: draw its four corners again.")
    return area_about_footprint(homography_from_points(photo_corners(*size), ground), plane, size)


def _check_outputs(out: Path, crs: str | None) -> None:
    """Refuse outputs that cannot be written before any work is done."""
    if crs is not None:
        resolve_crs(crs)
    with suppress(Cancelled), staging(out):
        raise Cancelled  # a trial, abandoned so that it leaves no folder behind


def _sharpen_on(
    finer: str, result: Localization, pyramid: PhotoPyramid, stages: Sequence[Stage], device: str, progress: Progress
) -> None:
    """Register a photo that was found to finer imagery, where that shows the place."""
    if result.located:
        with _opened(finer) as reference:
            result.outcome = sharpen_on(pyramid, reference, result.outcome, stages, device=device, progress=progress)


def _correct(result: Localization) -> None:
    """Look for a smooth correction of a photo that was found."""
    found = result.registration
    if result.located and found.homography is not None and found.tie_points is not None:
        ties = found.tie_points
        used = ties.inlier
        result.correction = find_correction(
            found.homography, ties.photo_xy[used], ties.plane_xy[used], result.photo_size
        )


def _write(
    result: Localization,
    photo: Photo,
    reference: Reference,
    out: Path,
    crs: str | None,
    model: str,
    progress: Progress,
) -> None:
    """All outputs of a photo that was found; none of one that was not."""
    found = result.registration
    if not result.located or found.homography is None:
        return
    result.outputs = georeference(
        photo if result.correction is None else result.correction.rectified(photo),
        found.homography,
        found.plane,
        out,
        crs=crs,
        reference=reference,
        tie_points=found.tie_points,
        uncertainty=result.uncertainty,
        attributes={
            "confidence": round(result.verdict.confidence, 4),
            "matcher": found.matcher,
            "model": model or None,
            "rmse_px": round(found.rmse_px, 3),
            "rmse_m": round(found.rmse_m, 3),
        },
        progress=progress,
    )


@contextmanager
def _opened(imagery: str) -> Iterator[Reference]:
    reference = Reference.open(imagery)
    try:
        yield reference
    finally:
        reference.close()


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
