"""The table of tie points: on or off, positions and residuals; it sorts by any column."""

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QPaintEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.gui.widgets import paint_hint
from astroloc_qgis.qgis_adapters.text import tr

ON, NUMBER, PHOTO_X, PHOTO_Y, LON, LAT, PIXELS, METRES, SOURCE = range(9)
_EMPTY = QModelIndex()


class TiePointModel(QAbstractTableModel):
    """The tie points of one photo."""

    toggled = pyqtSignal(int)
    """The user switched a tie point on or off."""

    SortRole = int(Qt.ItemDataRole.UserRole)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = Work()
        self._pixels = self._metres = np.empty(0)

    def show(self, work: Work) -> None:
        """Show the tie points of a work."""
        same = len(work.tie_points) == len(self._work.tie_points)
        if not same:
            self.beginResetModel()
        self._work = work
        pixels, metres = work.residuals()
        self._pixels, self._metres = np.hypot(*pixels.T), np.hypot(*metres.T)
        if same:
            self.dataChanged.emit(self.index(0, 0), self.index(max(self.rowCount() - 1, 0), SOURCE))
        else:
            self.endResetModel()

    def rowCount(self, parent: QModelIndex = _EMPTY) -> int:
        """Return how many tie points there are."""
        return 0 if parent.isValid() else len(self._work.tie_points)

    def columnCount(self, parent: QModelIndex = _EMPTY) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else 9

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        """Return the name of a column."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _titles()[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return whether a cell can be ticked."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == ON else flags

    def data(self, index: QModelIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return what a view shows of a tie point."""
        if not index.isValid() or index.row() >= len(self._work.tie_points):
            return None
        point, column = self._work.tie_points[index.row()], index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == ON:
            return Qt.CheckState.Checked if point.on else Qt.CheckState.Unchecked
        values = (
            int(point.on),
            index.row() + 1,
            point.x,
            point.y,
            point.lon,
            point.lat,
            float(self._pixels[index.row()]),
            float(self._metres[index.row()]),
            int(point.by_hand),
        )
        if role == self.SortRole:
            return values[column]
        if role == Qt.ItemDataRole.DisplayRole and column != ON:
            return _shown(column, values[column])
        if role == Qt.ItemDataRole.TextAlignmentRole and column not in (ON, SOURCE):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = int(Qt.ItemDataRole.EditRole)) -> bool:  # noqa: ARG002
        """Switch a tie point on or off."""
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == ON:
            self.toggled.emit(index.row())
            return True
        return False


class TiePointTable(QTableView):
    """The table as a widget."""

    selected_changed = pyqtSignal()
    """Other tie points are selected now."""
    delete_requested = pyqtSignal(list)
    """The user pressed Delete: the numbers of the tie points."""
    show_requested = pyqtSignal(int)
    """The user double-clicked a tie point."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points = TiePointModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.points)
        self._sorted.setSortRole(TiePointModel.SortRole)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(NUMBER, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.setAccessibleName(tr("Tie points"))
        self.setToolTip(tr("A tick switches a tie point on or off; Delete takes it away; a double click shows it"))
        self.selectionModel().selectionChanged.connect(self.selected_changed)
        self.doubleClicked.connect(lambda index: self.show_requested.emit(self._sorted.mapToSource(index).row()))

    def selected(self) -> list[int]:
        """Return the numbers (from 0) of the selected tie points."""
        rows = self.selectionModel().selectedRows()
        return sorted(self._sorted.mapToSource(index).row() for index in rows)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a hint while there are no tie points."""
        super().paintEvent(event)
        if not self.model().rowCount():
            text = tr(
                "No tie points yet: press Tie points, click a place in the photo, then the same place on the map."
            )
            paint_hint(self, text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the selected tie points away, Space switches them."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.selected():
            self.delete_requested.emit(self.selected())
        elif event.key() == Qt.Key.Key_Space and self.selected():
            for number in self.selected():
                self.points.toggled.emit(number)
        else:
            super().keyPressEvent(event)


def _titles() -> tuple[str, ...]:
    return (
        tr("On"),
        tr("No."),
        tr("Photo x"),
        tr("Photo y"),
        tr("Longitude"),
        tr("Latitude"),
        tr("Off by (px)"),
        tr("Off by (m)"),
        tr("Set by"),
    )


def _shown(column: int, value: float) -> str:
    if column == SOURCE:
        return tr("you") if value else tr("the machine")
    if column == NUMBER:
        return str(value)
    if not np.isfinite(value):
        return "–"
    digits = {PHOTO_X: 1, PHOTO_Y: 1, LON: 5, LAT: 5, PIXELS: 2, METRES: 1}[column]
    return f"{value:.{digits}f}"
