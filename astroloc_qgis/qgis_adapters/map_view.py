"""Keeps the map where the user has it when layers come to a project that had none.

QGIS shows the first layer of an empty project in full, and does so a moment after it was added: whoever clicks in that
moment clicks on a map that is about to move.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


@contextlib.contextmanager
def map_stays(iface: QgisInterface) -> Iterator[None]:
    """Layers added inside are shown at once, and the map stays where it is."""
    bridge = iface.layerTreeCanvasBridge()
    before = bridge.autoSetupOnFirstLayer()
    bridge.setAutoSetupOnFirstLayer(False)
    try:
        yield
        bridge.setCanvasLayers()
    finally:
        bridge.setAutoSetupOnFirstLayer(before)


def show_layers_now(iface: QgisInterface) -> None:
    """Have QGIS show the layers that were just added at once, and zoom to the first of a project."""
    iface.layerTreeCanvasBridge().setCanvasLayers()
