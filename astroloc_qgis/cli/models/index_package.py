"""``index pack``, ``install`` and ``estimate``: an index in one archive, and what one will be before it is built."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_out
from astroloc_qgis.cli.values import extent, positive, zooms
from astroloc_qgis.engine.descriptors.registry import DEFAULT


def add_package(actions: Any) -> None:
    """Add the grammar of the three to the actions of ``index``."""
    pack: ArgumentParser = actions.add_parser("pack", help="pack an index into a ZIP archive, to hand on")
    pack.add_argument("folder", type=Path, metavar="DIR")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="the archive to make")
    install: ArgumentParser = actions.add_parser("install", help="install an index from a ZIP archive or its address")
    install.add_argument("source", metavar="FILE|URL", help="an archive made with 'index pack', or its https address")
    install.add_argument("--sha256", default="", metavar="HEX", help="of the archive; needed with an address")
    add_out(install, "folder to make")
    estimate: ArgumentParser = actions.add_parser(
        "estimate", help="blocks, time and size of an index before it is built"
    )
    estimate.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    estimate.add_argument("--extent", type=extent, metavar="W,S,E,N", help="degrees (default: all of the imagery)")
    estimate.add_argument("--imagery", metavar="URI", help="gives the extent, and the rate of earlier builds")
    estimate.add_argument("--model", default=DEFAULT, metavar="NAME")
    estimate.add_argument("--stride", type=positive, default=2, help="tiles from one block to the next (default 2)")
    estimate.add_argument("--land", action="store_true", help="leave out open sea, as the world's index knows it")


def run_pack(options: Namespace) -> str:
    """Pack the index; returns what to print.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.index.package import pack_index

    with progress_bar(options.out.name) as progress:
        digest = pack_index(options.folder, options.out, progress=progress)
    return f"{options.out}: {options.out.stat().st_size / 1e6:,.1f} MB\n  sha256  {digest}"


def run_install(options: Namespace) -> Any:
    """Install the index, and return it.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.index.package import install_index

    with progress_bar(options.out.name) as progress:
        return install_index(options.source, options.out, sha256=options.sha256, progress=progress)


def run_estimate(options: Namespace) -> str:
    """Estimate an index; returns what to print.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.errors import InputError
    from astroloc_qgis.engine.index.estimate import estimate_index
    from astroloc_qgis.engine.index.plan import usual_texture_zooms
    from astroloc_qgis.engine.index.sharded.kinds import advice
    from astroloc_qgis.engine.index.upkeep.rates import known_rate

    area = options.extent
    if options.imagery:
        from astroloc_qgis.engine.imagery.reference import Reference

        reference = Reference.open(options.imagery)
        area = area or reference.extent_lonlat
        reference.close()
    if area is None:
        raise InputError("An estimate needs --extent or --imagery.")
    found = estimate_index(
        options.zooms, area, stride=options.stride, land_only=options.land, model=options.model,
        texture_zooms=usual_texture_zooms(options.model, options.zooms),
        rate=known_rate(options.model, options.imagery or ""),
    )  # fmt: skip
    counts = ", ".join(f"{count:,} at zoom {zoom}" for zoom, count in found.blocks.items())
    time = "not known before the first build on this computer"
    if found.seconds is not None:
        time = f"about {found.seconds / 60:,.0f} min at the rate of the last build" if found.seconds >= 90 else (
            f"about {found.seconds:,.0f} s at the rate of the last build"
        )  # fmt: skip
    return "\n".join(
        [
            f"  blocks  at most {found.count:,} ({counts}){', land and coasts' if found.land_only else ''}",
            f"  time    {time}",
            f"  tiles   about {found.tiles:,} to read where the imagery is a web service",
            *(f"  size    {size / 1e6:,.1f} MB as {kind}" for kind, size in found.bytes_by_kind.items()),
            f"  auto    {advice(found.count)}",
        ]
    )
