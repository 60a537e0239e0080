"""Sets the engine up from inside QGIS through the installer's process, and tracks its progress. No widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.places import ENVIRONMENT
from astroloc_qgis.qgis_adapters.engine.bounded_log import BoundedLog
from astroloc_qgis.qgis_adapters.engine.installing import install_params, installer_command, installer_environment
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_folder, find_interpreter
from astroloc_qgis.qgis_adapters.engine.jobs import Job, JobRunner
from astroloc_qgis.qgis_adapters.engine.process import START, EngineProcess
from astroloc_qgis.qgis_adapters.files import user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, Failure, ProgressEvent

SILENCE_S = 900.0


class EngineSetup(QObject):
    """The engine's environment: its state, and install, repair, move and removal.

    Args:
        settings: where it is to be.
        engine: the engine's process, which is ended before its environment is touched.
        parent: owns this.
    """

    changed = pyqtSignal()
    """The engine was installed, removed or replaced, or its device has changed."""
    described = pyqtSignal(object)
    """What an install would do (a mapping, as the installer describes it)."""
    progressed = pyqtSignal(str, float)
    """The stage of the install, and the finished part (0 to 1)."""
    line = pyqtSignal(str)
    """A line of the install's log."""
    ended = pyqtSignal(bool, str, str)
    """A request is over: whether it succeeded, a sentence, details for a developer."""

    def __init__(self, settings: Settings, engine: EngineProcess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._engine = engine
        self._log = BoundedLog(user_data_folder() / "logs" / "install.log")
        self.process = EngineProcess(
            installer_command,
            self,
            environment=installer_environment,
            log=BoundedLog(user_data_folder() / "logs" / "installer.log"),
            silence_timeout_ms=round(SILENCE_S * 1000),
        )
        self.jobs = JobRunner(self.process, self)
        self.jobs.progressed.connect(self._on_progress)
        self.device, self.device_why = "", ""
        self.last_trouble = ""
        """Why the engine could not be started the last time; empty when it could."""
        self.last_failure = ""
        """The last error message, with its details."""
        self.take_settings()
        engine.succeeded.connect(self._on_engine_success)
        engine.failed.connect(self._on_engine_failure)

    @property
    def busy(self) -> bool:
        """Whether an install, a move or a removal is under way."""
        return self.jobs.busy and self._working

    _working = False

    @property
    def problem(self) -> str:
        """Why the engine cannot be used, in a sentence; empty when it can."""
        try:
            find_interpreter(self._settings)
        except InputError as error:
            return str(error)
        return ""

    @property
    def interpreter(self) -> str:
        """The Python that the engine runs on; empty when there is none."""
        return "" if self.problem else str(find_interpreter(self._settings))

    @property
    def folder(self) -> Path:
        """Where the environment is, or will be."""
        return engine_folder(self._settings)

    @property
    def journal(self) -> Journal:
        """What is known of the environment in the folder."""
        return Journal.read(self.folder / ENVIRONMENT)

    def take_settings(self) -> None:
        """Apply changed settings."""
        seconds = self._settings.timeout
        self._engine.set_silence_timeout(float(seconds) if seconds.isdigit() else SILENCE_S)
        self.changed.emit()

    def describe(self) -> None:
        """Request the plan of an install; ``described`` brings it (or ``ended``, if there is none)."""
        if self.jobs.busy:
            return
        self._ask("describe", install_params(self._settings), self.described.emit)

    def install(self, *, repair: bool = False) -> None:
        """Install, or continue an install; with ``repair``, repair the existing environment."""
        if repair:
            self._engine.stop()
        self.line.emit(tr("Log: {file}").format(file=self._log.path))
        params = {**install_params(self._settings), "repair": repair}
        self._work("install", params, lambda result: ready_sentence(result.get("proof") or {}))

    def move(self, target: Path) -> None:
        """Move the environment to another folder."""
        self._engine.stop()

        def done(result: Mapping[str, Any]) -> str:
            self._settings.engine_folder = target
            return tr("The engine has moved to {folder}.").format(folder=Path(result["python"]).parents[2])

        self._work("move", {"root": str(self.folder), "target": str(target)}, done)

    def remove(self) -> None:
        """Remove the environment."""
        self._engine.stop()
        self._work(
            "remove",
            {"root": str(self.folder)},
            lambda result: tr("The engine was removed; {size} are free again.").format(
                size=size(result["freed_bytes"])
            ),
        )

    def cancel(self) -> None:
        """Stop what is under way; what has been done is kept."""
        self.jobs.cancel()

    def stop(self) -> None:
        """End the installer's process (the plugin is being switched off)."""
        self.process.stop()

    def _work(self, method: str, params: Mapping[str, Any], told: Callable[[Mapping[str, Any]], str]) -> None:
        self._working = True

        def done(result: Mapping[str, Any]) -> None:
            self._working = False
            self.last_trouble = ""
            proof = result.get("proof") or {}
            self.device, self.device_why = str(proof.get("device", "")), str(proof.get("why", ""))
            sentence = told(result)
            self.changed.emit()
            self.ended.emit(True, sentence, "")

        self._ask(method, params, done)
        self.changed.emit()

    def _ask(self, method: str, params: Mapping[str, Any], done: Callable[[Mapping[str, Any]], None]) -> None:
        self.jobs.run([Job(method, method, params, done, self._failed)])

    def _failed(self, failure: Failure) -> None:
        self._working = False
        message = tr("Stopped. What has been done is kept.") if failure.kind == CANCELLED else failure.message
        self._log.write(f"{message}\n{failure.details}\n".encode())
        self.last_failure = f"{message}\n{failure.details}"
        self.changed.emit()
        self.ended.emit(False, message, failure.details)

    def _on_progress(self, event: ProgressEvent) -> None:
        self.progressed.emit(event.stage, event.fraction)
        if event.stage == "proof" and not self._engine.busy:
            self._engine.stop()  # its environment is about to be replaced
        if event.text:
            self._log.write(f"{event.text}\n".encode())
            self.line.emit(event.text)

    def _on_engine_success(self, result: Any) -> None:
        device = str(result.result.get("device") or "")
        if device:
            self.device, self.device_why = device, str(result.result.get("device_note") or "")
        self.last_trouble = ""
        self.changed.emit()

    def _on_engine_failure(self, failure: Failure) -> None:
        if failure.kind != CANCELLED:
            self.last_failure = f"{failure.message}\n{failure.details}"
        if failure.kind == START:
            self.last_trouble = failure.message
            self.changed.emit()


def ready_sentence(proof: Mapping[str, Any]) -> str:
    """Return the sentence about an engine that is ready, with the reason where a graphics processor failed."""
    device = device_name(proof.get("device", "cpu"))
    if failed := proof.get("failed"):
        return tr("The engine is ready: it works on {device} ({why}).").format(device=device, why=failed["why"])
    return tr("The engine is ready: it works on {device}.").format(device=device)


def device_name(device: str) -> str:
    """Return the readable name of a device such as "cuda:0" or "mps"."""
    kind, _, number = device.partition(":")
    return {"cuda": f"NVIDIA GPU {number}".strip(), "mps": "Apple GPU"}.get(kind, "CPU")


def size(count: float) -> str:
    """Return a number of bytes with a readable unit."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
