"""Opens QGIS with the plugin (`make run`)."""

from __future__ import annotations

import os
import sys

import qgis_profile

if __name__ == "__main__":
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        sys.exit("run: there is no display here ($DISPLAY is empty); start this from a desktop, or with xvfb-run.")
    sys.exit(qgis_profile.start())
