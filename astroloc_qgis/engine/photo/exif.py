"""What a camera wrote into the file: orientation, focal length, time, position.

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

from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM, Nadir
from astroloc_qgis.engine.photo.pages import picture_of
from astroloc_qgis.engine.photo.tiff import Directory, Tiff

logger = logging.getLogger(__name__)

ORIENTATION, DATE_TIME, EXIF_IFD = 0x0112, 0x0132, 0x8769
DATE_TIME_ORIGINAL, FOCAL_LENGTH = 0x9003, 0x920A
GPS_IFD = 0x8825
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, ALTITUDE_REF, ALTITUDE = range(1, 7)
CAMERA, FOCAL_LENGTH_IN_35MM_FILM = 0x0110, 0xA405


@dataclass(frozen=True)
class Exif:
    """The few EXIF entries that matter here.

    Attributes:
        orientation: 1 (upright as stored) to 8.
        focal_length_mm: focal length of the lens, or None.
        taken: when the camera's clock said it was taken, without time zone, or None.
        nadir: the camera's position (GPS), which in orbit is the sub-satellite point, or None. It is a proposal: some
            cameras' positions are 1,500 km off.
        camera: the camera's model, or "".
        focal_length_in_35mm_film: focal length that has the same field of view on 36 x 24 mm, or None.
    """

    orientation: int = 1
    focal_length_mm: float | None = None
    taken: datetime | None = None
    nadir: Nadir | None = None
    camera: str = ""
    focal_length_in_35mm_film: float | None = None


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
            return Exif() if tiff is None else _parse(tiff, pages=tiff is file)
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


def _parse(file: BinaryIO, *, pages: bool) -> Exif:
    """Read the entries wanted from a TIFF structure, whose picture is on one of several pages or on the first."""
    tiff = Tiff.of(file)
    if tiff is None:
        return Exif()
    main = tiff.directory(tiff.first_offset())
    pointer = main.number(EXIF_IFD)
    empty = Directory(0, tiff.order, {})
    detail = tiff.directory(pointer) if pointer else empty
    oriented = main
    if pages:
        picture = picture_of(list(tiff.directories()))
        # What is inside a page has its orientation; a page of its own has its own or none.
        oriented = main if picture.nested and ORIENTATION not in picture.entries else picture
    orientation = oriented.number(ORIENTATION, 1)
    return Exif(
        orientation if 1 <= orientation <= 8 else 1,
        _rational(detail.value(FOCAL_LENGTH), tiff.order),
        _time(detail.value(DATE_TIME_ORIGINAL)) or _time(main.value(DATE_TIME)),
        nadir=_nadir(_position(tiff, main.number(GPS_IFD)) or empty),
        camera=main.value(CAMERA).decode("ascii", "replace").strip("\0 "),
        focal_length_in_35mm_film=detail.number(FOCAL_LENGTH_IN_35MM_FILM) or None,
    )


def _position(tiff: Tiff, offset: int) -> Directory | None:
    """The directory of the position; None where there is none or it is damaged, which spoils nothing else."""
    try:
        return tiff.directory(offset) if offset else None
    except (struct.error, ValueError, OSError):
        return None


def _nadir(gps: Directory) -> Nadir | None:
    """Read the position; None where it is incomplete, no place on Earth, or the 0, 0 of a camera that had none."""
    latitude = _degrees(gps, LATITUDE_REF, LATITUDE, "NS", 90)
    longitude = _degrees(gps, LONGITUDE_REF, LONGITUDE, "EW", 180)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    height_km = (_rational(gps.value(ALTITUDE), gps.order) or 0.0) / 1000
    in_orbit = ALTITUDES_KM[0] < height_km <= ALTITUDES_KM[1] and gps.number(ALTITUDE_REF) == 0
    return Nadir.at(latitude, longitude, height_km if in_orbit else None, source="exif")


def _degrees(gps: Directory, reference: int, tag: int, hemispheres: str, most: float) -> float | None:
    """Read degrees, minutes and seconds; the second of the hemispheres is negative."""
    hemisphere = gps.value(reference).decode("ascii", "replace").strip("\0 ")[:1].upper()
    value = gps.value(tag)
    if not hemisphere or hemisphere not in hemispheres or len(value) != 24:
        return None
    numbers = struct.unpack(gps.order + "6I", value)
    if not numbers[1] or any(above and not below for above, below in zip(numbers[::2], numbers[1::2], strict=True)):
        return None
    degrees, minutes, seconds = (above / (below or 1) for above, below in zip(numbers[::2], numbers[1::2], strict=True))
    total = round(degrees + minutes / 60 + seconds / 3600, 6)
    if minutes > 60 or seconds > 60 or total > most:
        return None
    return -total if hemisphere == hemispheres[1] else total


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
