"""Runs a command of the command line in the engine's environment, and waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QEventLoop, QProcess, QTimer

from astroloc_qgis.cli.status import BAD_INPUT
from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.qgis_adapters.engine.interpreter import LAUNCHER, engine_environment, find_interpreter
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

ASK_MS = 100
"""Time between two questions whether the user has cancelled."""
ANSWER_MS = 2000
"""The time that a killed process may take to end."""
LAST = 4000
"""Characters of the messages that are kept of a command that fails."""
PREFIX = "astroloc: "
"""What the command line's sentence about bad input begins with."""


def run_command(arguments: Sequence[str], cancelled: Callable[[], bool], settings: Settings | None = None) -> str:
    """Run ``python -m astroloc_qgis`` with these arguments.

    Args:
        arguments: the command and its options.
        cancelled: whether the user wants to stop; the process is killed then.
        settings: the plugin's.

    Returns:
        What the command printed.

    Raises:
        InputError: bad input, with the command's own sentence; or there is no Python for the engine.
        Cancelled: the user has cancelled.
        AstroLocError: the command met a defect.
    """
    own = settings or Settings()
    environment = engine_environment()
    if own.threads:
        environment.insert("OMP_NUM_THREADS", own.threads)
    process, loop, timer = QProcess(), QEventLoop(), QTimer()
    process.setProcessEnvironment(environment)
    process.finished.connect(loop.quit)
    process.errorOccurred.connect(loop.quit)
    timer.timeout.connect(lambda: process.kill() if cancelled() else None)
    timer.start(ASK_MS)
    process.start(str(find_interpreter(own)), ["-I", str(LAUNCHER), "--command-line", *arguments])
    try:
        while process.state() != QProcess.ProcessState.NotRunning:
            loop.exec()
    finally:
        timer.stop()
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(ANSWER_MS)
    if cancelled():
        raise Cancelled
    printed = bytes(process.readAllStandardOutput()).decode("utf-8", "replace")
    complaint = bytes(process.readAllStandardError()).decode("utf-8", "replace").strip()[-LAST:]
    if process.exitStatus() == QProcess.ExitStatus.NormalExit and process.exitCode() == 0 and not _failed(process):
        return printed
    if process.exitCode() == BAD_INPUT:
        raise InputError(complaint.splitlines()[-1].removeprefix(PREFIX) if complaint else tr("Bad input."), complaint)
    why = next((line.removeprefix(PREFIX) for line in complaint.splitlines() if line.startswith(PREFIX)), "")
    sentence = tr("The command {command} failed. {why}").format(command=" ".join(arguments[:2]), why=why)
    raise AstroLocError(sentence.strip(), complaint)


def _failed(process: QProcess) -> bool:
    return process.error() == QProcess.ProcessError.FailedToStart
