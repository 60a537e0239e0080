"""``nasa``: what NASA's photo database says of photos, by their numbers, and their pictures."""

from __future__ import annotations

import argparse
import os
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_json, add_out
from astroloc_qgis.cli.status import BAD_INPUT, LOCALIZED, NOT_LOCALIZED
from astroloc_qgis.cli.terminal import complain, tell
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.nasa.addresses import KEY_VARIABLE, KEYS
from astroloc_qgis.engine.photo.number import nasa_photo_number

if TYPE_CHECKING:
    from astroloc_qgis.engine.nasa.client import NasaClient
    from astroloc_qgis.engine.nasa.record import NasaRecord


def add_nasa(commands: Any) -> None:
    """Add the grammar of ``nasa`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("nasa", help="ask NASA's photo database about photos")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    look: ArgumentParser = actions.add_parser("lookup", help="nadir, centre, time, lens and outline of photos")
    _add_numbers(look)
    add_json(look, "write all that is known here")
    fetch: ArgumentParser = actions.add_parser("fetch", help="fetch the largest picture of photos")
    _add_numbers(fetch)
    add_out(fetch, "folder for the pictures")
    add_json(fetch, "write all that is known, and the files, here")


def _add_numbers(parser: ArgumentParser) -> None:
    parser.add_argument(
        "numbers", nargs="+", type=photo_number, metavar="NUMBER", help="such as ISS064-E-358, or a file named so"
    )
    add_key(parser)
    parser.add_argument("--fresh", action="store_true", help="ask again for what is kept on this machine")


def add_key(parser: ArgumentParser) -> None:
    """Where the key is; it is never an argument itself, which other users of the machine could read."""
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help=f"with the key for NASA's database (default: ${KEY_VARIABLE})"
    )


def photo_number(text: str) -> str:
    """NASA's photo number, in NASA's spelling."""
    number = nasa_photo_number(Path(text).name)
    if number is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no photo number such as ISS064-E-358")
    return number


def read_key(file: Path | None) -> str:
    """The key, from a file or the environment.

    Raises:
        InputError: there is none, or the file cannot be read or holds something else.
    """
    if file is None:
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key:
            raise InputError(
                f"NASA's photo database asks for a key: {KEYS} says how to get one, free. Put it into ${KEY_VARIABLE}, "
                "or into a file for --key-file."
            )
    else:
        try:
            key = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The key file {file} cannot be read: check its name.", type(error).__name__) from error
    if not re.fullmatch(r"[!-~]{1,200}", key):
        where = f"${KEY_VARIABLE}" if file is None else f"The file {file}"
        raise InputError(f"{where} holds no key: a key is one word.")
    return key


def make_client(key: str) -> NasaClient:
    """A client with the cache of this user."""
    from astroloc_qgis.engine.nasa.cache import RecordCache, usual_folder
    from astroloc_qgis.engine.nasa.client import NasaClient
    from astroloc_qgis.engine.nasa.direct import direct

    return NasaClient(key, direct, RecordCache(usual_folder()))


def run_nasa(options: Namespace) -> int:
    """Look photos up, or fetch their pictures; returns the exit status.

    Raises:
        InputError: there is no key, or it is wrong; of a single photo what is wrong with it.
    """
    from astroloc_qgis.cli.report import check_output_folder, check_writable, write_json

    if options.json:
        check_writable(options.json)
    if options.action == "fetch":
        check_output_folder(options.out)
    from astroloc_qgis.engine.nasa.several import look_up_all

    client = make_client(read_key(options.key_file))
    numbers = list(dict.fromkeys(options.numbers))
    entries: list[dict[str, Any]] = []
    for one in look_up_all(client, numbers, fresh=options.fresh):
        record = one.record
        entry: dict[str, Any] = {"number": one.number, "found": record is not None, "problem": one.problem or None}
        if record is not None:
            entry |= record.to_json()
            if options.action == "fetch":
                entry |= _fetched(client, record, options.out)
            else:
                tell(describe_record(record))
        if entry["problem"]:
            complain(entry["problem"])
        elif record is None:
            tell(f"{one.number}: not in NASA's photo database.")
        entries.append(entry)
        if options.json:
            write_json(options.json, entries)
    if any(entry["problem"] for entry in entries):
        return BAD_INPUT
    return LOCALIZED if all(entry["found"] for entry in entries) else NOT_LOCALIZED


def _fetched(client: NasaClient, record: NasaRecord, out: Path) -> dict[str, Any]:
    """Fetch a picture; what it adds to the photo's entry."""
    from astroloc_qgis.engine.nasa.pictures import fetch_picture

    try:
        with progress_bar(record.number) as progress:
            path = fetch_picture(client, record, out, progress=progress)
    except InputError as error:
        return {"picture": None, "problem": str(error)}
    tell(f"{record.number}: {path}")
    return {"picture": str(path)}


def describe_record(record: NasaRecord) -> str:
    """What NASA says of a photo, in a few lines."""
    facts = [
        ("nadir", _place(record.nadir) + ("" if record.altitude_km is None else f", {record.altitude_km:g} km high")),
        ("centre", _place(record.centre)),
        ("taken", "" if record.taken is None else f"{record.taken.replace('T', ' ')} UTC"),
        ("lens", "" if record.focal_length_mm is None else f"{record.focal_length_mm:g} mm"),
        ("camera", record.camera),
        ("tilt", f"{record.tilt} (high oblique: the horizon is in view)" if record.high_oblique else record.tilt),
        ("shows", ", ".join(filter(None, (record.region, record.features)))),
        ("outline", "" if record.outline is None else "found by NASA's machine, to be verified by matching"),
        ("pictures", str(len(record.pictures))),
    ]
    return "\n".join([record.number, *(f"  {name:<9}{text}" for name, text in facts if text)])


def _place(place: tuple[float, float] | None) -> str:
    return "" if place is None else f"{place[0]:g}, {place[1]:g} (latitude, longitude)"
