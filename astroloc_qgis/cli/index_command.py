"""``index``: build an index, describe the world's land, or show what an index holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import describe_index
from astroloc_qgis.cli.shared_arguments import add_device, add_out
from astroloc_qgis.cli.values import extent, positive, zooms, zooms_or_none
from astroloc_qgis.cli.world_command import add_world, run_world
from astroloc_qgis.engine.descriptors.registry import DEFAULT


def add_index_actions(commands: Any) -> None:
    """Add the grammar of ``index`` to the subparsers of the command line."""
    index: ArgumentParser = commands.add_parser("index", help="build or look at an index")
    actions = index.add_subparsers(dest="action", required=True, metavar="ACTION")
    build: ArgumentParser = actions.add_parser("build", help="describe a reference's blocks into an index")
    build.add_argument("--imagery", required=True, metavar="URI")
    build.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    build.add_argument("--extent", type=extent, metavar="W,S,E,N", help="degrees (default: all of the imagery)")
    build.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT}, the best)")
    build.add_argument("--stride", type=positive, default=2, help="tiles from one block to the next (default 2)")
    build.add_argument("--kind", metavar="KIND", help="vector store: Flat, SQ8, PQ64np, ... (default Flat: exact)")
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
    add_world(actions)


def run_index(options: Namespace) -> None:
    """Do what the action says, and show the index.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.device import limit_threads
    from astroloc_qgis.engine.index.store import Index

    if options.action == "info":
        print(describe_index(Index.open(options.folder, thorough=True)))
        return
    limit_threads()
    print(describe_index(run_world(options) if options.action == "world" else _build(options)))


def _build(options: Namespace) -> Any:
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.builder import build_index
    from astroloc_qgis.engine.index.plan import EXACT, usual_texture_zooms

    texture = options.texture_zoom
    if texture is None:
        texture = usual_texture_zooms(options.model, options.zooms)
    device = resolve_device(options.device)
    reference = Reference.open(options.imagery)
    try:
        with progress_bar(options.out.name) as progress:
            return build_index(
                reference, options.zooms, options.extent, options.model, options.out, device=device,
                stride=options.stride, title=options.title, kind=options.kind or EXACT,
                texture_zooms=texture, progress=progress,
            )  # fmt: skip
    finally:
        reference.close()
