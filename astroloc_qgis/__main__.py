"""``python -m astroloc_qgis``: the command line; needs no QGIS."""

from __future__ import annotations

import sys

from astroloc_qgis.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
