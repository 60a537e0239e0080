"""The dock's line about the engine: a button that sets it up, or its device once it is installed."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from astroloc_qgis.gui.setup.engine_setup import EngineSetup, device_name
from astroloc_qgis.qgis_adapters.text import tr


class EngineBanner(QFrame):
    """A sentence and a button while the engine is missing; one quiet line when it is ready."""

    open_requested = pyqtSignal()

    def __init__(self, setup: EngineSetup, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._setup = setup
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.button = QPushButton(tr("&Set up the engine…"), self)
        self.button.setToolTip(tr("See what would be installed, where and how large, and install it"))
        self.device = QToolButton(self)
        self.device.setAutoRaise(True)
        self.device.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.device.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.device.setAccessibleName(tr("Engine"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.text, self.button, self.device):
            layout.addWidget(widget)
        self.button.clicked.connect(self.open_requested)
        self.device.clicked.connect(self.open_requested)
        setup.changed.connect(self.refresh)
        setup.progressed.connect(self._show_progress)
        self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        problem = self._setup.problem or self._setup.last_trouble
        busy = self._setup.busy
        self.text.setVisible(bool(problem) or busy)
        self.button.setVisible(bool(problem) or busy)
        self.device.setVisible(not problem and not busy)
        self.text.setText(tr("Installing the engine…") if busy else problem)
        self.button.setText(tr("&Show the install…") if busy else tr("&Set up the engine…"))
        self.device.setText(self._device_text())
        self.device.setToolTip(self._setup.device_why or tr("The device is chosen when the engine starts."))

    def _device_text(self) -> str:
        device = self._setup.device or str((self._setup.journal.proof or {}).get("device", ""))
        return tr("Engine: {device}").format(device=device_name(device)) if device else tr("Engine: ready")

    def _show_progress(self, _stage: str, fraction: float) -> None:
        if self._setup.busy:
            self.text.setText(tr("Installing the engine… {percent} %").format(percent=round(100 * fraction)))
