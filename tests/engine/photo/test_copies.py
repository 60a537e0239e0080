"""Copies of photos for QGIS: made only where it names a folder, as the engine reads the photo, and never too many."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.photo import copies
from astroloc_qgis.engine.photo.copies import FOLDER_VARIABLE, copy_path, remove_oldest, write_copy
from astroloc_qgis.engine.photo.reading import Photo, read_photo
from tests.engine.photo.raws import write_dng
from tests.engine.photo.tiffs import scene
from tests.engine.photo.turned import write_heic
from tests.engine.synthetic import write_image

PICTURE = scene(300, 200, seed=2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "copies"))
    return tmp_path / "copies"


def test_a_decoded_photo_leaves_a_copy_that_looks_like_it(tmp_path: Path, folder: Path) -> None:
    pytest.importorskip("rawpy")
    path = write_dng(tmp_path / "p.dng", PICTURE, orientation=6)
    photo = read_photo(path)
    copy = read_photo(copy_path(folder, path))
    assert copy.size == photo.size == (200, 300)
    assert np.abs(copy.pixels.astype(int) - photo.rgb8()).mean() < 3
    assert [each.suffix for each in folder.iterdir()] == [".tif"]


def test_a_copy_keeps_transparency(tmp_path: Path, folder: Path) -> None:
    alpha = np.full((200, 300, 1), 255, np.uint8)
    alpha[150:] = 0
    photo = read_photo(write_heic(tmp_path / "p.heic", np.concatenate([PICTURE, alpha], axis=2)))
    copy = read_photo(copy_path(folder, photo.path))
    assert copy.alpha is not None
    assert (copy.alpha == photo.alpha).all()
    assert (copy.pixels == photo.pixels).all()


def test_a_photo_that_gdal_reads_and_an_engine_without_a_folder_leave_none(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rawpy")
    read_photo(write_image(tmp_path / "p.jpg", PICTURE))
    monkeypatch.delenv(FOLDER_VARIABLE)
    read_photo(write_dng(tmp_path / "p.dng", PICTURE))
    assert not folder.exists()


def test_a_file_that_has_changed_has_another_copy(tmp_path: Path) -> None:
    path = write_image(tmp_path / "p.png", PICTURE)
    before = copy_path(tmp_path, path)
    assert copy_path(tmp_path, path) == before
    os.utime(path, ns=(1, 1))
    assert copy_path(tmp_path, path) != before


def test_a_folder_that_cannot_be_written_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rawpy")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "copies"))
    assert read_photo(write_dng(tmp_path / "p.dng", PICTURE)).size == (300, 200)


def test_the_copies_used_longest_ago_go_first(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.tif" for number in range(4)]
    for age, path in enumerate(paths):
        path.write_bytes(bytes(100))
        os.utime(path, ns=(age * 10**9, age * 10**9))
    remove_oldest(tmp_path, 250, keep=paths[0])
    assert [path.name for path in paths if path.exists()] == ["0.tif", "3.tif"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("No space left on device")

    monkeypatch.setattr(copies, "_write", full)
    photo = Photo(tmp_path / "p.dng", PICTURE, None, False, None, None, None)
    with pytest.raises(RuntimeError):
        write_copy(tmp_path / "copies" / "p.tif", photo)
    assert list((tmp_path / "copies").iterdir()) == []
