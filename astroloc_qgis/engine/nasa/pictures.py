"""Fetches the picture of a photo: the largest file that can be read, complete or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.nasa.client import Answer, NasaClient
from astroloc_qgis.engine.nasa.errors import NasaError
from astroloc_qgis.engine.nasa.record import NasaRecord, Picture
from astroloc_qgis.engine.progress import Progress, no_progress

STAGE = "fetch"
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
"""Endings of files that are fetched."""
_LARGE = ("large", "highres")
"""What the names of folders with large pictures have in them, best first, where the database gives no sizes."""
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND"}
"""What the last bytes of a JPEG and a PNG have in them, by its first two bytes."""
_TAIL = 1 << 16


def largest(pictures: Sequence[Picture]) -> Picture | None:
    """The largest picture whose file can be read; None without one."""

    def worth(picture: Picture) -> tuple[int, int]:
        named = next((len(_LARGE) - n for n, word in enumerate(_LARGE) if word in picture.directory.lower()), 0)
        return picture.width * picture.height, named

    readable = [one for one in pictures if Path(one.filename).suffix.lower() in SUFFIXES]
    return max(readable, key=worth, default=None)


def fetch_picture(client: NasaClient, record: NasaRecord, folder: Path, *, progress: Progress = no_progress) -> Path:
    """Fetch the largest picture of a photo into a folder, unless it is there.

    Args:
        client: makes the requests.
        record: of the photo.
        folder: made where there is none.
        progress: told the stage "fetch"; may raise ``Cancelled``.

    Returns:
        The file; it is complete.

    Raises:
        NasaError: there is no such picture, or NASA's server does not give all of it.
        InputError: the folder cannot be written.
        Cancelled: by ``progress``.
    """
    picture = largest(record.pictures)
    if picture is None:
        raise NasaError(
            f"NASA has no picture of {record.number} in a form that AstroLoc reads ({', '.join(SUFFIXES)}).",
            stops=False,
        )
    target = folder / _file_name(record.number, picture)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and _is_complete(target):
            return target
        try:
            _receive(client, picture, part, progress)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The picture {target} cannot be written ({reason}): choose another folder.") from error
    return target


class _Sink:
    """Takes the pieces of a picture into a file; begins again with each new answer.

    Args:
        picture: what is fetched.
        file: open for writing.
        progress: told the stage "fetch".
    """

    def __init__(self, picture: Picture, file: BinaryIO, progress: Progress) -> None:
        self.expected = -1
        self._picture, self._file, self._progress = picture, file, progress
        self._answer: Answer | None = None

    def __call__(self, answer: Answer, piece: bytes) -> None:
        """Take a piece.

        Raises:
            NasaError: the answer is no picture.
            OSError: it cannot be written.
        """
        if answer is not self._answer:
            self._answer = answer
            self.expected = _expected(answer, self._picture)
            self._file.seek(0)
            self._file.truncate()
        self._file.write(piece)
        self._progress(STAGE, min(1.0, self._file.tell() / self.expected) if self.expected > 0 else 0.0)


def _receive(client: NasaClient, picture: Picture, part: Path, progress: Progress) -> None:
    """Fill the part file.

    Raises:
        NasaError: what arrives is no picture, or not all of it.
        OSError: it cannot be written.
    """
    url = client.base.picture(picture.directory, picture.filename)
    for last in (False, True):
        with part.open("wb") as file:
            sink = _Sink(picture, file, progress)
            client.get(url, sink)
            have = file.tell()
        if sink.expected in (-1, have) and _is_complete(part):
            return
        if have and not _begins_like_a_picture(part):
            raise _no_picture(picture, "something else")
        if last:
            share = f" after {have:,} of {sink.expected:,} bytes" if sink.expected > 0 else ""
            raise NasaError(
                f"The picture {picture.filename} broke off{share}: fetch it again; nothing of it was kept.",
                stops=False,
            )


def _expected(answer: Answer, picture: Picture) -> int:
    """The size of a picture that begins to arrive, bytes; -1 where the server does not say.

    Raises:
        NasaError: it is no picture.
    """
    kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and not kind.startswith("image/") and kind not in ("application/octet-stream", "binary/octet-stream"):
        raise _no_picture(picture, kind)
    length = answer.headers.get("content-length", "")
    encoded = answer.headers.get("content-encoding", "identity") != "identity"
    return int(length) if length.isdigit() and not encoded else -1


def _no_picture(picture: Picture, kind: str) -> NasaError:
    return NasaError(
        f"NASA's server sent {kind} instead of the picture {picture.filename}: try again later.", stops=False
    )


def _file_name(number: str, picture: Picture) -> str:
    """The name of the file: NASA's own, unless it says something else than a name."""
    suffix = Path(picture.filename).suffix.lower()
    return picture.filename if re.fullmatch(r"\w[\w.-]{0,80}", picture.filename, re.ASCII) else f"{number}{suffix}"


def _begins_like_a_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8).startswith(_BEGINNINGS)


def _is_complete(path: Path) -> bool:
    """Whether a file begins and, where its form has one, ends as a picture does."""
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(max(0, path.stat().st_size - _TAIL))
        return start.startswith(_BEGINNINGS) and _ENDS.get(start[:2], b"") in file.read()
