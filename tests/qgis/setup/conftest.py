"""A user without an engine, with the real installer and tiny real packages."""

from __future__ import annotations

import os
import shutil

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.gui.setup import engine_setup
from astroloc_qgis.qgis_adapters.engine import interpreter
from tests.installer.conftest import a_world, an_interrupted_install
from tests.qgis.setup.installing import TIMEOUT


@pytest.fixture(scope="session")
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


@pytest.fixture
def no_proxy_left(settings):
    yield
    QgsSettings().remove("proxy")
