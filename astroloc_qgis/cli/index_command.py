"""``index``: build an index, describe the world's land, import a published index, pack, install, merge, show one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.models.index_import import add_import, run_import
from astroloc_qgis.cli.models.index_package import add_package, run_estimate, run_install, run_pack
from astroloc_qgis.cli.models.index_shards import add_shards, run_export, run_shard
from astroloc_qgis.cli.report import describe_index
from astroloc_qgis.cli.shared_arguments import add_device, add_out
from astroloc_qgis.cli.values import extent, positive, zooms, zooms_or_none
from astroloc_qgis.cli.world_command import add_world, run_world
from astroloc_qgis.engine.descriptors.registry import DEFAULT


def add_index_actions(commands: Any) -> None:
    """Add the grammar of ``index`` to the subparsers of the command line."""
    index: ArgumentParser = commands.add_parser("index", help="build, import or look at an index")
    actions = index.add_subparsers(dest="action", required=True, metavar="ACTION")
    build: ArgumentParser = actions.add_parser("build", help="describe a reference's blocks into an index")
    build.add_argument("--imagery", required=True, metavar="URI")
    build.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    build.add_argument("--extent", type=extent, metavar="W,S,E,N", help="degrees (default: all of the imagery)")
    build.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT}, the best)")
    build.add_argument("--stride", type=positive, default=2, help="tiles from one block to the next (default 2)")
    build.add_argument(
        "--kind",
        metavar="KIND",
        help="vector store: Flat, SQ8, PQ64np, ..., or auto, by the number of blocks (default Flat: exact)",
    )
    build.add_argument(
        "--texture-zoom",
        type=zooms_or_none,
        metavar="Z,Z,...",
        help="zooms of the blocks whose local features are kept, too (1,920 bytes a block with Flat, else 48); 0: of "
        f"none (default: the middle zoom where the zooms allow it, with {DEFAULT}; else none)",
    )
    build.add_argument("--title", default="")
    add_device(build)
    add_out(build)
    info: ArgumentParser = actions.add_parser("info", help="show what an index holds")
    info.add_argument("folder", type=Path, metavar="DIR")
    check: ArgumentParser = actions.add_parser("check", help="read all of an index and compare it with its checksums")
    check.add_argument("folder", type=Path, metavar="DIR")
    merge: ArgumentParser = actions.add_parser(
        "merge", help="make one index of several of the same model, or of shards"
    )
    merge.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    merge.add_argument("--kind", default="", metavar="KIND", help="vector store (default: the first index's)")
    merge.add_argument("--imagery", default="", metavar="URI", help="imagery that shows all their blocks")
    merge.add_argument("--title", default="", help="default: the titles of all")
    add_out(merge)
    add_world(actions)
    add_import(actions)
    add_package(actions)
    add_shards(actions)


def run_index(options: Namespace) -> None:
    """Do what the action says, and show the index.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.device import limit_threads
    from astroloc_qgis.engine.index.sharded.opening import check_index, open_local

    if options.action in ("info", "check"):
        is_check = options.action == "check"
        print(describe_index(check_index(options.folder) if is_check else open_local(options.folder, thorough=True)))
        return
    if options.action in ("pack", "estimate", "export"):
        print({"pack": run_pack, "estimate": run_estimate, "export": run_export}[options.action](options))
        return
    limit_threads()
    make = {
        "world": run_world, "import": run_import, "merge": _merge, "build": _build, "install": run_install,
        "shard": run_shard,
    }[options.action]  # fmt: skip
    print(describe_index(make(options)))


def _build(options: Namespace) -> Any:
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.builder import build_index
    from astroloc_qgis.engine.index.estimate import estimate_index
    from astroloc_qgis.engine.index.plan import EXACT, usual_texture_zooms
    from astroloc_qgis.engine.index.sharded.kinds import AUTO, advice, usual_kind
    from astroloc_qgis.engine.index.upkeep.rates import RateMeter

    texture = options.texture_zoom
    if texture is None:
        texture = usual_texture_zooms(options.model, options.zooms)
    device = resolve_device(options.device)
    reference = Reference.open(options.imagery)
    try:
        kind = options.kind or EXACT
        if kind == AUTO:
            area = options.extent or reference.extent_lonlat
            count = estimate_index(options.zooms, area, stride=options.stride, model=options.model).count
            kind = usual_kind(count)
            print(advice(count), flush=True)
        with progress_bar(options.out.name) as progress:
            meter = RateMeter(progress)
            index = build_index(
                reference, options.zooms, options.extent, options.model, options.out, device=device,
                stride=options.stride, title=options.title, kind=kind,
                texture_zooms=texture, progress=meter,
            )  # fmt: skip
        meter.record(options.model, options.imagery, index.info.count)
        return index
    finally:
        reference.close()


def _merge(options: Namespace) -> Any:
    from astroloc_qgis.engine.index.merge import merge_indexes

    with progress_bar(options.out.name) as progress:
        return merge_indexes(
            options.folders, options.out, kind=options.kind, imagery=options.imagery, title=options.title,
            progress=progress,
        )  # fmt: skip
