"""JPEG XL: read with libjxl where GDAL has no driver for it, its size looked at before its pixels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo import kinds
from astroloc_qgis.engine.photo.checking import check_photo
from astroloc_qgis.engine.photo.decoding.jpeg_xl import size_of
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.photo.raws import box
from tests.engine.pictures import write_image

pillow_jxl = pytest.importorskip("pillow_jxl")

SIGNATURE = bytes.fromhex("0000000c4a584c200d0a870a")
PICTURE = np.random.default_rng(4).integers(0, 256, (48, 80, 4), np.uint8)


@pytest.fixture(autouse=True)
def _without_gdals_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    every = gdal.GetDriverByName
    monkeypatch.setattr(kinds.gdal, "GetDriverByName", lambda name: None if name == "JPEGXL" else every(name))


def encoder(mode: str, **options: Any) -> Any:
    """An encoder without loss; a small picture is done in no time."""
    usual = {"lossless": True, "quality": 100.0, "effort": 3, "num_threads": 1, "use_container": False}
    return pillow_jxl.Encoder(mode=mode, **usual | options)


def write_jpeg_xl(path: Path, image: np.ndarray, mode: str = "RGB", **options: Any) -> Path:
    """Write a JPEG XL of (H, W) or (H, W, bands) pixels."""
    data = encoder(mode, **options)(image.tobytes(), image.shape[1], image.shape[0], jpeg_encode=False)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize(("mode", "bands"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_pixels_come_as_they_were_written(tmp_path: Path, mode: str, bands: int, container: bool) -> None:
    picture = np.ascontiguousarray(PICTURE[..., :bands])
    path = write_jpeg_xl(tmp_path / "p.jxl", picture, mode, use_container=container)
    assert kind_of(path) is Kind.JPEG_XL
    photo = read_photo(path)
    colours = picture[..., : bands - (bands in (2, 4))]
    assert (photo.pixels == (colours if colours.shape[2] == 3 else np.repeat(colours, 3, axis=2))).all()
    if bands in (2, 4):
        assert (photo.alpha == picture[..., -1]).all()


def test_grey_of_16_bits_keeps_them(tmp_path: Path) -> None:
    grey = np.random.default_rng(5).integers(0, 65536, (40, 50), np.uint16)
    photo = read_photo(write_jpeg_xl(tmp_path / "p.jxl", grey, "I;16"))
    assert photo.pixels.dtype == np.uint16
    assert (photo.pixels[..., 0] == grey).all()


def test_a_jpeg_packed_without_loss_is_that_jpeg(tmp_path: Path) -> None:
    jpeg = write_image(tmp_path / "p.jpg", PICTURE[..., :3])
    path = tmp_path / "p.jxl"
    path.write_bytes(encoder("RGB", use_container=True)(jpeg.read_bytes(), 80, 48, jpeg_encode=True))
    assert (read_photo(path).pixels == read_photo(jpeg).pixels).all()


@pytest.mark.parametrize("size", [(32, 32), (256, 64), (80, 48), (1000, 333), (700, 525), (2000, 1000), (33, 9000)])
def test_its_header_tells_its_size(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    assert size_of(write_jpeg_xl(tmp_path / "p.jxl", np.zeros((height, width), np.uint8), "L")) == size


def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "p.jxl"
    # Not "small", 30 bits of a height of a million rows, and as many columns.
    bits = (3 << 1) | (999_999 << 3) | (1 << 33)
    path.write_bytes(b"\xff\x0a" + bits.to_bytes(8, "little"))
    for look in (read_photo, check_photo):
        with pytest.raises(InputError, match="1000000 x 1000000 pixels"):
            look(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    whole = write_jpeg_xl(tmp_path / "p.jxl", PICTURE[..., :3]).read_bytes()
    for name, data in {
        "cut.jxl": whole[: len(whole) // 2],
        "empty.jxl": SIGNATURE + box(b"ftyp", b"jxl \0\0\0\0"),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="damaged or truncated"):
            read_photo(tmp_path / name)


def test_an_older_engine_says_what_to_press(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jpeg_xl(tmp_path / "p.jxl", PICTURE[..., :3])
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(InputError, match="Set up the engine"):
        read_photo(path)
