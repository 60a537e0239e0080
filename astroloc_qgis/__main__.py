"""``python -m astroloc_qgis``: the command line; needs no QGIS."""

from __future__ import annotations

import io
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()  # loading what follows is part of the command's time
    from astroloc_qgis.cli.main import main

    if isinstance(sys.stdout, io.TextIOWrapper):  # a path that the terminal's encoding lacks is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(started=started))
