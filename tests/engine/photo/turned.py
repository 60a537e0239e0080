"""Photos stored turned, with the EXIF that says so, and HEIC; without OpenCV, so that QGIS may use it itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.pictures import write_image

STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],  # row 0 is the top, column 0 the right-hand side
    3: lambda upright: upright[::-1, ::-1],  # bottom, right
    4: lambda upright: upright[::-1],  # bottom, left
    5: lambda upright: upright.transpose(1, 0, 2),  # left side, top
    6: lambda upright: np.rot90(upright, 1),  # right side, top
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),  # right side, bottom
    8: lambda upright: np.rot90(upright, -1),  # left side, bottom
}

QUICK = {"preset": "ultrafast", "x265:pools": "none", "x265:frame-threads": "1"}
"""Without its threads x265 writes a small picture in a fifth of a second, with them in five on a busy machine."""


def write_heic(path: Path, image: np.ndarray, notes: bytes = b"", quality: int = 95) -> Path:
    """An HEIC; pillow-heif turns an orientation in the notes into the file's own transformation."""
    pillow_heif = pytest.importorskip("pillow_heif")
    mode = {(2, 1): "L", (3, 1): "RGB", (4, 1): "RGBA", (3, 2): "RGB;16"}
    bands = 2 if image.ndim == 2 else image.shape[2]
    picture = pillow_heif.from_bytes(
        mode[bands, image.dtype.itemsize], (image.shape[1], image.shape[0]), np.ascontiguousarray(image).tobytes()
    )
    picture.save(
        str(path), quality=quality, chroma=444, enc_params=QUICK, **({"exif": b"Exif\0\0" + notes} if notes else {})
    )
    return path


def exif(orientation: int, order: str = "<") -> bytes:
    """An EXIF block as cameras write it: orientation, 1150/2 mm, 1 July 2018 12:34:56."""
    pointer = 8 + 2 + 2 * 12 + 4
    values = pointer + 2 + 2 * 12 + 4
    return (
        (b"II" if order == "<" else b"MM")
        + struct.pack(order + "HI", 42, 8)
        + struct.pack(order + "H", 2)
        + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
        + struct.pack(order + "HHII", 0x8769, 4, 1, pointer)
        + struct.pack(order + "I", 0)
        + struct.pack(order + "H", 2)
        + struct.pack(order + "HHII", 0x9003, 2, 20, values)
        + struct.pack(order + "HHII", 0x920A, 5, 1, values + 20)
        + struct.pack(order + "I", 0)
        + b"2018:07:01 12:34:56\0"
        + struct.pack(order + "II", 1150, 2)
    )


def jpeg_with(path: Path, image: NDArray[Any], block: bytes) -> Path:
    content = write_image(path, image).read_bytes()
    body = b"Exif\0\0" + block
    # After the JFIF header, as it mostly is.
    end = 4 + struct.unpack(">H", content[4:6])[0]
    path.write_bytes(content[:end] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[end:])
    return path
