"""The table of models and matchers: one a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from astroloc_qgis.gui.indexes.estimate_text import size_text
from astroloc_qgis.qgis_adapters.text import tr

READY, SET_UP, FETCH, BY_HAND = "yes", "no: set up the engine", "no: fetch", "no: by hand"
"""The states of a model, as the engine tells them."""

SIZE, GOOD_FOR, LICENCE = 3, 4, 5
"""Columns."""
LICENCE_PX, ROOM_PX = 150, 8

Model = Mapping[str, Any]
"""A model or matcher, as the engine tells it."""


class ModelsTable(QTableWidget):
    """Name, kind, whether it is installed, size, what it is good for, and licence; whole texts are in the tool tips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heads = (tr("Name"), tr("Kind"), tr("Installed"), tr("Size"), tr("Good for"), tr("Licence"))
        self.setColumnCount(len(heads))
        self.setHorizontalHeaderLabels(heads)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(tr("Models and matchers"))
        self.verticalHeader().hide()
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(GOOD_FOR, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(LICENCE, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(LICENCE, LICENCE_PX)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + ROOM_PX)
        self.models: list[Model] = []

    def show_models(self, models: Sequence[Model]) -> None:
        """Show models; the one that was selected stays so."""
        chosen = self.selected()
        self.clearSelection()
        self.models = list(models)
        self.setRowCount(len(models))
        for row, model in enumerate(models):
            for column, text in enumerate(_cells(model)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if column == SIZE:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
            if chosen is not None and model["name"] == chosen["name"]:
                self.selectRow(row)

    def selected(self) -> Model | None:
        """The selected model; None without one."""
        rows = {item.row() for item in self.selectedItems()}
        return self.models[min(rows)] if rows else None


def state_text(state: str) -> str:
    """Whether a model is installed, in the user's words."""
    texts = {
        READY: tr("yes"),
        SET_UP: tr("no: set up the engine"),
        FETCH: tr("no: can be fetched"),
        BY_HAND: tr("no: by hand"),
    }
    return texts.get(state, state)


def licence_text(licence: str) -> str:
    """A licence in the user's words."""
    return tr("not stated") if licence == "not stated" else licence


def _cells(model: Model) -> tuple[str, ...]:
    kinds = {"descriptor": tr("finds the place"), "matcher": tr("matcher")}
    size = size_text(model["size"]) if model["exact"] else tr("about {n} MB").format(n=round(model["size"] / 1e6))
    return (
        model["name"],
        kinds.get(str(model["kind"]), ""),
        state_text(model["state"]),
        size if model["size"] else "–",
        model["good_for"],
        licence_text(model["licence"]),
    )
