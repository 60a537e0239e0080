"""The engine process: ``python -m astroloc_qgis.worker [--threads N]``.

JSON lines on stdin and stdout (see ``protocol``), the log on stderr.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from astroloc_qgis.engine.device import announce_threads, default_threads
from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.worker import environment, models
from astroloc_qgis.worker.handlers import handlers
from astroloc_qgis.worker.lifeline import die_with_parent
from astroloc_qgis.worker.pipes import claim_standard_pipes
from astroloc_qgis.worker.proof import prove
from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Hello
from astroloc_qgis.worker.server import Server

IDLE_S = 600.0
"""Without a request for this time the models are unloaded."""


def main(arguments: list[str]) -> None:
    """Serve requests until stdin closes or a ``shutdown`` comes; with ``--prove``, show that the environment works.

    With ``--picture`` keep the copy of a photo that QGIS cannot read, and end.
    """
    parser = argparse.ArgumentParser(prog="python -m astroloc_qgis.worker")
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--memory", type=int, default=0, metavar="MIB")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--idle", type=float, default=IDLE_S, metavar="SECONDS")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--picture", type=Path, metavar="PHOTO")
    options = parser.parse_args(arguments)
    threads = max(1, options.threads)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("astroloc_qgis").setLevel(options.log_level)
    announce_threads(threads)
    die_with_parent()
    source, sink = claim_standard_pipes()
    if options.prove:
        sink.write(proof_line(options.device))
        return
    if options.picture is not None:
        sink.write(picture_line(options.picture))
        return
    hello = Hello(PROTOCOL_VERSION, environment.versions(), ("cpu",))
    methods = handlers(threads, options.memory, options.device)
    Server(methods, source, sink, on_idle=models.unload, idle_s=options.idle).serve(hello)


def picture_line(photo: Path) -> bytes:
    """Keep the copy of a photo; returns its path, or what is wrong with the photo, as a line of JSON."""
    from astroloc_qgis.engine.photo.copies import FOLDER_VARIABLE, copy_path
    from astroloc_qgis.engine.photo.reading import read_photo

    try:
        read_photo(photo)
        copy = copy_path(Path(os.environ.get(FOLDER_VARIABLE, "")), photo)
        found = {"copy": str(copy)}
        if not copy.is_file():
            found = {"message": f"No copy of {photo} could be kept in {copy.parent}: is there room on the disk?"}
    except AstroLocError as error:
        found = {"message": str(error), "details": error.details}
    return json.dumps(found).encode("ascii") + b"\n"


def proof_line(device: str) -> bytes:
    """Return the result of the proof as a line of JSON; where a part fails, the line holds the sentence."""
    try:
        found = dict(prove(device))
    except AstroLocError as error:
        found = {"works": False, "message": str(error), "details": error.details}
    return json.dumps(found).encode("ascii") + b"\n"


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stderr.flush()
    # The reader thread may still wait on its pipe, and torch takes a second to shut down: end at once.
    os._exit(0)
