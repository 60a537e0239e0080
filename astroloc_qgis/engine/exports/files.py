"""Writing files whole or not at all, with one clear sentence when the folder or the disk says no."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.errors import Cancelled, InputError

log = logging.getLogger(__name__)

_LITTLE_SPACE = 8 * 2**20
"""Less free space than this after a failed write means that the disk was full (GDAL does not pass errno on), bytes."""


_STAGE = ".astroloc-"
"""How the names of the temporary folders begin."""


def write_failure(error: OSError, path: Path) -> InputError:
    """The sentence for an ``OSError`` met while writing ``path`` (or making that folder)."""
    name = Path(error.filename) if isinstance(error.filename, str) else path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        stage = next((folder for folder in path.parents if folder.name.startswith(_STAGE)), None)
        shown = path if stage is None else stage.parent
        message = f"The disk of {shown} is full: free some space or choose another output folder."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        message = (
            f"{path} cannot be written: it is protected, or open in another program; choose another output folder."
        )
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        message = f"{path} cannot be a folder, for {name} is a file: choose another output folder."
    elif error.errno == errno.EISDIR:
        message = f"{name} cannot be written, for a folder has that name: remove it or choose another output folder."
    elif error.errno == errno.ENOENT:
        message = f"{path} cannot be written, for its folder does not exist: make it or choose another."
    else:
        message = f"{path} cannot be written ({error.strerror or error}): choose another output folder."
    return InputError(message, details=repr(error))


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, which takes its name when all went well and vanishes when not.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    part = _part_of(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        part.touch()
        yield part
        part.replace(path)
    except OSError as error:
        raise write_failure(error, path) from error
    finally:
        with suppress(OSError):  # it was never there, or the folder is not one
            part.unlink(missing_ok=True)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")


def check_outputs(out_dir: Path, names: Iterable[str] = ()) -> None:
    """Check that files of these names can be written into a folder, before the work on what they will hold.

    Nothing is left behind, and no folder is made.

    Raises:
        InputError: the folder cannot be made, is protected or full; a folder has one of the names; one is too long.
    """
    with suppress(Cancelled), staging(out_dir) as stage:
        for name in names:
            try:
                _part_of(stage / name).touch()
            except OSError as error:
                if error.errno not in (errno.ENAMETOOLONG, errno.ENOENT):  # the latter is how Windows says it
                    raise
                raise InputError(
                    f"The file name {name} is too long for the folder {out_dir}: give the photo, or what is written of "
                    "it, a shorter name, or choose another output folder.",
                    repr(error),
                ) from error
            if (out_dir / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, "Is a directory", str(out_dir / name))
        raise Cancelled


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    with atomic_path(path) as part, part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


@contextmanager
def staging(out_dir: Path) -> Iterator[Path]:
    """A temporary folder inside ``out_dir`` whose files move there together when all went well.

    On any error nothing of it remains: no new file, no lost older one, and no folder that was not there before.

    Raises:
        InputError: the folder cannot be made, is protected or full.
    """
    missing = [folder for folder in (out_dir, *out_dir.parents) if not folder.exists()]
    stage: Path | None = None
    done = False
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=out_dir))
        yield stage
        _move_all(stage, out_dir)
        done = True
    except OSError as error:
        raise write_failure(error, out_dir) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if not done:
            _remove_empty(missing)


def _move_all(stage: Path, out_dir: Path) -> None:
    """Move every file of ``stage`` to ``out_dir``; put everything back as it was if one cannot be moved."""
    files = sorted(file for file in stage.iterdir() if file.is_file())
    kept = stage / "older"
    kept.mkdir()
    try:
        for file in files:
            target = out_dir / file.name
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "Is a directory", str(target))
            if target.exists():
                target.replace(kept / file.name)
            file.replace(target)
    except OSError:
        for file in files:
            if not file.exists():
                (out_dir / file.name).unlink(missing_ok=True)
            if (kept / file.name).exists():
                (kept / file.name).replace(out_dir / file.name)
        raise


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders that this run made, innermost first, as long as they are empty."""
    try:
        for folder in folders:
            folder.rmdir()
    except OSError as error:
        log.debug("A folder stays: %s", error)


@contextmanager
def gdal_writes(path: Path) -> Iterator[list[str]]:
    """Turn every failure of GDAL inside the block, those met when a data set closes included, into an InputError.

    GDAL's Python bindings drop errors of a closing data set, and most of a full disk only shows there; so an error
    handler collects them. Close the data set (``close``) inside the block.

    Yields:
        The list of failures so far.

    Raises:
        InputError: one sentence; GDAL's own words are in its details.
    """
    failures: list[str] = []

    def collect(kind: int, number: int, message: str) -> None:
        if kind >= gdal.CE_Failure:
            failures.append(f"{number}: {message}")
        elif kind == gdal.CE_Warning:
            log.warning("GDAL, writing %s: %s", path.name, message)

    had_exceptions = gdal.GetUseExceptions()
    gdal.UseExceptions()
    gdal.PushErrorHandler(collect)
    try:
        yield failures
    except RuntimeError as error:  # what GDAL's bindings raise, and nothing narrower
        raise _gdal_failure(path, [*failures, str(error)]) from error
    finally:
        gdal.PopErrorHandler()
        if not had_exceptions:
            gdal.DontUseExceptions()
    if failures:
        raise _gdal_failure(path, failures)


def close(dataset: gdal.Dataset) -> None:
    """Close a data set now.

    Without this it closes when nothing refers to it any more, which an exception's traceback does for long: its file
    could not be removed on Windows.
    """
    if hasattr(dataset, "Close"):  # GDAL 3.8 and later
        dataset.Close()
    else:
        type(dataset).__swig_destroy__(dataset)
        dataset.thisown = False
        dataset.this = None


def _gdal_failure(path: Path, failures: list[str]) -> InputError:
    details = "\n".join(failures)
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        free = _LITTLE_SPACE
    if "No space left" in details or free < _LITTLE_SPACE:
        return InputError(
            f"The disk of {path.parent} is full: free some space or choose another output folder.", details
        )
    return InputError(f"{path.name} could not be written ({failures[0]}): choose another output folder.", details)
