"""AstroLoc for QGIS: georeferences photographs that astronauts took of Earth.

Loading this package imports nothing heavy: torch, faiss, cv2 and kornia live in the engine, which QGIS runs in a
process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

__version__ = "0.1.0"


def classFactory(iface: QgisInterface) -> Any:  # noqa: N802 - the name is QGIS's
    """Make the plugin for a running QGIS (called by its plugin manager)."""
    from astroloc_qgis.gui.plugin import AstroLocPlugin

    return AstroLocPlugin(iface)
