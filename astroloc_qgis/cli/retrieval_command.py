"""``benchmark retrieval``: how often the right block is among the first, and what other descriptors reach."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import write_json
from astroloc_qgis.engine.errors import InputError

_FEW = 12
"""Up to so many photos their ranks say more than recalls."""


def add_retrieval(actions: Any, distance: Callable[[str], float]) -> None:
    """Add the grammar of ``benchmark retrieval``.

    Args:
        actions: the subparsers of ``benchmark``.
        distance: reads kilometres.
    """
    parser: argparse.ArgumentParser = actions.add_parser(
        "retrieval", help="look photos of known footprints up in an index (EarthLoc's protocol)"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv, or cases.json")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--radius-km", type=distance, default=2500.0, help="about each photo's nadir; 0: the whole index (2500)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos of each region")
    parser.add_argument(
        "--baselines",
        nargs="?",
        const="all",
        metavar="NAME,...",
        help="also measure other descriptors, with exact vectors over the same blocks (default: all four)",
    )
    parser.add_argument(
        "--exact", action="store_true", help="also measure the index's own model, and its texture, with exact vectors"
    )
    parser.add_argument("--imagery", metavar="URI", help="to describe blocks for these (default: the index's own)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keeps what they describe; resumable")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        metavar="0..1",
        help="describe only this share of the blocks for these, and all right ones: an easier task (default 1)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--json", type=Path, metavar="FILE")


def add_photos(actions: Any, positive: Callable[[str], int]) -> None:
    """Add the grammar of ``benchmark photos``.

    Args:
        actions: the subparsers of ``benchmark``.
        positive: reads a whole number of at least 1.
    """
    parser: argparse.ArgumentParser = actions.add_parser(
        "photos", help="simulate photos at test footprints of EarthLoc's six regions, for 'benchmark retrieval'"
    )
    parser.add_argument("--imagery", required=True, metavar="URI")
    parser.add_argument("--footprints", type=Path, required=True, metavar="CSV", help="split 'test' is used")
    parser.add_argument("--per-region", type=positive, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.set_defaults(json=None)


def run_photos(options: Namespace) -> None:
    """Write the photos, and say how many.

    Raises:
        InputError: as ``write_query_photos``.
    """
    from astroloc_qgis.engine.benchmark.query_photos import write_query_photos

    with progress_bar(options.out.name) as progress:
        count = write_query_photos(
            options.imagery,
            options.footprints,
            options.out,
            per_region=options.per_region,
            seed=options.seed,
            progress=progress,
        )
    print(f"{options.out}: {count} photos")


def run_retrieval(options: Namespace) -> None:
    """Measure, write what was asked for, and print the tables.

    Raises:
        InputError: the folder or the index is none, or options that do not go together.
    """
    others = [] if options.baselines is None else options.baselines.split(",")
    if (others or options.exact) and options.cache is None:
        raise InputError("What --baselines and --exact describe has to be kept: name a folder with --cache.")
    if not 0 < options.share <= 1:
        raise InputError(f"The share of blocks must be above 0 and at most 1, not {options.share:g}.")
    from astroloc_qgis.engine.benchmark.baselines import BASELINES, blocks_in_reach, exact_index, thin_out
    from astroloc_qgis.engine.benchmark.retrieval import photo_table, read_queries, region_table, run, summary, table
    from astroloc_qgis.engine.descriptors import registry as descriptors
    from astroloc_qgis.engine.device import default_workers, resolve_device
    from astroloc_qgis.engine.index.store import Index

    others = list(BASELINES) if others == ["all"] else others
    for name in others:
        descriptors.model_sha256(name)  # refuses a name that is none, before any work
    device = resolve_device(options.device)
    queries = read_queries(options.folder, options.limit)
    index = Index.open(options.index)

    def measure(where: Index) -> dict[str, Any]:
        with progress_bar(where.info.model) as progress:
            found = run(queries, where, where.create_descriptor(device), radius_km=options.radius_km, progress=progress)
        about = {"model": where.info.model, "kind": where.info.kind, "blocks": len(where)}
        return {**summary(found), "index": about}

    own = measure(index)
    report = {**own, "radius_km": options.radius_km}
    shown = {f"{index.info.model} ({index.info.kind})": own}
    print(region_table(own) if len(queries) > _FEW else photo_table(own), flush=True)
    compared = ([index.info.model] if options.exact else []) + others
    if compared:
        blocks = blocks_in_reach(index, queries, options.radius_km)
        if options.share < 1:
            blocks = thin_out(blocks, queries, index, options.share)
        report["compared"] = {"blocks": len(blocks), "share": options.share, "models": {}}
        for name in compared:
            with progress_bar(name) as progress:
                imagery = options.imagery or index.info.imagery_uri
                other = exact_index(
                    options.cache, name, blocks, index, imagery, device=device, workers=default_workers(device),
                    progress=progress,
                )  # fmt: skip
            shown[f"{name} (exact)"] = report["compared"]["models"][name] = measure(other)
            if options.json:
                write_json(options.json, report)
    if options.json:
        write_json(options.json, report)
    print(f"\n{table(shown)}")
