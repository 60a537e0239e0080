"""AstroLoc's page in QGIS's options, and the report for developers."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtWidgets import QApplication

from astroloc_qgis.qgis_adapters.engine import interpreter
from astroloc_qgis.qgis_adapters.engine.diagnostics import report, without_names, without_secrets


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
