"""What is known of a photo before it is localized: name and EXIF, nadir, centre, search area."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM
from astroloc_qgis.gui.model.nasa_facts import record_in
from astroloc_qgis.gui.model.places import nadir_origin, nadir_text, parse_nadir, parse_place, place_name, place_text
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.gui.widgets import row_of
from astroloc_qgis.qgis_adapters.text import tr

WHOLE, NADIR_FIRST, RADIUS, CENTRE, EXTENT = "whole", "nadir first", "radius", "centre", "extent"
NADIR_KM = 2500


class DetailsPanel(QWidget):
    """Shows and changes what is known of one photo."""

    nadir_edited = pyqtSignal(object)
    """The user gave another nadir (``Nadir`` or None)."""
    centre_edited = pyqtSignal(object)
    """The user gave another centre: (latitude, longitude) or None."""
    area_edited = pyqtSignal(object)
    """The user chose another search area, as ``Work.area`` has it."""
    map_view_requested = pyqtSignal()
    """The search area is to be what the map shows, or the polygon selected on it."""
    pick_requested = pyqtSignal(str)
    """The user wants to click "nadir" or "centre" on the map."""
    csv_requested = pyqtSignal()
    tle_requested = pyqtSignal()
    refused = pyqtSignal(str)
    """What was typed is not valid: a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self._shown_km = NADIR_KM
        self.about = QLabel(self)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.nadir, nadir_row = self._place(
            "nadir",
            tr(
                "The point on Earth below the ISS when the photo was taken: the search begins there. "
                "The height of the ISS in km may follow."
            ),
        )
        self.centre, centre_row = self._place(
            "centre",
            tr("The point on Earth in the middle of the photo, if roughly known: only its surroundings are searched"),
        )
        for text, tip, signal in (
            (tr("CSV…"), tr("Read nadir and centre of all photos from a table of NASA's metadata"), self.csv_requested),
            (tr("TLE…"), tr("Compute the nadir from the photo's time and orbital elements"), self.tle_requested),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(signal)
            nadir_row.addWidget(button)
        self.nadir_note = QLabel(self)
        nadir_row.addWidget(self.nadir_note)
        nadir_row.addStretch(1)
        self.area = QComboBox(self)
        self.area.addItem(tr("Whole index"), WHOLE)
        self.area.addItem(tr("Nadir first, then whole index"), NADIR_FIRST)
        self.area.addItem(tr("Only about the nadir"), RADIUS)
        self.area.addItem(tr("About the centre"), CENTRE)
        self.area.addItem(tr("Map view or selected polygon"), EXTENT)
        self.area.setToolTip(tr("Where the index is searched for this photo"))
        self.radius = QSpinBox(self)
        self.radius.setRange(50, 5000)
        self.radius.setSingleStep(50)
        self.radius.setValue(NADIR_KM)
        self.radius.setSuffix(tr(" km"))
        self.radius.setToolTip(tr("How far from the nadir or the centre is searched; the ISS sees about 2,300 km"))
        self.area_text = QLabel(self)
        form = QFormLayout(self)
        form.setContentsMargins(6, 4, 6, 4)
        form.addRow(tr("Photo"), self.about)
        form.addRow(tr("Nadir"), nadir_row)
        form.addRow(tr("Centre"), centre_row)
        form.addRow(tr("Search"), row_of(self.area, self.radius, self.area_text))
        self.area.activated.connect(self._on_kind)
        self.radius.editingFinished.connect(self._on_radius)

    def show_photo(self, path: Path | None, work: Work | None, size: tuple[int, int] | None) -> None:
        """Show another photo, or what is known of it now."""
        self.setEnabled(path is not None)
        if path is None or work is None:
            self.about.setText("")
            return
        self._filling = True
        self.about.setText(describe(path, size, work))
        for edit, text in ((self.nadir, nadir_text(work.nadir)), (self.centre, place_text(work.centre))):
            if not edit.hasFocus():
                edit.setText(text)
        self.nadir_note.setText(nadir_origin(work.nadir))
        kind, radius_km = _search(work)
        self.area.setCurrentIndex(self.area.findData(kind))
        self.radius.setValue(radius_km)
        self._shown_km = radius_km
        self.radius.setVisible(kind in (RADIUS, CENTRE))
        self.area_text.setText(_extent_text(work.area))
        self._filling = False

    def _on_kind(self) -> None:
        if self._filling:
            return
        kind = self.area.currentData()
        if kind == EXTENT:
            self.map_view_requested.emit()
        elif kind in (NADIR_FIRST, RADIUS) and not self.nadir.text().strip():
            self.refused.emit(tr("Give the nadir first: type it, click it on the map, or read it from a file."))
            self.area_edited.emit({})
        elif kind == CENTRE and not self.centre.text().strip():
            self.refused.emit(tr("Give the centre first: type it, click it on the map, or read it from a file."))
            self.area_edited.emit({})
        else:
            areas: dict[str, dict[str, Any]] = {
                WHOLE: {"radius_km": 0},
                NADIR_FIRST: {"radius_km": None},
                RADIUS: {"radius_km": NADIR_KM},
                CENTRE: {"centre_km": int(CENTRE_KM)},
            }
            self.area_edited.emit(areas[kind])

    def _on_radius(self) -> None:
        if not self._filling and self.radius.value() != self._shown_km:
            name = "centre_km" if self.area.currentData() == CENTRE else "radius_km"
            self.area_edited.emit({name: self.radius.value()})

    def _place(self, name: str, tip: str) -> tuple[QLineEdit, QHBoxLayout]:
        edit = QLineEdit(self)
        edit.setPlaceholderText(tr("latitude, longitude"))
        edit.setClearButtonEnabled(True)
        edit.setToolTip(tip)
        edit.setMaximumWidth(220)
        pick = QToolButton(self)
        pick.setIcon(QgsApplication.getThemeIcon("mActionPanTo.svg"))
        pick.setToolTip(tr("Click the point on the map"))
        pick.clicked.connect(lambda: self.pick_requested.emit(name))
        edit.editingFinished.connect(lambda: self._on_place(name, edit))
        row = QHBoxLayout()
        row.addWidget(edit)
        row.addWidget(pick)
        if name == "centre":
            row.addStretch(1)
        return edit, row

    def _on_place(self, name: str, edit: QLineEdit) -> None:
        if self._filling or not edit.isModified():
            return
        try:
            if name == "nadir":
                self.nadir_edited.emit(parse_nadir(edit.text()))
            else:
                self.centre_edited.emit(parse_place(edit.text()))
        except InputError as error:
            self.refused.emit(str(error))


def _search(work: Work) -> tuple[str, int]:
    """How the search is limited, and the radius to show."""
    if "extent" in work.area:
        return EXTENT, NADIR_KM
    if "centre" in work.search:
        return CENTRE, int(work.search["centre_km"])
    radius_km = work.area.get("radius_km")
    if not work.nadir or radius_km == 0:
        return WHOLE, NADIR_KM
    return (NADIR_FIRST, NADIR_KM) if radius_km is None else (RADIUS, int(radius_km))


def describe(path: Path, size: tuple[int, int] | None, work: Work | None = None) -> str:
    """A photo's name, size, time and lens in a line; what EXIF does not say, NASA's photo database may."""
    exif = read_exif(path) if path.is_file() else None
    nasa = None if work is None else record_in(work)
    words = [path.name]
    if size is not None:
        words.append(f"{size[0]} × {size[1]} px")
    taken = (exif and exif.taken) or (nasa and nasa.time)
    if taken:
        words.append(f"{taken:%Y-%m-%d %H:%M:%S} UTC")
    focal_length = (exif and exif.focal_length_mm) or (nasa and nasa.focal_length_mm)
    if focal_length:
        words.append(f"{focal_length:g} mm")
    return "  ·  ".join(words)


def _extent_text(area: Mapping[str, Any]) -> str:
    if "extent" not in area:
        return ""
    west, south, east, north = area["extent"]
    return f"{place_name(west, south)} – {place_name(east, north)}"
