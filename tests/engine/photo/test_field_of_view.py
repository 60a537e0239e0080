"""The field of view from EXIF: known where the camera says enough, never guessed."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.photo.exif import Exif
from astroloc_qgis.engine.photo.field_of_view import field_ratio
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.synthetic import write_image


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        (Exif(focal_length_mm=400, focal_length_in_35mm_film=400), 36 / 400),
        (Exif(focal_length_mm=6.0, camera="RP_imx477", focal_length_in_35mm_film=34), 36 / 34),
        (Exif(focal_length_mm=800, camera="NIKON D5"), 36 / 800),
        (Exif(focal_length_mm=24, camera="NIKON Z 9"), 36 / 24),
        (Exif(focal_length_mm=180, camera="NIKON D2Xs"), 23.7 / 180),
        (Exif(focal_length_mm=3.6, camera="RP_ov5647"), 3.63 / 3.6),
        (Exif(camera="RP_ov5647"), None),
        (Exif(camera="RP_imx477"), 6.287 / 5),
        (Exif(focal_length_mm=16.0, camera="RP_imx477"), 6.287 / 16),
        (Exif(focal_length_mm=1e6, camera="NIKON D5"), None),
        (Exif(focal_length_mm=0.1, camera="NIKON D5"), None),
        (Exif(focal_length_mm=180), None),
        (Exif(camera="NIKON D5"), None),
        (Exif(), None),
    ],
)
def test_the_long_side_by_the_distance(exif: Exif, expected: float | None) -> None:
    assert field_ratio(exif) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("exif", "diagonal_km"), [(Exif(focal_length_mm=3.5976, camera="RP_ov5647"), 526), (Exif(camera="RP_imx477"), 710)]
)
def test_the_cameras_of_the_astro_pi_show_what_their_photos_do_from_the_station(exif: Exif, diagonal_km: int) -> None:
    ratio = field_ratio(exif)
    assert ratio is not None
    assert ratio * 420 * 5 / 4 == pytest.approx(diagonal_km, rel=0.1)


def with_exif(path: Path, camera: bytes, in_35mm: int) -> Path:
    """A JPEG with the camera's model and the focal length in 35 mm film; 0 says that it is not known."""
    model = camera + b"\0"
    first, second = 8, 8 + 2 + 2 * 12 + 4 + len(model)
    block = io.BytesIO()
    block.write(b"II*\0" + struct.pack("<I", first))
    block.write(struct.pack("<H", 2) + struct.pack("<HHII", 0x0110, 2, len(model), second - len(model)))
    block.write(struct.pack("<HHII", 0x8769, 4, 1, second) + struct.pack("<I", 0) + model)
    block.write(struct.pack("<H", 1) + struct.pack("<HHIHH", 0xA405, 3, 1, in_35mm, 0) + struct.pack("<I", 0))
    content = b"Exif\0\0" + block.getvalue()
    plain = write_image(path, np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)).read_bytes()
    path.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + plain[2:])
    return path


def test_it_is_read_from_the_file(tmp_path: Path) -> None:
    assert read_photo(with_exif(tmp_path / "known.jpg", b"NIKON D5", 800)).field_ratio == pytest.approx(36 / 800)
    assert read_photo(with_exif(tmp_path / "unknown.jpg", b"NIKON D5", 0)).field_ratio is None
