"""``retrieve``: rank the places of an index by their similarity to a photo."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import prepare, write_json
from astroloc_qgis.cli.shared_arguments import (
    add_device,
    add_index,
    add_json,
    add_photo,
    add_search_limits,
    search_limits,
)
from astroloc_qgis.cli.terminal import tell
from astroloc_qgis.cli.values import positive

if TYPE_CHECKING:
    from astroloc_qgis.engine.retrieval.candidate import Candidate


def add_retrieve(commands: Any) -> None:
    """Add the grammar of ``retrieve`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser(
        "retrieve", help="rank the places of an index by their similarity to a photo"
    )
    add_photo(parser)
    add_index(parser)
    parser.add_argument("--top", type=positive, default=100)
    add_device(parser)
    add_json(parser)
    add_search_limits(parser)


def run_retrieve(options: Namespace) -> None:
    """Search the index, and list the candidates.

    Raises:
        InputError: an input is wrong.
    """
    prepare(options)
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.photo.reading import read_photo
    from astroloc_qgis.engine.retrieval.remote_index import open_index
    from astroloc_qgis.engine.retrieval.search import retrieve

    (photo,) = options.photos
    device = resolve_device(options.device)
    index = open_index(options.index)
    read = read_photo(photo)
    with progress_bar(photo.name) as progress:
        descriptor, limits = index.create_descriptor(device), search_limits(options)
        candidates = retrieve(
            read.rgb8(),
            index,
            descriptor,
            alpha=read.alpha,
            top=options.top,
            field_ratio=read.field_ratio,
            progress=progress,
            **limits,
        )
    entries = [_entry(found) for found in candidates]
    lines = ["rank  score  block             longitude   latitude  turn"]
    for found, entry in zip(candidates, entries, strict=True):
        lon, lat = entry["center"]
        lines.append(
            f"{found.rank:4}  {found.score:.3f}  {found.block!s:16} {lon:10.4f} {lat:10.4f}  {found.quarter_turns}"
        )
    if options.json:
        write_json(options.json, [{"photo": str(photo), "candidates": entries}])
    tell("\n".join(lines))


def _entry(found: Candidate) -> dict[str, Any]:
    """A candidate for the report."""
    block = found.block
    place = {"zoom": block.zoom, "row": block.row, "column": block.column, "size": block.size}
    center = [round(float(value), 5) for value in block.center_lonlat]
    score = round(found.score, 5)
    return {**place, "rank": found.rank, "score": score, "turn": found.quarter_turns, "center": center}
