"""The JPEG that a camera put into its raw file to show it, found without a library for raw files.

It shows the whole picture, but in another size and cut than what is developed: good for a thumbnail, never for places.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from astroloc_qgis.engine.photo.boxes import boxes
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.pages import read_pages
from astroloc_qgis.engine.photo.tiff import COMPRESSION, STRIP_BYTES, STRIP_OFFSETS

JPEG_OFFSET, JPEG_BYTES, PANASONIC_JPEG = 0x0201, 0x0202, 0x002E
_JPEG_COMPRESSIONS = (6, 7)
_MOST_BYTES = 64 << 20
_CANON_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")


def embedded_jpeg(path: Path) -> bytes:
    """The smallest of a raw file's JPEGs that is larger than an icon; b"" where there is none, or it is no raw file.

    Args:
        path: the file.
    """
    if kind_of(path) is not Kind.RAW:
        return b""
    try:
        with path.open("rb") as file:
            found = [content for place in _places(path, file) if (content := _jpeg_at(file, *place))]
    except (OSError, ValueError, struct.error):
        return b""
    large = [content for content in found if len(content) > 4096]
    return min(large or found, key=len, default=b"")


def _places(path: Path, file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Offset and bytes of what may be a JPEG of the picture."""
    start = file.read(128)
    if start.startswith(b"FUJIFILM"):
        yield struct.unpack(">II", start[84:92])
    elif start[4:8] == b"ftyp":
        yield from _canon_places(file)
    for page in read_pages(path) if start[:2] in (b"II", b"MM") else ():
        yield page.number(JPEG_OFFSET), page.number(JPEG_BYTES)
        if page.number(COMPRESSION) in _JPEG_COMPRESSIONS and len(page.numbers(STRIP_OFFSETS)) == 1:
            yield page.number(STRIP_OFFSETS), page.number(STRIP_BYTES)
        size, offset = page.places.get(PANASONIC_JPEG, (0, 0))
        yield offset, size


def _canon_places(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """The preview of a CR3: a box PRVW with the JPEG behind 16 bytes of its own."""
    for outer in boxes(file):
        if outer.name == b"uuid" and outer.content(file, 16) == _CANON_PREVIEW:
            for box in boxes(file, outer.start + 24, outer.end):
                if box.name == b"PRVW":
                    yield box.start + 16, box.end - box.start - 16


def _jpeg_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """The bytes there, where they begin as a JPEG with 8 bits in the Huffman coding that everyone reads."""
    if not offset or not 100 < size <= _MOST_BYTES:
        return b""
    file.seek(offset)
    content = file.read(size)
    return content if content[:3] == b"\xff\xd8\xff" and len(content) == size and not _is_lossless(content) else b""


def _is_lossless(content: bytes) -> bool:
    """Whether it is the sensor's own data: a lossless JPEG (SOF3), which some raw files hold."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker in (0xC3, 0xC7, 0xCB, 0xCF)
        at += 2 + length
    return False
