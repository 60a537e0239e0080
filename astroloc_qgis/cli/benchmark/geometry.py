"""``benchmark geometry``: the working planes compared, on simulated photos of known truth."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_json, add_plot


def add_geometry(actions: Any) -> None:
    """Add the grammar of ``benchmark geometry`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "geometry", help="compare working planes on simulated photos, by tilt and focal length"
    )
    parser.add_argument("--imagery", metavar="URI", help="also register photos rendered from this imagery")
    parser.add_argument("--matcher", default="sift", metavar="NAME", help="matcher for these photos (sift)")
    add_json(parser)
    add_plot(parser, "draw corner error against tilt")


def run_geometry(options: Namespace) -> None:
    """Measure, and publish the tables.

    Raises:
        InputError: the imagery or the matcher cannot be used, or a file cannot be written.
    """
    from astroloc_qgis.engine.benchmark.geometry import compare_models, compare_nadirs
    from astroloc_qgis.engine.benchmark.geometry_registration import register_rendered
    from astroloc_qgis.engine.benchmark.reports.geometry import plot, tables
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.matchers.registry import check_name
    from astroloc_qgis.engine.progress import part_of

    check_name(options.matcher)
    reference = Reference.open(options.imagery) if options.imagery else None
    try:
        with progress_bar("benchmark") as progress:
            end = 0.3 if reference else 1.0
            results: dict[str, Any] = {
                "models": compare_models(progress=part_of(progress, 0.0, end / 6)),
                "nadirs": compare_nadirs(progress=part_of(progress, end / 6, end)),
            }
            if reference:
                step = part_of(progress, end, 1.0)
                results["registered"] = register_rendered(reference, matcher_name=options.matcher, progress=step)
    finally:
        if reference:
            reference.close()
    publish(options, results, lambda: tables(results), lambda: plot(results["models"]))
