"""Runs the command line: arguments in, exit status out."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import traceback
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.arguments import make_parser
from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.engine.errors import AstroLocError, InputError

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
        logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, format="%(message)s")
        return COMMANDS[options.command](options)
    except AstroLocError as error:
        print(f"astroloc: {error}", file=sys.stderr)
        if options.verbose and error.details:
            print(error.details, file=sys.stderr)
        return BAD_INPUT if isinstance(error, InputError) else DEFECT
    except KeyboardInterrupt:
        print("astroloc: Interrupted.", file=sys.stderr)
        return DEFECT
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the user gets one line first
        print(f"astroloc: This is a defect of AstroLoc: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc()
        return DEFECT


def _localize(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.photo import read_photo

    if len(options.photos) > 1:
        for photo in options.photos:  # a bad one is told before hours of work, not after them
            read_photo(photo)
    results = []
    for photo in options.photos:
        with progress_bar(photo.name) as progress:
            result = pipeline.localize(
                photo,
                options.index,
                options.out,
                imagery=options.imagery,
                nadir=options.nadir,
                radius_km=options.radius_km,
                extent=options.extent,
                matcher=options.matcher,
                device=options.device,
                crs=options.crs,
                progress=progress,
            )
        results.append(result.report())
        _tell(results[-1])
    return _finish(options, results)


def _refine(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    (photo,) = options.photos
    with progress_bar(photo.name) as progress:
        result = pipeline.refine(
            photo,
            options.imagery,
            options.out,
            block=None if options.block is None else Block.parse(options.block),
            footprint=options.footprint,
            nadir=options.nadir,
            matcher=options.matcher,
            device=options.device,
            crs=options.crs,
            progress=progress,
        ).report()
    _tell(result)
    return _finish(options, [result])


def _retrieve(options: Namespace) -> int:
    _prepare(options)
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.index import Index
    from astroloc_qgis.engine.photo import read_photo
    from astroloc_qgis.engine.retrieval import retrieve

    (photo,) = options.photos
    index = Index.open(options.index)
    pixels = read_photo(photo).rgb8()
    with progress_bar(photo.name) as progress:
        candidates = retrieve(
            pixels,
            index,
            index.create_descriptor(resolve_device(options.device)),
            top=options.top,
            nadir=options.nadir,
            radius_km=options.radius_km,
            extent=options.extent,
            progress=progress,
        )
    entries = []
    print("rank  score  block             longitude   latitude  turn")
    for found in candidates:
        lon, lat = (round(float(value), 5) for value in found.block.center_lonlat)
        print(f"{found.rank:4}  {found.score:.3f}  {found.block!s:16} {lon:10.4f} {lat:10.4f}  {found.turn}")
        block = found.block
        place = {"zoom": block.zoom, "row": block.row, "column": block.column, "size": block.size}
        entries.append({**place, "rank": found.rank, "score": found.score, "turn": found.turn, "center": [lon, lat]})
    if options.json:
        _write_json(options.json, [{"photo": str(photo), "candidates": entries}])
    return LOCALIZED


def _index(options: Namespace) -> int:
    from astroloc_qgis.engine.index import Index, build_index

    if options.action == "info":
        index = Index.open(options.folder, thorough=True)
        _tell_index(index)
        return LOCALIZED
    _limit_threads()
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.imagery import Reference

    reference = Reference.open(options.imagery)
    try:
        with progress_bar(options.out.name) as progress:
            index = build_index(
                reference,
                options.zooms,
                options.extent,
                options.model,
                options.out,
                device=resolve_device(options.device),
                stride=options.stride,
                title=options.title,
                progress=progress,
            )
    finally:
        reference.close()
    _tell_index(index)
    return LOCALIZED


def _benchmark(options: Namespace) -> int:
    _limit_threads()
    if options.json:
        _check_writable(options.json)
    from astroloc_qgis.engine.benchmark.coregistration import run, table

    with progress_bar("benchmark") as progress:
        results = run(options.folder, options.matcher.split(","), device=options.device, progress=progress)
    print(table(results))
    if options.json:
        _write_json(options.json, results)
    return LOCALIZED


COMMANDS = {
    "localize": _localize,
    "refine": _refine,
    "retrieve": _retrieve,
    "index": _index,
    "benchmark": _benchmark,
}


def _prepare(options: Namespace) -> None:
    """Refuse what can be refused before anything heavy is loaded."""
    if options.json:
        _check_writable(options.json)
    _limit_threads()


def _limit_threads() -> None:
    from astroloc_qgis.engine.device import limit_threads

    limit_threads()


def _tell(entry: dict[str, Any]) -> None:
    """One photo's result in words, on stdout."""
    name = Path(entry["photo"]).name
    if entry["status"] != "localized":
        print(f"{name}: not localized ({entry['reason']}).")
        return
    lon, lat = (sum(corner[axis] for corner in entry["footprint"]) / 4 for axis in (0, 1))
    print(
        f"{name}: localized at {lat:.4f}, {lon:.4f} (latitude, longitude), confidence {entry['confidence']:.2f}, "
        f"{entry['inliers']} inliers ({entry['matcher']}), RMSE {entry['rmse_m']:.1f} m."
    )
    for kind, path in entry["outputs"].items():
        print(f"  {kind}: {path}")


def _tell_index(index: Any) -> None:
    info = index.info
    counts = ", ".join(f"{count} at zoom {zoom}" for zoom, count in sorted(info.counts.items()))
    print(f"{index.folder}: {info.title or 'untitled'}")
    print(f"  blocks       {info.count} ({counts})")
    print(f"  model        {info.model}, {info.dimensions} dimensions, {info.kind}")
    print(f"  imagery      {info.imagery_uri}")
    print(f"  attribution  {info.attribution or 'none given'}")
    print("  extent       " + ", ".join(f"{value:.4f}" for value in info.extent) + " (west, south, east, north)")


def _finish(options: Namespace, results: list[dict[str, Any]]) -> int:
    if options.json:
        _write_json(options.json, results)
    return LOCALIZED if all(entry["status"] == "localized" for entry in results) else NOT_LOCALIZED


def _check_writable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(f"The report {path} cannot be written: {error.strerror}; choose another file.") from error
    if path.is_dir():
        raise InputError(f"The report {path} is a folder: name a file.")


def _write_json(path: Path, content: Any) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"The report {path} cannot be written: {error.strerror}; choose another file.") from error
