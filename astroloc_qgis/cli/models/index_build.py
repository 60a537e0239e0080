"""``index build`` and ``index update``: describe imagery into an index, in this process, in several, or on Dask."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import write_json
from astroloc_qgis.cli.shared_arguments import add_device, add_json, add_out
from astroloc_qgis.cli.terminal import tell
from astroloc_qgis.cli.values import extent, positive, zooms, zooms_or_none
from astroloc_qgis.engine.descriptors.registry import DEFAULT

if TYPE_CHECKING:
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.building.crew import BuildReport


def add_build(actions: Any) -> None:
    """Add the grammar of both to the actions of ``index``."""
    build: ArgumentParser = actions.add_parser("build", help="describe a reference's blocks into an index")
    build.add_argument("--imagery", required=True, metavar="URI")
    build.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    build.add_argument("--extent", type=extent, metavar="W,S,E,N", help="degrees (default: all of the imagery)")
    build.add_argument("--land", action="store_true", help="leave out open sea, as the imagery shows it")
    build.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT}, the best)")
    build.add_argument("--stride", type=positive, default=2, help="tiles from one block to the next (default 2)")
    build.add_argument(
        "--kind",
        metavar="KIND",
        help="vector store: Flat, SQ8, PQ64np, ..., or auto, by the number of blocks (default Flat: exact)",
    )
    build.add_argument(
        "--texture-zoom",
        type=zooms_or_none,
        metavar="Z,Z,...",
        help="zooms of the blocks whose local features are kept, too (1,920 bytes a block with Flat, else 48); 0: of "
        f"none (default: the middle zoom where the zooms allow it, with {DEFAULT}; else none)",
    )
    build.add_argument("--title", default="")
    build.add_argument(
        "--keep-units", action="store_true", help="keep what 'index update' needs beside the index (1 kB a block)"
    )
    add_crew(build)
    add_out(build)
    add_json(build, "write rates, shares of the time and memory of the build here")
    update: ArgumentParser = actions.add_parser(
        "update", help="build an index anew in place; what did not change is not described again"
    )
    update.add_argument("out", type=Path, metavar="DIR")
    update.add_argument("--imagery", metavar="URI", help="in place of the index's own")
    update.add_argument("--zooms", type=zooms, metavar="Z,Z,...", help="in place of the index's own")
    update.add_argument("--extent", type=extent, metavar="W,S,E,N", help="in place of the index's own, degrees")
    add_crew(update)


def add_crew(parser: ArgumentParser) -> None:
    """Who describes the blocks."""
    add_device(parser)
    parser.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes, each on one core of the CPU (default 1)"
    )
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="of Dask, whose workers do the work instead")


def run_build(options: Namespace) -> Any:
    """Build the index.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.builder import build_index
    from astroloc_qgis.engine.index.plan import usual_texture_zooms
    from astroloc_qgis.engine.index.upkeep.rates import RateMeter

    texture = options.texture_zoom
    if texture is None:
        texture = usual_texture_zooms(options.model, options.zooms)
    crew = crew_of(options)
    reference = Reference.open(options.imagery)
    try:
        with progress_bar(options.out.name) as progress:
            meter = RateMeter(progress)
            index = build_index(
                reference, options.zooms, options.extent, options.model, options.out, stride=options.stride,
                title=options.title, kind=_kind_of(options, reference), land_only=options.land, texture_zooms=texture,
                keep_units=options.keep_units, progress=meter, **crew,
            )  # fmt: skip
        if options.scheduler is None:
            meter.record(options.model, options.imagery, index.info.count)
        _tell_crew(crew["report"])
        if options.json:
            write_json(options.json, crew["report"].summary() | {"index": str(options.out), "blocks": index.info.count})
        return index
    finally:
        reference.close()


def _kind_of(options: Namespace, reference: Reference) -> str:
    """The kind of vector store that is asked for; said where the number of blocks decides."""
    from astroloc_qgis.engine.index.estimate import estimate_index
    from astroloc_qgis.engine.index.plan import EXACT
    from astroloc_qgis.engine.index.sharded.kinds import AUTO, advice, usual_kind

    if options.kind != AUTO:
        return options.kind or EXACT
    area = options.extent or reference.extent_lonlat
    count = estimate_index(options.zooms, area, stride=options.stride, model=options.model).count
    tell(advice(count))
    return usual_kind(count)


def run_update(options: Namespace) -> Any:
    """Update the index.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.index.building.update import update_index

    crew = crew_of(options)
    with progress_bar(options.out.name) as progress:
        index = update_index(
            options.out, imagery=options.imagery, zooms=options.zooms, extent=options.extent, progress=progress, **crew
        )
    _tell_crew(crew["report"])
    return index


def crew_of(options: Namespace) -> dict[str, Any]:
    """The values of ``add_crew``, as ``build_index`` takes them, and a report to fill.

    Raises:
        InputError: no such device, or Dask's package is not installed.
    """
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.index.building.crew import BuildReport

    crew: dict[str, Any] = {"report": BuildReport(), "workers": options.workers}
    if options.scheduler is None:
        return crew | {"device": resolve_device(options.device)}
    from astroloc_qgis.engine.units.dask_scheduler import DaskScheduler, import_distributed

    import_distributed()
    return crew | {"scheduler": DaskScheduler(options.scheduler), "device": options.device}


def _tell_crew(report: BuildReport) -> None:
    if text := describe_crew(report):
        tell(text)


def describe_crew(report: BuildReport) -> str:
    """What the processes did, in words; nothing where nothing was left to do."""
    lines = []
    for name in sorted(report.seconds):
        rate = report.blocks[name] / report.seconds[name] if report.seconds[name] else 0.0
        who = f"worker {name}" if name else "this process"
        memory = f", at most {report.peak_memory[name] / 1e6:,.0f} MB" if report.peak_memory[name] else ""
        lines.append(f"{who}: {report.blocks[name]} blocks described, {rate:.1f} a second{memory}")
    if report.taken:
        lines.append(f"{report.taken} blocks as before")
    if shares := report.shares():
        lines.append("time: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    return "\n".join(lines)
