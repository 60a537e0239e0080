"""``train-texture``: train the texture model on an index of RootSIFT's VLADs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import MODEL, check_writable


def add_texture(commands: Any) -> None:
    """Add the grammar of ``train-texture`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser(
        "train-texture", help="learn the texture model from an index of model sift-vlad; a minute"
    )
    parser.add_argument("index", type=Path, metavar="INDEX", help="of model sift-vlad and kind Flat or SQfp16")
    parser.add_argument("--zoom", type=int, default=10, metavar="Z", help="zoom of the blocks to learn from (10)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="NPZ", help="the model; its description is written beside"
    )


def run_texture(options: Namespace) -> None:
    """Train, and write the model.

    Raises:
        InputError: as ``learn_texture``; the file cannot be written.
    """
    check_writable(options.out, MODEL)
    from astroloc_qgis.engine.device import limit_threads

    limit_threads()
    from astroloc_qgis.engine.errors import InputError
    from astroloc_qgis.engine.index.store import Index
    from astroloc_qgis.engine.training.texture import CODE_BYTES, DIMENSIONS, KEPT, WHITENING, learn_texture
    from astroloc_qgis.engine.weights.array_files import write_weights

    index = Index.open(options.index)
    with progress_bar(options.index.name) as progress:
        learned = learn_texture(index, options.zoom, progress)
    record = {
        "model": "astroloc-texture",
        "learned_from": f"{int(index.info.counts.get(options.zoom, 0)):,} blocks of zoom {options.zoom}",
        "data": index.info.attribution,
        "kept_of_each_cluster": KEPT,
        "dimensions": DIMENSIONS,
        "code_bytes": CODE_BYTES,
        "whitening": WHITENING,
    }
    try:
        digest = write_weights(options.out, learned, record)
    except OSError as error:
        raise InputError(f"The model cannot be written to {options.out}: {error.strerror or error}.") from error
    print(f"{options.out}: sha256 {digest}")
