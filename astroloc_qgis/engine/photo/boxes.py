"""Where EXIF is in files made of boxes (ISO/IEC 14496-12): HEIC, AVIF, Canon's CR3, JPEG 2000 and JPEG XL."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_BOXES = 2000
_MOST_BYTES = 1 << 20
"""EXIF, or the table of a file's items, is never larger."""
_JP2_EXIF = b"JpgTiffExif->JP2"
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


@dataclass(frozen=True)
class Box:
    """A box.

    Attributes:
        name: its type, four bytes.
        start: where its content begins in the file, bytes.
        end: where it ends.
    """

    name: bytes
    start: int
    end: int

    def content(self, file: BinaryIO, most: int = _MOST_BYTES) -> bytes:
        """Its bytes, as many as are wanted."""
        file.seek(self.start)
        return file.read(min(self.end - self.start, most))


def boxes(file: BinaryIO, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two offsets, not those inside them; ends where the file is damaged.

    Args:
        file: open for reading.
        start: of the first box, bytes.
        end: of the last; the file's by default.
    """
    if end is None:
        end = file.seek(0, io.SEEK_END)
    for _ in range(_MOST_BOXES):
        file.seek(start)
        header = file.read(16)
        if start + 8 > end or len(header) < 8:
            return
        size, name = struct.unpack(">I4s", header[:8])
        begin = start + 8
        if size == 1 and len(header) == 16:
            size, begin = struct.unpack(">Q", header[8:])[0], start + 16
        following = start + size if size else end
        if following < begin or following > end:
            return
        yield Box(name, begin, following)
        start = following


def exif_in_boxes(file: BinaryIO) -> bytes | None:
    """The EXIF (a TIFF structure) of HEIC, AVIF, JPEG 2000 or JPEG XL; None where there is none or it is compressed."""
    for box in boxes(file):
        if box.name == b"Exif":
            return _after_offset(box.content(file))
        if box.name == b"uuid" and box.content(file, 16) == _JP2_EXIF:
            return box.content(file)[16:].removeprefix(b"Exif\0\0")
        if box.name == b"meta":
            return _exif_item(file, box)
    return None


def canon_directories(file: BinaryIO) -> dict[bytes, bytes]:
    """The TIFF structures in a CR3: b"CMT1" (the picture's directory), b"CMT2" (EXIF's) and b"CMT4" (GPS)."""
    for outer in boxes(file):
        if outer.name != b"moov":
            continue
        for box in boxes(file, outer.start, outer.end):
            if box.name == b"uuid" and box.content(file, 16) == _CANON:
                inside = boxes(file, box.start + 16, box.end)
                return {each.name: each.content(file) for each in inside if each.name.startswith(b"CMT")}
    return {}


def _after_offset(content: bytes) -> bytes | None:
    """What a box or item of EXIF holds: the offset of the TIFF structure behind these four bytes, then that."""
    if len(content) < 8:
        return None
    return content[4 + struct.unpack(">I", content[:4])[0] :].removeprefix(b"Exif\0\0") or None


def _exif_item(file: BinaryIO, meta: Box) -> bytes | None:
    """The item of type Exif among those that a meta box describes."""
    inside = {box.name: box for box in boxes(file, meta.start + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return None
    number = _exif_number(file, inside[b"iinf"])
    if number is None:
        return None
    place = _place_of(number, io.BytesIO(inside[b"iloc"].content(file)))
    if place is None or place[1] > _MOST_BYTES:
        return None
    file.seek(place[0])
    return _after_offset(file.read(place[1]))


def _exif_number(file: BinaryIO, table: Box) -> int | None:
    """The number of the item of type Exif."""
    wide = table.content(file, 1) != b"\0"
    for entry in boxes(file, table.start + (8 if wide else 6), table.end):
        content = entry.content(file, 32)
        if entry.name != b"infe" or len(content) < 12 or content[0] not in (2, 3):
            continue
        size = 2 if content[0] == 2 else 4
        if content[6 + size : 10 + size] == b"Exif":
            return int.from_bytes(content[4 : 4 + size], "big")
    return None


def _place_of(number: int, table: BinaryIO) -> tuple[int, int] | None:
    """Offset and bytes of an item in one piece of the file, by the table of places (iloc, versions 0 to 2)."""

    def whole(size: int) -> int:
        content = table.read(size)
        if len(content) < size:
            raise ValueError("a table of places that is cut off")
        return int.from_bytes(content, "big")

    version = whole(1)
    whole(3)
    sizes = whole(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(whole(wide)):
        item = whole(wide)
        method = whole(2) & 15 if version else 0
        whole(2)
        base, count = whole(base_size), whole(2)
        pieces = []
        for _ in range(count):
            whole(index_size)
            pieces.append((base + whole(offset_size), whole(length_size)))
        if item == number:
            return pieces[0] if len(pieces) == 1 and method == 0 else None
    return None
