"""Camera raw files, written byte by byte: a DNG with a mosaic that LibRaw develops, and the frames of other makers'."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
WHITE = 16383
"""The largest value of a sensor of 14 bits."""
NEUTRAL = (0.5, 1.0, 0.7)
"""What the sensor sees of white: its green is the most sensitive."""
XYZ_TO_SRGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)

Tags = dict[int, tuple[int, Any]]


def directory(out: bytearray, tags: Tags) -> int:
    """Append a directory, after its longer values; returns its offset."""
    table = b""
    for tag, (kind, values) in sorted(tags.items()):
        content, count = _packed(kind, values)
        if len(content) > 4:
            out += b"\0" * (len(out) % 2)
            place = struct.pack("<I", len(out))
            out += content
        else:
            place = content.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, count) + place
    out += b"\0" * (len(out) % 2)
    out += struct.pack("<H", len(tags)) + table + bytes(4)
    return len(out) - len(table) - 6


def _packed(kind: int, values: Any) -> tuple[bytes, int]:
    if kind in (BYTE, ASCII):
        content = values.encode() + b"\0" if isinstance(values, str) else bytes(values)
        return content, len(content)
    values = list(values) if isinstance(values, tuple | list) else [values]
    if kind in (RATIONAL, SIGNED_RATIONAL):
        form = "<II" if kind == RATIONAL else "<ii"
        return b"".join(struct.pack(form, round(value * 10000), 10000) for value in values), len(values)
    return struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values), len(values)


def exif_tags() -> Tags:
    """1 July 2018 12:34:56, 400 mm on a sensor of 36 x 24 mm (6000 x 4000 pixels)."""
    return {
        0x9003: (ASCII, "2018:07:01 12:34:56"),
        0x920A: (RATIONAL, 400),
        0xA002: (LONG, 6000),
        0xA003: (LONG, 4000),
        0xA20E: (RATIONAL, 6000 / 36 * 10),
        0xA20F: (RATIONAL, 4000 / 24 * 10),
        0xA210: (SHORT, 3),
    }


def gps_tags() -> Tags:
    """46.5 N, 11.25 W."""
    return {1: (ASCII, "N"), 2: (RATIONAL, (46, 30, 0)), 3: (ASCII, "W"), 4: (RATIONAL, (11, 15, 0))}


def structure(tags: Tags, detail: Tags | None = None, position: Tags | None = None) -> bytes:
    """A TIFF of one directory with those of EXIF and GPS, and no picture."""
    out = bytearray(b"II*\0" + bytes(4))
    more = {}
    if detail is not None:
        more[0x8769] = (LONG, directory(out, detail))
    if position is not None:
        more[0x8825] = (LONG, directory(out, position))
    out[4:8] = struct.pack("<I", directory(out, {**tags, **more}))
    return bytes(out)


def mosaic_of(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """(H, W) what a sensor with red, green, green and blue (in this order) sees of a picture in sRGB."""
    light = (image / 255.0).astype(np.float64)
    light = np.where(light > 0.04045, ((light + 0.055) / 1.055) ** 2.4, light / 12.92) * NEUTRAL
    seen = light[..., 1].copy()
    seen[0::2, 0::2], seen[1::2, 1::2] = light[0::2, 0::2, 0], light[1::2, 1::2, 2]
    return np.rint(seen * WHITE).astype(np.uint16)


def write_dng(
    path: Path,
    image: NDArray[np.uint8],
    *,
    orientation: int = 1,
    preview: bytes = b"",
    size: tuple[int, int] | None = None,
    notes: bool = True,
) -> Path:
    """Write a DNG 1.4 that is developed into the picture.

    Args:
        path: ".dng", though a TIFF structure by any name is one.
        image: (H, W, 3), sRGB.
        orientation: EXIF orientation.
        preview: a JPEG of it, as cameras add for those who look at it.
        size: width and height that it claims; by default the image's.
        notes: whether it has EXIF and a position, which are not those of the tests' land.
    """
    mosaic = mosaic_of(image)
    height, width = mosaic.shape
    claimed = size or (width, height)
    out = bytearray(b"II*\0" + bytes(4))
    data = len(out)
    out += mosaic.astype("<u2").tobytes()
    shown = len(out)
    out += preview
    of_preview: Tags = {254: (LONG, 1), 0x201: (LONG, shown), 0x202: (LONG, len(preview)), 259: (SHORT, 6)}
    tags: Tags = {
        254: (LONG, 0), 256: (LONG, claimed[0]), 257: (LONG, claimed[1]), 258: (SHORT, 16), 259: (SHORT, 1),
        262: (SHORT, 32803), 271: (ASCII, "Maker"), 272: (ASCII, "Model"), 273: (LONG, data), 274: (SHORT, orientation),
        277: (SHORT, 1), 278: (LONG, claimed[1]), 279: (LONG, mosaic.nbytes), 33421: (SHORT, (2, 2)),
        33422: (BYTE, (0, 1, 1, 2)), 50706: (BYTE, (1, 4, 0, 0)), 50708: (ASCII, "Maker Model"), 50714: (LONG, 0),
        50717: (LONG, WHITE), 50721: (SIGNED_RATIONAL, XYZ_TO_SRGB), 50728: (RATIONAL, NEUTRAL), 50778: (SHORT, 21),
    }  # fmt: skip
    if notes:
        tags |= {0x8769: (LONG, directory(out, exif_tags())), 0x8825: (LONG, directory(out, gps_tags()))}
    if preview:
        tags[330] = (LONG, directory(out, of_preview))
    out[4:8] = struct.pack("<I", directory(out, tags))
    path.write_bytes(bytes(out))
    return path


def write_maker_raw(path: Path, image: NDArray[np.uint8]) -> Path:
    """Write a raw file as a Sony (".arw", not compressed) or a Canon (".cr2", lossless JPEG) does, in 14 bits.

    The colours are not those of the picture: these cameras' filters differ, and no white balance is noted.
    """
    mosaic = mosaic_of(image)
    height, width = mosaic.shape
    is_canon = path.suffix.lower() == ".cr2"
    out = bytearray(b"II*\0" + bytes(4) + (b"CR\x02\0" + bytes(4) if is_canon else b""))
    data = lossless_jpeg(mosaic) if is_canon else mosaic.astype("<u2").tobytes()
    tags: Tags = {
        254: (LONG, 0), 256: (LONG, width), 257: (LONG, height), 258: (SHORT, 16), 259: (SHORT, 6 if is_canon else 1),
        262: (SHORT, 32803), 271: (ASCII, "Canon" if is_canon else "SONY"),
        272: (ASCII, "Canon EOS 5D Mark III" if is_canon else "ILCE-7M3"), 273: (LONG, len(out)), 274: (SHORT, 1),
        277: (SHORT, 1), 278: (LONG, height), 279: (LONG, len(data)), 33421: (SHORT, (2, 2)),
        33422: (BYTE, (0, 1, 1, 2)),
    }  # fmt: skip
    out += data
    out[4:8] = struct.pack("<I", directory(out, tags))
    path.write_bytes(bytes(out))
    return path


def lossless_jpeg(mosaic: NDArray[np.uint16]) -> bytes:
    """A lossless JPEG (ITU-T T.81, process 14) of (H, W) values of 14 bits, even and odd columns as two components.

    Each value is predicted by its component's left neighbour.
    """
    height, width = mosaic.shape
    predicted = np.empty(mosaic.shape, np.int64)
    predicted[:, 2:] = mosaic[:, :-2]
    predicted[1:, :2] = mosaic[:-1, :2]
    predicted[0, :2] = 1 << 13
    difference = (mosaic - predicted).ravel()
    category = np.array([int(abs(value)).bit_length() for value in difference])
    # All 15 categories have codes of four bits, followed by as many bits as the category says.
    codes = [
        f"{size:04b}" + (f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else "")
        for size, value in zip(category.tolist(), difference.tolist(), strict=True)
    ]
    bits = "".join(codes)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    table = bytes([0]) + bytes([0, 0, 0, 15, *[0] * 12]) + bytes(range(15))
    frame = struct.pack(">BHHB", 14, height, width // 2, 2) + bytes([1, 0x11, 0, 2, 0x11, 0])
    scan = bytes([2, 1, 0, 2, 0, 1, 0, 0])
    parts = {0xC4: table, 0xC3: frame, 0xDA: scan}
    head = b"".join(struct.pack(">BBH", 255, marker, len(part) + 2) + part for marker, part in parts.items())
    return b"\xff\xd8" + head + data + b"\xff\xd9"


def box(name: bytes, content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I4s", len(content) + 8, name) + content


def canon_raw(orientation: int = 1, preview: bytes = b"") -> bytes:
    """The frame of a CR3: its EXIF in three structures, and its preview, without the sensor's data."""
    parts = {
        b"CMT1": structure({272: (ASCII, "Canon EOS R5"), 274: (SHORT, orientation)}),
        b"CMT2": structure(exif_tags()),
        b"CMT4": structure(gps_tags()),
    }
    inside = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + b"".join(box(*part) for part in parts.items())
    shown = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16") + bytes(8) + box(b"PRVW", bytes(16) + preview)
    start = box(b"ftyp", b"crx \0\0\0\1crx isom")
    return start + box(b"moov", box(b"uuid", inside)) + box(b"uuid", shown) + box(b"mdat", bytes(100))


def fuji_raw(jpeg: bytes) -> bytes:
    """The frame of a RAF: the JPEG of the picture, which has the EXIF, without the sensor's data."""
    start = b"FUJIFILMCCD-RAW 0201FF393301X-T30".ljust(84, b"\0")
    return (start + struct.pack(">II", 160, len(jpeg))).ljust(160, b"\0") + jpeg
