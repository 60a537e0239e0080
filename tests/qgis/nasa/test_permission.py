"""NASA is asked nothing unasked; the key is kept where QGIS keeps secrets, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.nasa.addresses import KEY_VARIABLE
from astroloc_qgis.gui.dock import nasa_bar
from astroloc_qgis.gui.dock.nasa_dialog import NasaDialog
from astroloc_qgis.qgis_adapters import nasa_access
from astroloc_qgis.qgis_adapters.nasa_access import KEY_SETTING, KeyStore
from astroloc_qgis.qgis_adapters.settings import Settings
from tests.conftest import ROOT
from tests.engine.nasa.nasa_server import KEY, NUMBER
from tests.qgis.nasa.lookups import SECOND, add, click


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
