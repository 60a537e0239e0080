"""A photo that is too narrow for the world index: says so, and offers to index finer imagery around its nadir."""

from __future__ import annotations

import math
import re

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.field_of_view import field_ratio
from astroloc_qgis.gui.dock.index_dialog import BLOCK_TILES, WORLD_M, ZOOM_LIMITS, Suggestion
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoState
from astroloc_qgis.qgis_adapters.text import tr

NARROW = "too narrow for this index"
"""What the engine's reason says of a photo that its focal length makes too narrow."""
_WIDTH = re.compile(rf"{NARROW}: about (\d+) km wide")
HOPELESS = ("night", "sky", "cloud")
"""Words of reasons that finer imagery would not change."""
USUAL_KM = 40.0
"""Width of a photo that was not found, and does not say how wide it is."""
REACH_KM = 300.0
"""How far from the nadir a photo with a long lens looks, as a rule."""
ROOM = (0.8, 3.2)
"""Width of the blocks, in widths of the photo."""


class NarrowHint(QWidget):
    """A sentence and a button, shown for a photo that the world index could not find since it is too narrow.

    Args:
        parent: a window.
    """

    index_requested = pyqtSignal(object)
    """The user wants to index finer imagery around the nadir of a photo (``PhotoItem``)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item: PhotoItem | None = None
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.button = QPushButton(tr("Inde&x finer imagery around its nadir…"), self)
        self.button.clicked.connect(lambda: self.index_requested.emit(self._item))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addWidget(self.button)
        self.hide()

    def show_for(self, item: PhotoItem | None, *, with_world: bool, busy: bool) -> None:
        """Show or hide it.

        Args:
            item: the photo that is selected; None for none, or for several.
            with_world: whether photos are looked up in the index of the world.
            busy: whether the engine works.
        """
        reason = str(item.desk.work.facts.get("reason") or "") if item is not None else ""
        tried = item is not None and item.state is PhotoState.NOT_LOCALIZED and bool(reason)
        narrow = tried and NARROW in reason
        worth = narrow or (tried and with_world and not any(word in reason for word in HOPELESS))
        self._item = item if worth else None
        self.setVisible(worth and not busy)
        if not worth or item is None:
            return
        known = item.nadir is not None
        sentence = (
            tr("{name} is too narrow for this index: about {km} km wide.")
            if narrow
            else tr("{name} may be too narrow for the index of the world, if it shows less than about 60 km.")
        )
        text = sentence.format(name=item.name, km=f"{expected_width_km(item):.0f}")
        self.text.setText(text if known else text + " " + tr("With its nadir, finer imagery could be indexed there."))
        self.button.setVisible(known)


def expected_width_km(item: PhotoItem) -> float:
    """How wide the ground is that a photo shows when it looks straight down, km: as the engine says, or EXIF."""
    if said := _WIDTH.search(str(item.desk.work.facts.get("reason") or "")):
        return max(1.0, float(said[1]))
    ratio = field_ratio(read_exif(item.path))
    if ratio is None:
        return USUAL_KM
    return ratio * (ISS_ALTITUDE_M if item.nadir is None else item.nadir.altitude_m) / 1000


def suggest_for(item: PhotoItem, imagery: str) -> Suggestion:
    """The extent about a photo's nadir, and the zooms whose blocks are about as large as the photo.

    Args:
        item: the photo.
        imagery: its name, for the user.
    """
    nadir = item.nadir
    assert nadir is not None  # noqa: S101 - the button is hidden without one
    zooms = zooms_for(expected_width_km(item), nadir.latitude)
    return Suggestion(extent_about(nadir, REACH_KM), zooms, imagery)


def zooms_for(width_km: float, latitude: float) -> list[int]:
    """The zooms of blocks for photos of a width, kilometres, at a latitude; at least one."""
    coarsest, finest = ZOOM_LIMITS
    zoom_0_km = WORLD_M * math.cos(math.radians(latitude)) * BLOCK_TILES / 1000
    least, most = (factor * width_km for factor in ROOM)
    found = [zoom for zoom in range(coarsest, finest + 1) if least <= zoom_0_km / 2**zoom <= most]
    return found or [coarsest if zoom_0_km / 2**coarsest < least else finest]


def extent_about(nadir: Nadir, reach_km: float) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees about a nadir; it ends at the antimeridian, as QGIS's extents do."""
    north_south = reach_km / 111.2
    south, north = max(-85.0, nadir.latitude - north_south), min(85.0, nadir.latitude + north_south)
    east_west = min(179.0, north_south / max(0.05, math.cos(math.radians(nadir.latitude))))
    middle = (nadir.longitude + 180) % 360 - 180
    return max(-180.0, middle - east_west), south, min(180.0, middle + east_west), north
