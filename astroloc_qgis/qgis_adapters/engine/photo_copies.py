"""Photos that only the engine's libraries read (raw files, HEIC, AVIF): QGIS reads copies that the engine makes."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QProcess

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.copies import copy_path
from astroloc_qgis.engine.photo.kinds import kind_of
from astroloc_qgis.qgis_adapters.engine.interpreter import LAUNCHER, engine_environment, find_interpreter
from astroloc_qgis.qgis_adapters.files import pictures_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

TIMEOUT_S = 180
"""The largest raw files take some twenty seconds on a slow computer."""


def readable(path: Path) -> Path:
    """The file that GDAL reads a photo from: its own, or the copy, which is made where there is none.

    A copy is made by a Python of its own, so that a file that brings LibRaw down takes neither QGIS nor the engine's
    work along; the caller waits for it.

    Raises:
        InputError: the engine is not set up, cannot read the photo or keep its copy.
    """
    if not kind_of(path).is_decoded:
        return path
    copy = _copy_of(path)
    if not copy.is_file():
        _make(path)
    with contextlib.suppress(OSError):
        os.utime(copy)  # the copies that were used longest ago are removed first
    return copy


def is_readable_now(path: Path) -> bool:
    """Whether ``readable`` answers at once: GDAL reads the photo itself, or its copy is there.

    Raises:
        InputError: no such photo.
    """
    return not kind_of(path).is_decoded or _copy_of(path).is_file()


def _copy_of(path: Path) -> Path:
    try:
        return copy_path(pictures_folder(), path)
    except OSError as error:
        sentence = tr("The photo {file} cannot be opened: check that it is there.")
        raise InputError(sentence.format(file=path), str(error)) from error


def _make(path: Path) -> None:
    process = QProcess()
    process.setProcessEnvironment(engine_environment())
    process.start(str(find_interpreter(Settings())), ["-I", str(LAUNCHER), "--picture", str(path.absolute())])
    finished = process.waitForFinished(TIMEOUT_S * 1000)
    if not finished:
        process.kill()
        process.waitForFinished(5000)
    answer = _answer(bytes(process.readAllStandardOutput()))
    if finished and "copy" in answer:
        return
    details = str(answer.get("details") or bytes(process.readAllStandardError())[-4000:].decode("utf-8", "replace"))
    sentence = tr("The photo {file} cannot be shown: the engine could not read it.").format(file=path)
    raise InputError(str(answer.get("message") or sentence), details)


def _answer(output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return answer if isinstance(answer, dict) else {}
