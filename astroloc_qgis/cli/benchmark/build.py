"""``benchmark build``: rates and memory of building indexes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_json
from astroloc_qgis.cli.values import extent, positive, zooms
from astroloc_qgis.engine.descriptors.registry import DEFAULT


def add_build_benchmark(actions: Any) -> None:
    """Add the grammar of ``benchmark build`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "build", help="blocks a second, shares of the time and memory of building indexes, which are deleted again"
    )
    parser.add_argument("--imagery", required=True, metavar="URI")
    parser.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    parser.add_argument(
        "--extent", type=extent, required=True, action="append", metavar="W,S,E,N", help="degrees; each is built"
    )
    parser.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT})")
    parser.add_argument(
        "--workers", type=positive, action="append", metavar="N", help="processes; each number is measured (1)"
    )
    parser.add_argument("--kind", default="Flat", metavar="KIND", help="vector store (Flat)")
    add_json(parser)


def run_build_benchmark(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: a build fails.
    """
    from astroloc_qgis.engine.benchmark.building import describe, run

    measured = run(
        options.imagery,
        options.zooms,
        options.extent,
        model=options.model,
        workers=options.workers or (1,),
        kind=options.kind,
    )
    publish(options, measured, lambda: describe(measured))
