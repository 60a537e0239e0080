"""What the engine process can do, by method name. The engine is imported at the first request, not before."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker import environment
from astroloc_qgis.worker.server import Handler

logger = logging.getLogger(__name__)


def handlers(threads: int) -> dict[str, Handler]:
    """Return the engine's methods, each working with ``threads`` threads."""
    methods: dict[str, Callable[[Mapping[str, Any], Progress], Mapping[str, Any]]] = {
        "localize": localize,
        "refine": refine,
        "index_build": index_build,
        "ping": ping,
    }
    return {name: _with_threads(method, threads) for name, method in methods.items()}


def localize(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Localize ``photo`` with ``index``, write to ``out``; returns the report entry."""
    optional = ("imagery", "nadir", "radius_km", "extent", "matcher", "device", "crs")
    arguments = _arguments(params, required=("photo", "index", "out"), optional=optional)
    from astroloc_qgis.engine import pipeline

    photo, index, out = Path(arguments.pop("photo")), Path(arguments.pop("index")), Path(arguments.pop("out"))
    report: Mapping[str, Any] = pipeline.localize(photo, index, out, progress=progress, **arguments).report()
    return report


def refine(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Register ``photo`` to ``imagery`` from a known ``block`` or ``footprint``; returns the report entry."""
    optional = ("block", "footprint", "nadir", "matcher", "device", "crs")
    arguments = _arguments(params, required=("photo", "imagery", "out"), optional=optional)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    photo, imagery, out = Path(arguments.pop("photo")), arguments.pop("imagery"), Path(arguments.pop("out"))
    if "block" in arguments:
        arguments["block"] = Block.parse(arguments["block"])
    if isinstance(arguments.get("footprint"), str):  # a file; else four corners
        arguments["footprint"] = Path(arguments["footprint"])
    report: Mapping[str, Any] = pipeline.refine(photo, imagery, out, progress=progress, **arguments).report()
    return report


def index_build(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Describe ``imagery`` into an index folder ``out``; returns the folder and what it holds."""
    required = ("imagery", "zooms", "extent", "model", "out")
    arguments = _arguments(params, required=required, optional=("title", "device", "stride"))
    from astroloc_qgis.engine.imagery import Reference
    from astroloc_qgis.engine.index import build_index

    out = Path(arguments.pop("out"))
    reference = Reference.open(arguments.pop("imagery"))
    try:
        zooms, extent, model = arguments.pop("zooms"), arguments.pop("extent"), arguments.pop("model")
        index = build_index(reference, zooms, extent, model, out, progress=progress, **arguments)
    finally:
        reference.close()
    return {"index": str(out), "info": dataclasses.asdict(index.info)}


def ping(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Import the engine and return its versions and every device it can work on."""
    _arguments(params, required=(), optional=())
    progress("start", 0.0)
    return {"versions": environment.versions(), "devices": list(environment.devices())}


def _with_threads(method: Handler, threads: int) -> Handler:
    def limited(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        environment.limit_threads(threads)
        started = time.monotonic()
        result = method(params, progress)
        logger.info("%s took %.1f s", method.__name__, time.monotonic() - started)
        return result

    return limited


def _arguments(params: Mapping[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    """Check a request's parameters; optional ones that are null are left to the engine's defaults."""
    given = {name: value for name, value in params.items() if value is not None}
    if missing := [name for name in required if name not in given]:
        raise InputError(f"The request lacks {', '.join(missing)}.")
    if unknown := sorted(set(given) - set(required) - set(optional)):
        raise InputError(f"The request has parameters that do not exist: {', '.join(unknown)}.")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
