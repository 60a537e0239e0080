"""What the engine process can do, by method name. The engine is imported at the first request, not before."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.device import limit_threads
from astroloc_qgis.engine.errors import AstroLocError, Cancelled
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker import desk_handlers, environment, models
from astroloc_qgis.worker.memory import Method, choose_device, with_memory_fallback
from astroloc_qgis.worker.parameters import checked
from astroloc_qgis.worker.server import Handler

logger = logging.getLogger(__name__)


def handlers(threads: int, memory_mb: int = 0, device: str = "auto") -> dict[str, Handler]:
    """Return the engine's methods.

    Args:
        threads: that each may use.
        memory_mb: how much the process may hold on to between requests, in MiB; 0 for a share of the computer's.
        device: for requests that name none.
    """
    methods: dict[str, Method] = {
        "localize": with_memory_fallback(localize, device),
        "refine": with_memory_fallback(refine, device),
        "index_build": with_memory_fallback(index_build, device),
        "ping": ping,
        "unload": unload,
        **desk_handlers.METHODS,
    }
    return {name: _prepared(method, threads, memory_mb) for name, method in methods.items()}


def localize(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Localize ``photo`` with ``index``, write to ``out``; returns the report entry."""
    optional = ("imagery", "nadir", "radius_km", "extent", "polygon", "matcher", "device", "crs")
    arguments = checked(params, required=("photo", "index", "out"), optional=optional)
    from astroloc_qgis.engine import pipeline

    _read_nadir(arguments)
    photo, index, out = Path(arguments.pop("photo")), Path(arguments.pop("index")), Path(arguments.pop("out"))
    report: Mapping[str, Any] = pipeline.localize(photo, index, out, progress=progress, **arguments).report()
    return report


def refine(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Register ``photo`` to ``imagery`` from a known ``block`` or ``footprint``; returns the report entry."""
    optional = ("block", "footprint", "nadir", "matcher", "device", "crs")
    arguments = checked(params, required=("photo", "imagery", "out"), optional=optional)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    _read_nadir(arguments)
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
    arguments = checked(params, required=required, optional=("title", "device", "stride"))
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.store import build_index

    out = Path(arguments.pop("out"))
    reference = Reference.open(arguments.pop("imagery"))
    try:
        zooms, extent, model = arguments.pop("zooms"), arguments.pop("extent"), arguments.pop("model")
        index = build_index(reference, zooms, extent, model, out, progress=progress, **arguments)
    finally:
        reference.close()
    return {"index": str(out), "info": dataclasses.asdict(index.info)}


def ping(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Import the engine and return its versions, every device it can work on, and the one it would choose and why."""
    checked(params, required=(), optional=("device",))
    progress("start", 0.0)
    device, why = choose_device(str(params.get("device") or "auto"))
    return {
        "versions": environment.versions(),
        "devices": environment.describe_devices(),
        "device": device,
        "why": why,
        "memory_mb": models.memory_in_use() >> 20,
    }


def unload(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Forget the models that are kept for the next request."""
    checked(params, required=(), optional=())
    progress("start", 0.0)
    models.forget()
    return {"memory_mb": models.memory_in_use() >> 20}


def _read_nadir(arguments: dict[str, Any]) -> None:
    """Make the engine's ``Nadir`` of the request's pair of latitude and longitude, where there is one."""
    from astroloc_qgis.engine.geometry.nadir import Nadir

    if "nadir" in arguments:
        arguments["nadir"] = Nadir(*arguments["nadir"])


def _prepared(method: Method, threads: int, memory_mb: int) -> Handler:
    def prepared(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        started = time.monotonic()
        try:
            limit_threads(threads)
            return method(params, progress)
        except Exception as error:
            if not isinstance(error, AstroLocError | Cancelled | MemoryError):
                environment.refuse_if_damaged(error)
            raise
        finally:
            logger.info("%s took %.1f s", method.__name__, time.monotonic() - started)
            models.keep_within(memory_mb << 20 or models.default_budget())

    return prepared
