"""From nothing to a photo on the map: a fresh profile, the zip, one button, an environment made from PyPI.

Downloads some 3 GB on Linux, so it runs only when asked for: ``ASTROLOC_FULL_INSTALL=1 .venv/bin/python .ci/test.py
desktop -k install``.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from .desktop import Desktop, are_gone, qgis
from .test_desktop import (
    SCREENSHOTS,
    add_photo,
    build_index,
    choose_the_first_layer_as_reference,
    package,
    pictures,
)

__all__ = ["package", "pictures"]
ASKED_FOR = "ASTROLOC_FULL_INSTALL"
INSTALL_S = 1500
DONE = ("localized", "needs review")

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(not os.environ.get(ASKED_FOR), reason=f"It downloads 3 GB: set {ASKED_FOR}=1 to run it."),
]


def open_setup(desktop: Desktop) -> None:
    desktop.click("set up")
    desktop.wait("the plan is there", lambda status: "install" in status["widgets"] and "GB" in status["setup"][1])
    time.sleep(0.5)


def test_from_nothing_to_a_photo_on_the_map(tmp_path, package, pictures):
    photo, reference = pictures
    with qgis(tmp_path, package, SCREENSHOTS, None, reference) as desktop:
        desktop.wait_for_the_map()
        status = desktop.status()
        assert "not installed" in status["setup"][0]
        desktop.screenshot("install-1-dock")
        open_setup(desktop)
        desktop.screenshot("install-2-plan")
        started = time.monotonic()
        desktop.click("install")
        desktop.wait("packages arrive", lambda status: "installing the packages" in status["setup"][2], seconds=300)
        time.sleep(4)
        desktop.screenshot("install-3-running")
        desktop.wait("the engine is ready", lambda status: "engine is ready" in status["setup"][2], seconds=INSTALL_S)
        seconds = time.monotonic() - started
        desktop.screenshot("install-4-done")
        desktop.keys("Escape")
        desktop.wait("the window is closed", lambda status: "install" not in status["widgets"])
        add_photo(desktop, photo)
        choose_the_first_layer_as_reference(desktop, reference)
        build_index(desktop)
        desktop.click("localize")
        status = desktop.wait("the photo is done", lambda status: status["photos"][0][1] in DONE, seconds=400)
        desktop.wait_for_the_map()
        desktop.screenshot("install-5-localized")
        command = Path(f"/proc/{status['engine']}/cmdline").read_bytes().split(b"\0")[0].decode()
        assert Path(command).is_relative_to(tmp_path), "the photo was localized by another engine"
        journal = json.loads(next(tmp_path.rglob("env/install.json")).read_text())
        figures = {"seconds": round(seconds, 1), "bytes": journal["size"], "proof": journal["proof"]}
        (SCREENSHOTS / "install.json").write_text(json.dumps(figures, indent=1))
        desktop.leave("closed")
        assert are_gone(tmp_path)
