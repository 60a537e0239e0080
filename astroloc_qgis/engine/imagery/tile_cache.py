"""The cache folder of tiles that were fetched from web services: what was once fetched stays, up to a size."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import threading
import time
from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.errors import InputError

log = logging.getLogger(__name__)

LIMIT_VARIABLE = "ASTROLOC_TILE_CACHE_MB"
"""The environment variable with the size to which the cache may grow, in MB."""
LIMIT_MB = 2000
EXPIRES_S = 10 * 365 * 86_400
"""GDAL fetches a tile again that is older (by itself: than a week). Imagery of a place or of a day does not change."""
TRIM_EVERY_S = 600.0
ROOM = 0.9
"""Part of the limit to which a cache that has grown beyond it is cut back."""
_OPTION = "GDAL_DEFAULT_WMS_CACHE_PATH"
_trimming = threading.Lock()
_trimmed_at = -TRIM_EVERY_S


def use_tile_cache() -> None:
    """Have GDAL keep tiles in the user's cache folder, unless a GDAL option names another one.

    Before GDAL 3.9 the default is the current folder.
    """
    if not gdal.GetConfigOption(_OPTION):
        gdal.SetConfigOption(_OPTION, str(tiles_folder()))


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


def tiles_folder() -> Path:
    """The folder of the tiles; it need not exist."""
    return cache_folder() / "tiles"


def limit_bytes() -> int:
    """The size to which the cache may grow: ``$ASTROLOC_TILE_CACHE_MB``, else ``LIMIT_MB``.

    Raises:
        InputError: the variable is no number of MB.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip() or str(LIMIT_MB)
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{LIMIT_VARIABLE} is '{text}': it must be a whole number of MB, such as {LIMIT_MB}.")
    return int(text) * 1_000_000


def cached_bytes() -> int:
    """The size of the cache, bytes."""
    return sum(size for _, size, _ in _files(tiles_folder()))


def clear_cache() -> None:
    """Delete all tiles."""
    shutil.rmtree(tiles_folder(), ignore_errors=True)


def trim_cache(limit: int) -> int:
    """Delete the tiles that were not used for longest, where the cache is larger than it may be.

    Args:
        limit: bytes.

    Returns:
        How many bytes were deleted.
    """
    files = sorted(_files(tiles_folder()))
    total = sum(size for _, size, _ in files)
    gone = 0
    if total <= limit:
        return 0
    for _, size, path in files:
        if total - gone <= ROOM * limit:
            break
        try:
            path.unlink()
        except OSError:  # in use, or gone already
            continue
        gone += size
    log.info("the cache of tiles was cut back by %.0f MB", gone / 1e6)
    return gone


def trim_cache_now_and_then() -> None:
    """Keep the cache within its limit, beside the work; returns at once, and does it seldom."""
    global _trimmed_at
    with _trimming:
        if time.monotonic() - _trimmed_at < TRIM_EVERY_S:
            return
        _trimmed_at = time.monotonic()
    try:
        limit = limit_bytes()
    except InputError as error:
        log.warning("%s", error)
        limit = LIMIT_MB * 1_000_000
    threading.Thread(target=trim_cache, args=(limit,), name="tile cache", daemon=True).start()


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """When each tile was last used, its size, its path."""
    found: list[tuple[float, int, Path]] = []
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            with contextlib.suppress(OSError):  # gone meanwhile
                state = path.stat()
                found.append((max(state.st_atime, state.st_mtime), state.st_size, path))
    return found
