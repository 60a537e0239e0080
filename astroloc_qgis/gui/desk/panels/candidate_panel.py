"""The candidates of a photo with their pictures, to refine from or to reject."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.gui.model.places import place_name
from astroloc_qgis.gui.model.work import Candidate, Work
from astroloc_qgis.gui.widgets import row_of
from astroloc_qgis.qgis_adapters.text import tr

ICON = 34
COLUMNS = 6


class CandidatePanel(QWidget):
    """A table of candidates, and beside it the picture of the selected one."""

    chosen = pyqtSignal(object)
    """A candidate was clicked (``Candidate``)."""
    refine_requested = pyqtSignal(object)
    """The photo is to be registered from this candidate."""
    reject_requested = pyqtSignal(object)
    """This candidate is not the place."""
    none_requested = pyqtSignal()
    """None of the candidates is the place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._candidates: tuple[Candidate, ...] = ()
        self._pictures: dict[str, Path] = {}
        self._preview = ""
        self._tried = ""
        self.table = QTableWidget(0, COLUMNS, self)
        self.table.setHorizontalHeaderLabels(
            [tr("Rank"), tr("Place"), tr("Score"), tr("Inliers"), tr("Confidence"), tr("Verdict")]
        )
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.setIconSize(QSize(ICON, ICON))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setAccessibleName(tr("Candidates"))
        self.table.setToolTip(tr("Where the photo may be, best first; a click shows the place on the map"))
        self.table.itemSelectionChanged.connect(self._on_selection)
        self.table.cellClicked.connect(lambda _row, _column: self._emit(self.chosen.emit))
        self.refine_button = self._button(
            tr("Refine this one"), "mActionRefresh.svg", tr("Match the photo with the reference at this place")
        )
        self.reject_button = self._button(
            tr("Not this one"), "mActionRemove.svg", tr("Strike this candidate out; it can be undone")
        )
        self.none_button = self._button(
            tr("None of these"), "mActionDeleteSelected.svg", tr("The photo shows none of these places")
        )
        self.refine_button.clicked.connect(lambda: self._emit(self.refine_requested.emit))
        self.reject_button.clicked.connect(lambda: self._emit(self.reject_requested.emit))
        self.none_button.clicked.connect(self.none_requested)
        self.picture = ScaledPicture(self)
        left = QWidget(self)
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addLayout(row_of(self.refine_button, self.reject_button, self.none_button))
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(left)
        splitter.addWidget(self.picture)
        splitter.setStretchFactor(0, 5)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([430, 170])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)
        self._enable()

    def show_work(self, work: Work | None, busy: bool) -> None:
        """Show the candidates of a photo."""
        self._preview = str(work.outputs.get("preview", "")) if work else ""
        found = (work.facts.get("candidate") or {}) if work else {}
        self._tried = f"{found['zoom']}/{found['row']}/{found['column']}" if found else ""
        candidates = work.candidates if work else ()
        if candidates != self._candidates:
            row = self.table.currentRow()
            self._candidates = candidates
            self._fill()
            if candidates:
                tried = [number for number, one in enumerate(candidates) if one.verdict == "localized"]
                self._select(row if 0 <= row < len(candidates) else next(iter(tried), 0))
        self.picture.empty_text = (
            tr("Choose a candidate to see it.") if candidates else tr("Localize the photo: its candidates come here.")
        )
        self._enable(busy)
        self._show_picture()

    def add_pictures(self, pictures: Mapping[str, str | Path]) -> None:
        """Add pictures of candidates, by block."""
        self._pictures |= {block: Path(path) for block, path in pictures.items()}
        self._fill_icons()
        self._show_picture()

    def current(self) -> Candidate | None:
        """Return the candidate that is selected."""
        row = self.table.currentRow()
        selected = bool(self.table.selectedItems())
        return self._candidates[row] if selected and 0 <= row < len(self._candidates) else None

    def _fill(self) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(self._candidates))
        for row, one in enumerate(self._candidates):
            lon, lat = one.centre()
            texts = (
                str(one.rank),
                place_name(lon, lat),
                f"{one.score:.3f}",
                "–" if one.inliers is None else str(one.inliers),
                "–" if one.confidence is None else f"{one.confidence:.2f}",
                _verdicts()[one.verdict],
            )
            for column, text in enumerate(texts):
                cell = QTableWidgetItem(text)
                font = cell.font()
                font.setStrikeOut(one.verdict == "rejected")
                cell.setFont(font)
                self.table.setItem(row, column, cell)
        self._fill_icons()
        self.table.blockSignals(False)

    def _fill_icons(self) -> None:
        for row, one in enumerate(self._candidates):
            if one.block in self._pictures and (cell := self.table.item(row, 0)) is not None:
                cell.setIcon(QIcon(str(self._pictures[one.block])))
                self.table.setRowHeight(row, ICON + 4)

    def _show_picture(self) -> None:
        one = self.current()
        if one is None:
            self.picture.show_file("")
        elif one.block == self._tried and one.verdict == "localized" and Path(self._preview).is_file():
            self.picture.show_file(self._preview)
        else:
            self.picture.show_file(str(self._pictures.get(one.block, "")))

    def _on_selection(self) -> None:
        self._enable()
        self._show_picture()

    def _select(self, row: int) -> None:
        self.table.blockSignals(True)
        self.table.selectRow(row)
        self.table.blockSignals(False)

    def _enable(self, busy: bool = False) -> None:
        one = self.current()
        self.refine_button.setEnabled(one is not None and not busy)
        self.reject_button.setEnabled(one is not None and one.verdict != "rejected")
        self.none_button.setEnabled(bool(self._candidates))

    def _emit(self, send: object) -> None:
        if (one := self.current()) is not None and callable(send):
            send(one)

    def _button(self, text: str, icon: str, tip: str) -> QPushButton:
        button = QPushButton(QgsApplication.getThemeIcon(icon), text, self)
        button.setToolTip(tip)
        return button


class ScaledPicture(QWidget):
    """A picture scaled into the room that there is (a label would resize its neighbours at every change)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(160)
        self.empty_text = ""
        self._file = ""
        self._full = QPixmap()
        self._fitted = QPixmap()

    def show_file(self, file: str) -> None:
        """Show a file; "" shows the empty text."""
        if file != self._file:
            self._file = file
            self._full = QPixmap(file) if file else QPixmap()
            self._fitted = QPixmap()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scale the picture again."""
        super().resizeEvent(event)
        self._fitted = QPixmap()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt calls it with it
        """Paint the picture, or the text."""
        painter = QPainter(self)
        if self._full.isNull():
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(8, 4, -8, -4), flags, self.empty_text)
        else:
            ratio = self.devicePixelRatioF()
            if self._fitted.isNull():
                self._fitted = self._full.scaled(
                    self.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
                self._fitted.setDevicePixelRatio(ratio)
            size = self._fitted.size() / ratio
            painter.drawPixmap((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, self._fitted)
        painter.end()


def _verdicts() -> dict[str, str]:
    return {
        "": tr("not tried"),
        "localized": tr("matches"),
        "not localized": tr("does not match"),
        "rejected": tr("rejected"),
    }
