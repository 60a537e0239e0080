"""``benchmark``: all protocols by name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from astroloc_qgis.cli.benchmark.aims import add_aims, run_aims
from astroloc_qgis.cli.benchmark.build import add_build_benchmark, run_build_benchmark
from astroloc_qgis.cli.benchmark.confidence import add_confidence, run_calibrate, run_pairs, run_simulated
from astroloc_qgis.cli.benchmark.coregistration import add_coregistration, run_coregistration
from astroloc_qgis.cli.benchmark.earthloc import add_earthloc, run_earthloc
from astroloc_qgis.cli.benchmark.finer_index import add_finer_index, run_finer_index
from astroloc_qgis.cli.benchmark.geometry import add_geometry, run_geometry
from astroloc_qgis.cli.benchmark.index_size import add_index_size, run_index_size
from astroloc_qgis.cli.benchmark.label import add_label_benchmark, run_label_benchmark
from astroloc_qgis.cli.benchmark.localization import add_localization, run_localization
from astroloc_qgis.cli.benchmark.other_photos import (
    add_historical,
    add_lost_in_space,
    run_historical,
    run_lost_in_space,
)
from astroloc_qgis.cli.benchmark.photos import add_photos, run_photos
from astroloc_qgis.cli.benchmark.photos_real import add_photos_real, run_photos_real
from astroloc_qgis.cli.benchmark.retrieval import add_retrieval, run_retrieval
from astroloc_qgis.cli.benchmark.speed import add_speed, run_speed
from astroloc_qgis.cli.report import check_plot, prepare

BENCHMARKS = {
    "aims": run_aims,
    "build": run_build_benchmark,
    "coregistration": run_coregistration,
    "finer-index": run_finer_index,
    "geometry": run_geometry,
    "simulated": run_simulated,
    "pairs": run_pairs,
    "calibrate": run_calibrate,
    "retrieval": run_retrieval,
    "earthloc": run_earthloc,
    "lost-in-space": run_lost_in_space,
    "historical": run_historical,
    "localization": run_localization,
    "label": run_label_benchmark,
    "photos": run_photos,
    "photos-real": run_photos_real,
    "speed": run_speed,
    "index-size": run_index_size,
}


def add_benchmark(commands: Any) -> None:
    """Add the grammar of ``benchmark`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("benchmark", help="measure")
    actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
    add_aims(actions)
    add_build_benchmark(actions)
    add_coregistration(actions)
    add_geometry(actions)
    add_confidence(actions)
    add_retrieval(actions)
    add_earthloc(actions)
    add_lost_in_space(actions)
    add_historical(actions)
    add_photos(actions)
    add_photos_real(actions)
    add_speed(actions)
    add_index_size(actions)
    add_localization(actions)
    add_label_benchmark(actions)
    add_finer_index(actions)


def run_benchmark(options: Namespace) -> None:
    """Run a benchmark.

    Raises:
        InputError: an input is wrong.
    """
    prepare(options)
    if getattr(options, "plot", None):
        check_plot(options.plot)
    BENCHMARKS[options.action](options)
