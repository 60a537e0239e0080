"""``benchmark earthloc``: EarthLoc's benchmark on its own dataset."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder, publish
from astroloc_qgis.cli.shared_arguments import add_device, add_json
from astroloc_qgis.cli.values import index_place
from astroloc_qgis.engine.errors import InputError


def add_earthloc(actions: Any) -> None:
    """Add the grammar of ``benchmark earthloc`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "earthloc", help="look the photos of EarthLoc's dataset up among its tiles, as its authors do, or in an index"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with database/ and queries/")
    parser.add_argument(
        "--models", default="astroloc-lite", metavar="NAME,...", help="or all that are installed: all (astroloc-lite)"
    )
    parser.add_argument("--index", type=index_place, metavar="DIR|URL", help="search this in place of the tiles")
    parser.add_argument(
        "--positives",
        default="auto",
        metavar="footprints|FILE",
        help="what is right: overlap of the footprints, or the intersections file (the dataset's, if it has one)",
    )
    parser.add_argument("--year", type=int, default=2021, help="of the tiles (2021)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the vectors here; resumable")
    add_device(parser)
    add_json(parser)


def run_earthloc(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: the folder is no such dataset, or a model or the index cannot be used.
    """
    if options.cache is not None:
        check_output_folder(options.cache)
    from astroloc_qgis.engine.benchmark.papers import earthloc
    from astroloc_qgis.engine.benchmark.papers.earthloc_dataset import (
        find_intersections,
        read_intersections,
        read_queries,
        read_tiles,
    )
    from astroloc_qgis.engine.descriptors import registry as descriptors
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.index.store import Index

    names = descriptors.offered() if options.models == "all" else options.models.split(",")
    for name in names:
        descriptors.model_sha256(name)  # refuses an unknown name before any work
    device = resolve_device(options.device)
    tiles, queries = read_tiles(options.folder, options.year), read_queries(options.folder)
    file = find_intersections(options.folder) if options.positives == "auto" else Path(options.positives)
    positives: list[frozenset[int] | None]
    if file is None or options.positives == "footprints":
        file, positives = None, [*earthloc.positives_by_footprint(queries, tiles)]
    else:
        positives = earthloc.positives_by_file(queries, tiles, options.folder, read_intersections(file))
    places = earthloc.regions(queries, tiles, positives)
    entries: dict[str, dict[str, Any]] = {}
    if options.index is not None:
        index = Index.open(options.index)
        descriptor = index.create_descriptor(device)
        started, ranks = time.perf_counter(), []
        for region in places:
            right = [frozenset(tiles[tile].block for tile in own) for own in region.right]
            with progress_bar(region.name) as progress:
                found = earthloc.ranks_in_index(
                    region, queries, index, descriptor, right if file is not None else None, progress
                )
            ranks.append((region, found))
        entries[index.info.model] = earthloc.summary(ranks, time.perf_counter() - started)
    else:
        for name in names:
            descriptor = descriptors.create(name, device=device)
            if descriptor.needs_vocabulary and options.models == "all":
                continue
            if descriptor.needs_vocabulary:
                raise InputError(f"The model {name} needs a vocabulary, which an index has: give one as --index.")
            with progress_bar(name) as progress:
                entries[name] = earthloc.measure(
                    name, descriptor, queries, tiles, places, cache=options.cache, progress=progress
                )
    about = {"positives": "footprints" if file is None else file.name, "year": options.year}
    publish(options, {**about, "models": entries}, lambda: earthloc.table(entries))
