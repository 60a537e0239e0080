"""How far the work is, by stage, and the button that stops it."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from astroloc_qgis.engine.progress import STAGES
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import ProgressEvent

STEPS = 1000


class ProgressPanel(QWidget):
    """A line of text, a bar and Cancel; hidden while nothing runs."""

    cancel_requested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel(self)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName(tr("Progress"))
        self.cancel_button = QPushButton(tr("&Cancel"), self)
        self.cancel_button.setToolTip(tr("Stop now; photos that are done stay done"))
        self.cancel_button.clicked.connect(self._on_cancel)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 0, 0, 1, 2)
        layout.addWidget(self.bar, 1, 0)
        layout.addWidget(self.cancel_button, 1, 1)
        self._title = ""
        self.hide()

    def begin(self, title: str, number: int, total: int) -> None:
        """Show that a job begins."""
        self._title = f"{title} ({number}/{total})" if total > 1 else title
        self._say(tr("starting the engine"))
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self.show()

    def update_progress(self, event: ProgressEvent) -> str:
        """Show how far the job is; returns the stage in words."""
        stage = stage_text(event.stage)
        number = f" ({STAGES.index(event.stage) + 1}/{len(STAGES)})" if event.stage in STAGES else ""
        self._say(f"{stage}{number}")
        self.bar.setRange(0, STEPS)
        self.bar.setValue(round(event.fraction * STEPS))
        return stage

    def _say(self, what: str) -> None:
        self.text.setText(f"{self._title}: {what}")
        self.text.setToolTip(self.text.text())

    def _on_cancel(self) -> None:
        self._say(tr("stopping"))
        self.cancel_button.setEnabled(False)
        self.cancel_requested.emit()


def stage_text(stage: str) -> str:
    """Return an engine's stage in the user's words."""
    texts = {
        "read": tr("reading the photo"),
        "describe": tr("describing the photo"),
        "search": tr("searching the index"),
        "match": tr("matching with the reference"),
        "georeference": tr("georeferencing"),
        "index": tr("describing the reference"),
    }
    return texts.get(stage, stage)
