"""A real QGIS on a real (if unseen) screen: the plugin from its zip, a photo, the mouse, and the photo on the map."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .desktop import Desktop, are_gone, processes_of, qgis, require_programs

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"

pytestmark = pytest.mark.desktop


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The plugin as `make package` makes it of the files as they are now."""
    require_programs()
    target = tmp_path_factory.mktemp("package") / "astroloc_qgis.zip"
    subprocess.run([sys.executable, str(ROOT / ".ci" / "package.py"), str(target)], check=True, cwd=ROOT)
    return target


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A photo and the reference it shows: the real ones of the demonstration, or generated ones without a network."""
    folder = tmp_path_factory.mktemp("pictures")
    made = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("pictures.py")), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr
    photo, reference = (Path(line) for line in made.stdout.splitlines()[-2:])
    return photo, reference


@pytest.fixture
def desktop(tmp_path, package, pictures):
    with qgis(tmp_path, package, SCREENSHOTS, Path(sys.executable), pictures[1]) as running:
        yield running


def add_photo(desktop: Desktop, photo: Path) -> None:
    desktop.click("add")
    desktop.wait("the dialog is open", lambda status: status["modal"] == "Add photos")
    desktop.type(str(photo))
    desktop.keys("Return")
    desktop.wait("the photo is on the list", lambda status: [name for name, *_ in status["photos"]] == [photo.stem])


def choose_the_first_layer_as_reference(desktop: Desktop, reference: Path) -> None:
    desktop.click("reference")
    time.sleep(0.3)
    desktop.keys("Down", "Return")
    desktop.wait("the reference is chosen", lambda status: status["reference"] == reference.stem)


def build_index(desktop: Desktop) -> None:
    before = desktop.status()["index"]  # of the world index, where that came with the plugin
    desktop.click("build")
    desktop.wait("the dialog is open", lambda status: status["modal"] == "Build index")
    time.sleep(0.5)
    desktop.screenshot("2-build-index")
    desktop.keys("Return")

    def is_there(status: dict[str, Any]) -> bool:
        return "blocks" in status["index"] and status["index"] != before and not status["busy"]

    desktop.wait("the index is there", is_there, seconds=240)


def test_a_photo_is_localized_with_the_mouse(desktop, pictures):
    photo, reference = pictures
    desktop.wait_for_the_map()
    desktop.screenshot("1-empty")
    add_photo(desktop, photo)
    choose_the_first_layer_as_reference(desktop, reference)
    build_index(desktop)
    status = desktop.wait("the photo can be localized", lambda status: status["ready"])
    assert status["hint"] == ""
    desktop.screenshot("3-ready")

    desktop.click("localize")
    desktop.wait("matching has begun", lambda status: "matching" in status["progress"], seconds=60)
    time.sleep(0.3)
    desktop.screenshot("4-running")
    status = desktop.wait("the photo is done", lambda status: not status["busy"], seconds=60)
    ((name, state, note),) = status["photos"]
    assert (name, state) == (photo.stem, "localized"), status["messages"]
    assert "confidence" in note
    assert status["tree"] == {"AstroLoc": {photo.stem: {"Footprint": None, photo.stem: None}}, reference.stem: None}

    status = desktop.wait_for_the_map()
    desktop.screenshot("5-result")
    west, south, east, north = status["extent"]
    ((*corners,),) = status["footprints"]
    assert all(west < lon < east and south < lat < north for lon, lat in corners)
    assert max(lon for lon, _ in corners) - min(lon for lon, _ in corners) > 0.2 * (east - west)


def test_work_is_cancelled_with_the_mouse_and_no_process_outlives_qgis(tmp_path, package, pictures):
    photo, reference = pictures
    with qgis(tmp_path, package, SCREENSHOTS, Path(sys.executable), reference) as desktop:
        add_photo(desktop, photo)
        choose_the_first_layer_as_reference(desktop, reference)
        build_index(desktop)
        desktop.click("localize")
        desktop.wait("the engine works", lambda status: status["progress"] and status["engine"], seconds=60)
        desktop.click("cancel")
        started = time.monotonic()
        status = desktop.wait("the work has ended", lambda status: not status["busy"])
        assert time.monotonic() - started < 1.5
        assert status["photos"] == [[photo.stem, "new", ""]]
        desktop.screenshot("6-cancelled")
        desktop.click("localize")
        desktop.wait("the engine works again", lambda status: status["progress"] and status["engine"])
        assert any("launch.py" in command for command in processes_of(tmp_path))
        desktop.leave("closed")
        assert are_gone(tmp_path)
