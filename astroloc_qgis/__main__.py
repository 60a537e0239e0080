"""``python -m astroloc_qgis``: the command line; needs no QGIS."""

from __future__ import annotations

import io
import sys

from astroloc_qgis.cli.main import main

if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path that the terminal's encoding lacks is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
