"""``benchmark photos-real``: real photos of roughly known place, from beginning to end."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import MODEL, check_writable, publish
from astroloc_qgis.cli.shared_arguments import add_device, add_index, add_json
from astroloc_qgis.engine.errors import InputError


def add_photos_real(actions: Any) -> None:
    """Add the grammar of ``benchmark photos-real`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "photos-real", help="localize real photos of roughly known place with an index, and judge each answer"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv")
    add_index(parser)
    parser.add_argument("--imagery", metavar="URI", help="to register to (default: the index's own)")
    parser.add_argument("--no-nadir", action="store_true", help="keep the table's nadirs back: search the whole index")
    parser.add_argument(
        "--sequence", action="store_true", help="let the photos of a group that follow each other help each other"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only photos whose names contain it")
    parser.add_argument("--matcher", default="auto", metavar="NAME")
    parser.add_argument(
        "--work", type=Path, default=Path("photos-real.jsonl"), metavar="FILE", help="rows so far; continued"
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.jpg", help="draw the missed land photos beside their true ground"
    )
    parser.add_argument(
        "--show-all", action="store_true", help="also draw photos that may not be passed on: a sheet for yourself only"
    )
    add_device(parser)
    add_json(parser)


def run_photos_real(options: Namespace) -> None:
    """Measure, draw the sheet, and publish the tables.

    Raises:
        InputError: the folder, the index or the imagery cannot be used, or a file cannot be written.
    """
    check_writable(options.work, "work file")
    if options.sheet is not None:
        if options.sheet.suffix.lower() not in (".jpg", ".jpeg"):
            raise InputError(f"The sheet {options.sheet} is a JPEG: give it a name that ends in .jpg.")
        check_writable(options.sheet, MODEL)
    from astroloc_qgis.engine.benchmark.photos_real import Setting, in_sequence, one_by_one, read_photos_real, run
    from astroloc_qgis.engine.benchmark.reports.photos_real import report, table
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.sharded.opening import open_local
    from astroloc_qgis.engine.pipeline import check_options

    photos = read_photos_real(options.folder, options.only)
    chosen = {"matcher": options.matcher, "device": options.device}
    check_options(options.work.parent, **chosen)
    imagery = options.imagery or open_local(options.index).info.imagery_uri
    reference = Reference.open(imagery)
    try:
        setting = Setting(options.index, options.imagery, not options.no_nadir, chosen)
        localizer = partial(in_sequence if options.sequence else one_by_one, setting=setting)
        mode = ("sequence, " if options.sequence else "") + ("no nadir" if options.no_nadir else "nadir")
        with progress_bar("benchmark") as progress:
            rows = run(photos, options.work, localizer, mode=mode, grouped=options.sequence, progress=progress)
        content = report(photos, rows)
        if options.sheet is not None:
            from astroloc_qgis.engine.benchmark.contact_sheet import draw_sheet

            reasons = {entry["photo"]: entry["reason"] for entry in content["photos"] if entry["verdict"] == "missed"}
            missed = [(photo, reasons[photo.name]) for photo in photos if photo.name in reasons]
            draw_sheet(missed, reference, options.sheet, show_all=options.show_all)
    finally:
        reference.close()
    publish(options, {"mode": mode, **content}, lambda: table(content))
