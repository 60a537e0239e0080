"""Contact sheet of what is missed: each photo beside its true ground, with the reason.

A photo is shown only where its licence permits to pass it on; of the others there are the ground and the words.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.photos_real import RealPhoto
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.photo.reading import read_photo

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT, GAP, CAPTION = 220, 147, 8, 44
COLUMNS = 2
MOST_BYTES = 120_000

_PERMITS = re.compile(r"\bpublic domain\b|\bCC0\b|\bCC BY(-SA)? \d", re.IGNORECASE)
_FORBIDS = re.compile(r"\bno licence\b|\(c\)|©|all rights|\bCC BY-N|-N[CD]\b", re.IGNORECASE)


def may_be_shown(licence: str) -> bool:
    """Whether a licence lets everybody pass the photo on, changed in size: public domain, CC0, CC BY, CC BY-SA."""
    return bool(_PERMITS.search(licence)) and not _FORBIDS.search(licence)


def draw_sheet(
    missed: Sequence[tuple[RealPhoto, str]], reference: Reference, path: Path, *, show_all: bool = False
) -> int:
    """Draw the sheet of missed photos; no file where there is none to draw.

    Args:
        missed: photos with the reason why they are not located.
        reference: imagery to show the ground from.
        path: JPEG to write, of at most ``MOST_BYTES`` where that is possible.
        show_all: also show photos whose licence does not let them be passed on: a sheet to look at, not to publish.

    Returns:
        The number of photos on it: those whose place is known.
    """
    cards = [
        _card(photo, reason, reference, show_all or may_be_shown(photo.licence))
        for photo, reason in missed
        if photo.place_lonlat is not None
    ]
    if not cards:
        return 0
    blank = np.full_like(cards[0], 255)
    cards += [blank] * (-len(cards) % COLUMNS)
    rows = [np.hstack(cards[first : first + COLUMNS]) for first in range(0, len(cards), COLUMNS)]
    sheet = np.vstack(rows)[..., ::-1]
    for quality in range(85, 10, -5):
        _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= MOST_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, data.tobytes())
    return sum(photo.place_lonlat is not None for photo, _ in missed)


def _card(photo: RealPhoto, reason: str, reference: Reference, shown: bool) -> Pixels:
    """(H, W, 3) the photo (or an empty frame), its ground, and the caption below."""
    card = np.full((HEIGHT + CAPTION + GAP, 2 * WIDTH + 2 * GAP, 3), 255, np.uint8)
    pixels = _photo(photo) if shown else None
    aspect = WIDTH / HEIGHT if pixels is None else pixels.shape[1] / pixels.shape[0]
    if pixels is None:
        frame = np.full((HEIGHT, WIDTH, 3), 232, np.uint8)
        why = ["it cannot be read"] if shown else ["not shown: its licence does", "not let it be passed on"]
        _write(frame, why, 20, HEIGHT // 2 - 8)
        pixels = frame
    for column, picture in enumerate((pixels, ground(photo, reference, aspect))):
        fitted = _fitted(picture)
        left = column * (WIDTH + 2)
        card[: fitted.shape[0], left : left + fitted.shape[1]] = fitted
    words = f"{PurePosixPath(photo.name).stem} ({photo.kind}): {reason}"
    _write(card, textwrap.wrap(_plain(words), 72)[:3], 2, HEIGHT + 13)
    return card


def _photo(photo: RealPhoto) -> Pixels | None:
    try:
        return read_photo(photo.path).rgb8()
    except InputError:
        return None


def ground(photo: RealPhoto, reference: Reference, aspect: float) -> Pixels:
    """(H, W, 3) what the reference shows about a photo's place, north up, as large as the photo's ground.

    Args:
        photo: one with a place; without a diagonal, twice its tolerance is taken.
        reference: imagery.
        aspect: width of the photo by its height.
    """
    assert photo.place_lonlat is not None  # noqa: S101 - for the type checker; callers have looked
    diagonal = 1000 * (photo.diagonal_km or 2 * photo.tolerance_km)
    height = diagonal / np.hypot(1.0, aspect)
    x, y = height * aspect / 2, height / 2
    plane = WorkingPlane.local(*photo.place_lonlat)
    width_px = WIDTH if aspect > WIDTH / HEIGHT else max(1, round(HEIGHT * aspect))
    window = Window(plane.proj, (-x, -y, x, y), width_px, max(1, round(width_px / aspect)))
    return reference.read(window).pixels


def _fitted(picture: Pixels) -> Pixels:
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _write(picture: Pixels, lines: Sequence[str], left: int, top: int) -> None:
    for number, line in enumerate(lines):
        at = (left, top + 13 * number)
        cv2.putText(picture, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.33, (40, 40, 40), 1, cv2.LINE_AA)


def _plain(text: str) -> str:
    """Text in the letters that OpenCV can draw."""
    return text.replace("–", "-").replace("°", " deg").encode("ascii", "replace").decode()
