"""What a camera wrote into the file: orientation, focal length, time.

EXIF is a small TIFF (Exif 2.32, CIPA DC-008): inside a JPEG's APP1 segment, a PNG's eXIf chunk, or the TIFF itself.
GDAL reads neither the orientation of a TIFF nor anything of a PNG, so the few entries wanted are read here.
"""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)

ORIENTATION, DATE_TIME, EXIF_IFD = 0x0112, 0x0132, 0x8769
DATE_TIME_ORIGINAL, FOCAL_LENGTH = 0x9003, 0x920A
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 13: 4, 16: 8, 18: 8}
_MAX_ENTRIES = 4096
_MAX_VALUE_BYTES = 256


@dataclass(frozen=True)
class Exif:
    """The few EXIF entries that matter here.

    Attributes:
        orientation: 1 (upright as stored) to 8.
        focal_length_mm: focal length of the lens, or None.
        taken: when the camera's clock said it was taken, without time zone, or None.
    """

    orientation: int = 1
    focal_length_mm: float | None = None
    taken: datetime | None = None


def read_exif(path: Path) -> Exif:
    """Read EXIF of a JPEG, PNG or TIFF; what is missing or damaged is left at its default, for it spoils no photo."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if start[:2] == b"\xff\xd8":
                tiff = _in_jpeg(file)
            elif start == b"\x89PNG\r\n\x1a\n":
                tiff = _in_png(file)
            else:
                tiff = file
            return Exif() if tiff is None else _parse(tiff)
    except (OSError, struct.error, ValueError) as error:
        logger.info("EXIF of %s could not be read: %s", path, error)
        return Exif()


def _in_jpeg(file: BinaryIO) -> BinaryIO | None:
    """Find the EXIF among a JPEG's segments."""
    file.seek(2)
    while len(header := file.read(4)) == 4 and header[0] == 0xFF and header[1] not in (0xD9, 0xDA):
        length = struct.unpack(">H", header[2:])[0] - 2
        if header[1] == 0xE1:
            content = file.read(length)
            if content[:6] == b"Exif\0\0":
                return io.BytesIO(content[6:])
        else:
            file.seek(length, io.SEEK_CUR)
    return None


def _in_png(file: BinaryIO) -> BinaryIO | None:
    """Find the EXIF among a PNG's chunks."""
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", header)
        if name == b"eXIf":
            return io.BytesIO(file.read(length))
        file.seek(length + 4, io.SEEK_CUR)
    return None


def _parse(tiff: BinaryIO) -> Exif:
    """Read the entries wanted from a TIFF structure, classic or BigTIFF."""
    tiff.seek(0)
    order = {b"II": "<", b"MM": ">"}.get(tiff.read(2))
    if order is None:
        return Exif()
    big = struct.unpack(order + "H", tiff.read(2))[0] == 43
    tiff.seek(8 if big else 4)
    offset = struct.unpack(order + ("Q" if big else "I"), tiff.read(8 if big else 4))[0]
    main = _directory(tiff, offset, order, big)
    pointer = main.get(EXIF_IFD)
    detail = _directory(tiff, _whole(pointer, order), order, big) if pointer else {}
    orientation = _whole(main[ORIENTATION], order) if ORIENTATION in main else 1
    return Exif(
        orientation if 1 <= orientation <= 8 else 1,
        _rational(detail.get(FOCAL_LENGTH, b""), order),
        _time(detail.get(DATE_TIME_ORIGINAL, b"")) or _time(main.get(DATE_TIME, b"")),
    )


def _directory(tiff: BinaryIO, offset: int, order: str, big: bool) -> dict[int, bytes]:
    """Read an image file directory: the bytes of each short value by its tag."""
    tiff.seek(offset)
    count = struct.unpack(order + ("Q" if big else "H"), tiff.read(8 if big else 2))[0]
    if count > _MAX_ENTRIES:
        raise ValueError(f"a directory of {count} entries")
    layout = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    values: dict[int, bytes] = {}
    for tag, kind, number, inline in layout.iter_unpack(tiff.read(layout.size * count)):
        size = _TYPE_SIZES.get(kind, 0) * number
        if size <= len(inline):
            values[tag] = inline[:size]
        elif size <= _MAX_VALUE_BYTES:
            tiff.seek(struct.unpack(order + ("Q" if big else "I"), inline)[0])
            values[tag] = tiff.read(size)
    return values


def _whole(value: bytes, order: str) -> int:
    """Read an unsigned whole number of 1, 2, 4 or 8 bytes."""
    return int.from_bytes(value, "little" if order == "<" else "big")


def _rational(value: bytes, order: str) -> float | None:
    """Read a positive fraction; None where there is none."""
    if len(value) != 8:
        return None
    numerator, denominator = struct.unpack(order + "II", value)
    return numerator / denominator if numerator and denominator else None


def _time(value: bytes) -> datetime | None:
    try:
        return datetime.strptime(value.decode("ascii").strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
