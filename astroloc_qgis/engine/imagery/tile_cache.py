"""The cache folder of tiles that were fetched from a web service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from osgeo import gdal

_OPTION = "GDAL_DEFAULT_WMS_CACHE_PATH"


def use_tile_cache() -> None:
    """Have GDAL keep tiles in the user's cache folder, unless a GDAL option names another one.

    Before GDAL 3.9 the default is the current folder.
    """
    if not gdal.GetConfigOption(_OPTION):
        gdal.SetConfigOption(_OPTION, str(cache_folder() / "tiles"))


def cache_folder() -> Path:
    """AstroLoc's folder among the user's caches (the same that QGIS's plugin side uses); it need not exist."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "cache"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "astroloc_qgis"
