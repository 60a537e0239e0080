"""The engine process's method for imagery that is kept on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker.requests import KeepImagery


def imagery_keep(request: KeepImagery, progress: Progress) -> Mapping[str, Any]:
    """Keep a service on this computer; returns the file and its size."""
    progress("fetch", 0.0)
    from astroloc_qgis.engine.imagery.kept.keeping import adopt_file, checked_address, keep_service
    from astroloc_qgis.engine.imagery.kept.places import KEEPABLE

    service = KEEPABLE.get(request.service)
    if service is None:
        known = ", ".join(KEEPABLE)
        raise InputError(f"The request names {request.service!r} as a service to keep; it can be: {known}.")
    if request.file is not None:
        path = adopt_file(request.file, service, progress=progress)
    else:
        address = None if request.address is None else checked_address(request.address)
        path = keep_service(service, address=address, progress=progress)
    return {"file": str(path), "bytes": path.stat().st_size}
