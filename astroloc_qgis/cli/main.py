"""Runs the command line: arguments in, exit status out."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.arguments import make_parser
from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.confidence_command import run_confidence
from astroloc_qgis.cli.geometry_command import run_geometry
from astroloc_qgis.cli.localization_command import run_localization
from astroloc_qgis.cli.report import (
    check_plot,
    check_writable,
    describe_entry,
    describe_index,
    unfinished_entry,
    write_json,
    write_plot,
)
from astroloc_qgis.cli.retrieval_command import run_photos, run_retrieval
from astroloc_qgis.cli.speed_command import run_speed
from astroloc_qgis.cli.texture_command import run_texture
from astroloc_qgis.cli.train_command import run_train
from astroloc_qgis.cli.world_command import run_world
from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization

LOCALIZED, DEFECT, BAD_INPUT, NOT_LOCALIZED = 0, 1, 2, 3
"""The exit statuses."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 localized (or done); 3 an honest "not localized"; 2 bad usage or bad input, one line on stderr; 1 a defect.
    """
    options = Namespace(verbose=False)
    try:
        options = make_parser().parse_args(arguments)
        with _quiet_libraries(options.verbose):
            return COMMANDS[options.command](options)
    except InputError as error:
        _complain(error)
        if options.verbose and error.details:
            print(error.details, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain("Interrupted.")
        return DEFECT
    except BrokenPipeError:  # whoever read our output has gone
        _silence()
        return DEFECT
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the user gets one line first
        _complain(_defect(error))
        traceback.print_exc()
        return DEFECT


def _tell(text: str) -> None:
    """Print; where nobody reads it any more, the work and its report go on all the same."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _silence()


def _silence() -> None:
    """Send what is still to be printed nowhere; without this, Python complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _localize(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.photo.reading import read_photo

    if len(options.photos) > 1:
        names: dict[str, Path] = {}
        for photo in options.photos:  # a bad one is told before hours of work, not after them
            name = read_photo(photo).name
            if name in names:
                raise InputError(
                    f"The results of {names[name]} and {photo} would have the same names ({name}_...): localize them "
                    "one by one, into different folders."
                )
            names[name] = photo

    def localize(photo: Path, progress: Progress) -> Localization:
        return pipeline.localize(
            photo,
            options.index,
            options.out,
            imagery=options.imagery,
            nadir=options.nadir,
            radius_km=options.radius_km,
            extent=options.extent,
            polygon=_polygon(options),
            matcher=options.matcher,
            device=options.device,
            crs=options.crs,
            finer=options.finer,
            correct=options.correct,
            progress=progress,
        )

    return _each_photo(options, localize)


def _refine(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    block = None if options.block is None else Block.parse(options.block)

    def refine(photo: Path, progress: Progress) -> Localization:
        return pipeline.refine(
            photo,
            options.imagery,
            options.out,
            block=block,
            footprint=options.footprint,
            nadir=options.nadir,
            matcher=options.matcher,
            device=options.device,
            crs=options.crs,
            finer=options.finer,
            correct=options.correct,
            progress=progress,
        )

    return _each_photo(options, refine)


def _each_photo(options: Namespace, work: Callable[[Path, Progress], Localization]) -> int:
    """Do the work on one photo after the other, and report; a defect in one does not take the others along.

    Raises:
        InputError: something given is wrong; then there is no report.
    """
    entries: list[dict[str, Any]] = []
    broken = False
    try:
        for photo in options.photos:
            try:
                with progress_bar(photo.name) as progress:
                    entry = work(photo, progress).report()
            except InputError:
                raise
            except Exception as error:  # noqa: BLE001 - it is told, with its traceback, and the exit status says it
                broken = True
                _complain(_defect(error))
                traceback.print_exc()
                entry = unfinished_entry(photo, _defect(error))
            entries.append(entry)
            _tell(describe_entry(entry))
    except KeyboardInterrupt:
        broken = True
        _complain("Interrupted.")
        entries += [unfinished_entry(photo, "interrupted") for photo in options.photos[len(entries) :]]
    if options.json:
        write_json(options.json, entries)
    if broken:
        return DEFECT
    return LOCALIZED if all(entry["status"] == "localized" for entry in entries) else NOT_LOCALIZED


def _retrieve(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.index.store import Index
    from astroloc_qgis.engine.photo.reading import read_photo
    from astroloc_qgis.engine.retrieval.search import retrieve

    (photo,) = options.photos
    device = resolve_device(options.device)
    index = Index.open(options.index)
    pixels = read_photo(photo).rgb8()
    with progress_bar(photo.name) as progress:
        candidates = retrieve(
            pixels,
            index,
            index.create_descriptor(device),
            top=options.top,
            nadir=options.nadir,
            radius_km=options.radius_km,
            extent=options.extent,
            polygon=_polygon(options),
            progress=progress,
        )
    entries = []
    lines = ["rank  score  block             longitude   latitude  turn"]
    for found in candidates:
        block = found.block
        lon, lat = (round(float(value), 5) for value in block.center_lonlat)
        lines.append(f"{found.rank:4}  {found.score:.3f}  {block!s:16} {lon:10.4f} {lat:10.4f}  {found.quarter_turns}")
        place = {"zoom": block.zoom, "row": block.row, "column": block.column, "size": block.size}
        score = round(found.score, 5)
        entries.append({**place, "rank": found.rank, "score": score, "turn": found.quarter_turns, "center": [lon, lat]})
    if options.json:
        write_json(options.json, [{"photo": str(photo), "candidates": entries}])
    _tell("\n".join(lines))
    return LOCALIZED


def _train_texture(options: Namespace) -> int:
    _limit_threads()
    run_texture(options)
    return LOCALIZED


def _train(options: Namespace) -> int:
    run_train(options)
    return LOCALIZED


def _index(options: Namespace) -> int:
    from astroloc_qgis.engine.index.store import Index, build_index

    if options.action == "info":
        print(describe_index(Index.open(options.folder, thorough=True)))
        return LOCALIZED
    _limit_threads()
    if options.action == "world":
        run_world(options)
        return LOCALIZED
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.plan import EXACT

    device = resolve_device(options.device)
    reference = Reference.open(options.imagery)
    try:
        with progress_bar(options.out.name) as progress:
            index = build_index(
                reference,
                options.zooms,
                options.extent,
                options.model,
                options.out,
                device=device,
                stride=options.stride,
                title=options.title,
                kind=options.kind or EXACT,
                texture_zoom=options.texture_zoom,
                progress=progress,
            )
    finally:
        reference.close()
    print(describe_index(index))
    return LOCALIZED


def _benchmark(options: Namespace) -> int:
    _prepare(options)
    BENCHMARKS[options.action](options)
    return LOCALIZED


def _coregistration(options: Namespace) -> None:
    if options.plot:
        check_plot(options.plot)
    from astroloc_qgis.engine.benchmark.coregistration import run
    from astroloc_qgis.engine.benchmark.reports.coregistration import plot, table

    with progress_bar("benchmark") as progress:
        results = run(
            options.folder, options.matcher.split(","), cross=options.cross, device=options.device, progress=progress
        )
    if options.json:
        write_json(options.json, results)
    if options.plot:
        write_plot(options.plot, plot(results))
    print(table(results))


def _matchers(options: Namespace) -> int:
    from astroloc_qgis.cli import matchers

    if options.action == "list":
        if options.measure:
            _limit_threads()
        print(matchers.table(measure=options.measure))
    elif options.action == "add":
        print(
            matchers.add(
                options.name,
                options.file,
                like=options.like,
                sha256=options.sha256,
                licence=options.licence,
                source=options.source,
            )
        )
    else:
        for needed in matchers.weights_of(options.name, options.sha256):
            print(matchers.announce(needed, options.sha256), flush=True)
            with progress_bar(needed) as progress:
                print(f"  {matchers.fetch(needed, options.sha256, progress)}")
    return LOCALIZED


BENCHMARKS = {
    "coregistration": _coregistration,
    "geometry": run_geometry,
    "simulated": run_confidence,
    "pairs": run_confidence,
    "calibrate": run_confidence,
    "retrieval": run_retrieval,
    "localization": run_localization,
    "photos": run_photos,
    "speed": run_speed,
}

COMMANDS = {
    "localize": _localize,
    "refine": _refine,
    "retrieve": _retrieve,
    "index": _index,
    "matchers": _matchers,
    "benchmark": _benchmark,
    "train": _train,
    "train-texture": _train_texture,
}


def _polygon(options: Namespace) -> str | None:
    if options.polygon is None:
        return None
    from astroloc_qgis.engine.retrieval.search_polygon import read_polygon

    return read_polygon(options.polygon)


def _prepare(options: Namespace) -> None:
    """Refuse what can be refused before anything heavy is loaded."""
    if options.json:
        check_writable(options.json)
    _limit_threads()


def _limit_threads() -> None:
    from astroloc_qgis.engine.device import limit_threads

    limit_threads()


@contextmanager
def _quiet_libraries(verbose: bool) -> Iterator[None]:
    """Keep what the libraries mutter off stderr, which is for one clear line; with ``--verbose`` all is heard."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s")
    logging.captureWarnings(not verbose)
    from osgeo import gdal

    if not verbose:
        gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        if not verbose:
            gdal.PopErrorHandler()
        logging.captureWarnings(False)


def _complain(what: object) -> None:
    """One line on stderr."""
    print("astroloc:", *str(what).split(), file=sys.stderr)


def _defect(error: Exception) -> str:
    if isinstance(error, AstroLocError):
        return str(error)
    return f"This is a defect of AstroLoc: {type(error).__name__}: {error}"
