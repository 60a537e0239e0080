"""HEIC, AVIF, WebP and JPEG 2000: read with all their bits, turned once, with their EXIF."""

from __future__ import annotations

import contextlib
import struct
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.checking import check_photo
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.raster import upright
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.photo.raws import box, exif_tags, gps_tags, structure
from tests.engine.photo.tiffs import scene
from tests.engine.photo.turned import STORED, exif, write_heic
from tests.engine.pictures import memory_dataset

PICTURE = scene(300, 200, seed=2)
NOTES = structure({274: (3, 1)}, exif_tags(), gps_tags())


def write_avif(path: Path, image: np.ndarray, notes: bytes = b"") -> Path:
    plugin = pytest.importorskip("PIL.AvifImagePlugin")
    if not plugin.SUPPORTED:
        pytest.skip("This Pillow has no AVIF.")
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.save(path, quality=95, subsampling="4:4:4", speed=9, **({"exif": notes} if notes else {}))
    return path


def write_with_gdal(path: Path, image: np.ndarray, driver: str, *options: str) -> Path:
    writer = gdal.GetDriverByName(driver)
    if writer is None:
        pytest.skip(f"This GDAL has no {driver}.")
    dataset = memory_dataset(image)
    if dataset.RasterCount == 4:
        dataset.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
    writer.CreateCopy(str(path), dataset, options=list(options))
    return path


def write_webp(path: Path, image: np.ndarray, notes: bytes = b"") -> Path:
    content = write_with_gdal(path, image, "WEBP", "LOSSLESS=YES", "EXACT=1").read_bytes()
    if notes:
        chunk = b"EXIF" + struct.pack("<I", len(notes)) + notes + b"\0" * (len(notes) % 2)
        height, width = image.shape[:2]
        head = (
            b"VP8X" + struct.pack("<II", 10, 8) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        )
        body = b"WEBP" + head + content[12:] + chunk
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def write_jp2(path: Path, image: np.ndarray, notes: bytes = b"") -> Path:
    write_with_gdal(path, image, "JP2OpenJPEG", "QUALITY=100", "REVERSIBLE=YES")
    with path.open("ab") as file:
        file.write(box(b"uuid", b"JpgTiffExif->JP2" + notes) if notes else b"")
    return path


WRITERS = {"p.heic": write_heic, "p.avif": write_avif, "p.webp": write_webp, "p.jp2": write_jp2}


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", WRITERS)
def test_a_photo_is_read_as_it_looks_with_its_notes(tmp_path: Path, name: str) -> None:
    photo = read_photo(WRITERS[name](tmp_path / name, PICTURE, NOTES))
    assert photo.size == (300, 200)
    assert (photo.alpha, photo.grey, photo.pixels.dtype) == (None, False, np.uint8)
    assert np.abs(photo.pixels.astype(int) - PICTURE).mean() < (1.5 if name in ("p.heic", "p.avif") else 0.01)
    assert photo.taken == datetime(2018, 7, 1, 12, 34, 56)
    assert photo.focal_length_mm == 400
    assert photo.exif_nadir is not None
    assert (photo.exif_nadir.latitude, photo.exif_nadir.longitude) == (46.5, -11.25)
    check_photo(tmp_path / name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", WRITERS)
def test_a_photo_is_turned_once(tmp_path: Path, name: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](PICTURE))
    photo = read_photo(WRITERS[name](tmp_path / name, stored, exif(orientation)))
    assert photo.size == (300, 200)
    assert np.abs(photo.pixels.astype(int) - PICTURE).mean() < 3
    assert photo.orientation == (1 if kind_of(tmp_path / name).is_decoded else orientation)
    assert (upright(stored, orientation) == PICTURE).all()


def test_an_heic_keeps_ten_bits(tmp_path: Path) -> None:
    fine = (scene(300, 200, seed=2).astype(np.uint16) << 8) | np.arange(200, dtype=np.uint16)[:, None, None]
    photo = read_photo(write_heic(tmp_path / "p.heic", fine, quality=100))
    assert photo.pixels.dtype == np.uint16
    assert np.abs(photo.pixels.astype(int) - fine).mean() < 400
    assert len(np.unique(photo.pixels[..., 0])) > 256


@pytest.mark.parametrize("name", ["p.heic", "p.avif", "p.webp"])
def test_transparency_is_kept(tmp_path: Path, name: str) -> None:
    alpha = np.full((200, 300, 1), 255, np.uint8)
    alpha[150:] = 0
    photo = read_photo(WRITERS[name](tmp_path / name, np.concatenate([PICTURE, alpha], axis=2)))
    assert photo.alpha is not None
    assert (photo.alpha[:140] == 255).all()
    assert (photo.alpha[160:] == 0).all()
    opaque = np.concatenate([PICTURE, np.full_like(alpha, 255)], axis=2)
    assert read_photo(WRITERS[name](tmp_path / f"o{name}", opaque)).alpha is None


def test_grey_heic_and_jpeg_2000_of_sixteen_bits_are_read(tmp_path: Path) -> None:
    assert read_photo(write_heic(tmp_path / "p.heic", PICTURE[..., 0])).pixels.shape == (200, 300, 3)
    fine = PICTURE.astype(np.uint16) * 201
    assert (read_photo(write_jp2(tmp_path / "p.jp2", fine)).pixels == fine).all()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, name: str, share: float) -> None:
    content = WRITERS[name](tmp_path / name, PICTURE).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    sentence = refusal(tmp_path / name)
    assert "damaged or truncated" in sentence or "is not a JPEG, PNG or TIFF" in sentence
    assert read_exif(tmp_path / name).orientation == 1


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_give_a_picture_or_a_sentence(tmp_path: Path, name: str) -> None:
    content = WRITERS[name](tmp_path / name, PICTURE, NOTES).read_bytes()
    rng = np.random.default_rng(0)
    for number in range(25):
        changed = bytearray(content)
        for at in rng.integers(0, min(len(content), 600) if number % 2 else len(content), 3):
            changed[at] = rng.integers(256)
        (tmp_path / name).write_bytes(bytes(changed))
        read_exif(tmp_path / name)
        with contextlib.suppress(InputError):
            assert read_photo(tmp_path / name).pixels.ndim == 3


def test_an_older_engine_says_what_to_press(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brands = {"p.heic": b"heic\0\0\0\0mif1heic", "p.avif": b"avif\0\0\0\0avifmif1", "p.hif": b"heix\0\0\0\0mif1heix"}
    for name, start in brands.items():
        (tmp_path / name).write_bytes(box(b"ftyp", start) + bytes(200))
    assert [kind_of(tmp_path / name) for name in brands] == [Kind.HEIC, Kind.AVIF, Kind.HEIC]
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    for name in brands:
        assert "Set up the engine" in refusal(tmp_path / name)
        with pytest.raises(InputError, match="Set up the engine"):
            check_photo(tmp_path / name)


def test_exif_of_jpeg_xl_is_found_and_turns_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.jxl"
    notes = structure({274: (3, 6)}, exif_tags())
    path.write_bytes(bytes.fromhex("0000000c4a584c200d0a870a") + box(b"Exif", bytes(4) + notes))
    found = read_exif(path)
    assert found.focal_length_mm == 400
    assert (found.orientation, found.camera_orientation) == (1, 6)
