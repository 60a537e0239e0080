"""Ring 1: the science. Knows nothing of QGIS or Qt.

The names below are the Python API (resources/help/python-api.md); each is imported when it is first used, so that
importing the engine stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astroloc_qgis.engine.api.exporting import export
    from astroloc_qgis.engine.api.indexes import build_index, open_index, retrieve
    from astroloc_qgis.engine.api.photos import localize, refine
    from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
    from astroloc_qgis.engine.geometry.nadir import Nadir
    from astroloc_qgis.engine.index.store import Index
    from astroloc_qgis.engine.result import Localization
    from astroloc_qgis.engine.retrieval.candidate import Candidate
    from astroloc_qgis.engine.tiles import Block

__all__ = [
    "AstroLocError",
    "Block",
    "Cancelled",
    "Candidate",
    "Index",
    "InputError",
    "Localization",
    "Nadir",
    "build_index",
    "export",
    "localize",
    "open_index",
    "refine",
    "retrieve",
]

_MODULES = {
    "api.exporting": ("export",),
    "api.indexes": ("build_index", "open_index", "retrieve"),
    "api.photos": ("localize", "refine"),
    "errors": ("AstroLocError", "Cancelled", "InputError"),
    "geometry.nadir": ("Nadir",),
    "index.store": ("Index",),
    "result": ("Localization",),
    "retrieval.candidate": ("Candidate",),
    "tiles": ("Block",),
}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used."""
    for module, names in _MODULES.items():
        if name in names:
            found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
