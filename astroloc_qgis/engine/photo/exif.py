"""What a camera wrote into the file: orientation, focal length, time, position.

EXIF is a small TIFF (Exif 2.32, CIPA DC-008): inside a JPEG's APP1 segment, a PNG's eXIf or a WebP's EXIF chunk, a box
of HEIC, AVIF, JPEG 2000 and JPEG XL, or the TIFF itself, as which most raw files are built. GDAL reads neither the
orientation of a TIFF nor anything of a PNG, and QGIS has no library for raw files, so the few entries wanted are read
here.
"""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM, Nadir
from astroloc_qgis.engine.photo.boxes import canon_directories, exif_in_boxes
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.pages import picture_of
from astroloc_qgis.engine.photo.tiff import Directory, Tiff

logger = logging.getLogger(__name__)

ORIENTATION, DATE_TIME, EXIF_IFD = 0x0112, 0x0132, 0x8769
DATE_TIME_ORIGINAL, FOCAL_LENGTH = 0x9003, 0x920A
GPS_IFD = 0x8825
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, ALTITUDE_REF, ALTITUDE = range(1, 7)
CAMERA, FOCAL_LENGTH_IN_35MM_FILM = 0x0110, 0xA405
PIXELS_ACROSS, PIXELS_DOWN = 0xA002, 0xA003
FOCAL_PLANE_X, FOCAL_PLANE_Y, FOCAL_PLANE_UNIT = 0xA20E, 0xA20F, 0xA210
UNITS_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Millimetres of the unit of the focal plane's resolution: inch, centimetre, millimetre, micrometre."""
SENSORS_MM = (3.0, 60.0)
"""Long sides that a sensor can have."""

_MOST_EXIF_BYTES = 1 << 20


@dataclass(frozen=True)
class Exif:
    """The few EXIF entries that matter here.

    Attributes:
        orientation: how the pixels that the file is read as must be turned, 1 (not at all) to 8. Always 1 for a raw
            file, HEIC, AVIF and JPEG XL, which whatever opens them turns.
        focal_length_mm: focal length of the lens, or None.
        taken: when the camera's clock said it was taken, without time zone, or None.
        nadir: the camera's position (GPS), which in orbit is the sub-satellite point, or None. It is a proposal: some
            cameras' positions are 1,500 km off.
        camera: the camera's model, or "".
        focal_length_in_35mm_film: focal length that has the same field of view on 36 x 24 mm, or None.
        camera_orientation: orientation as the camera wrote it, 1 to 8, whoever turns the picture.
        sensor_mm: long side of the sensor, of a raw file that tells, for another may have been shrunk; or None.
    """

    orientation: int = 1
    focal_length_mm: float | None = None
    taken: datetime | None = None
    nadir: Nadir | None = None
    camera: str = ""
    focal_length_in_35mm_film: float | None = None
    camera_orientation: int = 1
    sensor_mm: float | None = None


def read_exif(path: Path) -> Exif:
    """Read EXIF of a photo of any kind; what is missing or damaged is left at its default, for it spoils no photo."""
    kind = kind_of(path)
    try:
        with path.open("rb") as file:
            start = file.read(16)
            found = _read(file, start, kind)
    except (OSError, struct.error, ValueError) as error:
        logger.info("EXIF of %s could not be read: %s", path, error)
        return Exif()
    turned = kind.is_decoded or start[4:8] == b"JXL "
    found = replace(found, camera_orientation=found.orientation, orientation=1 if turned else found.orientation)
    return found if kind is Kind.RAW else replace(found, sensor_mm=None)


def _read(file: BinaryIO, start: bytes, kind: Kind) -> Exif:
    if start[4:8] == b"ftyp" and kind is Kind.RAW:
        return _of_canon(canon_directories(file))
    if start[:2] == b"\xff\xd8":
        tiff = _in_jpeg(file)
    elif start[:8] == b"\x89PNG\r\n\x1a\n":
        tiff = _in_png(file)
    elif start[:4] == b"RIFF":
        tiff = _in_webp(file)
    elif start[4:8] in (b"ftyp", b"jP  ", b"JXL "):
        content = exif_in_boxes(file)
        tiff = None if content is None else io.BytesIO(content)
    elif start[:8] == b"FUJIFILM":
        file.seek(84)  # of the JPEG that shows the picture, and has its EXIF
        tiff = _in_jpeg(file, struct.unpack(">I", file.read(4))[0])
    else:
        tiff = file
    return Exif() if tiff is None else _parse(tiff, pages=tiff is file and kind is not Kind.RAW)


def _in_jpeg(file: BinaryIO, start: int = 0) -> BinaryIO | None:
    """Find the EXIF among the segments of a JPEG that begins at an offset."""
    file.seek(start + 2)
    while len(header := file.read(4)) == 4 and header[0] == 0xFF and header[1] not in (0xD9, 0xDA):
        length = struct.unpack(">H", header[2:])[0] - 2
        if header[1] == 0xE1:
            content = file.read(length)
            if content[:6] == b"Exif\0\0":
                return io.BytesIO(content[6:])
        else:
            file.seek(length, io.SEEK_CUR)
    return None


def _in_webp(file: BinaryIO) -> BinaryIO | None:
    """Find the EXIF among a WebP's chunks, each of which ends at an even offset."""
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", header)
        if name == b"EXIF":
            return io.BytesIO(file.read(min(length, _MOST_EXIF_BYTES)).removeprefix(b"Exif\0\0"))
        file.seek(length + length % 2, io.SEEK_CUR)
    return None


def _in_png(file: BinaryIO) -> BinaryIO | None:
    """Find the EXIF among a PNG's chunks."""
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", header)
        if name == b"eXIf":
            return io.BytesIO(file.read(min(length, _MOST_EXIF_BYTES)))
        file.seek(length + 4, io.SEEK_CUR)
    return None


def _parse(file: BinaryIO, *, pages: bool) -> Exif:
    """Read the entries wanted from a TIFF structure, whose picture is on one of several pages or on the first."""
    tiff = Tiff.of(file)
    if tiff is None:
        return Exif()
    main = tiff.directory(tiff.first_offset())
    pointer = main.number(EXIF_IFD)
    detail = tiff.directory(pointer) if pointer else _empty(tiff.order)
    oriented = main
    if pages:
        picture = picture_of(list(tiff.directories()))
        # What is inside a page has its orientation; a page of its own has its own or none.
        oriented = main if picture.nested and ORIENTATION not in picture.entries else picture
    position = _position(tiff, main.number(GPS_IFD)) or _empty(tiff.order)
    return _exif(main, detail, position, oriented.number(ORIENTATION, 1))


def _of_canon(parts: dict[bytes, bytes]) -> Exif:
    """Read the entries wanted from the structures of a CR3, each a TIFF of its own."""

    def first(name: bytes) -> Directory:
        tiff = Tiff.of(io.BytesIO(parts.get(name, b"")))
        return _empty("<") if tiff is None else tiff.directory(tiff.first_offset())

    main = first(b"CMT1")
    return _exif(main, first(b"CMT2"), first(b"CMT4"), main.number(ORIENTATION, 1))


def _exif(main: Directory, detail: Directory, position: Directory, orientation: int) -> Exif:
    """Read the entries wanted from the directories of the picture, of EXIF and of GPS."""
    return Exif(
        orientation if 1 <= orientation <= 8 else 1,
        _rational(detail.value(FOCAL_LENGTH), detail.order),
        _time(detail.value(DATE_TIME_ORIGINAL)) or _time(main.value(DATE_TIME)),
        nadir=_nadir(position),
        camera=main.value(CAMERA).decode("ascii", "replace").strip("\0 "),
        focal_length_in_35mm_film=detail.number(FOCAL_LENGTH_IN_35MM_FILM) or None,
        sensor_mm=_sensor_mm(detail),
    )


def _sensor_mm(detail: Directory) -> float | None:
    """The long side of the sensor by the resolution of the focal plane; None where that makes no sense."""
    unit = UNITS_MM.get(detail.number(FOCAL_PLANE_UNIT, 2), 0.0)
    sides = [
        detail.number(pixels) * unit / resolution
        for pixels, tag in ((PIXELS_ACROSS, FOCAL_PLANE_X), (PIXELS_DOWN, FOCAL_PLANE_Y))
        if (resolution := _rational(detail.value(tag), detail.order))
    ]
    side = max(sides, default=0.0)
    return side if len(sides) == 2 and SENSORS_MM[0] <= side <= SENSORS_MM[1] else None


def _empty(order: str) -> Directory:
    return Directory(0, order, {})


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
