"""Which build of torch is installed, and its change to another once a driver is there."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.installer.machine import system_key
from tests.installer.wheels import hashed_line, make_wheel, serve
from tests.qgis.setup.installing import TIMEOUT, install, told


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
