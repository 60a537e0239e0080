"""``label``: footprints to train on, for photos whose centre is roughly known."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.batch.command import (
    add_running,
    describe_progress,
    describe_summary,
    ended,
    scheduler_of,
    shown_progress,
)
from astroloc_qgis.cli.localize_command import check_inputs
from astroloc_qgis.cli.report import prepare, write_json
from astroloc_qgis.cli.shared_arguments import (
    add_device,
    add_index,
    add_json,
    add_out,
    add_proposed_nadir,
    proposed_nadir,
)
from astroloc_qgis.cli.terminal import tell
from astroloc_qgis.cli.values import distance, number, positive

if TYPE_CHECKING:
    from astroloc_qgis.engine.batch.runner import Batch, Progressed
    from astroloc_qgis.engine.labelling.label_files import Written

_LEAST, _CENTRE_KM = 0.9, 300.0


def add_label(commands: Any) -> None:
    """Add the grammar of ``label`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser(
        "label", help="footprints to train on, for a table of photos whose centres are known to a degree or two"
    )
    parser.add_argument(
        "table", type=Path, metavar="PHOTOS.csv", help="photo, centre lat, centre lon; nadir lat, nadir lon, radius"
    )
    add_label_options(parser)
    add_json(parser, "write a report here")


def add_label_options(parser: ArgumentParser) -> None:
    """Add how photos are labelled, from the index to the workers."""
    add_index(parser, "index to search")
    parser.add_argument("--imagery", metavar="URI", help="reference to register to (default: the index's own)")
    parser.add_argument(
        "--centre-km", type=distance, default=_CENTRE_KM,
        help="how far off a centre may be where the table gives no radius; 0: anywhere (300)",
    )  # fmt: skip
    parser.add_argument(
        "--confidence", type=confidence, default=0.99, metavar="P", help="that a label needs, 0.9 or more (0.99)"
    )
    parser.add_argument(
        "--earthloc", choices=("link", "copy"), help="also name the photos as EarthLoc's dataset does, in earthloc/"
    )
    add_proposed_nadir(parser)
    add_out(parser, "folder for the results")
    parser.add_argument("--matcher", default="auto", help="name of a matcher, or auto: cheap ones first")
    parser.add_argument("--thorough", action="store_true", help="let the strong matchers search at more places")
    parser.add_argument("--seconds", type=positive, metavar="N", help="begin no attempt after N seconds of matching")
    add_device(parser)
    add_running(parser)


def confidence(text: str) -> float:
    """A confidence that a label may need."""
    refusal = f"is no confidence for labels: it must be from {_LEAST} to below 1"
    return number(text, lambda value: _LEAST <= value < 1, refusal)


def run_label(options: Namespace) -> int:
    """Label the photos that are not done yet.

    Returns:
        0: all are done, whatever was found; 1: interrupted, or a photo failed by a defect.

    Raises:
        InputError: an input that all photos share is wrong, or there are no photos.
    """
    prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.batch.planning import plan_batch
    from astroloc_qgis.engine.labelling.labeller import labelling
    from astroloc_qgis.engine.labelling.weak_labels import weakly_labelled_photos

    scheduler = scheduler_of(options)
    photos = weakly_labelled_photos(options.table)
    check_inputs(options)
    common = {name: getattr(options, name) for name in ("matcher", "thorough", "seconds", "device")}
    pipeline.check_options(options.out, **common)
    limits = {"centre_km": options.centre_km, **proposed_nadir(options)}
    work = labelling(
        options.index, options.out, imagery=options.imagery, limits=limits, options=common, least=options.confidence
    )
    batch = plan_batch(work, photos, options.table, options.out, title=options.title or options.table.resolve().stem)
    with shown_progress(describe_labelling) as show:
        summary = batch.run(scheduler, tell=show, again=options.again)
    written = finish_labels(batch, options.earthloc)
    if options.json:
        write_json(options.json, list(batch.entries()))
    tell("\n".join([describe_summary(summary), *written]))
    return ended(summary)


def finish_labels(batch: Batch, earthloc: str | None) -> list[str]:
    """Write the files of labels, of what is done.

    Args:
        batch: that has run.
        earthloc: whether to "link" or "copy" the photos to EarthLoc's names; None for neither.

    Returns:
        What was written, in lines.
    """
    from astroloc_qgis.engine.labelling.deciding import apply_to_footprints
    from astroloc_qgis.engine.labelling.earthloc_names import name_photos
    from astroloc_qgis.engine.labelling.label_files import write_labels

    lines = describe_labels(write_labels(batch.out, batch.entries()))
    apply_to_footprints(batch.out)
    if earthloc is not None:
        accepted = (entry for entry in batch.entries() if entry["status"] == "localized")
        folder, named, left_out = name_photos(batch.out, accepted, earthloc)
        rest = f"; {left_out} left out, which are neither JPEG nor PNG" if left_out else ""
        lines.append(f"  earthloc    {folder} ({named} photos{rest})")
    return lines


def describe_labelling(progressed: Progressed, now: float, clock: datetime) -> str:
    """How far labelling is, with its pace, its expected end and its yield, in a line; see ``describe_progress``."""
    done, labels = progressed.statuses.total(), progressed.statuses["localized"]
    share = f", yield {labels / done:.0%}" if done else ""
    return describe_progress(progressed, now, clock) + share


def describe_labels(written: Written) -> list[str]:
    """What labelling leaves behind, in lines."""
    rest = f"; accepted in formats that training does not read: {written.left_out}" if written.left_out else ""
    says = {"labels": f"accepted: {written.labels}{rest}", "review": f"with a doubtful footprint: {written.doubtful}"}
    return [
        f"  {what:<11} {path}" + (f" ({says[what]})" if what in says else "") for what, path in written.files.items()
    ]
