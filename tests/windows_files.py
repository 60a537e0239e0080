"""Windows's rule for files, on Linux: what is open, or mapped into memory, is neither replaced nor removed.

Linux lets both pass, so that a file closed too late shows on Windows alone. ``refuse_open_files`` makes the functions
of ``os`` refuse it here.
"""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DESCRIPTORS, MAPS = Path("/proc/self/fd"), Path("/proc/self/maps")
REPLACING, REMOVING = ("replace", "rename"), ("unlink", "remove")


def open_files() -> Iterator[str]:
    """The regular files that this process has open or mapped."""
    for link in DESCRIPTORS.iterdir():
        try:
            path = os.readlink(link)  # noqa: PTH115 - as it is, also where the file has gone
        except OSError:
            continue
        if path.startswith("/") and not Path(path).is_dir():
            yield path
    for line in MAPS.read_text().splitlines():
        _, _, path = line.partition("/")
        if path:
            yield f"/{path}"


def refused(path: object, folder: int | None = None) -> PermissionError | None:
    """The error of Windows where a file, or a file in a folder, is open."""
    within = Path() if folder is None else Path(f"/proc/self/fd/{folder}").resolve()
    name = str((within / os.fsdecode(os.fspath(path))).absolute())  # type: ignore[call-overload]
    for opened in open_files():
        if opened == name or opened.startswith(f"{name}/"):
            error = PermissionError(errno.EACCES, "The process cannot access the file: it is open", opened)
            error.winerror = 32  # type: ignore[attr-defined] - ERROR_SHARING_VIOLATION
            return error
    return None


def refuse_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``os.replace``, ``rename``, ``unlink`` and ``remove`` obey Windows; skips where there is no /proc."""
    if not MAPS.is_file():
        pytest.skip("Windows's rules need /proc/self, which only Linux has.")

    def moving(real: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(real)
        def move(source: object, target: object, **options: int | None) -> None:
            pairs = ((source, options.get("src_dir_fd")), (target, options.get("dst_dir_fd")))
            for error in (refused(path, folder) for path, folder in pairs):
                if error is not None:
                    raise error
            real(source, target, **options)

        return move

    def removing(real: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(real)
        def remove(path: object, *, dir_fd: int | None = None) -> None:
            if (error := refused(path, dir_fd)) is not None:
                raise error
            real(path, dir_fd=dir_fd)

        return remove

    for name in REPLACING:
        monkeypatch.setattr(os, name, moving(getattr(os, name)))
    for name in REMOVING:
        monkeypatch.setattr(os, name, removing(getattr(os, name)))
