"""The position in a photo's EXIF, a proposed nadir."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.synthetic import write_image

Fractions = tuple[tuple[int, int], ...]
NORTH, EAST = ((43, 1), (52, 1), (520, 10)), ((79, 1), (27, 1), (418, 10))


def write_photo(
    path: Path,
    latitude: Fractions = NORTH,
    longitude: Fractions = EAST,
    *,
    hemispheres: tuple[str, str] = ("N", "E"),
    altitude: tuple[int, int] | None = None,
    order: str = "<",
) -> Path:
    """Write a JPEG whose EXIF has nothing but a position, as a Raspberry Pi's camera does."""
    count = 4 if altitude is None else 5
    gps = 8 + 2 + 12 + 4
    values = gps + 2 + 12 * count + 4
    block = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, 1)
    block += struct.pack(order + "HHIII", 0x8825, 4, 1, gps, 0) + struct.pack(order + "H", count)
    for tag, hemisphere, place in ((1, hemispheres[0], values), (3, hemispheres[1], values + 24)):
        block += struct.pack(order + "HHI4s", tag, 2, 2, hemisphere.encode())
        block += struct.pack(order + "HHII", tag + 1, 5, 3, place)
    if altitude is not None:
        block += struct.pack(order + "HHII", 6, 5, 1, values + 48)
    block += struct.pack(order + "I", 0)
    for fractions in (latitude, longitude, (altitude,) if altitude else ()):
        block += b"".join(struct.pack(order + "II", *fraction) for fraction in fractions)
    body = b"Exif\0\0" + block
    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    content = write_image(path, noise).read_bytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:])
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("hemispheres", "signs"), [(("N", "E"), (1, 1)), (("S", "W"), (-1, -1)), (("s", "E"), (-1, 1))]
)
def test_the_position_is_a_nadir_that_exif_proposes(tmp_path, order, hemispheres, signs):
    nadir = read_photo(write_photo(tmp_path / "p.jpg", hemispheres=hemispheres, order=order)).exif_nadir
    assert nadir == Nadir(signs[0] * 43.881111, signs[1] * 79.461611, source="exif")


@pytest.mark.parametrize(
    ("altitude", "known_m"),
    [((418_500, 1), 418_500.0), ((41_850_000, 100), 418_500.0), ((418, 1), None), ((9000, 1), None), ((0, 0), None)],
)
def test_a_height_in_orbit_is_taken_and_any_other_is_not(tmp_path, altitude, known_m):
    nadir = read_exif(write_photo(tmp_path / "p.jpg", altitude=altitude)).nadir
    assert nadir is not None
    assert nadir.known_altitude_m == known_m


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": ((0, 1), (0, 1), (0, 1)), "longitude": ((0, 1), (0, 1), (0, 1))},  # the camera had no fix
        {"latitude": ((0, 0), (0, 0), (0, 0))},
        {"latitude": ((91, 1), (0, 1), (0, 1))},
        {"longitude": ((180, 1), (0, 1), (1, 1))},
        {"latitude": ((43, 1), (75, 1), (0, 1))},
        {"latitude": ((43, 1), (5, 0), (0, 1))},
        {"latitude": ((43, 1), (5, 1), (0xFFFFFFF0, 1))},  # a negative number
        {"latitude": ((43, 1),)},
        {"hemispheres": ("", "E")},
        {"hemispheres": ("N", "N")},
    ],
)
def test_a_position_that_makes_no_sense_is_none(tmp_path, wrong):
    assert read_exif(write_photo(tmp_path / "p.jpg", **wrong)).nadir is None


def test_whole_degrees_with_empty_minutes_are_read(tmp_path):
    nadir = read_exif(write_photo(tmp_path / "p.jpg", ((4388, 100), (0, 0), (0, 0)))).nadir
    assert nadir == Nadir(43.88, 79.461611, source="exif")


def test_a_position_cut_off_spoils_nothing_else(tmp_path):
    path = write_photo(tmp_path / "p.jpg")
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<HHII", 0x8825, 4, 1, 26), struct.pack("<HHII", 0x8825, 4, 1, 9999)))
    assert read_exif(path).nadir is None
    assert read_photo(path).size == (60, 40)
