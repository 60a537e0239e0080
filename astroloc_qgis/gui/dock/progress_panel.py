"""The progress of a job, stage by stage, and the button that cancels it."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from astroloc_qgis.gui.model.stages import stage_texts
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
        self.cancel_button.clicked.connect(self._on_cancel)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 0, 0, 1, 2)
        layout.addWidget(self.bar, 1, 0)
        layout.addWidget(self.cancel_button, 1, 1)
        self._title = ""
        self._stages: dict[str, str] = {}
        self.hide()

    def begin(self, title: str, method: str, number: int, total: int) -> None:
        """Show that a job begins."""
        self._title = f"{title} ({number}/{total})" if total > 1 else title
        self._stages = stage_texts(method)
        together = method == "localize_sequence"
        tip = tr("Stop all photos of this job now") if together else tr("Stop now; photos that are done stay done")
        self.cancel_button.setToolTip(tip)
        self._say(tr("starting the engine…"))
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self.show()

    def update_progress(self, event: ProgressEvent) -> None:
        """Show how far the job is."""
        stage = self._stages.get(event.stage, event.stage)
        number = (
            f"{list(self._stages).index(event.stage) + 1}/{len(self._stages)} " if event.stage in self._stages else ""
        )
        self._say(f"{number}{stage}…")
        self.bar.setRange(0, STEPS if event.fraction > 0 else 0)  # the bar shows activity until a fraction is known
        self.bar.setValue(round(event.fraction * STEPS))

    def _say(self, what: str) -> None:
        self.text.setText(f"{self._title}\n{what}")
        self.text.setToolTip(self.text.text())

    def _on_cancel(self) -> None:
        self._say(tr("stopping…"))
        self.cancel_button.setEnabled(False)
        self.cancel_requested.emit()
