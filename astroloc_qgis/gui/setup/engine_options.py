"""AstroLoc's page in QGIS's options: the engine's environment, device, threads, memory, caches, logs, report."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from qgis.gui import QgsFileWidget, QgsOptionsPageWidget
from qgis.PyQt.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.gui.setup.engine_setup import device_name, size
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.installer.disk import folder_size
from astroloc_qgis.qgis_adapters.engine.caches import Cache, caches, weights_folder
from astroloc_qgis.qgis_adapters.engine.diagnostics import report
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from astroloc_qgis.gui.setup.engine_parts import EngineParts

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class EngineOptionsPage(QgsOptionsPageWidget):
    """The page; its choices are kept when the user presses OK."""

    python: QgsFileWidget
    weights: QgsFileWidget
    device: QComboBox
    log_level: QComboBox
    threads: QSpinBox
    memory: QSpinBox
    timeout: QSpinBox
    preload: QCheckBox
    names: QCheckBox
    copied: QLabel

    def __init__(self, parts: EngineParts, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("AstroLocOptionsPage")
        self._parts = parts
        self._settings = settings
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._environment())
        layout.addWidget(self._work())
        layout.addWidget(self._storage())
        layout.addWidget(self._help())
        layout.addStretch(1)

    def apply(self) -> None:
        """Keep the choices; they take effect with the engine's next request."""
        settings = self._settings
        settings.python = self.python.filePath()
        settings.device = self.device.currentData()
        settings.threads = self.threads.value() or ""
        settings.memory = self.memory.value() or ""
        settings.timeout = self.timeout.value()
        settings.preload = "yes" if self.preload.isChecked() else "no"
        settings.log_level = self.log_level.currentData()
        settings.weights = self.weights.filePath()
        settings.tile_cache = self.tile_cache.value() or ""
        self._parts.setup.take_settings()

    def copy_report(self) -> str:
        """Put the report on the clipboard; returns it."""
        text = report(self._settings, self._parts.setup.last_failure, with_names=self.names.isChecked())
        QApplication.clipboard().setText(text)
        self.copied.setText(tr("Copied: paste it where you ask for help."))
        return text

    def _environment(self) -> QGroupBox:
        box = QGroupBox(tr("Engine"), self)
        setup = self._parts.setup
        self.state = QLabel(
            setup.problem or setup.last_trouble or tr("Ready: {python}").format(python=setup.interpreter)
        )
        self.state.setWordWrap(True)
        self.set_up = QPushButton(tr("&Set up the engine…"), box)
        self.set_up.clicked.connect(self._parts.open)
        self.python = QgsFileWidget(box)
        self.python.setFilePath(self._settings.python)
        self.python.lineEdit().setPlaceholderText(tr("AstroLoc's own environment"))
        self.python.setToolTip(tr("The Python program of an environment that you made yourself"))
        form = _form(box)
        form.addRow(self.state)
        form.addRow("", self.set_up)
        self.models = QPushButton(tr("&Models and matchers…"), box)
        self.models.setToolTip(tr("See which there are, what each is good for, and get their weights"))
        self.models.clicked.connect(self._parts.open_models)
        form.addRow("", self.models)
        form.addRow(tr("Own &Python"), self.python)
        return box

    def _work(self) -> QGroupBox:
        box = QGroupBox(tr("Work"), self)
        self.device = QComboBox(box)
        self.device.addItem(tr("automatic"), "auto")
        known = (self._parts.setup.journal.proof or {}).get("devices") or [{"name": "cpu", "title": "CPU", "memory": 0}]
        for entry in known:
            memory = f", {size(entry['memory'])}" if entry.get("memory") else ""
            self.device.addItem(f"{entry['title']}{memory} ({entry['name']})", entry["name"])
        if self.device.findData(self._settings.device) < 0:
            self.device.addItem(self._settings.device, self._settings.device)
        self.device.setCurrentIndex(self.device.findData(self._settings.device))
        self.in_use = QLabel(box)
        setup = self._parts.setup
        if setup.device:
            why = setup.device_why
            self.in_use.setText(tr("In use: {device}, {why}").format(device=device_name(setup.device), why=why))
        self.in_use.setWordWrap(True)
        self.in_use.setVisible(bool(setup.device))
        self.threads = _number(box, 0, 512, self._settings.threads, tr("automatic: all cores but one"))
        self.memory = _number(box, 0, 1_000_000, self._settings.memory, tr("automatic: a quarter of the computer's"))
        self.memory.setSuffix(" MiB")
        self.memory.setSingleStep(512)
        self.memory.setToolTip(tr("What the idle engine may keep in memory, so that the next photo begins at once"))
        self.timeout = _number(box, 10, 86_400, self._settings.timeout, "")
        self.timeout.setSuffix(" s")
        self.timeout.setToolTip(tr("How long the engine may show no progress before it is ended"))
        self.preload = QCheckBox(tr("&Start as soon as photos are added"), box)
        self.preload.setChecked(self._settings.preload == "yes")
        self.preload.setToolTip(
            tr("The engine loads its models while you choose, so that the first photo begins at once")
        )
        form = _form(box)
        form.addRow(tr("&Device"), self.device)
        form.addRow("", self.in_use)
        form.addRow(tr("&Threads"), self.threads)
        form.addRow(tr("&Memory"), self.memory)
        form.addRow(tr("T&ime limit"), self.timeout)
        form.addRow("", self.preload)
        return box

    def _storage(self) -> QGroupBox:
        box = QGroupBox(tr("On the disk"), self)
        form = _form(box)
        self.weights = folder_widget(path=self._settings.weights, parent=box)
        place = weights_folder(self._settings)
        self.weights.lineEdit().setPlaceholderText(str(place))
        form.addRow(tr("Model &weights"), self.weights)
        engine, own = size(self._parts.setup.journal.size), size(folder_size(place))
        form.addRow(
            QLabel(tr("The engine takes {engine}, further weights {weights}.").format(engine=engine, weights=own))
        )
        self.clear_buttons = []
        for cache in caches(self._settings):
            row, shown = QHBoxLayout(), QLabel(size(cache.size()), box)
            button = QPushButton(tr("Clear"), box)
            button.setAccessibleName(tr("Clear: {cache}").format(cache=cache.title))
            button.clicked.connect(functools.partial(_clear, cache, shown, button))
            row.addWidget(shown, 1)
            row.addWidget(button)
            form.addRow(cache.title, row)
            self.clear_buttons.append(button)
        self.tile_cache = _number(box, 0, 1_000_000, self._settings.tile_cache, tr("automatic: 2000 MB"))
        self.tile_cache.setSuffix(" MB")
        self.tile_cache.setSingleStep(500)
        self.tile_cache.setToolTip(tr("Map tiles that were not used for longest are deleted beyond this size"))
        form.addRow(tr("Map tiles at &most"), self.tile_cache)
        return box

    def _help(self) -> QGroupBox:
        box = QGroupBox(tr("When something does not work"), self)
        self.log_level = QComboBox(box)
        for level in LOG_LEVELS:
            self.log_level.addItem(level.lower(), level)
        self.log_level.setCurrentIndex(max(0, self.log_level.findData(self._settings.log_level)))
        self.names = QCheckBox(tr("with the &names of files and folders"), box)
        self.copy_button = QPushButton(tr("&Copy report"), box)
        self.copy_button.setToolTip(tr("Versions, device, environment and last errors; no passwords"))
        self.copy_button.clicked.connect(self.copy_report)
        self.copied = QLabel(box)
        row = QHBoxLayout()
        row.addWidget(self.copy_button)
        row.addWidget(self.names, 1)
        form = _form(box)
        form.addRow(tr("&Log level"), self.log_level)
        form.addRow(row)
        form.addRow(self.copied)
        return box


def _form(box: QGroupBox) -> QFormLayout:
    form = QFormLayout(box)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _number(parent: QWidget, least: int, most: int, text: str, special: str) -> QSpinBox:
    spin = QSpinBox(parent)
    spin.setRange(least, most)
    spin.setSpecialValueText(special)
    spin.setValue(int(text) if text.isdigit() else least)
    return spin


def _clear(cache: Cache, shown: QLabel, button: QPushButton) -> None:
    cache.clear()
    shown.setText(size(cache.size()))
    button.setEnabled(False)
