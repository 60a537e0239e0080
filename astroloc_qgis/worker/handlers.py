"""The methods of the engine process, by name. The engine is imported at the first request, not before."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.report import unfinished_entry
from astroloc_qgis.engine.device import limit_threads
from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.engine.progress import Progress, part_of
from astroloc_qgis.worker import environment, models, requests
from astroloc_qgis.worker.batch_handlers import batching, labelling
from astroloc_qgis.worker.desk_handlers import candidate_pictures, export, nadir
from astroloc_qgis.worker.imagery_handlers import imagery_keep
from astroloc_qgis.worker.memory import Method, choose_device, with_memory_fallback
from astroloc_qgis.worker.model_handlers import models as list_models
from astroloc_qgis.worker.model_handlers import models_fetch, models_give, models_remove
from astroloc_qgis.worker.parameters import read
from astroloc_qgis.worker.preloading import preloading
from astroloc_qgis.worker.search_handlers import index_check, index_install, index_merge, retrieve
from astroloc_qgis.worker.server import Handler

ALONE = 0.7
"""The share of the progress of photos that follow each other for the work on each by itself."""

logger = logging.getLogger(__name__)


def handlers(threads: int, memory_mb: int = 0, device: str = "auto") -> dict[str, Handler]:
    """Return the engine's methods.

    Args:
        threads: the number of threads that each may use.
        memory_mb: the memory that the process may keep between requests, MiB; 0 for a share of the computer's.
        device: the device of requests that name none.
    """
    methods: dict[str, tuple[type[requests.Parameters], Method[Any]]] = {
        "localize": (requests.Localize, with_memory_fallback(localize, device)),
        "localize_sequence": (requests.LocalizeSequence, with_memory_fallback(localize_sequence, device)),
        "batch": (requests.Batch, batching(device, threads)),
        "label": (requests.Label, labelling(device, threads)),
        "refine": (requests.Refine, with_memory_fallback(refine, device)),
        "index_build": (requests.BuildIndex, with_memory_fallback(index_build, device)),
        "retrieve": (requests.Retrieve, with_memory_fallback(retrieve, device)),
        "index_check": (requests.CheckIndex, index_check),
        "index_merge": (requests.MergeIndexes, index_merge),
        "index_install": (requests.InstallIndex, index_install),
        "models": (requests.ListModels, list_models),
        "models_fetch": (requests.FetchModel, models_fetch),
        "models_give": (requests.GiveModel, models_give),
        "models_remove": (requests.RemoveModel, models_remove),
        "ping": (requests.Ping, ping),
        "preload": (requests.Preload, preloading(device)),
        "unload": (requests.Unload, unload),
        "export": (requests.Export, export),
        "imagery_keep": (requests.KeepImagery, imagery_keep),
        "candidate_pictures": (requests.CandidatePictures, candidate_pictures),
        "nadir": (requests.ComputeNadir, nadir),
    }
    return {name: _prepared(schema, method, threads, memory_mb) for name, (schema, method) in methods.items()}


def localize(request: requests.Localize, progress: Progress) -> Mapping[str, Any]:
    """Find the photo with the index and georeference it; returns the report entry."""
    from astroloc_qgis.engine import pipeline

    options = _with_nadir(request)
    return pipeline.localize(request.photo, request.index, request.out, progress=progress, **options).report()


def localize_sequence(request: requests.LocalizeSequence, progress: Callable[..., None]) -> Mapping[str, Any]:
    """Localize each photo by itself, then all of them by their neighbours.

    Args:
        request: the photos.
        progress: also told each photo as its work begins; then the stage "neighbours".

    Returns:
        The report's "entries" in the order of the photos, and as "problem" what kept the neighbours from being
        compared; "" where nothing did.

    Raises:
        InputError: what all photos share is wrong. A photo that is bad by itself has an entry that says so.
    """
    each = request.one_by_one()
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index
    from astroloc_qgis.engine.sequence.localization import Search, localize_neighbours

    Reference.open(imagery_of(open_index(request.index), request.imagery)).close()
    results, entries, nadirs, problem = {}, {}, {}, ""
    for number, one in enumerate(each):
        start, end = (ALONE * done / len(each) for done in (number, number + 1))
        progress("read", start, str(one.photo))
        options = _with_nadir(one)
        if "nadir" in options:
            nadirs[one.photo] = options["nadir"]
        try:
            result = pipeline.localize(one.photo, one.index, one.out, progress=part_of(progress, start, end), **options)
        except InputError as error:
            entries[one.photo] = unfinished_entry(one.photo, str(error), "error")
        else:
            results[one.photo], entries[one.photo] = result, result.report()
    names = ("matcher", "thorough", "seconds", "device", "crs", "finer")
    common = {name: value for name, value in request.optional().items() if name in names}
    outs = dict(zip(request.photos, request.outs, strict=True))
    search = Search(request.index, request.outs[0], request.imagery, nadirs, common, outs)
    try:
        for result in localize_neighbours(
            results, search, progress=lambda _stage, part: progress("neighbours", ALONE + (1 - ALONE) * part)
        ):
            entries[result.photo] = result.report()
    except InputError as error:
        problem = str(error)
        entries |= {photo: result.report() for photo, result in results.items()}
    return {"entries": [entries[photo] for photo in request.photos], "problem": problem}


def refine(request: requests.Refine, progress: Progress) -> Mapping[str, Any]:
    """Register the photo to the imagery from a known block or footprint; returns the report entry."""
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    options = _with_nadir(request)
    if request.block is not None:
        options["block"] = Block.parse(request.block)
    if isinstance(request.footprint, str):  # a file; else four corners
        options["footprint"] = Path(request.footprint)
    return pipeline.refine(request.photo, request.imagery, request.out, progress=progress, **options).report()


def index_build(request: requests.BuildIndex, progress: Progress) -> Mapping[str, Any]:
    """Describe the imagery into an index folder; returns the folder and what it holds."""
    from astroloc_qgis.engine.descriptors.registry import DEFAULT
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.builder import build_index
    from astroloc_qgis.engine.index.plan import usual_texture_zooms
    from astroloc_qgis.engine.index.upkeep.rates import RateMeter

    meter = RateMeter(progress)
    options = {"model": DEFAULT, **request.optional()}
    options.setdefault("texture_zooms", usual_texture_zooms(options["model"], request.zooms))
    reference = Reference.open(request.imagery)
    try:
        index = build_index(reference, request.zooms, request.extent, out=request.out, progress=meter, **options)
        meter.record(options["model"], request.imagery, index.info.count)
    finally:
        reference.close()
    return {"index": str(request.out), "info": dataclasses.asdict(index.info)}


def ping(request: requests.Ping, progress: Progress) -> Mapping[str, Any]:
    """Import the engine; returns its versions, the devices, the one that it chooses, and why."""
    progress("start", 0.0)
    device, why = choose_device(request.device or "auto")
    return {
        "versions": environment.versions(),
        "devices": environment.describe_devices(),
        "device": device,
        "why": why,
        "memory_mb": models.memory_in_use() >> 20,
    }


def unload(_request: requests.Unload, progress: Progress) -> Mapping[str, Any]:
    """Unload the models that are kept for the next request."""
    progress("start", 0.0)
    models.unload()
    return {"memory_mb": models.memory_in_use() >> 20}


def _with_nadir(request: requests.GeoreferencePhoto) -> dict[str, Any]:
    """Return the options of a request for the engine, with the nadir as the engine's ``Nadir``."""
    from astroloc_qgis.engine.geometry.nadir import Nadir

    options = request.optional()
    source = options.pop("nadir_source", "given")
    if request.nadir is not None:
        options["nadir"] = Nadir.of(request.nadir, source)
    return options


def _prepared(schema: type[requests.Parameters], method: Method[Any], threads: int, memory_mb: int) -> Handler:
    def prepared(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        started = time.monotonic()
        try:
            request = read(schema, params)
            limit_threads(threads)
            return method(request, progress)
        except Exception as error:
            if not isinstance(error, AstroLocError | Cancelled | MemoryError):
                environment.refuse_if_damaged(error)
            raise
        finally:
            logger.info("%s took %.1f s", method.__name__, time.monotonic() - started)
            models.keep_within(memory_mb << 20 or models.default_budget())

    return prepared
