"""From a photo to its place on Earth: retrieval, iterative coregistration, verification, georeferencing.

As in the three papers: EarthLoc and AstroLoc retrieve candidates from an index of satellite imagery, EarthMatch
coregisters the photo with each of them, and the first registration that verification accepts georeferences the photo.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from astroloc_qgis.engine.coregistration.attempts import (
    BELOW_ZOOM,
    attempts_about,
    attempts_at,
    attempts_in_footprint,
    candidate_below,
)
from astroloc_qgis.engine.coregistration.cascade import (
    Attempt,
    Outcome,
    Stage,
    run_cascade,
    stages_of,
)
from astroloc_qgis.engine.coregistration.effort import Effort, effort_for, not_matched
from astroloc_qgis.engine.coregistration.finer_stage import name_of, needs_day, run_finer_stage
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import check_outputs
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.georeference.outputs import georeference, output_names, read_footprint, resolve_crs
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.photo.contents import find_contents
from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.engine.photo.reading import Photo, read_photo
from astroloc_qgis.engine.progress import Progress, Repeatable, asking, no_progress
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.nadir_proposal import nadir_of
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM
from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index
from astroloc_qgis.engine.retrieval.search_rounds import (
    Searched,
    SearchRound,
    limits_in_words,
    retrieve_round,
    search_rounds,
)
from astroloc_qgis.engine.tiles import Block, Extent

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Localization", "Options", "check_options", "localize", "refine", "register_block"]

CANDIDATES_KEPT = 50
"""Number of candidates in the report."""


class Options(TypedDict, total=False):
    """Options that ``localize`` and ``refine`` have in common.

    Attributes:
        matcher: name, or "auto" (the default) for a cascade of matchers from cheap to strong.
        device: torch device, or "auto" (the default).
        crs: of the GeoTIFF; by default the reference's.
        finer: imagery of better resolution (or a service of the catalogue), on which the registration of a localized
            photo is refined where its own resolution asks for it; where that fails, the registration stays as it is.
        correct: whether to look for a smooth correction on top of the homography, which is used where the tie points
            prove it; no by default.
        thorough: whether the strong matchers search at more places; no by default.
        seconds: for matching, after which no further attempt begins; by default no limit.
        doubt: says of a photo that registration has localized why its place is not believed, or None; it is then
            not localized, and nothing is written.
    """

    matcher: str
    device: str
    crs: str | None
    finer: str | None
    correct: bool
    thorough: bool
    seconds: float | None
    doubt: Callable[[Localization], str | None]


def localize(
    photo_path: Path,
    index_place: Path | str,
    out: Path,
    *,
    imagery: str | None = None,
    nadir: Nadir | None = None,
    tle: Path | None = None,
    exif_nadir: bool = False,
    radius_km: float | None = None,
    centre: tuple[float, float] | None = None,
    centre_km: float = CENTRE_KM,
    extent: Extent | None = None,
    polygon: str | None = None,
    progress: Progress = no_progress,
    **options: Unpack[Options],
) -> Localization:
    """Find a photo on Earth and georeference it.

    The nadir is evidence, not law: where nothing is found about it and the user sets no limit, the whole index is
    searched as well (``retrieval.search_rounds``).

    Args:
        photo_path: image file.
        index_place: index to search: its folder, or the address of a service (``remote_index``).
        out: folder for the outputs.
        imagery: reference to register to, anything GDAL opens; by default the index's own. Only blocks that it shows
            are searched.
        nadir: the sub-satellite point, where it is known.
        tle: two-line elements, which with the photo's time propose a nadir where none is given.
        exif_nadir: whether the position in the photo's EXIF is the nadir where there is no other.
        radius_km: limit of the search about the nadir; 0 for no limit; by default 2,500 km at first.
        centre: latitude, longitude of the photo's middle, where it is roughly known.
        centre_km: limit of the search about the centre; 0 for no limit.
        extent: west, south, east, north of the search, degrees.
        polygon: WKT of the search area, longitude and latitude.
        progress: told the stages; may raise ``Cancelled``.
        **options: see ``Options``.

    Raises:
        InputError: something given is wrong; nothing is written then.
        Cancelled: by ``progress``.
    """
    progress = Repeatable(progress)
    job = _Job(photo_path, out, options, progress)
    with job.stage("read"):
        progress("read", 0.0)
        photo = read_photo(photo_path)
        pixels = photo.rgb8()
        index = open_index(index_place)
    own = index.info.imagery_uri
    with asking(progress.repeat), _opened(imagery_of(index, imagery)) as reference:
        with job.stage("read"):
            job.check_finer_imagery()
            job.check_outputs()
            nadir = nadir_of(photo, nadir, tle=tle, exif=exif_nadir)
        with job.stage("contents"):
            contents = find_contents(pixels, photo.alpha)
        with job.stage("match"):
            pyramid = PhotoPyramid(pixels, photo.alpha)
        with job.stage("search"):
            descriptor = index.create_descriptor(job.device)
        limits = limits_in_words(centre if centre_km else None, extent, polygon)
        wide = min(index.info.zooms) <= BELOW_ZOOM and not limits
        best: Localization | None = None
        made: list[SearchRound] = []
        for search in search_rounds(index, nadir, radius_km, limits):
            with job.stage("search"):
                candidates = retrieve_round(
                    search, pixels, index, descriptor, top=CANDIDATES_KEPT, tried=best.candidates if best else [],
                    alpha=photo.alpha, centre=centre, centre_km=centre_km, extent=extent, polygon=polygon,
                    reference=None if reference.uri == own else reference, field_ratio=photo.field_ratio,
                    progress=progress,
                )  # fmt: skip
            if not candidates:
                continue
            with job.stage("match"):
                tried = candidates[: search.attempted]
                below = None if search.nadir is None or not wide else candidate_below(search.nadir, len(candidates) + 1)
                effort = effort_for(contents, photo.field_ratio, candidates, reference, search.nadir)
                effort = effort if search.attempted is None else effort.again(search.attempted)
                attempts = attempts_about(tried, reference, search.nadir, below, closer=search.attempted is None)
                outcome = job.register(pyramid, reference, attempts, effort)
            made.append(search)
            searched = Searched(nadir, tuple(made), search)
            ranked = candidates if below is None else [*candidates, below]
            found = Localization(
                photo_path, outcome, ranked, pyramid.size,
                searched=searched, contents=contents, hindrance=effort.hindrance,
            )  # fmt: skip
            best = found if best is None else best.or_better(found)
            if best.located or contents.worth != "usable":
                break
        assert best is not None  # noqa: S101 - of two rounds one has candidates; a single one without raises
        return job.georeference(best, photo, pyramid, reference, model=index.info.model)


def refine(
    photo_path: Path,
    imagery: str,
    out: Path,
    *,
    block: Block | None = None,
    footprint: Path | Sequence[Sequence[float]] | None = None,
    nadir: Nadir | None = None,
    progress: Progress = no_progress,
    **options: Unpack[Options],
) -> Localization:
    """Georeference a photo whose place is roughly known, as a block or as a footprint.

    Args:
        photo_path: image file.
        imagery: reference, anything GDAL opens.
        out: folder for the outputs.
        block: web-map block about the photo.
        footprint: file with a polygon, or four longitude, latitude corners in the photo's corner order.
        nadir: the sub-satellite point, where it is known.
        progress: told the stages; may raise ``Cancelled``.
        **options: see ``Options``.

    Raises:
        InputError: something given is wrong, or not exactly one of block and footprint is given.
        Cancelled: by ``progress``.
    """
    if (block is None) == (footprint is None):
        raise InputError("Give either a block or a footprint to start from.")
    progress = Repeatable(progress)
    job = _Job(photo_path, out, options, progress)
    with job.stage("read"):
        progress("read", 0.0)
        photo = read_photo(photo_path)
        job.check_finer_imagery()
    with asking(progress.repeat), _opened(imagery) as reference:
        job.check_outputs()
        with job.stage("match"):
            pyramid = PhotoPyramid(photo.rgb8(), photo.alpha)
            if block is not None:
                candidates = [_candidate(block)]
                attempts: Sequence[Attempt] = attempts_at(candidates[0], reference, nadir)
            else:
                corners = read_footprint(footprint) if isinstance(footprint, Path) else np.asarray(footprint, float)
                candidates, attempts = [], attempts_in_footprint(corners, pyramid.size, nadir)
            outcome = job.register(pyramid, reference, attempts)
        result = Localization(photo_path, outcome, candidates, pyramid.size, searched=Searched(nadir))
        return job.georeference(result, photo, pyramid, reference)


def check_options(out: Path, **options: Unpack[Options]) -> None:
    """Check what ``localize`` is given for all photos of a batch, as far as that can be done before any work.

    Raises:
        InputError: there is no such matcher, device or CRS, the finer imagery cannot be opened, or the folder for the
            outputs cannot be written.
    """
    job = _Job(None, out, options, no_progress)
    job.check_finer_imagery()
    job.check_outputs()


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
    """Register a photo to the surroundings of one block, without writing anything.

    Args:
        photo_path: for the report.
        pyramid: the photo.
        reference: imagery.
        block: about the photo.
        nadir: the sub-satellite point, where it is known.
        stages: of ``cascade.stages_of``.
        device: torch device.
        progress: told the stage "match".
    """
    candidate = _candidate(block)
    attempts = attempts_at(candidate, reference, nadir)
    outcome = run_cascade(pyramid, reference, attempts, stages, device=device, progress=progress)
    return Localization(photo_path, outcome, [candidate], pyramid.size, searched=Searched(nadir))


def _candidate(block: Block) -> Candidate:
    """The candidate of a block that the user has named."""
    return Candidate(block, rank=1, score=1.0, quarter_turns=0)


class _Job:
    """The steps that ``localize`` and ``refine`` share, on one photo, with their seconds by stage."""

    def __init__(self, photo: Path | None, out: Path, options: Options, progress: Progress) -> None:
        unknown = set(options) - set(Options.__annotations__)
        if unknown:
            raise TypeError(f"There are no options called {', '.join(sorted(unknown))}.")
        self.stages = stages_of(options.get("matcher", "auto"), thorough=options.get("thorough", False))
        self.device = resolve_device(options.get("device", "auto"))
        self._names = () if photo is None else tuple(output_names(photo_name(photo)).values())
        self._out, self._progress = out, progress
        self._crs, self._finer = options.get("crs"), options.get("finer")
        self._correct, self._doubt = options.get("correct", False), options.get("doubt")
        self._seconds: dict[str, float] = {}
        self._started = time.perf_counter()
        self._left_s = options.get("seconds")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the seconds of a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - started

    def check_finer_imagery(self) -> None:
        """Check that the finer imagery, if any, can be opened."""
        if self._finer is not None and not needs_day(self._finer):
            _check_imagery(self._finer)

    def check_outputs(self) -> None:
        """Check that the outputs can be written, in that folder and under their names, before any work is done."""
        if self._crs is not None:
            resolve_crs(self._crs)
        check_outputs(self._out, self._names)

    def register(
        self, pyramid: PhotoPyramid, reference: Reference, attempts: Sequence[Attempt], effort: Effort | None = None
    ) -> Outcome:
        """Run the cascade of matchers on as many of the attempts as the photo is worth.

        Raises:
            InputError: the reference is a web service that gave nothing but errors.
        """
        effort = effort or Effort()
        if effort.attempts == 0:
            return not_matched(attempts)
        worth_it, stages = effort.of(attempts), effort.by(self.stages)
        outcome = run_cascade(
            pyramid, reference, worth_it, stages, device=self.device, seconds=self._left_s, progress=self._progress
        )
        if self._left_s is not None:
            self._left_s = max(0.0, self._left_s - sum(run.seconds for run in outcome.runs))
        if not outcome.verdict.located:
            reference.check_answers()
        return outcome

    def georeference(
        self, result: Localization, photo: Photo, pyramid: PhotoPyramid, reference: Reference, *, model: str = ""
    ) -> Localization:
        """Refine and correct an accepted registration as asked, and write the outputs; none for a rejected one."""
        doubt = self._doubt(result) if result.located and self._doubt is not None else None
        if doubt is not None:
            result.disbelieve(doubt)
        result.imagery = name_of(reference.uri)
        if self._finer is not None and result.located:
            with self.stage("match"):
                result.outcome, result.finer = run_finer_stage(
                    pyramid, self._finer, reference, result.outcome, self.stages, photo.taken,
                    device=self.device, progress=self._progress,
                )  # fmt: skip
        with self.stage("georeference"):
            if self._correct:
                result.find_correction()
            self._write(result, photo, reference, model)
        total = time.perf_counter() - self._started
        result.seconds = self._seconds | {"other": max(0.0, total - sum(self._seconds.values()))}
        return result

    def _write(self, result: Localization, photo: Photo, reference: Reference, model: str) -> None:
        found = result.registration
        if not result.located or found.homography is None:
            return
        result.outputs = georeference(
            photo if result.correction is None else result.correction.rectified(photo),
            found.homography, found.plane, self._out, crs=self._crs, reference=reference,
            finer_credit="" if result.finer is None else result.finer.credit,
            tie_points=found.tie_points, uncertainty=result.uncertainty,
            attributes={
                "confidence": round(result.verdict.confidence, 4), "matcher": found.matcher, "model": model or None,
                "rmse_px": round(found.rmse_px, 3), "rmse_m": round(found.rmse_m, 3),
            },
            progress=self._progress,
        )  # fmt: skip


def _check_imagery(imagery: str) -> None:
    Reference.open(imagery).close()


@contextmanager
def _opened(imagery: str) -> Iterator[Reference]:
    reference = Reference.open(imagery)
    try:
        yield reference
    finally:
        reference.close()
