"""The options that seldom change: nadir, matcher, output folder (the engine's are a page of QGIS's options)."""

from __future__ import annotations

import math
from pathlib import Path

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QWidget

from astroloc_qgis.engine.confidence.real_pairs import real_pairs
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.matchers.registry import offered
from astroloc_qgis.gui.model.places import nadir_origin, nadir_source, nadir_text, parse_nadir
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

MATCHERS = ("auto", *offered())
"""The engine's matchers whose weights are installed with it; "auto" is the cascade of several."""

MOST_SECONDS = 3600
"""Largest time limit for one photo."""


def _trust_text(name: str) -> str:
    """How many real photos stand behind a matcher's confidence, for its tooltip."""
    if name == "auto":
        return tr("Several matchers, cheap ones first")
    real = real_pairs(name)
    pairs = tr("real pairs: {right} right, {wrong} wrong").format(right=real.shown, wrong=real.elsewhere)
    if not math.isfinite(real.accepted_from):
        return pairs
    return tr("{pairs}; accepted from a confidence of {level} on").format(pairs=pairs, level=real.accepted_from)


class OptionsBox(QgsCollapsibleGroupBox):
    """A group of options that folds away."""

    nadir_edited = pyqtSignal()
    """The user typed another nadir."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(tr("Options"), parent)
        self._settings = settings
        self.nadir = QLineEdit(self)
        self.nadir.setPlaceholderText(tr("latitude, longitude"))
        self.nadir.setClearButtonEnabled(True)
        self.nadir.setToolTip(
            tr(
                "The point on Earth below the ISS when the photo was taken, in degrees, if known: the search begins "
                "there. The height of the ISS in km may follow."
            )
        )
        self.nadir.editingFinished.connect(self.nadir_edited)
        self.nadir_note = QLabel(self)
        self.nadir_note.setWordWrap(True)
        self.nadir_note.hide()
        self.matcher = QComboBox(self)
        for name in MATCHERS:
            self.matcher.addItem(tr("automatic") if name == "auto" else name, name)
            self.matcher.setItemData(self.matcher.count() - 1, _trust_text(name), Qt.ItemDataRole.ToolTipRole)
        self.matcher.setCurrentIndex(max(0, self.matcher.findData(settings.matcher)))
        self.matcher.setToolTip(tr("How points of the photo and of the reference are paired"))
        self.matcher.currentIndexChanged.connect(self._on_matcher)
        self.thorough = QCheckBox(tr("Search &thoroughly"), self)
        self.thorough.setChecked(bool(settings.thorough))
        self.thorough.setToolTip(tr("Strong matchers search at four times as many places: for haze, snow and clouds"))
        self.thorough.toggled.connect(self._on_thorough)
        self.sequence = QCheckBox(tr("Photos &follow each other"), self)
        self.sequence.setChecked(bool(settings.sequence))
        self.sequence.setToolTip(
            tr(
                "Several photos are localized together: those that one camera took one after the other are held "
                "against each other, and a photo of cloud or sea is placed by its neighbours. All results come at the "
                "end; Cancel stops all photos."
            )
        )
        self.sequence.toggled.connect(self._on_sequence)
        self.seconds = QSpinBox(self)
        self.seconds.setRange(0, MOST_SECONDS)
        self.seconds.setSingleStep(30)
        self.seconds.setSuffix(tr(" s"))
        self.seconds.setSpecialValueText(tr("no limit"))
        self.seconds.setValue(int(settings.seconds))
        self.seconds.setToolTip(tr("After so many seconds of matching a photo no further attempt begins"))
        self.seconds.valueChanged.connect(self._on_seconds)
        self.output = folder_widget(tr("Output folder"), settings.output)
        self.output.setToolTip(tr("Where the georeferenced photo, its footprint and its tie points are written"))
        self.output.fileChanged.connect(self._on_output)
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Nadir"), self.nadir)
        form.addRow("", self.nadir_note)
        form.addRow(tr("&Matcher"), self.matcher)
        form.addRow("", self.thorough)
        form.addRow("", self.sequence)
        form.addRow(tr("&Time limit"), self.seconds)
        form.addRow(tr("&Output"), self.output)
        self.setCollapsed(True)
        self.setSaveCollapsedState(False)

    def show_nadir(self, nadir: Nadir | None) -> None:
        """Show a photo's nadir; a proposed one as such, also while the options are folded away."""
        origin = nadir_origin(nadir)
        self.nadir.setText(nadir_text(nadir))
        self.nadir_note.setText(tr("{origin}: keep it or clear it").format(origin=origin))
        self.nadir_note.setVisible(bool(origin))
        source = nadir_source(nadir)
        self.setTitle(tr("Options (nadir: {source})").format(source=source) if source else tr("Options"))

    def read_nadir(self) -> Nadir | None:
        """Return the nadir that was typed; None when there is none.

        Raises:
            InputError: what is typed is no place on Earth.
        """
        return parse_nadir(self.nadir.text())

    def show_default_output(self, folder: Path) -> None:
        """Show where results go while the user has chosen no folder."""
        self.output.lineEdit().setPlaceholderText(str(folder))

    def _on_matcher(self) -> None:
        self._settings.matcher = self.matcher.currentData()

    def _on_thorough(self, on: bool) -> None:
        self._settings.thorough = "yes" if on else ""

    def _on_sequence(self, on: bool) -> None:
        self._settings.sequence = "yes" if on else ""

    def _on_seconds(self, seconds: int) -> None:
        self._settings.seconds = str(seconds)

    def _on_output(self, folder: str) -> None:
        self._settings.output = folder
