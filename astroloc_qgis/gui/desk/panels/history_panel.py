"""The history of a photo, with times."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from astroloc_qgis.qgis_adapters.desk_store import Entry
from astroloc_qgis.qgis_adapters.text import tr


class HistoryPanel(QTreeWidget):
    """A list of the changes, newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels([tr("When"), tr("What")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.setAccessibleName(tr("History"))
        self.setToolTip(tr("What was done to this photo; it is kept with the project"))

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show another history."""
        self.clear()
        for entry in reversed(entries):
            when = entry.when.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            self.addTopLevelItem(QTreeWidgetItem([when, entry.what]))
