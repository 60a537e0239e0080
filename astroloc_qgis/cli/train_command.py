"""``train``: simulate astronaut photos over imagery and train the retrieval model on them."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import MODEL, check_output_folder, check_writable
from astroloc_qgis.cli.shared_arguments import add_out
from astroloc_qgis.cli.values import distance, lat_lon
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.config import TrainingConfig, read_json_object, read_settings


def add_train(commands: Any) -> None:
    """Add the grammar of ``train`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser(
        "train", help="train the retrieval model on simulated photos; resumes an interrupted run"
    )
    parser.add_argument("--imagery", required=True, metavar="URI", help="Blue Marble, say; kept as arrays (7 GB)")
    parser.add_argument("--more-imagery", action="append", default=[], metavar="URI", help="of another year")
    parser.add_argument(
        "--footprints", type=Path, required=True, metavar="CSV", help="real ones; split 'train' is used"
    )
    parser.add_argument("--photos", type=Path, metavar="DIR", help="real photos: photos.csv, or EarthLoc's dataset")
    parser.add_argument("--tiles", type=Path, metavar="DIR", help="more years of tiles: EarthLoc's dataset")
    parser.add_argument("--avoid", type=Path, action="append", default=[], metavar="CSV", help="photos.csv of a test")
    parser.add_argument("--avoid-point", type=lat_lon, action="append", default=[], metavar="LAT,LON")
    parser.add_argument("--avoid-km", type=distance, default=500.0, help="distance to keep from those (500)")
    parser.add_argument(
        "--config",
        metavar="NAME|FILE",
        help="earthloc, astroloc or lite, or a JSON or TOML file (default: as lite, no refit)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one setting in place of the configuration's, in JSON: loss=pair, steps=500",
    )
    parser.add_argument(
        "--warm-start",
        type=Path,
        metavar="FILE",
        help="weights to start from: of another run, exported, or published ones of the backbone",
    )
    parser.add_argument("--work", type=Path, metavar="DIR", help="for the arrays, shared by runs (default: --out)")
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        choices=range(9),
        metavar="N",
        help="processes that render when training leaves a processor free (1)",
    )
    parser.add_argument(
        "--threads", type=int, default=1, choices=range(1, 65), metavar="N", help="of the training process (1)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the weights, as they ship, when done")
    parser.add_argument("--export-only", action="store_true", help="write them as they are now, without training")
    parser.add_argument("--about", type=Path, metavar="JSON", help="further entries of the record beside the weights")
    add_out(parser, "checkpoint, log, curves")


def run_train(options: Namespace) -> None:
    """Train, and write the weights.

    Raises:
        InputError: settings or files that cannot be used.
    """
    if options.export_only and options.export is None:
        raise InputError("--export-only needs --export: name the file to write.")
    if options.export is not None:
        check_writable(options.export, MODEL)
    if not options.export_only:
        check_output_folder(options.out)
        _train(options)
    if options.export is not None:
        from astroloc_qgis.engine.training.export import export_model

        about = read_json_object(options.about) if options.about else {}
        print(f"{options.export}: sha256 {export_model(options.out, options.export, about=about)}")


def _train(options: Namespace) -> None:
    from astroloc_qgis.engine.device import let_cpu_stand_in, resolve_device

    let_cpu_stand_in()
    import torch

    from astroloc_qgis.engine.training.run import TrainingRequest, train

    torch.set_num_threads(options.threads)
    values = read_settings(options.config) if options.config else {}
    config = TrainingConfig.from_json({**values, **dict(_setting(text) for text in options.set)})
    request = TrainingRequest(
        options.imagery,
        options.footprints,
        options.out,
        avoid=tuple(options.avoid),
        avoid_km=options.avoid_km,
        avoid_points=tuple((lon, lat) for lat, lon in options.avoid_point),
        photos=options.photos,
        tiles=options.tiles,
        work=options.work,
        warm_start=options.warm_start,
        workers=options.workers,
        device=resolve_device(options.device),
        more_imagery=tuple(options.more_imagery),
        command=command_line(sys.argv[1:]),
    )
    with progress_bar("mosaic") as progress:
        train(request, config, progress)


def command_line(words: Sequence[str]) -> str:
    """A command of this program as the record beside the weights keeps it: files without the folders they lie in."""
    named = [Path(word).name if word.startswith("/") else word for word in words]
    return shlex.join(["python", "-m", "astroloc_qgis", *named])


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InputError(f"'{text}' is not a setting: write NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a word, such as the name of a loss
