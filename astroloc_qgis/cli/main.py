"""Runs the command line: arguments in, exit status out."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from astroloc_qgis.cli.arguments import make_parser
from astroloc_qgis.cli.batch.command import run_batch
from astroloc_qgis.cli.batch.label_command import run_label
from astroloc_qgis.cli.benchmark.commands import run_benchmark
from astroloc_qgis.cli.imagery.command import run_imagery
from astroloc_qgis.cli.index_command import run_index
from astroloc_qgis.cli.localize_command import run_localize
from astroloc_qgis.cli.matchers_command import run_matchers
from astroloc_qgis.cli.models.command import run_models
from astroloc_qgis.cli.nasa.nasa_command import run_nasa
from astroloc_qgis.cli.refine_command import run_refine
from astroloc_qgis.cli.retrieve_command import run_retrieve
from astroloc_qgis.cli.serve_command import run_serve
from astroloc_qgis.cli.status import BAD_INPUT, DEFECT, LOCALIZED
from astroloc_qgis.cli.terminal import complain, defect, silence
from astroloc_qgis.cli.texture_command import run_texture
from astroloc_qgis.cli.train_command import run_train
from astroloc_qgis.cli.values import check_paths
from astroloc_qgis.engine.errors import InputError

COMMANDS: dict[str, Callable[[Namespace], int | None]] = {
    "localize": run_localize,
    "batch": run_batch,
    "label": run_label,
    "refine": run_refine,
    "retrieve": run_retrieve,
    "index": run_index,
    "serve": run_serve,
    "imagery": run_imagery,
    "matchers": run_matchers,
    "nasa": run_nasa,
    "models": run_models,
    "benchmark": run_benchmark,
    "train": run_train,
    "train-texture": run_texture,
}
"""Each takes its options, and returns an exit status or None for success."""


def main(arguments: Sequence[str] | None = None, started: float | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line; by default the process's own.
        started: when the command began, ``time.perf_counter``; by default now.

    Returns:
        0 localized (or done); 3 not localized; 2 bad usage or bad input, one line on stderr; 1 a defect.
    """
    options, now = Namespace(verbose=False), time.perf_counter()
    try:
        options = make_parser().parse_args(arguments)
        options.started = now if started is None else started
        check_paths(options)
        with _quiet_libraries(options.verbose):
            return COMMANDS[options.command](options) or LOCALIZED
    except InputError as error:
        complain(error)
        if options.verbose and error.details:
            print(error.details, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        complain("Interrupted.")
        return DEFECT
    except BrokenPipeError:  # the reader of our output has gone
        silence()
        return DEFECT
    except Exception as error:  # noqa: BLE001 - the last resort: any error gives the user one line first
        complain(defect(error))
        traceback.print_exc()
        return DEFECT


@contextmanager
def _quiet_libraries(verbose: bool) -> Iterator[None]:
    """Keep messages of libraries off stderr, which is for one clear line; with ``--verbose`` all are shown."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s")
    logging.captureWarnings(not verbose)
    from osgeo import gdal

    if not verbose:
        gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        if not verbose:
            gdal.PopErrorHandler()
        logging.captureWarnings(False)
