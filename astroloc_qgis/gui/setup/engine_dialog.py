"""The window in which the engine is set up: what will be installed, where, how large; then the live log."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.gui.blue_marble import BlueMarble
from astroloc_qgis.gui.setup.engine_setup import EngineSetup, device_name, size
from astroloc_qgis.gui.setup.imagery_box import ImageryBox
from astroloc_qgis.gui.setup.plan_texts import IMAGERY, download_text, stage_texts, torch_text, up_to_date_text
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.installer.builds import choice
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

PYPI, ADDRESS, FOLDER = range(3)
LINES = 2000
STEPS = 1000
TYPING_MS = 400


class EngineDialog(QDialog):
    """Shows the plan of an install, runs it, and shows its progress; QGIS stays usable.

    Args:
        setup: what does it.
        settings: where the choices are kept.
        marble: the imagery that can be fetched with it.
        parent: QGIS's main window.
    """

    def __init__(
        self, setup: EngineSetup, settings: Settings, marble: BlueMarble, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("AstroLocEngineDialog")
        self.setWindowTitle(tr("AstroLoc: the engine"))
        self.resize(640, 560)
        self._setup = setup
        self._settings = settings
        self._marble = marble
        self._imagery_follows = False
        """Whether Blue Marble is part of the install under way."""
        self._plan: Mapping[str, Any] = {}
        self._ending = ""
        """The sentence that ended the last request: shown once instead of the state."""
        self._asked = ""
        self._make_widgets()
        self._lay_out()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(TYPING_MS)
        self._later.timeout.connect(self.ask)
        self._connect()
        self._show_choices()

    def ask(self) -> None:
        """Keep the choices and request a new plan."""
        source = self.source.currentIndex()
        self._settings.engine_folder = self.folder.filePath()
        self._settings.torch_index = self.address.text().strip() if source == ADDRESS else ""
        self._settings.wheels = self.wheels.filePath() if source == FOLDER else ""
        missing = (source == ADDRESS and not self._settings.torch_index) or (
            source == FOLDER and not self._settings.wheels
        )
        if missing:
            self._plan = {}
            self.status.setText(tr("Give the address.") if source == ADDRESS else tr("Choose the folder."))
            self._refresh()
        else:
            self._setup.describe()

    def showEvent(self, event: Any) -> None:
        """Request a plan whenever the window opens."""
        super().showEvent(event)
        self.ask()

    def _make_widgets(self) -> None:
        self.about = QLabel(
            tr(
                "AstroLoc's engine needs packages that QGIS does not have (torch, Faiss, OpenCV, kornia and model "
                "weights). They go into a folder of their own, so that neither QGIS nor other plugins notice them."
            ),
            self,
        )
        self.about.setWordWrap(True)
        self.folder = folder_widget(tr("The engine's folder"))
        self.source = QComboBox(self)
        self.source.addItems(
            [
                tr("The package index (PyPI)"),
                tr("The package index, torch from an address of your own"),
                tr("A folder with the packages (no network)"),
            ]
        )
        self.address = QLineEdit(self)
        self.address.setPlaceholderText(tr("https://… of an index with torch for your device"))
        self.wheels = folder_widget(tr("Folder with the packages (*.whl)"))
        self.torch, self.download, self.disk, self.device = (QLabel(self) for _ in range(4))
        for label in (self.torch, self.download, self.device):
            label.setWordWrap(True)
        self.torch.setToolTip(tr("Every file that is installed is checked by its sha256"))
        self.change_button = QPushButton(self)
        self.change_button.setToolTip(
            tr("The new engine is made beside the present one, which works until the new one does")
        )
        self.imagery = ImageryBox(self._marble, self._settings, self)
        self.log = QPlainTextEdit(self)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LINES)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setAccessibleName(tr("Log"))
        self.status = QLabel(self)
        self.status.setWordWrap(True)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, STEPS)
        self.bar.setAccessibleName(tr("Progress"))
        self.install_button = QPushButton(tr("&Install"), self)
        self.install_button.setObjectName("AstroLocInstall")
        self.cancel_button = QPushButton(tr("&Cancel"), self)
        self.repair_button = QPushButton(tr("&Repair"), self)
        self.repair_button.setToolTip(tr("Put back what is missing or damaged; the rest is not downloaded again"))
        self.move_button = QPushButton(tr("&Move…"), self)
        self.remove_button = QPushButton(tr("R&emove…"), self)
        self.choose_button = QPushButton(tr("&Use another…"), self)
        self.choose_button.setToolTip(tr("Use a Python environment that you made yourself"))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Folder"), self.folder)
        form.addRow(tr("&Source"), self.source)
        form.addRow(tr("&Address"), self.address)
        form.addRow(tr("&Packages"), self.wheels)
        form.addRow(tr("Torch"), self.torch)
        form.addRow("", self.change_button)
        form.addRow(tr("Download"), self.download)
        form.addRow(tr("On the disk"), self.disk)
        form.addRow(tr("Device"), self.device)
        form.addRow(tr("Imagery"), self.imagery)
        self._form = form
        row = QHBoxLayout()
        row.addWidget(self.install_button)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        for button in (self.repair_button, self.move_button, self.remove_button, self.choose_button):
            row.addWidget(button)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.close_button = close.button(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.about)
        layout.addLayout(form)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addWidget(self.log, 1)
        layout.addWidget(close)

    def _connect(self) -> None:
        self.folder.fileChanged.connect(self._later.start)
        self.wheels.fileChanged.connect(self._later.start)
        self.address.textEdited.connect(self._later.start)
        self.source.currentIndexChanged.connect(self._on_source)
        self.install_button.clicked.connect(self._install)
        self.cancel_button.clicked.connect(self._cancel)
        self.repair_button.clicked.connect(functools.partial(self._install, repair=True))
        self.move_button.clicked.connect(self._move)
        self.remove_button.clicked.connect(self._remove)
        self.choose_button.clicked.connect(self._choose)
        self.change_button.clicked.connect(self._change)
        self._setup.described.connect(self._show_plan)
        self._setup.progressed.connect(self._show_progress)
        self._setup.line.connect(self.log.appendPlainText)
        self._setup.ended.connect(self._on_end)
        self._setup.changed.connect(self._refresh)
        self._marble.progressed.connect(self._show_imagery)
        self._marble.ended.connect(self._on_imagery_end)

    def _show_choices(self) -> None:
        self.folder.setFilePath(self._settings.engine_folder)
        self.folder.lineEdit().setPlaceholderText(str(self._setup.folder))
        self.address.setText(self._settings.torch_index)
        self.wheels.setFilePath(self._settings.wheels)
        self.source.setCurrentIndex(
            FOLDER if self._settings.wheels else ADDRESS if self._settings.torch_index else PYPI
        )
        self._on_source()

    def _on_source(self) -> None:
        source = self.source.currentIndex()
        for widget, where in ((self.address, ADDRESS), (self.wheels, FOLDER)):
            widget.setVisible(source == where)
            self._form.labelForField(widget).setVisible(source == where)
        if self.isVisible():
            self.ask()
        else:
            self._refresh()

    def _show_plan(self, plan: Mapping[str, Any]) -> None:
        self._plan = plan
        self.torch.setText(torch_text(plan))
        self.download.setText(download_text(plan))
        self.disk.setText(
            tr("{size}; {free} are free").format(size=size(plan["disk_bytes"]), free=size(plan["free_bytes"]))
        )
        self.device.setText(f"{device_name(plan['device'])}: {plan['why']}")
        if not (self._imagery_follows and self._marble.busy):  # else the status says how far that is
            self.status.setText(self._ending or self._state_text(plan))
            self._ending = ""
        if not self._setup.busy and not self.log.toPlainText():
            self.log.setPlainText(tr("What will be installed:") + "\n" + "\n".join(plan["packages"]))
        self._refresh()

    def _state_text(self, plan: Mapping[str, Any]) -> str:
        if not plan["supported"]:
            sentence = tr("There is no torch for this system ({system}): use an environment that you made yourself.")
            return sentence.format(system=plan["system"])
        if plan["up_to_date"]:
            return up_to_date_text(plan["change"])
        return {
            "ready": tr("The engine is installed; what is chosen here differs from it, and Install would replace it."),
            "partial": tr("An install was broken off: Install goes on where it stopped."),
            "damaged": tr("The engine is damaged: Repair puts it in order."),
        }.get(plan["state"], tr("The engine is not installed."))

    def _refresh(self) -> None:
        busy, plan = self._setup.busy, self._plan
        state = plan.get("state", "")
        self.bar.setVisible(busy or self._marble.busy)
        self.cancel_button.setVisible(busy or self._marble.busy)
        can_install = bool(plan) and plan["supported"] and not plan["up_to_date"] and state != "damaged"
        self.install_button.setEnabled(not busy and can_install)
        self.install_button.setDefault(can_install)
        self.close_button.setDefault(not can_install)
        if busy:
            self.imagery.setEnabled(False)  # as it was when the install began
        else:
            self.imagery.show_plan(plan, can_install=can_install)
        in_use = busy or self._marble.busy
        self.repair_button.setEnabled(not in_use and state in ("ready", "damaged"))
        self.move_button.setEnabled(not in_use and state == "ready")
        self.remove_button.setEnabled(not in_use and state not in ("", "none"))
        self._refresh_change(plan.get("change") or {})
        for widget in (self.folder, self.source, self.address, self.wheels, self.choose_button, self.change_button):
            widget.setEnabled(not busy)

    def _refresh_change(self, change: Mapping[str, Any]) -> None:
        self.change_button.setVisible(bool(change))
        if change and change["build"] == self._settings.torch_build:
            self.change_button.setText(tr("&Keep the present torch"))
        elif change:
            cuda = change["build"] == choice.PYPI
            text = tr("Change to C&UDA ({size})") if cuda else tr("Change to the s&mall torch ({size})")
            self.change_button.setText(text.format(size=size(change["download_bytes"])))

    def _change(self) -> None:
        """Change to the other build of torch; if that was asked for before and did not succeed, stay with this one."""
        build = self._plan["change"]["build"]
        if self._settings.torch_build == build:
            self._settings.torch_build = ""
            self.ask()
        else:
            self._settings.torch_build = build
            self._install()

    def _install(self, *_checked: bool, repair: bool = False) -> None:
        self.log.clear()
        self._asked = ""
        self.bar.setRange(0, 0)
        self._imagery_follows = not repair and self.imagery.is_wanted
        self._setup.install(repair=repair)
        self.cancel_button.setEnabled(True)

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.status.setText(tr("stopping…"))
        (self._setup if self._setup.busy else self._marble).cancel()

    def _move(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Move the engine to"), str(self._setup.folder.parent))
        if folder:
            self.log.clear()
            self._setup.move(Path(folder))

    def _remove(self) -> None:
        question = tr("Remove the engine from {folder}? It can be installed again at any time.")
        answer = QMessageBox.question(self, self.windowTitle(), question.format(folder=self._setup.folder))
        if answer == QMessageBox.StandardButton.Yes:
            self._setup.remove()

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, tr("The Python program of an environment"))
        if chosen:
            self._settings.python = chosen
            self._setup.changed.emit()
            self.status.setText(tr("From now on the engine runs with {python}.").format(python=chosen))

    def _show_progress(self, stage: str, fraction: float) -> None:
        if not self._setup.busy:
            return
        self._show_stage(stage, fraction)

    def _show_imagery(self, fraction: float) -> None:
        if not self._setup.busy:
            self._show_stage(IMAGERY, fraction)

    def _show_stage(self, stage: str, fraction: float) -> None:
        texts = stage_texts(with_imagery=self._imagery_follows or stage == IMAGERY)
        number = list(texts).index(stage) + 1 if stage in texts else 0
        self.bar.setRange(0, STEPS if fraction > 0 else 0)
        self.bar.setValue(round(fraction * STEPS))
        self.status.setText(f"{number}/{len(texts)} {texts.get(stage, stage)}…")

    def _on_imagery_end(self, _well: bool, sentence: str) -> None:
        self._imagery_follows = False
        self._refresh()
        if self._setup.busy:
            return
        self.status.setText(" ".join(filter(None, (self._ending, sentence))))
        self._ending = ""
        self.close_button.setFocus()

    def _on_end(self, well: bool, sentence: str, details: str) -> None:
        if details:
            self.log.appendPlainText(details)
        self.install_button.setText(tr("&Install") if well else tr("&Retry"))
        self._ending = sentence
        self.status.setText(sentence)
        if well and self._imagery_follows:
            self._marble.keep()
            self._show_imagery(0.0)
            self.cancel_button.setEnabled(True)
        elif well:
            self.close_button.setFocus()
        self._refresh()
        if self.isVisible() and self._asked != sentence:
            QTimer.singleShot(0, self.ask)
        self._asked = sentence
