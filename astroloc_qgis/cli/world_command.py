"""``index world``: the index of the whole world that comes with the plugin."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_device, add_out
from astroloc_qgis.cli.values import extent, positive, zooms
from astroloc_qgis.engine.descriptors.registry import DEFAULT

if TYPE_CHECKING:
    from astroloc_qgis.engine.index.store import Index


def add_world(actions: Any) -> None:
    """Add the grammar of ``index world`` to the subparsers of ``index``."""
    parser: ArgumentParser = actions.add_parser(
        "world", help="describe the land and coast of the world between 60 S and 72 N; resumable, about 20 minutes"
    )
    parser.add_argument("--imagery", metavar="URI", help="a copy of Blue Marble (default: NASA's own service)")
    parser.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT})")
    parser.add_argument("--kind", metavar="KIND", help="vector store: Flat, SQ8, PQ64np, ... (default PQ128x7np)")
    parser.add_argument("--zooms", type=zooms, metavar="Z,Z,...", help="only blocks of these (default 7 to 11)")
    parser.add_argument("--extent", type=extent, metavar="W,S,E,N", help="only a part of the world, degrees")
    add_device(parser)
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="processes that describe side by side (one a core on the CPU, else 1)",
    )
    add_out(parser)


def run_world(options: Namespace) -> Index:
    """Build the index.

    Raises:
        InputError: as ``build_world_index``.
    """
    from astroloc_qgis.engine.descriptors.registry import device_of
    from astroloc_qgis.engine.device import default_workers, resolve_device
    from astroloc_qgis.engine.index.world import BLUE_MARBLE, EXTENT, KIND, STRIDES, build_world_index

    device = resolve_device(options.device)
    with progress_bar(options.out.name) as progress:
        return build_world_index(
            options.out,
            model=options.model,
            imagery=options.imagery or BLUE_MARBLE,
            zooms=options.zooms or tuple(STRIDES),
            extent=options.extent or EXTENT,
            kind=options.kind or KIND,
            device=device,
            workers=options.workers or default_workers(device_of(options.model, device)),
            progress=progress,
        )
