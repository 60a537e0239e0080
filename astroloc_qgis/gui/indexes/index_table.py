"""The table of indexes: one a row."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from astroloc_qgis.gui.indexes.estimate_text import size_text
from astroloc_qgis.qgis_adapters.index_list import IndexState, ListedIndex
from astroloc_qgis.qgis_adapters.text import tr

WIDEST = 260
"""Of a column, pixels: the window scrolls sideways rather than to cut titles short."""


class IndexTable(QTableWidget):
    """Title, state, zooms, blocks, size, model, imagery, date; the folder is in the tool tips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heads = (
            tr("Index"),
            tr("State"),
            tr("Zooms"),
            tr("Blocks"),
            tr("Size"),
            tr("Model"),
            tr("Imagery"),
            tr("Date"),
        )
        self.setColumnCount(len(heads))
        self.setHorizontalHeaderLabels(heads)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(tr("Indexes"))
        self.verticalHeader().hide()
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(50)
        header.setMaximumSectionSize(WIDEST)
        self.indexes: list[ListedIndex] = []

    def show_indexes(self, indexes: Sequence[ListedIndex], chosen: str) -> None:
        """Show indexes; those that were selected stay so.

        Args:
            indexes: all.
            chosen: the folder of the index that photos are looked up in.
        """
        selected = {index.folder for index in self.selected()}
        self.clearSelection()
        self.indexes = list(indexes)
        self.setRowCount(len(indexes))
        for row, index in enumerate(indexes):
            self._fill(row, index, in_use=str(index.folder) == chosen)
        for row, index in enumerate(indexes):
            if index.folder in selected:
                for column in range(self.columnCount()):
                    self.item(row, column).setSelected(True)

    def selected(self) -> list[ListedIndex]:
        """The selected indexes, in the order of the table."""
        return [self.indexes[row] for row in sorted({item.row() for item in self.selectedItems()})]

    def _fill(self, row: int, index: ListedIndex, in_use: bool) -> None:
        states = {
            IndexState.READY: tr("in use") if in_use else tr("ready"),
            IndexState.UNFINISHED: tr("unfinished"),
            IndexState.DAMAGED: tr("damaged"),
        }
        zooms = ", ".join(map(str, index.zooms))
        blocks = f"{index.blocks:,}" if index.blocks else ""
        texts = (index.title, states[index.state], zooms, blocks, size_text(index.size), index.model, index.imagery,
                 index.created)  # fmt: skip
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(f"{text}\n{index.folder}" if column == 0 else text)
            if column in (3, 4):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            font = item.font()
            font.setBold(in_use)
            item.setFont(font)
            self.setItem(row, column, item)
