"""Photos are looked up at NASA with one click; nothing is asked unasked, and no trouble loses anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE, KEY_VARIABLE, PICTURES_VARIABLE
from astroloc_qgis.gui.dock import nasa_bar
from astroloc_qgis.gui.dock.nasa_dialog import NasaDialog
from astroloc_qgis.gui.dock.nasa_numbers import NumbersDialog
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters import nasa_access
from astroloc_qgis.qgis_adapters.desk_tables import read_metadata
from astroloc_qgis.qgis_adapters.nasa_access import KEY_SETTING, KeyStore
from astroloc_qgis.qgis_adapters.settings import Settings
from tests.conftest import ROOT
from tests.engine.nasa.nasa_server import (
    FILE,
    FRAMES,
    JPEG,
    KEY,
    NUMBER,
    another,
    hanging_up,
    refusing,
    saying,
    slow,
)
from tests.engine.nasa.nasa_server import running as running_server

from .conftest import SUCCESS, WARNING
from .files import make_photo

SECOND = 1000


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setattr(client_module, "PAUSES_S", (0.01, 0.02))
    with running_server() as nasa:
        monkeypatch.setenv(DATABASE_VARIABLE, nasa.database)
        monkeypatch.setenv(PICTURES_VARIABLE, nasa.pictures)
        yield nasa


@pytest.fixture
def allowed(scripted, server, monkeypatch):
    """The dock, where the user has allowed to ask NASA and given a key; asking again fails the test."""
    monkeypatch.setattr(nasa_access, "_manager", lambda: None)
    bar = scripted.nasa
    scripted.session.settings.nasa = "yes"
    bar.keys.session = KEY
    monkeypatch.setattr(client_module.NasaClient.__init__, "__defaults__", (None, None, 0.0))
    monkeypatch.setattr(bar, "ask", lambda problem="": pytest.fail(f"asked: {problem}"))
    return scripted


def add(dock, folder, *names):
    dock.add_photos([make_photo(folder, name) for name in names])
    return dock.session.photos.items


def click(qtbot, dock):
    dock.nasa.button.click()
    wait(qtbot, dock)


def wait(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.nasa.lookups.busy, timeout=20 * SECOND)


def test_one_click_fills_in_what_nasa_says_of_all_photos(qtbot, allowed, server, messages, tmp_path):
    server.photos.append(another("ISS064-E-359", frames={**FRAMES, "tilt": "HO", "lat": None}, mlcoord=None))
    first, second, third = add(allowed, tmp_path, NUMBER, "iss064e000359_lrg", "holiday")
    assert allowed.nasa.button.text() == "Look up 2 photos at NASA"
    click(qtbot, allowed)
    assert first.nadir == Nadir(12.3, -45.6, 416_700.0, source="nasa")
    assert first.desk.work.centre == (13.5, -44.0)
    assert first.desk.work.search == {}  # a centre read off a map limits nothing where the nadir is known
    assert second.nadir.source == "nasa"
    assert (first.high_oblique, second.high_oblique) == (False, True)
    assert second.state_line == "new · high oblique"
    assert third.nadir is None
    assert messages()[-1] == (SUCCESS, "NASA knows 2 of 2 photos.")
    assert allowed.options.title() == "Options (nadir: NASA)"
    assert Work.from_json(first.desk.work.to_json()) == first.desk.work
    params = allowed.jobs.photo_job(first, "x.tif").params
    assert (params["nadir_source"], params["nadir"]) == ("nasa", (12.3, -45.6, 416_700.0))
    asked = [path for path, _ in server.asked]
    assert len(asked) == 6
    assert all("holiday" not in path and str(tmp_path) not in path for path in asked)


def test_what_the_user_gave_stays(qtbot, allowed, server, tmp_path):
    (item,) = add(allowed, tmp_path, NUMBER)
    item.desk.change(Work(nadir=Nadir(1.0, 2.0), centre=(3.0, 4.0)), "typed")
    click(qtbot, allowed)
    assert (item.nadir, item.desk.work.centre) == (Nadir(1.0, 2.0), (3.0, 4.0))
    item.desk.stack.undo()
    assert item.desk.work == Work(nadir=Nadir(1.0, 2.0), centre=(3.0, 4.0))


def test_a_second_click_asks_for_what_is_missing_then_for_all_again(qtbot, allowed, server, tmp_path):
    add(allowed, tmp_path, NUMBER)
    click(qtbot, allowed)
    server.photos.append(another("ISS064-E-359"))
    add(allowed, tmp_path, "ISS064-E-359")
    before = len(server.asked)
    click(qtbot, allowed)
    assert len(server.asked) == before + 3
    click(qtbot, allowed)
    assert len(server.asked) == before + 9


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([refusing(500)] * 3, "fails at the moment (HTTP 500)"),
        ([refusing(429, Retry_After="600")], "asked too often (HTTP 429): try again in 10 min"),
        ([saying(b"{")], "cannot be understood"),
        ([saying(b"<html>Log in</html>", "text/html")], "does this network ask you to log in"),
        ([hanging_up] * 30, "broke off"),  # Qt itself tries again a few times
        ([saying(b"[{}", length=400)] * 3, "broke off"),
        ([slow(1.5)] * 3, "did not answer within 0.5 s"),
    ],
    ids=["500", "429", "half", "html", "hung up", "short", "slow"],
)
def test_each_trouble_is_told_and_the_next_click_works(
    qtbot, allowed, server, messages, tmp_path, monkeypatch, faults, words
):
    if words.startswith("did not"):
        monkeypatch.setattr(client_module, "TIMEOUT_S", 0.5)
    (item,) = add(allowed, tmp_path, NUMBER)
    lines = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, _tag, _level: lines.append(text))
    server.faults = list(faults)
    click(qtbot, allowed)
    level, sentence = messages()[-1]
    assert (level, words in sentence) == (WARNING, True), sentence
    assert item.nadir is None
    assert lines
    assert "sEcret" not in "\n".join(lines)
    server.faults = []
    monkeypatch.setattr(client_module, "TIMEOUT_S", 30.0)
    allowed.nasa.lookups._client._not_before = 0.0
    click(qtbot, allowed)
    assert item.nadir.source == "nasa"


def test_no_network_is_told(qtbot, allowed, server, messages, tmp_path, monkeypatch):
    monkeypatch.setenv(DATABASE_VARIABLE, "http://127.0.0.1:9/api")
    (item,) = add(allowed, tmp_path, NUMBER)
    click(qtbot, allowed)
    assert "127.0.0.1 cannot be reached (Connection refused)" in messages()[-1][1]
    assert item.nadir is None


def test_a_photo_that_nasa_does_not_have_is_named(qtbot, allowed, server, messages, tmp_path):
    add(allowed, tmp_path, "ISS064-E-999999")
    click(qtbot, allowed)
    assert messages()[-1] == (WARNING, "NASA's photo database does not have ISS064-E-999999: check the number.")


def test_cancelling_keeps_what_has_arrived(qtbot, allowed, server, tmp_path):
    items = add(allowed, tmp_path, NUMBER, "ISS064-E-359")
    server.faults = [lambda handler: handler.usual()] * 3 + [slow(20)]
    allowed.nasa.button.click()
    qtbot.waitUntil(lambda: items[0].nadir is not None, timeout=10 * SECOND)
    assert allowed.nasa.button.text() == "Cancel (1 of 2 at NASA)"
    allowed.nasa.button.click()
    wait(qtbot, allowed)
    assert items[0].nadir.source == "nasa"
    assert allowed.nasa.button.text() == "Look up 2 photos at NASA"


# ---------------------------------------------------------------- permission and key


def test_nothing_is_asked_before_the_user_allows_it(scripted, server, tmp_path, monkeypatch):
    monkeypatch.setattr(nasa_access, "_manager", lambda: None)
    shown = []
    monkeypatch.setattr(nasa_bar.NasaDialog, "exec", lambda dialog: shown.append(dialog) or QDialog.DialogCode.Rejected)
    add(scripted, tmp_path, NUMBER)
    assert not shown
    scripted.nasa.button.click()
    (dialog,) = shown
    texts = " ".join(label.text() for label in dialog.findChildren(nasa_bar.QWidget) if hasattr(label, "text"))
    assert "Only the photos' numbers, such as ISS064-E-358, and your key go to eol.jsc.nasa.gov" in texts
    assert "no photo, no place, no name of a file" in texts
    assert server.asked == []


def test_a_wrong_key_asks_for_another_and_goes_on_with_it(qtbot, allowed, server, tmp_path, monkeypatch):
    (item,) = add(allowed, tmp_path, NUMBER)
    allowed.nasa.keys.session = "wrong"
    told = []

    def ask(problem=""):
        told.append(problem)
        allowed.nasa.keys.session = KEY
        return True

    monkeypatch.setattr(allowed.nasa, "ask", ask)
    click(qtbot, allowed)
    qtbot.waitUntil(lambda: item.nadir is not None, timeout=10 * SECOND)
    assert len(told) == 1
    assert "does not take this key" in told[0]


def test_the_dialog_takes_key_and_permission(qtbot, settings, monkeypatch):
    monkeypatch.setattr(nasa_access, "_manager", lambda: None)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    keys = KeyStore()
    dialog = NasaDialog(Settings(), keys)
    qtbot.addWidget(dialog)
    allow = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert not allow.isEnabled()
    qtbot.keyClicks(dialog.key, KEY)
    dialog.automatic.click()
    assert allow.isEnabled()
    allow.click()
    assert (keys.read(), Settings().nasa, Settings().nasa_automatic) == (KEY, "yes", "yes")
    values = [str(settings.value(name)) for name in settings.allKeys()]
    assert not any(KEY in value for value in values)
    assert dialog.forget.isHidden()
    again = NasaDialog(Settings(), keys)
    qtbot.addWidget(again)
    assert again.key.text() == ""
    assert again.buttons.button(again.buttons.StandardButton.Ok).isEnabled()
    refused = NasaDialog(Settings(), keys, "It is wrong.")
    qtbot.addWidget(refused)
    assert not refused.buttons.button(refused.buttons.StandardButton.Ok).isEnabled()
    assert refused.problem.text() == "It is wrong."
    again.forget.click()
    assert (keys.has_key, keys.read(), Settings().nasa, Settings().nasa_automatic) == (False, "", "", "")


class Manager:
    """QGIS's authentication database."""

    def __init__(self):
        self.kept = {}

    def isDisabled(self):  # noqa: N802 - the name is QGIS's
        return False

    def existsAuthSetting(self, name):  # noqa: N802
        return name in self.kept

    def authSetting(self, name, default, decrypt):  # noqa: N802
        assert decrypt
        return self.kept.get(name, default)

    def storeAuthSetting(self, name, value, encrypt):  # noqa: N802
        assert encrypt
        self.kept[name] = value
        return True

    def removeAuthSetting(self, name):  # noqa: N802
        return self.kept.pop(name, None) is not None


def test_the_key_is_kept_encrypted_in_qgis_authentication_database(monkeypatch):
    manager = Manager()
    monkeypatch.setattr(nasa_access.QgsApplication, "authManager", staticmethod(lambda: manager))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert not KeyStore().has_key
    assert KeyStore().store(KEY)
    assert manager.kept == {KEY_SETTING: KEY}
    assert KeyStore().has_key
    assert KeyStore().read() == KEY
    assert KeyStore().store("")
    assert not KeyStore().has_key
    monkeypatch.setenv(KEY_VARIABLE, "other")
    assert KeyStore().read() == "other"


KEEP = """
from qgis.core import QgsApplication
application = QgsApplication([], False)
QgsApplication.initQgis()
from astroloc_qgis.qgis_adapters.nasa_access import KeyStore
assert QgsApplication.authManager().setMasterPassword("master", True)
keys = KeyStore()
print(keys.keeps, keys.has_key, keys.store("sEcret/Key+1="), KeyStore().has_key, KeyStore().read())
"""


def test_the_real_authentication_database_keeps_the_key_encrypted(tmp_path):
    environment = {**os.environ, "QGIS_AUTH_DB_DIR_PATH": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    environment.pop(KEY_VARIABLE, None)
    done = subprocess.run(
        [sys.executable, "-c", KEEP],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["True", "False", "True", "True", KEY], done.stderr
    files = list(tmp_path.iterdir())
    assert files
    assert all(b"sEcret" not in file.read_bytes() for file in files if file.is_file())


def test_once_allowed_photos_are_looked_up_as_they_are_added(qtbot, allowed, server, tmp_path):
    allowed.session.settings.nasa_automatic = "yes"
    (item,) = add(allowed, tmp_path, NUMBER)
    qtbot.waitUntil(lambda: item.nadir is not None, timeout=10 * SECOND)
    wait(qtbot, allowed)


# ---------------------------------------------------------------- pictures


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


# ---------------------------------------------------------------- NASA's tables


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("nadir.mission,nadir.roll,nadir.frame,nadir.lat,nadir.lon", "ISS056,E, 181034,46.5,-7.25"),
        ("mission,roll,frame,nlat,nlon,tilt", "ISS056,E,181034,46.5,-7.25,HO"),
        (
            "frames.mission,frames.roll,frames.frame,frames.nlat,frames.nlon,mlcoord.lat",
            "ISS056,E,181034,46.5,-7.25,NULL",
        ),
        ("images.filename,nadir.lat,nadir.lon", "ISS056-E-181034.JPG,46.5,-7.25"),
    ],
)
def test_nasas_own_tables_are_read(tmp_path, header, row):
    path = tmp_path / "nasa.csv"
    path.write_text(f"{header}\n{row}\n")
    known = read_metadata(path).known["ISS56E181034"]
    assert (known.nadir, known.centre) == (Nadir(46.5, -7.25), None)


def test_the_centre_of_nasas_tables_is_told_from_the_nadir(tmp_path):
    path = tmp_path / "nasa.csv"
    path.write_text(
        "mission,roll,frame,lat,lon,nlat,nlon\nISS056,E,181034,44.1,8,46.5,-7.25\nISS056,E,2,44,8,NULL,NULL\n"
    )
    known = read_metadata(path).known
    assert (known["ISS56E181034"].nadir, known["ISS56E181034"].centre) == (Nadir(46.5, -7.25), (44.1, 8.0))
    assert (known["ISS56E2"].nadir, known["ISS56E2"].centre) == (None, (44.0, 8.0))


def test_a_record_of_another_version_is_as_if_there_were_none(tmp_path):
    from astroloc_qgis.gui.model.nasa_facts import record_in

    for plain in ({"number": 5}, {"number": NUMBER, "pictures": [{"x": 1}]}, [], None):
        assert record_in(Work.from_json(json.dumps({"clues": {"nasa": plain}}))) is None


# ---------------------------------------------------------------- by number, in the dock


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


@pytest.mark.parametrize("kept", [False, True])
def test_the_key_is_kept_only_where_that_is_ticked_which_it_is_where_qgis_asks_for_nothing_new(
    qtbot, settings, monkeypatch, kept
):
    manager = Manager()
    manager.masterPasswordHashInDatabase = lambda: kept
    monkeypatch.setattr(nasa_access.QgsApplication, "authManager", staticmethod(lambda: manager))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    keys = KeyStore()
    dialog = NasaDialog(Settings(), keys)
    qtbot.addWidget(dialog)
    assert dialog.keep.isChecked() is kept
    qtbot.keyClicks(dialog.key, KEY)
    dialog.accept()
    assert keys.read() == KEY
    assert manager.kept == ({KEY_SETTING: KEY} if kept else {})
    assert not keys.store(KEY, keep=False)
    assert manager.kept == {}
