"""What kind of file a photo is, by what is in it; its name decides only where that says nothing."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.photo.pages import has_raw_page, read_pages
from astroloc_qgis.engine.photo.suffixes import RAW_SUFFIXES

_START_BYTES = 128
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_RAW_STARTS = (b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"II\x1a\0\0\0HEAPCCDR")
"""Fujifilm, Sigma, Minolta, Olympus (three), Panasonic, Canon's CRW."""


class Kind(Enum):
    """How a photo's file is read."""

    PLAIN = "plain"
    """By GDAL, in QGIS too; turned by its EXIF orientation."""
    HEIC = "HEIC"
    """By pillow-heif, which turns it."""
    AVIF = "AVIF"
    """By Pillow, turned as the file says."""
    JPEG_XL = "JPEG XL"
    """By libjxl, which turns it, where GDAL has no driver for it."""
    RAW = "raw"
    """By LibRaw, which develops and turns it."""

    @property
    def is_decoded(self) -> bool:
        """Whether it needs a library that the engine has and QGIS has not; its pixels come upright."""
        return self is not Kind.PLAIN


def kind_of(path: Path) -> Kind:
    """The kind of a photo's file; ``PLAIN`` where it cannot be opened, so that the next who opens it tells why."""
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except (OSError, ValueError):
        return Kind.PLAIN
    return kind_of_start(start) or _kind_of_rest(path, start)


def kind_of_start(start: bytes) -> Kind | None:
    """The kind that the first bytes of a file tell; None where they leave it open, as those of a TIFF do."""
    if start[4:8] == b"ftyp":
        brands = _brands(start)
        if b"crx " in brands:
            return Kind.RAW
        return Kind.AVIF if brands & _AVIF_BRANDS else Kind.HEIC if brands & _HEIC_BRANDS else None
    if start.startswith(_RAW_STARTS):
        return Kind.RAW
    if _is_jpeg_xl(start):
        return Kind.PLAIN if gdal.GetDriverByName("JPEGXL") else Kind.JPEG_XL
    known = start.startswith((b"\xff\xd8", b"\x89PNG", b"\xff\x4f\xff\x51"))
    boxed = start[4:8] == b"jP  " or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
    return Kind.PLAIN if known or boxed else None


def format_name(start: bytes) -> str:
    """The format that the first bytes of a file tell, of those that not every GDAL reads; "" for another."""
    if start[4:8] == b"jP  " or start.startswith(b"\xff\x4f\xff\x51"):
        return "JPEG 2000"
    return "WebP" if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else ""


def _is_jpeg_xl(start: bytes) -> bool:
    """Whether a file begins as a JPEG XL does: in boxes, or with its codestream."""
    return start[4:8] == b"JXL " or start.startswith(b"\xff\x0a")


def _brands(start: bytes) -> set[bytes]:
    """The brands of an ISO base media file (ISO/IEC 14496-12), the main one and those it is compatible with."""
    end = min(len(start), int.from_bytes(start[:4], "big"))
    return {start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4))}


def _kind_of_rest(path: Path, start: bytes) -> Kind:
    if path.suffix.lower() in RAW_SUFFIXES:
        return Kind.RAW
    if start[:2] not in (b"II", b"MM"):
        return Kind.PLAIN
    return Kind.RAW if start[8:10] == b"CR" or has_raw_page(read_pages(path)) else Kind.PLAIN  # Canon's CR2 says so
