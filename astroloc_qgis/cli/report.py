"""The reports of the command line: JSON, plots, and the same in words."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.batch.entries import unfinished_entry as unfinished_entry
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.writable import check_can_be_made

MODEL = "model"
"""What ``check_writable`` calls a file of weights, which is binary: it may replace any other."""


def prepare(options: Namespace) -> None:
    """Check the report's path before anything heavy is loaded, and limit the threads.

    Raises:
        InputError: the report cannot be written.
    """
    if options.json:
        check_writable(options.json)
    from astroloc_qgis.engine.device import limit_threads

    limit_threads()
    for name in (getattr(options, "imagery", None), getattr(options, "finer", None)):
        _show_licence(name or "")


def _show_licence(name: str) -> None:
    """Show the licence of a service of the catalogue that is not free for all uses, and whom to credit."""
    from astroloc_qgis.engine.imagery.catalogue import SERVICES

    service = SERVICES.get(name.partition("@")[0])
    if service is not None and service.ask:
        print(f"{service.title}: {service.licence} ({service.licence_url}). Credit: {service.attribution}.", flush=True)


def publish(options: Namespace, results: Any, text: Callable[[], str], plot: Callable[[], str] | None = None) -> None:
    """Write the JSON and the plot that the options name, then print the results in words.

    Args:
        options: ``json``; with a plot also ``plot``.
        results: the content of the JSON.
        text: gives the results in words.
        plot: gives the plot as SVG; None for a command without one.

    Raises:
        InputError: a file cannot be written.
    """
    if options.json:
        write_json(options.json, results)
    if plot is not None and options.plot:
        write_plot(options.plot, plot())
    print(text())


def check_writable(path: Path, what: str = "report") -> None:
    """Refuse a file that cannot be written, before hours of work; creates nothing.

    Args:
        path: of the file.
        what: what the file is, for the sentence.

    Raises:
        InputError: the path is a folder, a name in it is too long, or no file can be created there; a report would
            replace a file that is none.
    """
    try:
        if path.is_dir():
            raise InputError(f"The {what} {path} is a folder: name a file in it, such as {path / f'{what}.json'}.")
        if path.exists() and not path.is_file():  # /dev/stdout
            return
        if path.exists() and what != MODEL and not _is_text(path):
            raise InputError(f"The {what} {path} would replace a file that is no {what}: choose another name.")
        check_can_be_made(_draft_of(path.resolve()))
    except OSError as error:
        raise _cannot_write(path, error, what) from error


def check_output_folder(path: Path) -> None:
    """Refuse an output folder that cannot be made or written, before hours of work; creates nothing.

    Raises:
        InputError: a file has its name, a name is too long, or it is protected.
    """
    from astroloc_qgis.engine.exports.files import check_outputs

    check_outputs(path)


def _is_text(path: Path) -> bool:
    """Whether a file that a report would replace may be an earlier report, and is no photo, raster or database."""
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def write_json(path: Path, content: Any) -> None:
    """Write a report completely or not at all; the target of a link is replaced, not the link.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path = path.resolve() if path.is_file() else path
        draft = _draft_of(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        if path.exists() and not path.is_file():  # /dev/stdout, a pipe: written to, never replaced
            path.write_text(text, encoding="utf-8")
            return
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _cannot_write(path: Path, error: OSError, what: str = "report") -> InputError:
    return InputError(f"The {what} {path} cannot be written ({error.strerror}): choose another file.", repr(error))


def describe_entry(entry: dict[str, Any]) -> str:
    """One photo's entry of the report in words."""
    name = Path(entry["photo"]).name
    proposed = _proposed_nadir(entry["nadir"])
    if entry["status"] != "localized":
        return "\n".join([f"{name}: not localized ({entry['reason']}).", *proposed])
    lon, lat = _middle(entry["footprint"])
    if entry.get("placed_by") == "neighbours":
        lines = [
            f"{name}: localized at {lat:.2f}, {lon:.2f} (latitude, longitude) by {' and '.join(entry['neighbours'])}, "
            f"confidence {entry['confidence']:.2f}, within {entry['uncertainty_m'] / 1000:.0f} km (95 %)."
        ]
        return "\n".join([*lines, *(f"  {kind}: {path}" for kind, path in entry["outputs"].items())])
    lines = [
        f"{name}: localized at {lat:.4f}, {lon:.4f} (latitude, longitude), confidence {entry['confidence']:.2f}, "
        f"{entry['inliers']} inliers ({entry['matcher']}), RMSE {entry['rmse_m']:.1f} m."
    ]
    if not entry["nadir"]["used"] and entry["nadir"]["distance_km"] is not None:
        lines.append(f"  {entry['reason']}")
    if camera := entry["camera"]:
        lines.append(
            f"  the camera was above {camera['latitude']:.2f}, {camera['longitude']:.2f}, to about "
            f"{2 * camera['deviation_km']:.0f} km, as the tie points tell"
        )
    lines += [*_finer_stage(entry.get("finer")), *proposed]
    correction = entry["correction"]
    if correction is not None:
        lines.append(
            f"  corrected by a {correction['model']} model: tie points that took no part are off by "
            f"{correction['error_after_px']:.2f} instead of {correction['error_before_px']:.2f} px"
        )
    return "\n".join([*lines, *(f"  {kind}: {path}" for kind, path in entry["outputs"].items())])


def _finer_stage(finer: dict[str, Any] | None) -> list[str]:
    """What became of the second stage, in a line; none where there was none."""
    if finer is None:
        return []
    return [f"  {'placed on' if finer['used'] else 'not placed on'} {finer['imagery']}: {finer['reason']}"]


def _proposed_nadir(nadir: dict[str, Any]) -> list[str]:
    """Where a nadir came from that the user did not give, in a line; none otherwise."""
    sources = {
        "exif": "proposed by the photo's EXIF (--no-exif-nadir ignores it)",
        "tle": "proposed by the TLE",
        "nasa": "from NASA's photo database",
    }
    if nadir["source"] not in sources:
        return []
    return [f"  nadir {nadir['latitude']:.2f}, {nadir['longitude']:.2f}: {sources[nadir['source']]}"]


def _middle(footprint: list[list[float]]) -> tuple[float, float]:
    """Longitude and latitude in the middle of a footprint, which may cross the antimeridian."""
    first = footprint[0][0]
    east = sum((lon - first + 180) % 360 - 180 for lon, _ in footprint) / len(footprint)
    return (first + east + 180) % 360 - 180, sum(lat for _, lat in footprint) / len(footprint)


def describe_index(index: Any) -> str:
    """An index in words."""
    from astroloc_qgis.engine.imagery.opening import short_name

    info = index.info
    counts = ", ".join(f"{count} at zoom {zoom}" for zoom, count in sorted(info.counts.items()))
    return "\n".join(
        [
            f"{index.folder}: {info.title or 'untitled'}",
            f"  blocks       {info.count} ({counts})",
            *([f"  shards       {len(index.shards)}"] if hasattr(index, "shards") else []),
            f"  model        {info.model}, {info.dimensions} dimensions, {info.kind}"
            + (f"; texture codes at zoom {', '.join(map(str, info.texture_zooms))}" if info.texture_zooms else ""),
            f"  imagery      {short_name(info.imagery_uri)}",
            f"  attribution  {info.attribution or 'none given'}",
            "  extent       " + ", ".join(f"{value:.4f}" for value in info.extent) + " (west, south, east, north)",
        ]
    )


def check_plot(path: Path) -> None:
    """Refuse a plot that is no SVG or cannot be written.

    Raises:
        InputError: the name does not end in .svg, or the file cannot be created.
    """
    if path.suffix.lower() != ".svg":
        raise InputError(f"The plot {path} is drawn as an SVG: give it a name that ends in .svg.")
    check_writable(path)


def write_plot(path: Path, svg: str) -> None:
    """Write a plot, and create its folder."""
    from astroloc_qgis.engine.exports.files import write_bytes

    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, svg.encode())
