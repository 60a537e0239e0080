"""``benchmark lost-in-space`` and ``benchmark historical``: the related tasks of AstroLoc's paper."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder, publish
from astroloc_qgis.cli.shared_arguments import add_device, add_index, add_json, add_limit
from astroloc_qgis.cli.values import distance
from astroloc_qgis.engine.errors import InputError

if TYPE_CHECKING:
    from astroloc_qgis.engine.benchmark.retrieval import Picture, Query


def add_lost_in_space(actions: Any) -> None:
    """Add the grammar of ``benchmark lost-in-space`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "lost-in-space", help="look photos up in the whole index, with nothing known of them"
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="with photos.csv: of real frames, or of known footprints",
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only real frames whose names contain it")
    _add_models(parser)


def add_historical(actions: Any) -> None:
    """Add the grammar of ``benchmark historical`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "historical", help="look photos of known footprints up as scans of film: square, grey, grainy, faded, marked"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv")
    parser.add_argument("--real", action="store_true", help="the photos are scans of film: take them as they are")
    parser.add_argument(
        "--radius-km", type=distance, default=2500.0, help="about each photo's nadir; 0: the whole index (2500)"
    )
    _add_models(parser)


def _add_models(parser: ArgumentParser) -> None:
    add_index(parser)
    add_limit(parser)
    parser.add_argument(
        "--models", default="", metavar="NAME,...", help="also these, over the same blocks; all: every installed one"
    )
    parser.add_argument("--imagery", metavar="URI", help="to describe blocks for these (default: the index's own)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder for their descriptors; resumable")
    parser.add_argument(
        "--share", type=float, default=1.0, metavar="0..1",
        help="compare over this share of the blocks, and all right ones: an easier task (1)",
    )  # fmt: skip
    add_device(parser)
    add_json(parser)


def run_lost_in_space(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: a folder or the index cannot be used.
    """
    from astroloc_qgis.engine.benchmark.papers.lost_in_space import read_sets

    _run(options, read_sets(options.folders, options.only, options.limit), 0.0, None)


def run_historical(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: the folder or the index cannot be used.
    """
    from astroloc_qgis.engine.benchmark.papers.historical import read_as_film, square_queries
    from astroloc_qgis.engine.benchmark.retrieval import read_queries

    queries = read_queries(options.folder, options.limit)
    if options.real:
        _run(options, {"scans of film": queries}, options.radius_km, None)
    else:
        _run(options, {"simulated film": square_queries(queries)}, options.radius_km, read_as_film)


def _run(
    options: Namespace,
    sets: Mapping[str, Sequence[Query]],
    radius_km: float,
    read: Callable[[Query], Picture] | None,
) -> None:
    if options.models and options.cache is None:
        raise InputError("What --models describes has to be kept: name a folder with --cache.")
    if not 0 < options.share <= 1:
        raise InputError(f"The share of blocks must be above 0 and at most 1, not {options.share:g}.")
    if options.cache is not None:
        check_output_folder(options.cache)
    from astroloc_qgis.engine.benchmark.baselines import blocks_in_reach, exact_index, thin_out
    from astroloc_qgis.engine.benchmark.papers.lost_in_space import table
    from astroloc_qgis.engine.benchmark.retrieval import run, summary
    from astroloc_qgis.engine.descriptors import registry as descriptors
    from astroloc_qgis.engine.device import default_workers, resolve_device
    from astroloc_qgis.engine.index.store import Index

    names = descriptors.offered() if options.models == "all" else [name for name in options.models.split(",") if name]
    for name in names:
        descriptors.model_sha256(name)  # refuses an unknown name before any work
    device = resolve_device(options.device)
    index = Index.open(options.index)
    searched = {f"{index.info.model}, {index.info.kind}, {len(index):,} blocks": index}
    every = [query for queries in sets.values() for query in queries]
    if names:
        blocks = blocks_in_reach(index, every, radius_km)
        if options.share < 1:
            blocks = thin_out(blocks, every, index, options.share)
        for name in names:
            with progress_bar(name) as progress:
                other = exact_index(
                    options.cache, name, blocks, index, options.imagery or index.info.imagery_uri, device=device,
                    workers=default_workers(descriptors.device_of(name, device)), progress=progress,
                )  # fmt: skip
            searched[f"{name}, exact, {len(other):,} blocks"] = other
    entries: dict[str, dict[str, Any]] = {name: {} for name in sets}
    for words, where in searched.items():
        descriptor = where.create_descriptor(device)
        for name, queries in sets.items():
            with progress_bar(name) as progress:
                found = run(queries, where, descriptor, radius_km=radius_km, read=read, progress=progress)
            entries[name][words] = summary(found)
    publish(options, {"radius_km": radius_km, "sets": entries}, lambda: table(entries))
