"""Where imagery is kept on this computer, and what is read from there."""

from __future__ import annotations

import os
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE, Service, service_of
from astroloc_qgis.engine.weights.store import data_folder

FOLDER_VARIABLE = "ASTROLOC_IMAGERY"
"""The environment variable that names the folder."""
WHOLE_TO = 5
"""The finest zoom that is kept of the whole world."""
ADDRESS_VARIABLE = "ASTROLOC_BLUE_MARBLE"
"""The environment variable that names another server of the tiles, with {z}, {y} and {x}: a mirror."""
KEEPABLE = {BLUE_MARBLE.key: BLUE_MARBLE}
"""The services whose licence and size allow it to keep them whole."""
KEPT_BYTES = {BLUE_MARBLE.key: 170_000_000}
"""About how large they are then."""


def imagery_folder() -> Path:
    """The folder of kept imagery: ``$ASTROLOC_IMAGERY``, else AstroLoc's own in the user's data. It may not exist."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else data_folder() / "imagery"


def kept_file(service: Service) -> Path:
    """The file that a service is kept in; it exists once all of it is there."""
    return imagery_folder() / f"{service.key}.mbtiles"


def part_file(service: Service) -> Path:
    """The file in which it grows."""
    return imagery_folder() / f"{service.key}.part.mbtiles"


def kept_copy(uri: str) -> Path | None:
    """The kept file that is read in place of a service; None for all that is not kept.

    Args:
        uri: a description of a service, or anything else that GDAL opens.
    """
    service = service_of(uri)
    if service is None or service.key not in KEEPABLE:
        return None
    path = kept_file(service)
    return path if path.is_file() else None


def bytes_kept(service: Service) -> int:
    """The size of what is there of a service, whole or in part, bytes."""
    return sum(path.stat().st_size for path in (kept_file(service), part_file(service)) if path.is_file())


def remove_kept(service: Service) -> None:
    """Delete what is kept of a service, whole or in part.

    Raises:
        InputError: it is in use (on Windows), or protected.
    """
    part = part_file(service)
    files = (kept_file(service), kept_file(service).with_suffix(".vrt"), part, part.with_name(f"{part.name}-journal"))
    try:
        for path in files:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{path} cannot be deleted ({error.strerror}): end what uses it, and try again.", repr(error)
        ) from error
