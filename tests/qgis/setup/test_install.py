"""The button that sets the engine up, in a QGIS without a window, with the real installer and tiny real packages."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer

from astroloc_qgis.gui.setup.engine_dialog import FOLDER, PYPI
from astroloc_qgis.installer.lock import only_one
from astroloc_qgis.qgis_adapters.engine.installing import qgis_python
from astroloc_qgis.qgis_adapters.engine.interpreter import find_interpreter
from tests.installer.wheels import serve
from tests.qgis.setup.installing import TIMEOUT, install, set_proxy


def test_without_an_engine_the_dock_says_so_and_offers_one_button(fresh):
    banner = fresh.engine_parts.banner
    assert not banner.button.isHidden()
    assert "not installed" in banner.text.text()
    assert banner.device.isHidden()


def test_with_an_engine_the_dock_has_one_quiet_line(plugin):
    banner = plugin.engine_parts.banner
    assert banner.button.isHidden()
    assert banner.device.text().startswith("Engine:")


def test_the_button_shows_what_where_how_large_and_for_which_device(opened, tmp_path):
    dialog = opened.dialog
    assert "alpha 1.0" in dialog.log.toPlainText()
    assert str(tmp_path) in dialog.folder.lineEdit().placeholderText()
    assert "free" in dialog.disk.text()
    assert dialog.device.text()
    assert dialog.install_button.isEnabled()
    assert not (tmp_path / "data" / "astroloc_qgis" / "env").exists()


def test_pressed_it_installs_with_a_live_log_while_qgis_stays_responsive(qtbot, opened):
    shutil.rmtree(opened.setup.folder / "env.part")
    beats = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(time.monotonic()))
    timer.start(20)
    assert install(qtbot, opened)[0] is True
    timer.stop()
    gaps = [later - earlier for earlier, later in itertools.pairwise(beats)]
    assert len(beats) > 20
    assert max(gaps) < 1.0
    assert "alpha" in opened.dialog.log.toPlainText()
    assert opened.banner.button.isHidden()
    assert find_interpreter(opened.dialog._settings).is_file()
    qtbot.waitUntil(lambda: "ready" in opened.dialog.status.text(), timeout=TIMEOUT)


def test_cancelled_it_stops_within_a_second_and_installs_at_the_next_click(qtbot, opened, index):
    index.stall = True
    qtbot.mouseClick(opened.dialog.install_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(index.stalled.is_set, timeout=TIMEOUT)
    with qtbot.waitSignal(opened.setup.ended, timeout=1500) as caught:
        qtbot.mouseClick(opened.dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert caught.args[:2] == [False, "Stopped. What has been done is kept."]
    index.stall = False
    index.go_on.set()
    qtbot.waitUntil(opened.dialog.install_button.isEnabled, timeout=TIMEOUT)
    assert opened.dialog.install_button.text() == "&Retry"
    assert install(qtbot, opened)[0] is True


def test_the_installer_killed_in_the_middle_is_a_sentence_and_the_next_click_works(qtbot, opened, index):
    index.stall = True
    qtbot.mouseClick(opened.dialog.install_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(index.stalled.is_set, timeout=TIMEOUT)
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        os.kill(opened.setup.process.process_id, 9)
    assert caught.args[0] is False
    assert "stopped unexpectedly" in caught.args[1]
    index.stall = False
    index.go_on.set()
    qtbot.waitUntil(opened.dialog.install_button.isEnabled, timeout=TIMEOUT)
    assert install(qtbot, opened)[0] is True


def test_no_network_is_one_sentence_and_the_project_is_as_it_was(qtbot, opened, monkeypatch):
    layer = QgsVectorLayer("Point?crs=EPSG:4326", "mine", "memory")
    QgsProject.instance().addMapLayer(layer)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    well, sentence, details = install(qtbot, opened)
    assert well is False
    assert "cannot be reached" in sentence
    assert details
    assert [each.name() for each in QgsProject.instance().mapLayers().values()] == ["mine"]


def test_while_another_qgis_installs_one_sentence_says_so_and_afterwards_the_click_works(qtbot, opened):
    with only_one(opened.setup.folder):
        well, sentence, _ = install(qtbot, opened)
    assert well is False
    assert "Another QGIS" in sentence
    assert install(qtbot, opened)[0] is True


def test_a_proxy_that_demands_a_password_gets_it_from_qgis_options(qtbot, opened, index, monkeypatch, no_proxy_left):
    with serve(index.folder) as proxy:
        proxy.login = "ada:p@ss/word"
        set_proxy(proxyHost="127.0.0.1", proxyPort=str(proxy.server_port))
        monkeypatch.setenv("PIP_INDEX_URL", "https://127.0.0.1:9/simple")
        well, sentence, _ = install(qtbot, opened)
        assert well is False
        assert "asks for a name and a password" in sentence
        assert "Options > Network" in sentence
        proxy.address = index.address  # it hands on what the index has
        monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/simple")
        set_proxy(proxyUser="ada", proxyPassword="p@ss/word")
        assert install(qtbot, opened)[0] is True
    assert any("alpha" in path for path in proxy.asked)
    assert index.asked == []


def test_a_folder_of_packages_serves_without_network(qtbot, opened, index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    dialog = opened.dialog
    dialog.source.setCurrentIndex(FOLDER)
    dialog.wheels.setFilePath(str(index.folder))
    with qtbot.waitSignal(opened.setup.described, timeout=TIMEOUT):
        dialog.ask()
    qtbot.waitUntil(lambda: not opened.setup.jobs.busy, timeout=TIMEOUT)
    assert install(qtbot, opened)[0] is True


def test_a_half_deleted_engine_is_named_and_repaired_with_one_click(qtbot, opened):
    install(qtbot, opened)
    root = opened.setup.folder
    shutil.rmtree(root / "env" / "bin")
    opened.setup.changed.emit()
    assert "damaged" in opened.banner.text.text()
    with qtbot.waitSignal(opened.setup.described, timeout=TIMEOUT):
        opened.dialog.ask()
    qtbot.waitUntil(opened.dialog.repair_button.isEnabled, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: not opened.setup.jobs.busy, timeout=TIMEOUT)
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        qtbot.mouseClick(opened.dialog.repair_button, Qt.MouseButton.LeftButton)
    assert caught.args[0] is True, caught.args
    assert opened.banner.button.isHidden()


def test_enter_installs(qtbot, opened, monkeypatch):
    pressed = []
    monkeypatch.setattr(opened.setup, "install", lambda **_options: pressed.append(True))
    qtbot.keyClick(opened.dialog.folder.lineEdit(), Qt.Key.Key_Return)
    assert pressed == [True]


def test_when_the_window_closes_the_keyboard_writes_a_photo_s_number(qtbot, opened, fresh):
    window, dock = fresh.iface.mainWindow(), fresh.dock
    window.show()
    dock.show()
    opened.dialog.close_button.click()
    assert window.focusWidget() is dock.nasa.number
    window.hide()


def test_moved_and_removed(qtbot, opened, tmp_path):
    install(qtbot, opened)
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        opened.setup.move(tmp_path / "elsewhere")
    assert caught.args[0] is True, caught.args
    assert find_interpreter(opened.dialog._settings).is_relative_to(tmp_path / "elsewhere")
    qtbot.waitUntil(lambda: not opened.setup.jobs.busy, timeout=TIMEOUT)
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        opened.setup.remove()
    assert caught.args[0] is True, caught.args
    assert "not installed" in opened.banner.text.text()


def test_an_environment_of_ones_own_is_taken(opened, monkeypatch):
    from qgis.PyQt.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: (sys.executable, ""))
    opened.dialog.choose_button.click()
    assert find_interpreter(opened.dialog._settings) == Path(sys.executable)
    assert opened.banner.button.isHidden()


def test_when_the_plugin_is_switched_off_in_the_middle_no_process_is_left(qtbot, opened, index):
    index.stall = True
    qtbot.mouseClick(opened.dialog.install_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(index.stalled.is_set, timeout=TIMEOUT)
    process = opened.setup.process.process_id
    opened.setup.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    index.go_on.set()


def test_the_source_is_kept_and_pypi_is_the_usual_one(opened):
    assert opened.dialog.source.currentIndex() == PYPI
    assert opened.dialog.wheels.isHidden()
    assert opened.dialog.address.isHidden()


def test_qgis_python_is_not_the_one_of_an_environment():
    assert qgis_python().resolve() == (Path(sys.base_prefix) / "bin" / "python3").resolve()
