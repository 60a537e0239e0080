"""Cameras' raw files: developed to their full picture, upright, with what was noted; or one clear sentence."""

from __future__ import annotations

import contextlib
import io
import sys
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.ground_control import write_photo_vrt
from astroloc_qgis.engine.photo.checking import check_photo
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.preview import embedded_jpeg
from astroloc_qgis.engine.photo.raster import upright
from astroloc_qgis.engine.photo.reading import Photo, read_photo
from tests.engine.photo.raws import canon_raw, exif_tags, fuji_raw, gps_tags, structure, write_dng, write_maker_raw
from tests.engine.photo.tiffs import scene
from tests.engine.photo.turned import exif, jpeg_with
from tests.engine.synthetic import write_image

PICTURE = scene(300, 200, seed=2)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def jpeg(folder: Path, size: tuple[int, int] = (150, 100)) -> bytes:
    return write_image(folder / "preview.jpg", cv2.resize(PICTURE, size)).read_bytes()


# -- the picture


def test_a_raw_file_is_developed_into_its_picture_with_all_bits(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    photo = read_photo(write_dng(tmp_path / "p.dng", PICTURE, preview=jpeg(tmp_path)))
    assert photo.pixels.dtype == np.uint16
    assert photo.size == (300, 200)
    assert (photo.alpha, photo.grey) == (None, False)
    assert np.abs(photo.pixels.astype(float) / 257 - PICTURE).mean() < 2
    assert len(np.unique(photo.pixels)) > 1000


def test_nothing_is_brightened_by_what_the_picture_shows(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    dark = (PICTURE // 4).astype(np.uint8)
    dark_with_cloud = dark.copy()
    dark_with_cloud[:40, :40] = 250
    one = read_photo(write_dng(tmp_path / "a.dng", dark)).pixels[60:, 60:]
    other = read_photo(write_dng(tmp_path / "b.dng", dark_with_cloud)).pixels[60:, 60:]
    assert np.abs(one.astype(int) - other).max() < 300
    assert np.abs(one.astype(float) / 257 - dark[60:, 60:]).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_raw_file_is_turned_once_as_other_photos_are(tmp_path: Path, orientation: int) -> None:
    pytest.importorskip("rawpy")
    stored = read_photo(write_dng(tmp_path / "a.dng", PICTURE)).pixels
    photo = read_photo(write_dng(tmp_path / "b.dng", PICTURE, orientation=orientation))
    assert (photo.pixels == upright(stored, orientation)).all()
    assert photo.orientation == 1  # nobody turns it again
    assert read_exif(tmp_path / "b.dng").camera_orientation == orientation


def test_a_raw_file_of_another_name_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    photo = read_photo(write_dng(tmp_path / "ISS056-E-181034.tif", PICTURE, preview=jpeg(tmp_path)))
    assert photo.size == (300, 200)
    assert photo.name == "ISS056-E-181034"


def test_a_jpeg_that_is_called_a_raw_file_is_read_as_a_jpeg(tmp_path: Path) -> None:
    (tmp_path / "p.NEF").write_bytes(write_image(tmp_path / "p.jpg", PICTURE).read_bytes())
    assert read_photo(tmp_path / "p.NEF").size == (300, 200)


def test_no_vrt_names_a_raw_file_which_gdal_would_not_open(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    photo = read_photo(write_dng(tmp_path / "p.dng", PICTURE))
    corners = np.array([[0.0, 0.0], [300, 0], [300, 200], [0, 200]])
    assert write_photo_vrt(tmp_path / "p.vrt", photo, corners, corners / 100) is None
    assert not (tmp_path / "p.vrt").exists()


@pytest.mark.parametrize("name", ["p.ARW", "p.CR2"])
def test_raw_files_of_sony_and_canon_are_developed(tmp_path: Path, name: str) -> None:
    pytest.importorskip("rawpy")
    path = write_maker_raw(tmp_path / name, PICTURE)
    photo = read_photo(path)
    assert (photo.size, photo.pixels.dtype) == ((300, 200), np.uint16)
    # The makers' colours are others, but what is bright and what is dark is the same.
    seen = photo.pixels[2:].mean(axis=2).ravel()
    assert np.corrcoef(seen, PICTURE[2:].mean(axis=2).ravel())[0, 1] > 0.9


@pytest.mark.real
def test_a_nikon_s_raw_file_gives_its_full_picture(shared: Path) -> None:
    pytest.importorskip("rawpy")
    path = shared / "faults" / "iss056e181034.NEF"
    if not path.is_file():
        pytest.skip("The small inputs that fail are not here: they are looked for in ../shared/faults.")
    photo = read_photo(path)
    assert photo.size == (1024, 683)
    assert photo.pixels.dtype == np.uint16
    check_photo(path)


# -- what the camera noted


def test_time_lens_position_and_sensor_come_from_the_raw_file(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    photo: Photo = read_photo(write_dng(tmp_path / "p.dng", PICTURE))
    assert photo.taken == datetime(2018, 7, 1, 12, 34, 56)
    assert photo.focal_length_mm == 400
    assert photo.exif_nadir is not None
    assert (photo.exif_nadir.latitude, photo.exif_nadir.longitude) == (46.5, -11.25)
    assert photo.field_ratio == pytest.approx(36 / 400)


def frames(folder: Path) -> dict[str, bytes]:
    """The frames of other makers' raw files, without the sensor's data."""
    tiff = structure({272: (2, "Model"), 274: (3, 6)}, exif_tags(), gps_tags())
    shown = jpeg_with(folder / "fuji.jpg", PICTURE, exif(6))
    return {
        "p.nef": tiff, "p.arw": tiff, "p.cr2": tiff[:8] + tiff[8:], "p.orf": b"IIRO" + tiff[4:],
        "p.rw2": b"IIU\0" + tiff[4:], "p.cr3": canon_raw(6, jpeg(folder)), "p.raf": fuji_raw(shown.read_bytes()),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["p.nef", "p.arw", "p.cr2", "p.orf", "p.rw2", "p.cr3", "p.raf"])
def test_what_the_camera_noted_is_found_in_every_maker_s_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(frames(tmp_path)[name])
    assert kind_of(path) is Kind.RAW
    found = read_exif(path)
    assert found.taken == datetime(2018, 7, 1, 12, 34, 56)
    assert found.focal_length_mm == (575 if name == "p.raf" else 400)
    assert (found.orientation, found.camera_orientation) == (1, 6)
    if name != "p.raf":
        assert found.nadir is not None
        assert found.nadir.latitude == 46.5
        assert found.sensor_mm == pytest.approx(36, abs=0.01)


def test_the_sensor_of_a_photo_that_may_have_been_shrunk_is_not_used(tmp_path: Path) -> None:
    path = jpeg_with(tmp_path / "p.jpg", PICTURE, structure({272: (2, "Model")}, exif_tags()))
    assert read_exif(path).focal_length_mm == 400
    assert read_exif(path).sensor_mm is None
    assert read_photo(path).field_ratio is None


# -- the camera's own small picture


def test_the_camera_s_own_small_picture_is_found_without_a_library(tmp_path: Path) -> None:
    shown = jpeg(tmp_path)
    (tmp_path / "p.cr3").write_bytes(canon_raw(1, shown))
    (tmp_path / "p.raf").write_bytes(fuji_raw(shown))
    assert embedded_jpeg(write_dng(tmp_path / "p.dng", PICTURE, preview=shown)) == shown
    assert embedded_jpeg(tmp_path / "p.cr3") == shown
    assert embedded_jpeg(tmp_path / "p.raf") == shown
    assert embedded_jpeg(write_dng(tmp_path / "q.dng", PICTURE)) == b""
    assert embedded_jpeg(tmp_path / "preview.jpg") == b""
    assert embedded_jpeg(tmp_path / "none.nef") == b""


@pytest.mark.parametrize("cut", [90, 170, 400])
def test_a_small_picture_that_is_cut_off_is_none(tmp_path: Path, cut: int) -> None:
    for name, content in {"p.cr3": canon_raw(1, jpeg(tmp_path)), "p.raf": fuji_raw(jpeg(tmp_path))}.items():
        (tmp_path / name).write_bytes(content[:cut])
        assert embedded_jpeg(tmp_path / name) == b""


# -- what is refused


@pytest.mark.parametrize("name", ["p.nef", "p.arw", "p.cr2", "p.orf", "p.rw2", "p.cr3", "p.raf"])
def test_a_raw_file_without_a_picture_is_told(tmp_path: Path, name: str) -> None:
    pytest.importorskip("rawpy")
    (tmp_path / name).write_bytes(frames(tmp_path)[name])
    sentence = refusal(tmp_path / name)
    assert "camera's raw file without a picture" in sentence
    assert "convert it to TIFF" in sentence


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.999])
def test_a_raw_file_that_is_cut_off_is_told(tmp_path: Path, share: float, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rawpy")
    content = write_dng(tmp_path / "p.dng", PICTURE).read_bytes()
    (tmp_path / "p.dng").write_bytes(content[: int(share * len(content))])
    assert "raw file" in refusal(tmp_path / "p.dng")
    assert capfd.readouterr().err == ""


def test_a_raw_file_whose_pixels_are_cut_off_is_damaged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("rawpy")
    path = write_dng(tmp_path / "p.dng", PICTURE, size=(300, 600))
    assert "damaged or truncated" in refusal(path)
    assert capfd.readouterr().err == ""  # LibRaw's own words go to the log


def test_a_raw_file_that_claims_a_huge_picture_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    path = write_dng(tmp_path / "p.dng", PICTURE, size=(60_000, 40_000))
    sentence = refusal(path)
    assert "megapixels" in sentence
    with pytest.raises(InputError, match="megapixels"):
        check_photo(path)


def test_damaged_raw_files_give_a_picture_or_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    content = write_dng(tmp_path / "p.dng", PICTURE).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        changed = bytearray(content)
        for at in rng.integers(len(content) - 900, len(content), 4):
            changed[at] = rng.integers(256)
        (tmp_path / "p.dng").write_bytes(bytes(changed))
        with contextlib.suppress(InputError):
            assert read_photo(tmp_path / "p.dng").pixels.ndim == 3


def test_an_older_engine_says_what_to_press(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    path = write_dng(tmp_path / "p.dng", PICTURE)
    assert "Set up the engine" in refusal(path)
    with pytest.raises(InputError, match="Set up the engine"):
        check_photo(path)


def test_a_look_at_a_raw_file_reads_no_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rawpy = pytest.importorskip("rawpy")
    check_photo(write_dng(tmp_path / "p.dng", PICTURE))
    (tmp_path / "q.nef").write_bytes(b"not a raw file")
    with pytest.raises(InputError, match="camera's raw file"):
        check_photo(tmp_path / "q.nef")
    assert rawpy.imread(io.BytesIO((tmp_path / "p.dng").read_bytes())).sizes.width == 300
