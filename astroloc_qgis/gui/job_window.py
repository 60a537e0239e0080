"""What the windows have in common that list something and have the engine work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from astroloc_qgis.gui.dock.progress_panel import ProgressPanel
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.worker.protocol import Failure, ProgressEvent


class JobWindow(QDialog):
    """A window with a table, buttons beside it, and below it how far the engine is with what they asked for.

    QGIS stays usable beside it. A window of this kind makes its table and buttons, and lays them out with ``_lay_out``.

    Args:
        session: has the queue of jobs for the engine.
        parent: a window.

    Attributes:
        METHODS: the engine's methods whose progress the window shows; of a kind of window.
        about: a label, about what is selected.
        outcome: a label, how the last thing that the user asked for ended.
        progress: how far the engine is.
    """

    METHODS: tuple[str, ...] = ()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._work: Job | None = None
        self.about, self.outcome = QLabel(self), QLabel(self)
        for label in (self.about, self.outcome):
            label.setWordWrap(True)
        self.outcome.hide()
        self.progress = ProgressPanel(self)
        self.progress.cancel_requested.connect(session.cancel)
        session.jobs.started.connect(self._on_started)
        session.jobs.progressed.connect(self._on_progress)
        session.jobs.idle.connect(self._on_idle)

    def open_list(self) -> None:
        """Show the window with what is there now."""
        self.refresh()
        self.show()
        self.raise_()
        self.activateWindow()

    def refresh(self) -> None:
        """List anew what there is."""
        raise NotImplementedError

    def _lay_out(self, table: QWidget, side: Sequence[QWidget], beside_progress: QWidget | None = None) -> None:
        """Arrange the window.

        Args:
            table: takes the room that is left.
            side: from top to bottom, on the right of the table.
            beside_progress: on the right of the progress; None where that has the whole width.
        """
        self.setTabOrder(table, self.progress.cancel_button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout()
        for widget in side:
            column.addWidget(widget)
        column.addStretch(1)
        layout = QGridLayout(self)
        layout.addWidget(table, 0, 0)
        layout.addLayout(column, 0, 1)
        layout.addWidget(self.about, 1, 0, 1, 2)
        layout.addWidget(self.outcome, 2, 0, 1, 2)
        layout.addWidget(self.progress, 3, 0, 1, 2 if beside_progress is None else 1)
        if beside_progress is not None:
            layout.addWidget(beside_progress, 3, 1, Qt.AlignmentFlag.AlignBottom)
        layout.addWidget(buttons, 4, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        layout.setRowStretch(0, 1)

    def _button(self, text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: act())
        return button

    def _run(
        self, title: str, method: str, params: Mapping[str, Any], done: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Have the engine do something."""
        self._session.run([Job(title, method, params, done, self._failed)])

    def _failed(self, failure: Failure) -> None:
        if failure.message:
            self._say(failure.message)

    def _say(self, sentence: str) -> None:
        """Tell how the last thing that the user asked for ended."""
        self.outcome.setText(sentence)
        self.outcome.setVisible(bool(sentence))

    def _on_started(self, job: Job, number: int, total: int) -> None:
        if job.method in self.METHODS:
            self._work = job
            self._begin(job, number, total)
        else:
            self._rest()

    def _begin(self, job: Job, number: int, total: int) -> None:
        """Show that one of the window's jobs begins."""
        self.progress.begin(job.title, job.method, number, total)

    def _on_progress(self, event: ProgressEvent) -> None:
        if self._work is not None:
            self.progress.update_progress(event)

    def _on_idle(self) -> None:
        self._rest()

    def _rest(self) -> None:
        """Show that none of the window's jobs runs."""
        self._work = None
        self.progress.hide()
