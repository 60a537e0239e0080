"""``benchmark geometry``: what the working plane is worth, on simulated photos of known truth."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_plot, write_json, write_plot


def add_geometry(actions: Any) -> None:
    """Add the grammar of ``benchmark geometry``.

    Args:
        actions: the subparsers of ``benchmark``.
    """
    parser: argparse.ArgumentParser = actions.add_parser(
        "geometry", help="compare working planes on simulated photos, by tilt and focal length"
    )
    parser.add_argument("--imagery", metavar="URI", help="also register photos rendered from this imagery")
    parser.add_argument("--matcher", default="sift", metavar="NAME", help="for these (sift)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw corner error against tilt")


def run_geometry(options: Namespace) -> None:
    """Measure, write what was asked for, and print the tables.

    Raises:
        InputError: the imagery or the matcher is none, or a file cannot be written.
    """
    if options.plot:
        check_plot(options.plot)
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
    if options.json:
        write_json(options.json, results)
    if options.plot:
        write_plot(options.plot, plot(results["models"]))
    print(tables(results))
