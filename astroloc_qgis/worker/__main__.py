"""The engine process: ``python -m astroloc_qgis.worker [--threads N]``.

JSON lines on stdin and stdout (see ``protocol``), the log on stderr.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

from astroloc_qgis.worker import environment
from astroloc_qgis.worker.handlers import handlers
from astroloc_qgis.worker.pipes import claim_standard_pipes
from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Hello
from astroloc_qgis.worker.server import Server


def main(arguments: list[str]) -> None:
    """Serve requests until stdin closes or a ``shutdown`` comes."""
    parser = argparse.ArgumentParser(prog="python -m astroloc_qgis.worker")
    parser.add_argument("--threads", type=int, default=environment.default_threads())
    threads = max(1, parser.parse_args(arguments).threads)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("astroloc_qgis").setLevel(logging.INFO)
    environment.announce_threads(threads)
    source, sink = claim_standard_pipes()
    hello = Hello(PROTOCOL_VERSION, environment.versions(), ("cpu",))
    Server(handlers(threads), source, sink).serve(hello)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stderr.flush()
    # The reader thread may still wait on its pipe, and taking torch down in order costs a second: end here and now.
    os._exit(0)
