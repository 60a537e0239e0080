"""Pictures come from NASA by the numbers of their photos."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.gui.dock import nasa_bar
from astroloc_qgis.gui.dock.nasa_numbers import NumbersDialog
from astroloc_qgis.qgis_adapters import nasa_access
from astroloc_qgis.qgis_adapters.settings import Settings
from tests.engine.nasa.nasa_server import FILE, JPEG, KEY, NUMBER, refusing, saying
from tests.qgis.conftest import SUCCESS, WARNING
from tests.qgis.files import make_photo
from tests.qgis.nasa.lookups import SECOND, wait


def fetch(dock, monkeypatch, folder, text):
    monkeypatch.setattr(NumbersDialog, "exec", lambda _dialog: QDialog.DialogCode.Accepted)
    monkeypatch.setattr(NumbersDialog, "read", lambda _dialog: (text.split(), []))
    monkeypatch.setattr(NumbersDialog, "chosen_folder", lambda _dialog: folder)
    dock.nasa.add_by_number()


def test_pictures_are_fetched_by_number_and_known_at_once(qtbot, allowed, server, messages, tmp_path, monkeypatch):
    picture = make_photo(tmp_path, "picture").read_bytes()
    server.files = {f"ESC/large/ISS064/{FILE}": picture}
    fetch(allowed, monkeypatch, tmp_path / "pictures", f"{NUMBER} ISS064-E-999999")
    wait(qtbot, allowed)
    (item,) = allowed.session.photos.items
    assert item.path == tmp_path / "pictures" / FILE
    assert item.path.read_bytes() == picture
    assert item.nadir.source == "nasa"
    assert messages()[-1] == (SUCCESS, "Pictures fetched from NASA: 1 of 2. Not: ISS064-E-999999.")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (saying(JPEG[:50_000], "image/jpeg", len(JPEG)), "broke off"),
        (saying(b"<html>", "text/html"), "sent text/html instead of the picture"),
        (refusing(404), "refuses the request (HTTP 404)"),
    ],
)
def test_a_picture_that_does_not_arrive_leaves_nothing(
    qtbot, allowed, server, messages, tmp_path, monkeypatch, fault, words
):
    server.faults = [*[lambda handler: handler.usual()] * 3, *[fault] * 6]
    fetch(allowed, monkeypatch, tmp_path / "pictures", NUMBER)
    wait(qtbot, allowed)
    assert words in messages()[-1][1]
    assert list((tmp_path / "pictures").iterdir()) == []
    assert allowed.session.photos.items == []
    server.faults = []
    fetch(allowed, monkeypatch, tmp_path / "pictures", NUMBER)
    wait(qtbot, allowed)
    assert [item.path.name for item in allowed.session.photos.items] == [FILE]


def test_many_numbers_are_read_in_any_spelling(qtbot, settings):
    dialog = NumbersDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.numbers.setPlainText("ISS064-E-358, iss064e000359\nISS064-E-358;STS-106-718-28 holiday")
    assert dialog.read() == (["ISS064-E-358", "ISS064-E-359", "STS106-718-28"], ["holiday"])
    assert dialog.count.text() == "3 photos · no photo number: holiday"
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert (ok.text(), ok.isEnabled()) == ("Fetch 3 photos", True)
    dialog.numbers.setPlainText("")
    assert not ok.isEnabled()


def test_a_number_and_enter_fetch_a_photo_once_permission_and_key_were_given_in_one_window(
    qtbot, scripted, server, tmp_path, monkeypatch
):
    monkeypatch.setattr(nasa_access, "_manager", lambda: None)
    monkeypatch.setattr(client_module.NasaClient.__init__, "__defaults__", (None, None, 0.0))
    server.files = {f"ESC/large/ISS064/{FILE}": make_photo(tmp_path, "picture").read_bytes()}
    bar, settings = scripted.nasa, scripted.session.settings
    settings.nasa_folder = str(tmp_path / "pictures")
    asked = []

    def allow(dialog):
        assert server.asked == []
        asked.append(dialog)
        dialog.show()
        qtbot.keyClicks(dialog.key, KEY)
        qtbot.keyClick(dialog.key, Qt.Key.Key_Return)
        return dialog.result()

    monkeypatch.setattr(nasa_bar.NasaDialog, "exec", allow)
    for name in (NUMBER, NUMBER):
        qtbot.keyClicks(bar.number, name)
        qtbot.keyClick(bar.number, Qt.Key.Key_Return)
        wait(qtbot, scripted)
        assert bar.number.text() == ""
    assert len(asked) == 1
    (item,) = scripted.session.photos.items
    assert item.path == tmp_path / "pictures" / FILE
    assert item.nadir.source == "nasa"


def test_what_is_no_number_stays_in_the_field_and_is_told(qtbot, allowed, server, messages):
    qtbot.keyClicks(allowed.nasa.number, f"{NUMBER} holiday")
    qtbot.keyClick(allowed.nasa.number, Qt.Key.Key_Return)
    assert allowed.nasa.number.text() == f"{NUMBER} holiday"
    assert messages()[-1] == (WARNING, "“holiday” is no number of a NASA photo: it looks like ISS064-E-358.")
    assert server.asked == []


def test_another_key_fetches_what_was_asked_for(qtbot, allowed, server, tmp_path, monkeypatch):
    server.files = {f"ESC/large/ISS064/{FILE}": make_photo(tmp_path, "picture").read_bytes()}
    allowed.session.settings.nasa_folder = str(tmp_path / "pictures")
    allowed.nasa.keys.session = "wrong"

    def ask(problem=""):
        allowed.nasa.keys.session = KEY
        return bool(problem)

    monkeypatch.setattr(allowed.nasa, "ask", ask)
    qtbot.keyClicks(allowed.nasa.number, NUMBER)
    qtbot.keyClick(allowed.nasa.number, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(allowed.session.photos.items), timeout=10 * SECOND)
    wait(qtbot, allowed)
    assert allowed.session.photos.items[0].path == tmp_path / "pictures" / FILE
