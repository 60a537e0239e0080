"""The folder of weights: files that were downloaded or added by the user, beside those in installed packages.

Its ``weights.json`` names every file with its sha256, size, licence and source; a file that is not named there, or
whose bytes have changed, is never loaded. The folder can be copied to a machine without internet.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.weights.published import NOT_STATED, known_weights

FOLDER_VARIABLE = "ASTROLOC_WEIGHTS"
"""The environment variable that names the folder."""
RECORDS = "weights.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class WeightRecord:
    """One file of the folder.

    Attributes:
        file: its name in the folder.
        sha256: of its bytes.
        size: bytes.
        licence: SPDX name, or ``NOT_STATED``.
        source: the address or the file that it came from.
        like: the known weights whose architecture it has, for a checkpoint of the user's own; else None.
    """

    file: str
    sha256: str
    size: int
    licence: str = NOT_STATED
    source: str = NOT_STATED
    like: str | None = None


def data_folder() -> Path:
    """AstroLoc's folder among the user's data, of all QGIS profiles. It may not exist."""
    home = Path.home()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return data / "astroloc"


def weights_folder() -> Path:
    """The folder of weights: ``$ASTROLOC_WEIGHTS``, else AstroLoc's own among the user's data. It may not exist."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    return data_folder() / "weights"


def recorded_weights() -> dict[str, WeightRecord]:
    """The files that the folder's ``weights.json`` names; empty without such a file.

    Raises:
        InputError: the file cannot be read or understood.
    """
    path = weights_folder() / RECORDS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _not_understood(path, str(error)) from error
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        raise _not_understood(path, f"its format_version is not {FORMAT_VERSION}")
    try:
        return {str(name): _read(entry) for name, entry in dict(content["weights"]).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(path, f"{type(error).__name__}: {error}") from error


def _read(entry: Any) -> WeightRecord:
    record = WeightRecord(**entry)
    texts = (record.file, record.sha256, record.licence, record.source, record.like or "")
    if not all(isinstance(text, str) for text in texts) or type(record.size) is not int:
        raise TypeError(f"a field of {record.file!r} is of the wrong kind")
    if record.file in ("", ".", "..") or Path(record.file).name != record.file or "\\" in record.file:
        raise ValueError(f"{record.file!r} is not the name of a file in the folder")
    if not re.fullmatch("[0-9a-f]{64}", record.sha256):
        raise ValueError(f"{record.sha256!r} is no sha256")
    return record


def _not_understood(path: Path, why: str) -> InputError:
    return InputError(f"The list of weights {path} cannot be understood ({why}): correct it, or remove it.", why)


def find_weights(name: str) -> Path | None:
    """Find the weights called ``name`` in the folder and check their sha256.

    Returns:
        The path of the file; None if the folder has no such weights.

    Raises:
        InputError: the file is not the one that was recorded, or that AstroLoc knows.
    """
    known = known_weights(name)
    record = recorded_weights().get(name)
    if record is None:
        if known is None or known.sha256 is None or not (weights_folder() / known.file).is_file():
            return None
        record = WeightRecord(known.file, known.sha256, known.size or -1)
    path = weights_folder() / record.file
    if not path.is_file():
        return None
    expected = record.sha256 if known is None or known.sha256 is None else known.sha256
    status = path.stat()
    digest = _digest(path, status.st_size, status.st_mtime_ns)
    if digest != expected:
        raise InputError(
            f"The weight file {path} is not the expected one (sha256 {digest[:12]}…, expected {expected[:12]}…): "
            f"remove it, and fetch or add '{name}' again.",
            details=f"sha256 {digest}, expected {expected}",
        )
    return path


@functools.lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _changed_ns: int) -> str:
    """The sha256 of a file, computed again only after the file has changed."""
    return file_sha256(path)


def add_weights(
    name: str,
    file: Path,
    *,
    sha256: str | None = None,
    licence: str | None = None,
    source: str | None = None,
    like: str | None = None,
) -> WeightRecord:
    """Copy a file of weights into the folder and record it.

    Args:
        name: of known published weights, or a new name together with ``like``.
        file: the weights.
        sha256: the expected one, if it is known.
        licence: of the weights; by default that of the published ones.
        source: where they come from; by default the published address.
        like: the known weights whose architecture they have.

    Raises:
        InputError: the file cannot be read, has another sha256, or the folder cannot be written.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}: name a file of weights.")
    known = known_weights(name)
    try:
        digest, size = file_sha256(file), file.stat().st_size
        wanted = sha256 or (known.proof if known else None)
        if wanted and not digest.startswith(wanted.lower()):
            raise InputError(
                f"The file {file} has the sha256 {digest}, but {wanted} is expected for '{name}': get it again."
            )
        target = weights_folder() / (known.file if known else f"{name}{file.suffix}")
        weights_folder().mkdir(parents=True, exist_ok=True)
        if file.resolve() != target.resolve():
            draft = target.with_name(f".{target.name}.{os.getpid()}")
            try:
                shutil.copyfile(file, draft)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(error) from error
    record = WeightRecord(
        target.name,
        digest,
        size,
        licence or (known.licence if known else NOT_STATED),
        source or ((known.url or known.source) if known else str(file.name)),
        like,
    )
    record_weights(name, record)
    return record


def remove_weights(name: str) -> Path:
    """Remove a file of the folder and its record; returns its path.

    Raises:
        KeyError: the folder has no such weights.
        InputError: it cannot be removed.
    """
    record = recorded_weights()[name]
    path = weights_folder() / record.file
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"The weights {path} cannot be removed ({error.strerror}): are they in use? Close what uses them.",
            repr(error),
        ) from error
    _write_records({key: value for key, value in recorded_weights().items() if key != name})
    return path


def record_weights(name: str, record: WeightRecord) -> None:
    """Write a record into ``weights.json``.

    Raises:
        InputError: the folder cannot be written.
    """
    _write_records({**recorded_weights(), name: record})


def _write_records(entries: Mapping[str, WeightRecord]) -> None:
    """Write ``weights.json`` in one step, so that the file is never half written.

    Raises:
        InputError: the folder cannot be written.
    """
    content = {"format_version": FORMAT_VERSION, "weights": {key: asdict(entries[key]) for key in sorted(entries)}}
    path = weights_folder() / RECORDS
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(error) from error


def cannot_write(error: OSError) -> InputError:
    """The error for a folder of weights that cannot be written."""
    return InputError(
        f"The folder of weights {weights_folder()} cannot be written ({error.strerror or error}): make room or name "
        f"another one in the environment variable {FOLDER_VARIABLE}.",
        repr(error),
    )
