"""``benchmark retrieval``: recall of an index, and of other descriptors over the same blocks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder, publish, write_json
from astroloc_qgis.cli.shared_arguments import add_device, add_index, add_json, add_limit
from astroloc_qgis.cli.values import distance
from astroloc_qgis.engine.errors import InputError

_FEW = 12
"""Up to this number of photos, a table of their ranks replaces the table of recalls."""


def add_retrieval(actions: Any) -> None:
    """Add the grammar of ``benchmark retrieval`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "retrieval", help="look photos of known footprints up in an index (EarthLoc's protocol)"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv, or cases.json")
    add_index(parser)
    parser.add_argument(
        "--radius-km", type=distance, default=2500.0, help="about each photo's nadir; 0: the whole index (2500)"
    )
    add_limit(parser)
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
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder for their descriptors; resumable")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        metavar="0..1",
        help="describe only this share of the blocks for these, and all right ones: an easier task (default 1)",
    )
    add_device(parser)
    add_json(parser)


def run_retrieval(options: Namespace) -> None:
    """Measure, and publish the tables.

    Raises:
        InputError: the folder or the index cannot be used, or options do not fit together.
    """
    others = [] if options.baselines is None else options.baselines.split(",")
    if (others or options.exact) and options.cache is None:
        raise InputError("What --baselines and --exact describe has to be kept: name a folder with --cache.")
    if not 0 < options.share <= 1:
        raise InputError(f"The share of blocks must be above 0 and at most 1, not {options.share:g}.")
    if options.cache is not None:
        check_output_folder(options.cache)
    from astroloc_qgis.engine.benchmark.baselines import BASELINES, blocks_in_reach, exact_index, thin_out
    from astroloc_qgis.engine.benchmark.retrieval import photo_table, read_queries, region_table, run, summary, table
    from astroloc_qgis.engine.descriptors import registry as descriptors
    from astroloc_qgis.engine.device import default_workers, resolve_device
    from astroloc_qgis.engine.index.store import Index

    others = list(BASELINES) if others == ["all"] else others
    for name in others:
        descriptors.model_sha256(name)  # refuses an unknown name before any work
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
                    options.cache, name, blocks, index, imagery, device=device,
                    workers=default_workers(descriptors.device_of(name, device)), progress=progress,
                )  # fmt: skip
            shown[f"{name} (exact)"] = report["compared"]["models"][name] = measure(other)
            if options.json:
                write_json(options.json, report)
    publish(options, report, lambda: f"\n{table(shown)}")
