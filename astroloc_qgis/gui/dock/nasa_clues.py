"""The clues to where a photo was taken, side by side, with a button to use each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from astroloc_qgis.engine.nasa.clues import Clue, disagreements
from astroloc_qgis.engine.nasa.outline import outline_starts
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.gui.model.nasa_facts import clues_about, record_in
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.places import place_name
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.text import tr


class CluePanel(QWidget):
    """A line for each clue; hidden while there are fewer than two and NASA was not asked.

    Args:
        parent: a window.
    """

    verify_requested = pyqtSignal(object, object)
    """The user wants NASA's outline verified: the photo, and the outline's corners in each order to try."""
    used = pyqtSignal()
    """A clue was put to use."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("AstroLocClues")
        self._item: PhotoItem | None = None
        self._shown: tuple[PhotoItem, Work] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self.buttons: dict[str, QToolButton] = {}
        self.lines: list[str] = []
        self.hide()

    def show_photo(self, item: PhotoItem | None, *, idle: bool = True) -> None:
        """Show the clues of a photo.

        Args:
            item: the photo; None for none.
            idle: whether the outline can be verified now.
        """
        if item is None:
            self._item = self._shown = None
            self.hide()
            return
        if self._shown is None or self._shown[0] is not item or self._shown[1] != item.desk.work:
            self._item, self._shown = item, (item, item.desk.work)
            self._fill(item)
        if (button := self.buttons.get("outline")) is not None:
            button.setEnabled(idle)

    def _fill(self, item: PhotoItem) -> None:
        self._clear()
        work, record = item.desk.work, record_in(item.desk.work)
        clues = clues_about(item.path, work)
        self.setVisible(record is not None or len(clues) > 1)
        if self.isHidden():
            return
        for clue in clues:
            self._add_clue(clue, work, record)
        for pair in disagreements(clues):
            first, second = (clue_name(one) for one in (pair.first, pair.second))
            self._add_line(
                "⚠ " + tr("{first} and {second} are {km} km apart: one of them is wrong.").format(
                    first=first, second=second, km=f"{pair.distance_km:,.0f}"
                )
            )  # fmt: skip
        if record is not None:
            for line in _facts(record):
                self._add_line(line)

    def _add_clue(self, clue: Clue, work: Work, record: NasaRecord | None) -> None:
        in_use = _is_in_use(clue, work)
        text = f"{clue_name(clue)}: {place_name(clue.place[1], clue.place[0])}"
        usable = not in_use and (clue.kind != "outline" or bool(outline_starts(record)))
        row = self._add_line(text, bold=in_use, beside_button=usable)
        if not usable:
            return
        button = QToolButton(self)
        button.setText(tr("Verify") if clue.kind == "outline" else tr("Use"))
        button.setToolTip(
            tr("See whether the photo matches the reference there: the outline alone is not believed")
            if clue.kind == "outline"
            else tr("Search about this point")
        )
        button.setAccessibleName(f"{button.text()}: {clue_name(clue)}")
        button.clicked.connect(partial(self._use, clue))
        self._grid.addWidget(button, row, 1, Qt.AlignmentFlag.AlignTop)
        self.buttons[clue.kind] = button

    def _use(self, clue: Clue) -> None:
        item = self._item
        if item is None:
            return
        work = item.desk.work
        if clue.kind == "outline":
            self.verify_requested.emit(item, outline_starts(record_in(work)))
        elif clue.nadir is not None:
            item.desk.change(replace(work, nadir=clue.nadir), tr("Change the nadir"))
        else:
            area = work.area if "extent" in work.area else {}
            item.desk.change(replace(work, centre=clue.place, area=area), tr("Change the centre"))
        self.used.emit()

    def _add_line(self, text: str, *, bold: bool = False, beside_button: bool = False) -> int:
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        if bold:
            font = label.font()
            font.setBold(True)
            label.setFont(font)
            label.setToolTip(tr("in use"))
        row = len(self.lines)
        self._grid.addWidget(label, row, 0, 1, 1 if beside_button else 2)
        self.lines.append(text)
        return row

    def _clear(self) -> None:
        while (entry := self._grid.takeAt(0)) is not None:
            if (widget := entry.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons.clear()
        self.lines.clear()


def clue_name(clue: Clue) -> str:
    """Who says so, of which point, in the user's language."""
    return {
        "given": tr("Your nadir"),
        "exif": tr("EXIF position"),
        "tle": tr("Orbital elements"),
        "nasa": tr("NASA's nadir"),
        "centre": tr("NASA's centre"),
        "outline": tr("NASA's machine outline"),
    }[clue.kind]


def _is_in_use(clue: Clue, work: Work) -> bool:
    """Whether the search rests on a clue."""
    if clue.nadir is not None:
        return clue.nadir == work.nadir
    return clue.kind == "centre" and work.search.get("centre") == clue.place


def _facts(record: NasaRecord) -> Sequence[str]:
    """Time, lens and tilt in words."""
    words = []
    if record.time is not None:
        words.append(f"{record.time:%Y-%m-%d %H:%M:%S} UTC")
    if record.focal_length_mm:
        words.append(f"{record.focal_length_mm:g} mm")
    if record.altitude_km:
        words.append(tr("{km} km high").format(km=f"{record.altitude_km:.0f}"))
    lines = ["  ·  ".join(words)] if words else []
    if record.high_oblique:
        lines.append("⚠ " + tr("High oblique: the horizon is in view, and only the ground below it can be placed."))
    return lines
