"""The button that sets the engine up, in a QGIS without a window, with the real installer and tiny real packages."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import kept_file
from astroloc_qgis.gui import blue_marble
from astroloc_qgis.gui.setup import engine_setup
from astroloc_qgis.gui.setup.engine_dialog import FOLDER, PYPI
from astroloc_qgis.installer.lock import only_one
from astroloc_qgis.installer.machine import system_key
from astroloc_qgis.qgis_adapters.engine import interpreter
from astroloc_qgis.qgis_adapters.engine.diagnostics import report, without_names, without_secrets
from astroloc_qgis.qgis_adapters.engine.installing import installer_environment, qgis_python
from astroloc_qgis.qgis_adapters.engine.interpreter import find_interpreter
from astroloc_qgis.qgis_adapters.engine.network import proxy_address, proxy_variables
from astroloc_qgis.worker.protocol import ProgressEvent
from tests.installer.conftest import a_world, an_interrupted_install
from tests.installer.wheels import hashed_line, make_wheel, serve

TIMEOUT = 120_000


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An environment without packages, as an interrupted install leaves it."""
    with an_interrupted_install(tmp_path_factory.mktemp("template")) as made:
        return made.root


@pytest.fixture
def world(tmp_path, template):
    """Tiny packages, an index that serves them, and a begun install in the user's folder."""
    with a_world(tmp_path) as made:
        shutil.copytree(template, tmp_path / "data" / "astroloc_qgis", symlinks=True)
        yield made


@pytest.fixture
def index(world):
    return world.index


@pytest.fixture
def fresh(plugin, world, tmp_path, monkeypatch):
    """The dock of a user who has no engine; what would be installed is tiny, all else is real."""
    monkeypatch.delenv("ASTROLOC_PYTHON")
    monkeypatch.setattr(interpreter, "PACKAGE", tmp_path / "plugins" / "astroloc_qgis")  # no checkout around it
    monkeypatch.setenv("PIP_INDEX_URL", f"{world.index.address}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    real = engine_setup.install_params
    tiny = {key: value for key, value in world.params.items() if key != "root"}
    monkeypatch.setattr(engine_setup, "install_params", lambda settings: {**real(settings), **tiny})
    plugin.dock.session.settings.imagery_with_engine = "no"  # nothing of it is there, and nothing is fetched from NASA
    plugin.engine_parts.setup.changed.emit()
    return plugin


@pytest.fixture
def opened(fresh, qtbot):
    """The window, as the button opens it, with the plan in it."""
    parts = fresh.engine_parts
    qtbot.mouseClick(parts.banner.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(parts.dialog._plan), timeout=TIMEOUT)
    qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
    return parts


def install(qtbot, parts):
    with qtbot.waitSignal(parts.setup.ended, timeout=TIMEOUT) as caught:
        qtbot.mouseClick(parts.dialog.install_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
    return caught.args


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


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts an NVIDIA driver into the machine, or takes it out."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    def put(there):
        listed = "echo 'RTX A2000, 6138, 580.65.06'; echo 'CUDA Version: 13.0'" if there else "exit 9"
        program.write_text(f"#!/bin/sh\n{listed}\n")
        program.chmod(0o755)

    put(there=False)
    return put


@pytest.fixture
def two_builds(world, tmp_path, driver, monkeypatch):
    """Two builds of a tiny torch: the index has the one with CUDA, an index of its own the small one."""
    own = tmp_path / "pytorch"
    own.mkdir()
    small = make_wheel(own, "torch", "1.0+cpu")
    with world.lock.open("a") as lock:
        lock.writelines(hashed_line(make_wheel(world.wheels, name)) for name in ("torch", "nvidia-cublas"))
    file = tmp_path / "torch_cpu.json"
    with serve(own) as server:
        sha256 = hashlib.sha256(small.read_bytes()).hexdigest()
        wheels = {f"cp{sys.version_info[0]}{sys.version_info[1]}-{system_key()}": sha256}
        data = {"index": f"{server.address}/simple", "version": "1.0+cpu", "wheels": wheels, "sizes": {}}
        file.write_text(json.dumps(data))
        monkeypatch.setattr(type(world), "params", {**world.params, "torch_cpu": str(file)})
        yield server


def told(qtbot, parts, words):
    """Ask again until the window has words about the state, not about what has just ended."""
    for _ in range(3):
        qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
        with qtbot.waitSignal(parts.setup.described, timeout=TIMEOUT):
            parts.dialog.ask()
        if words in parts.dialog.status.text():
            break
    qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
    return words in parts.dialog.status.text()


def test_a_small_engine_is_changed_to_cuda_with_one_click_once_a_driver_is_there(qtbot, two_builds, driver, opened):
    dialog = opened.dialog
    assert "processor alone" in dialog.torch.text()
    assert "PyTorch's own index is out of reach" in dialog.download.text()
    assert dialog.change_button.isHidden()
    assert install(qtbot, opened)[0] is True
    assert told(qtbot, opened, "up to date")
    driver(there=True)
    assert told(qtbot, opened, "RTX A2000")
    assert not dialog.install_button.isEnabled()
    assert not dialog.change_button.isHidden()
    two_builds.status = 404  # the change needs the usual index alone
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        qtbot.mouseClick(dialog.change_button, Qt.MouseButton.LeftButton)
    assert caught.args[0] is True, caught.args
    assert opened.setup.journal.build == "pypi"
    assert told(qtbot, opened, "up to date")
    assert "with CUDA" in dialog.torch.text()


def test_a_change_that_fails_can_be_tried_again_or_left(qtbot, two_builds, opened, index):
    install(qtbot, opened)
    assert told(qtbot, opened, "up to date")
    index.status = 404
    dialog = opened.dialog
    with qtbot.waitSignal(opened.setup.ended, timeout=TIMEOUT) as caught:
        qtbot.mouseClick(dialog.change_button, Qt.MouseButton.LeftButton)
    assert caught.args[0] is False
    qtbot.waitUntil(dialog.install_button.isEnabled, timeout=TIMEOUT)
    assert dialog.install_button.text() == "&Retry"
    with qtbot.waitSignal(opened.setup.described, timeout=TIMEOUT):
        dialog.change_button.click()
    assert dialog._settings.torch_build == ""
    assert not dialog.install_button.isEnabled()
    assert opened.setup.journal.build == "cpu"


@pytest.mark.parametrize("wanted", [True, False])
def test_blue_marble_comes_with_the_engine_where_its_box_is_ticked(qtbot, opened, fresh, wanted, monkeypatch):
    session, dialog, asked = fresh.dock.session, opened.dialog, []
    monkeypatch.setattr(session.jobs, "run", asked.extend)
    QgsSettings().remove("astroloc/imagery/with_engine")  # as of a new user
    dialog._refresh()
    assert dialog.imagery.isEnabled()
    assert dialog.imagery.isChecked()
    assert "170 MB" in dialog.imagery.text()
    assert dialog.install_button.isDefault()
    if not wanted:
        dialog.imagery.click()
        assert session.settings.imagery_with_engine == "no"
    assert install(qtbot, opened)[0] is True
    assert [job.method for job in asked] == ["imagery_keep"] * wanted
    assert session.blue_marble.busy is wanted
    if wanted:
        assert dialog.bar.isVisible()
        session.jobs.started.emit(asked[0], 1, 1)
        session.jobs.progressed.emit(ProgressEvent(1, "fetch", 0.25))
        assert dialog.status.text() == "7/7 fetching Blue Marble…"
        assert dialog.bar.value() == 250
        kept_file(BLUE_MARBLE).parent.mkdir(parents=True, exist_ok=True)
        kept_file(BLUE_MARBLE).write_bytes(b"tiles")
        asked[0].done({"bytes": 170_000_000})
        assert "Blue Marble is on this computer now (170 MB)" in dialog.status.text()
        assert not dialog.imagery.isEnabled()
    qtbot.waitUntil(lambda: not opened.setup.jobs.busy, timeout=TIMEOUT)
    assert not dialog.bar.isVisible()
    assert dialog.focusWidget() is dialog.close_button


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


def test_blue_marble_is_not_fetched_where_there_is_no_network(opened, fresh):
    settings, dialog = fresh.dock.session.settings, opened.dialog
    settings.imagery_with_engine = "yes"
    dialog._refresh()
    assert dialog.imagery.is_wanted
    settings.wheels = "/a folder of packages"
    dialog._refresh()
    assert not dialog.imagery.is_wanted
    assert not dialog.imagery.isEnabled()


def test_blue_marble_is_not_offered_where_there_is_no_room_for_it(opened, fresh, monkeypatch):
    dialog = opened.dialog
    monkeypatch.setattr(blue_marble.shutil, "disk_usage", lambda _place: shutil._ntuple_diskusage(10**12, 10**12, 1))
    dialog._show_plan(dialog._plan)
    assert not dialog.imagery.isEnabled()
    assert not dialog.imagery.is_wanted
    assert "No room" in dialog.imagery.text()


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


# Proxy and certificates


def set_proxy(**values):
    for key, value in {"proxyEnabled": True, "proxyType": "HttpProxy", **values}.items():
        QgsSettings().setValue(f"proxy/{key}", value)


@pytest.fixture
def no_proxy_left(settings):
    yield
    QgsSettings().remove("proxy")


def test_the_proxy_is_the_one_of_qgis_with_name_and_password_escaped(no_proxy_left):
    set_proxy(proxyHost="proxy.example", proxyPort="3128", proxyUser="ada", proxyPassword="p@ss/word")
    variables = proxy_variables()
    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == "http://ada:p%40ss%2Fword@proxy.example:3128"


def test_without_a_proxy_in_qgis_there_is_none(no_proxy_left):
    set_proxy(proxyEnabled=False, proxyHost="proxy.example")
    assert proxy_variables() == {}


def test_what_goes_around_the_proxy_does_so_in_the_child_too(no_proxy_left):
    set_proxy(proxyHost="proxy.example", noProxyUrls=["https://intranet.example/maps", "other.example"])
    assert proxy_variables()["NO_PROXY"] == "intranet.example,other.example"


def test_a_socks_proxy_keeps_its_kind():
    assert proxy_address("socks5h", "proxy.example", "1080") == "socks5h://proxy.example:1080"


def test_only_the_child_gets_the_proxy_and_pip_keeps_its_addresses_alone(no_proxy_left, monkeypatch):
    set_proxy(proxyHost="proxy.example")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_TARGET", "/somewhere")
    environment = installer_environment()
    assert environment.value("HTTPS_PROXY") == "http://proxy.example"
    assert environment.value("PIP_INDEX_URL") == "https://mirror.example/simple"
    assert not environment.contains("PIP_TARGET")
    assert "proxy.example" not in os.environ.get("HTTPS_PROXY", "")


def test_the_engine_reads_imagery_through_the_proxy_too(no_proxy_left):
    set_proxy(proxyHost="proxy.example")
    assert interpreter.engine_environment().value("HTTPS_PROXY") == "http://proxy.example"


def test_the_certificates_that_qgis_trusts_are_handed_to_pip(monkeypatch):
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    file = Path(installer_environment().value("PIP_CERT"))
    assert "BEGIN CERTIFICATE" in file.read_text()


# Options and report


@pytest.fixture
def page(plugin):
    made = plugin._options.createWidget(None)
    yield made
    made.deleteLater()


def test_the_options_page_shows_and_keeps_every_setting(page, plugin):
    page.threads.setValue(3)
    page.memory.setValue(2048)
    page.timeout.setValue(77)
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.log_level.setCurrentIndex(page.log_level.findData("DEBUG"))
    page.weights.setFilePath("/some/weights")
    page.apply()
    settings = plugin.dock.session.settings
    assert (settings.threads, settings.memory, settings.timeout) == ("3", "2048", "77")
    command = interpreter.engine_command(settings)
    assert command[command.index("--threads") + 1] == "3"
    assert command[command.index("--memory") + 1] == "2048"
    assert command[command.index("--device") + 1] == "cpu"
    assert command[command.index("--log-level") + 1] == "DEBUG"
    assert interpreter.engine_environment().value("ASTROLOC_WEIGHTS") == "/some/weights"
    assert plugin.dock.session.engine._silence_timer.interval() == 77_000


def test_the_page_tells_the_sizes_of_the_caches_and_clears_them(page, tmp_path):
    logs = tmp_path / "data" / "astroloc_qgis" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "engine.log").write_bytes(b"x" * 2_000_000)
    page.clear_buttons[-1].click()
    assert not logs.exists()


def test_the_report_says_what_a_developer_asks_first(page):
    text = page.copy_report()
    assert text == QApplication.clipboard().text()
    for word in ("AstroLoc 0.1.0", "QGIS 3.", "GDAL", "Python 3.", "engine:", "device auto"):
        assert word in text


def test_the_report_holds_no_secret_and_no_name_unless_allowed(plugin, page, tmp_path):
    plugin.engine_parts.setup.last_failure = (
        f"The photo {tmp_path}/secret places/ISS060-E-1.jpg is broken: ISS060-E-1.jpg\n"
        'File "/home/ada/.local/astroloc_qgis/engine/photo/reading.py", line 3\n'
        "http://ada:pass@proxy.example:1 C:\\Users\\Ada Lovelace\\x.tif token=abc123"
    )
    text = page.copy_report()
    for secret in ("secret places", "ISS060", str(tmp_path), "/home/ada", "pass@", "Lovelace", "abc123"):
        assert secret not in text
    assert "astroloc_qgis/engine/photo/reading.py" in text
    page.names.setChecked(True)
    text = page.copy_report()
    assert "ISS060-E-1.jpg" in text
    assert "pass@" not in text
    assert "abc123" not in text


@pytest.mark.parametrize(
    "text",
    ["12/24 tie points", "a ratio of 3/4", "https://example.org/x", "and/or", "zoom 9/10/11", "JSON: {}"],
)
def test_what_is_no_path_stays(text):
    assert without_names(text).replace("<path>", "") == text or "example" in text
    assert without_secrets(text) == text


def test_the_report_of_a_plugin_without_engine_is_made_too(fresh):
    assert "none (" in report(fresh.dock.session.settings)
