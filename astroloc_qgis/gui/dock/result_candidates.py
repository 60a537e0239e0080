"""The likeliest places of a photo that was not localized, as pictures to click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPalette, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.gui.model.places import place_name
from astroloc_qgis.gui.model.work import Candidate
from astroloc_qgis.qgis_adapters.text import tr

SIDE = 84
"""Pixels of a picture's side."""
SHOWN = 8
"""The number of candidates that are shown."""


class ResultCandidates(QWidget):
    """A row of pictures, best first, and the button that tries the chosen one."""

    chosen = pyqtSignal(object)
    """A candidate was clicked (``Candidate``)."""
    try_requested = pyqtSignal(object)
    """The photo is to be matched with this candidate (``Candidate``)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._candidates: tuple[Candidate, ...] = ()
        self._drawn: frozenset[str] = frozenset()
        self.text = QLabel(tr("Not localized. The likeliest places, to look at:"), self)
        self.text.setWordWrap(True)
        self.row = QListWidget(self)
        self.row.setViewMode(QListWidget.ViewMode.IconMode)
        self.row.setFlow(QListWidget.Flow.LeftToRight)
        self.row.setWrapping(False)
        self.row.setMovement(QListWidget.Movement.Static)
        self.row.setUniformItemSizes(True)
        self.row.setIconSize(QSize(SIDE, SIDE))
        self.row.setGridSize(QSize(SIDE + 10, SIDE + 8 + self.row.fontMetrics().height()))
        self.row.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.row.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        room = self.row.horizontalScrollBar().sizeHint().height() + 2 * self.row.frameWidth()
        self.row.setFixedHeight(self.row.gridSize().height() + room)
        self.row.setAccessibleName(tr("The likeliest places"))
        self.try_button = QPushButton(QgsApplication.getThemeIcon("mActionRefresh.svg"), tr("&Try here"), self)
        self.try_button.setToolTip(tr("Match the photo with the reference at the place that is chosen"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.text, self.row, self.try_button):
            layout.addWidget(widget)
        self.row.itemClicked.connect(lambda _item: self._send(self.chosen))
        self.row.itemActivated.connect(lambda _item: self._send(self.chosen))
        self.row.itemSelectionChanged.connect(lambda: self.try_button.setEnabled(self.current() is not None))
        self.try_button.clicked.connect(lambda: self._send(self.try_requested))
        self.try_button.setEnabled(False)

    def show_candidates(
        self, candidates: Sequence[Candidate], pictures: Mapping[str, Path], reason: str, *, busy: bool
    ) -> None:
        """Show the candidates of a photo.

        Args:
            candidates: best first; struck-out ones are left out.
            pictures: files by block, as far as they are drawn.
            reason: why the photo was not localized.
            busy: whether the engine works.
        """
        shown = tuple(one for one in candidates if one.verdict != "rejected")[:SHOWN]
        drawn = frozenset(one.block for one in shown if one.block in pictures)
        if (shown, drawn) != (self._candidates, self._drawn):
            before = self.current()
            self._candidates, self._drawn = shown, drawn
            self._fill(pictures)
            blocks = [one.block for one in shown]
            self.row.setCurrentRow(blocks.index(before.block) if before and before.block in blocks else -1)
        self.text.setToolTip(reason)
        self.row.setEnabled(not busy)
        self.try_button.setEnabled(not busy and self.current() is not None)

    def current(self) -> Candidate | None:
        """Return the candidate that is selected."""
        rows = [self.row.row(item) for item in self.row.selectedItems()]
        return self._candidates[rows[0]] if rows and rows[0] < len(self._candidates) else None

    def _fill(self, pictures: Mapping[str, Path]) -> None:
        self.row.blockSignals(True)
        self.row.clear()
        for one in self._candidates:
            tried = one.verdict == "not localized"
            text = tr("{rank}: no match").format(rank=one.rank) if tried else str(one.rank)
            item = QListWidgetItem(QIcon(self._picture(pictures.get(one.block))), text)
            item.setToolTip(place_name(*one.centre()))
            self.row.addItem(item)
        self.row.blockSignals(False)

    def _picture(self, file: Path | None) -> QPixmap:
        """The picture; a plain square while there is none."""
        picture = QPixmap() if file is None else QPixmap(str(file))
        if picture.isNull():
            picture = QPixmap(SIDE, SIDE)
            picture.fill(self.palette().color(QPalette.ColorRole.Mid))
        return picture

    def _send(self, signal: object) -> None:
        one = self.current()
        if one is not None:
            signal.emit(one)  # type: ignore[attr-defined]
