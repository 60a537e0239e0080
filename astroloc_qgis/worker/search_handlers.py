"""The engine process's methods for an index: candidates for a photo; whether it is whole; merging and installing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from astroloc_qgis.engine.progress import Progress, Repeatable, asking
from astroloc_qgis.worker.requests import CheckIndex, InstallIndex, MergeIndexes, Retrieve


def retrieve(request: Retrieve, progress: Progress) -> Mapping[str, Any]:
    """Search the index for the photo; returns the ``candidates``, each with the corners of its block."""
    from astroloc_qgis.engine.geometry.nadir import Nadir
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.photo.reading import read_photo
    from astroloc_qgis.engine.retrieval import search
    from astroloc_qgis.engine.retrieval.remote_index import open_index

    told = Repeatable(progress)
    told("read", 0.0)
    options = request.optional()
    imagery, device = options.pop("imagery", None), options.pop("device", "cpu")
    source = options.pop("nadir_source", "given")
    if request.nadir is not None:
        options["nadir"] = Nadir.of(request.nadir, source)
    photo = read_photo(request.photo)
    index = open_index(request.index)
    reference = Reference.open(imagery) if imagery and imagery != index.info.imagery_uri else None
    try:
        with asking(told.repeat):
            descriptor = index.create_descriptor(device)
            candidates = search.retrieve(
                photo.rgb8(),
                index,
                descriptor,
                alpha=photo.alpha,
                reference=reference,
                field_ratio=photo.field_ratio,
                progress=told,
                **options,
            )
    finally:
        if reference is not None:
            reference.close()
    return {
        "candidates": [
            {
                "zoom": found.block.zoom, "row": found.block.row, "column": found.block.column,
                "size": found.block.size, "rank": found.rank, "score": round(found.score, 5),
                "turn": found.quarter_turns, "corners": found.block.corners_lonlat.tolist(),
            }
            for found in candidates
        ]
    }  # fmt: skip


def index_check(request: CheckIndex, progress: Progress) -> Mapping[str, Any]:
    """Compare all files of the index with their sha256, and check what they hold; returns its ``info``."""
    from astroloc_qgis.engine.index.sharded.opening import check_index

    progress("read", 0.0)
    index = check_index(request.index, progress)
    return {"index": str(request.index), "info": dataclasses.asdict(index.info)}


def index_merge(request: MergeIndexes, progress: Progress) -> Mapping[str, Any]:
    """Merge indexes into a new one; returns the folder and what it holds."""
    from astroloc_qgis.engine.index.merge import merge_indexes

    progress("read", 0.0)
    index = merge_indexes(request.folders, request.out, progress=progress, **request.optional())
    return {"index": str(request.out), "info": dataclasses.asdict(index.info)}


def index_install(request: InstallIndex, progress: Progress) -> Mapping[str, Any]:
    """Install an index from an archive or its address; returns the folder and what it holds."""
    from astroloc_qgis.engine.index.package import install_index

    progress("read", 0.0)
    index = install_index(request.source, request.out, progress=progress, **request.optional())
    return {"index": str(request.out), "info": dataclasses.asdict(index.info)}
