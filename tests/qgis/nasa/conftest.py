"""A stand-in for NASA's database, and the dock of a user who allows to ask it."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE, KEY_VARIABLE, PICTURES_VARIABLE
from astroloc_qgis.qgis_adapters import nasa_access
from tests.engine.nasa.nasa_server import KEY
from tests.engine.nasa.nasa_server import running as running_server


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
