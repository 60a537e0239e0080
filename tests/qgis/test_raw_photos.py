"""Raw files and HEIC in QGIS, whose Python reads neither: shown as the engine reads them, by a copy that it makes."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import QFileDialog

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.copies import copy_path
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.photo.suffixes import SUFFIXES
from astroloc_qgis.gui.dock.thumbnails import read_thumbnail
from astroloc_qgis.qgis_adapters.desk_photo import photo_size, read_pyramid
from astroloc_qgis.qgis_adapters.engine import photo_copies
from astroloc_qgis.qgis_adapters.files import pictures_folder
from tests.engine.photo.raws import write_dng
from tests.engine.photo.tiffs import scene
from tests.engine.photo.turned import write_heic
from tests.engine.pictures import write_image

PICTURE = scene(300, 200, seed=2)


@pytest.fixture(autouse=True)
def own_cache(qgis_app, tmp_path, monkeypatch):
    """A cache of this test alone, and the engine's Python."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ASTROLOC_PYTHON", sys.executable)


@pytest.fixture
def bare_qgis(monkeypatch):
    """As if this process, as QGIS's own Python, had no library for raw files and HEIC."""
    for library in ("rawpy", "pillow_heif", "PIL"):
        monkeypatch.setitem(sys.modules, library, None)


@pytest.mark.parametrize("ending", ["dng", "heic"])
def test_the_desk_shows_what_the_engine_reads(tmp_path, monkeypatch, ending):
    pytest.importorskip("rawpy" if ending == "dng" else "pillow_heif")
    if ending == "dng":
        path = write_dng(tmp_path / "p.dng", PICTURE, orientation=6)
    else:
        path = write_heic(tmp_path / "p.heic", PICTURE)
    photo = read_photo(path)
    with monkeypatch.context() as bare:
        for library in ("rawpy", "pillow_heif", "PIL"):
            bare.setitem(sys.modules, library, None)
        assert photo_size(path) == photo.size
        level = read_pyramid(path).levels[0]
    shown = level.view(np.uint8).reshape(*level.shape, 4)[..., 2::-1]
    assert np.abs(shown.astype(int) - photo.rgb8()).mean() < 4
    assert copy_path(pictures_folder(), path).is_file()
    assert not read_thumbnail(copy_path(pictures_folder(), path), 44).isNull()


def test_a_copy_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    pytest.importorskip("rawpy")
    path = write_dng(tmp_path / "p.dng", PICTURE)
    photo_copies.readable(path)
    monkeypatch.setattr(photo_copies, "_make", None)
    assert photo_copies.readable(path) == copy_path(pictures_folder(), path)
    plain = write_image(tmp_path / "p.jpg", PICTURE)
    assert photo_copies.readable(plain) == plain


def test_the_engine_s_sentence_is_the_desk_s(tmp_path, bare_qgis):
    (tmp_path / "p.nef").write_bytes(b"no raw file")
    for read in (photo_size, read_pyramid):
        with pytest.raises(InputError, match=r"camera's raw file"):
            read(tmp_path / "p.nef")


def test_without_an_engine_there_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("ASTROLOC_PYTHON", str(tmp_path / "no python"))
    with pytest.raises(InputError, match="is not there"):
        photo_size(write_dng(tmp_path / "p.dng", PICTURE))


def test_an_engine_that_dies_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_copies, "LAUNCHER", tmp_path / "no launcher.py")
    with pytest.raises(InputError, match="cannot be shown") as caught:
        photo_size(write_dng(tmp_path / "p.dng", PICTURE))
    assert "no launcher" in caught.value.details


def test_a_raw_file_is_placed_by_hand_once_the_engine_has_read_it_and_qgis_does_not_wait(
    qtbot, plugin, canvas, tmp_path, monkeypatch
):
    path, go_on, threads = tmp_path / "p.dng", threading.Event(), []
    path.write_bytes(b"a raw file without a picture of the camera's")

    def make(photo):
        threads.append(threading.current_thread())
        assert go_on.wait(20)
        copy_path(pictures_folder(), photo).parent.mkdir(parents=True)
        image = QImage(300, 200, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        assert image.save(str(copy_path(pictures_folder(), photo)))

    monkeypatch.setattr(photo_copies, "_make", make)
    plugin.dock.add_photos([path])
    plugin.dock.photos.setCurrentIndex(plugin.dock.photos.photos.index(0))
    plugin.dock.desk_button.click()
    plugin.desk.actions.place_here()
    (item,) = plugin.dock.session.photos.items
    assert item.desk.work.placement is None
    assert "is being read" in plugin.iface.messageBar().items()[0].text()
    go_on.set()
    qtbot.waitUntil(lambda: item.desk.work.placement is not None, timeout=20_000)
    assert item.desk.work.placement.size == (300, 200)
    assert threads
    assert threading.main_thread() not in threads


def test_the_dialog_the_drop_and_the_folder_know_the_same_files(dock, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args, **_: asked.append(args[3]) or ([], ""))
    dock._choose_photos()
    assert all(f"*{suffix} *{suffix.upper()}" in asked[0] for suffix in SUFFIXES)
    for number, suffix in enumerate(SUFFIXES):
        (tmp_path / f"{number}{suffix}").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    dock.add_photos([tmp_path])
    assert {item.path.suffix for item in dock.session.photos.items} == set(SUFFIXES)
