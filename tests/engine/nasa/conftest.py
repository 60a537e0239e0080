"""NASA's server on this machine, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE, PICTURES_VARIABLE
from astroloc_qgis.engine.nasa.cache import RecordCache
from astroloc_qgis.engine.nasa.client import NasaClient
from astroloc_qgis.engine.nasa.direct import direct
from tests.engine.nasa.nasa_server import KEY, NasaServer, running


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[NasaServer]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(client_module, "PAUSES_S", (0.01, 0.02))
    monkeypatch.setattr(client_module, "INTERVAL_S", 0.0)
    with running() as nasa:
        monkeypatch.setenv(DATABASE_VARIABLE, nasa.database)
        monkeypatch.setenv(PICTURES_VARIABLE, nasa.pictures)
        yield nasa


@pytest.fixture
def client(server: NasaServer, tmp_path: Path) -> NasaClient:
    return NasaClient(KEY, direct, RecordCache(tmp_path / "records"), interval_s=0.0)
