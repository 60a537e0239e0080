"""Click, wait, layers there, in the right place: the plugin with the real engine and generated land of known place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.gui.dock.index_building import build_index
from astroloc_qgis.gui.dock.index_dialog import MODELS
from astroloc_qgis.gui.dock.options_box import MATCHERS
from astroloc_qgis.gui.model.photo_list import PhotoState

from .conftest import ENGINE_SECONDS, WARNING

TIMEOUT = ENGINE_SECONDS * 1000

pytestmark = pytest.mark.slow


@pytest.fixture
def prepared(dock, world, tmp_path):
    """A dock where reference, index and output folder are chosen."""
    layer = QgsRasterLayer(str(world / "reference.tif"), "reference")
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    dock.session.index.choose(world / "index")
    dock.session.settings.output = tmp_path / "out"
    return dock


def localize(qtbot, dock):
    qtbot.mouseClick(dock.localize_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=TIMEOUT)


def corners_of(footprint):
    (feature,) = footprint.getFeatures()
    return np.array([[point.x(), point.y()] for point in feature.geometry().vertices()])[:4]


def metres_off(corners, truth):
    """The worst distance of the corners from the truth, in metres (a degree is 111 km, of longitude less)."""
    scale = 111_320 * np.array([np.cos(np.radians(truth[:, 1].mean())), 1])
    return float(np.hypot(*((corners - truth) * scale).T).max())


def test_a_photo_is_localized_and_its_layers_are_in_the_right_place(qtbot, prepared, world, qgis_canvas):
    prepared.add_photos([world / "ISS099-E-1234.jpg"])
    localize(qtbot, prepared)

    (item,) = prepared.photos.photos.items
    assert item.state is PhotoState.LOCALIZED
    root = QgsProject.instance().layerTreeRoot()
    group = root.findGroup("AstroLoc").findGroup("ISS099-E-1234")
    footprint, raster = (node.layer() for node in group.children())
    assert raster.isValid()
    assert raster.bandCount() == 4
    truth = np.array(json.loads((world / "truth.json").read_text()))
    assert metres_off(corners_of(footprint), truth) < 300  # three pixels of the reference
    shown = qgis_canvas.mapSettings().layerExtentToOutputExtent(raster, raster.extent())
    assert qgis_canvas.extent().contains(shown)

    (feature,) = footprint.getFeatures()
    assert feature["nasa_id"] == "ISS099-E-1234"
    assert feature["inliers"] > 20
    assert 0.5 < feature["confidence"] <= 1
    assert "taken" in feature.fields().names()


def test_a_photo_of_another_place_is_not_localized_and_nothing_is_added(qtbot, prepared, world, messages):
    prepared.add_photos([world / "elsewhere.jpg"])
    prepared.options.matcher.setCurrentIndex(prepared.options.matcher.findData("sift"))
    localize(qtbot, prepared)
    assert prepared.photos.photos.items[0].state is PhotoState.NOT_LOCALIZED
    ((level, sentence),) = messages()
    assert level == WARNING
    assert sentence.startswith("elsewhere was not localized")
    assert [layer.name() for layer in QgsProject.instance().mapLayers().values()] == ["reference"]


def test_a_bad_photo_is_told_in_the_engines_own_sentence(qtbot, prepared, tmp_path, messages):
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    prepared.add_photos([bad])
    localize(qtbot, prepared)
    ((level, sentence),) = messages()
    assert level == WARNING
    assert "bad.jpg" in sentence


def test_killed_in_the_middle_of_matching_the_next_click_localizes(qtbot, prepared, world, messages):
    prepared.add_photos([world / "ISS099-E-1234.jpg"])
    qtbot.mouseClick(prepared.localize_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "matching" in prepared.progress.text.text(), timeout=TIMEOUT)
    os.kill(prepared.session.engine.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=5000)
    assert "stopped unexpectedly" in messages()[-1][1]
    assert not QgsProject.instance().layerTreeRoot().findGroup("AstroLoc")
    localize(qtbot, prepared)
    assert prepared.photos.photos.items[0].state is PhotoState.LOCALIZED


def test_cancelled_in_the_middle_of_matching_within_a_second(qtbot, prepared, world):
    prepared.add_photos([world / "ISS099-E-1234.jpg"])
    qtbot.mouseClick(prepared.localize_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "matching" in prepared.progress.text.text(), timeout=TIMEOUT)
    qtbot.mouseClick(prepared.progress.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=1000)
    assert prepared.photos.photos.items[0].state is PhotoState.NEW


def test_an_index_is_built_from_the_reference_and_chosen(qtbot, prepared, world, tmp_path):
    params = {
        "imagery": str(world / "reference.tif"),
        "zooms": [11],
        "extent": [10.8, 45.8, 11.2, 46.2],
        "model": "efficientnet-lite0-gem",
        "out": str(tmp_path / "index"),
    }
    build_index(prepared.session, params)
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=TIMEOUT)
    assert prepared.session.index.path == tmp_path / "index"
    assert prepared.session.index.problem == ""
    assert "zooms 11" in prepared.index.about.text()


def test_what_the_dock_offers_is_what_the_engine_has():
    code = (
        "import json; from astroloc_qgis.engine.descriptors import registry as descriptors; "
        "from astroloc_qgis.engine.matchers import registry as matchers; "
        "ready = [name for name in matchers.MATCHERS if matchers.ready(name)]; "
        "print(json.dumps([descriptors.offered(), ready]))"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    models, found = json.loads(output)
    assert set(MODELS) == set(models)
    assert set(MATCHERS) - {"auto"} == set(found)


def test_the_process_of_qgis_imports_none_of_the_engines_libraries(prepared):
    assert not {"torch", "faiss", "cv2", "kornia"} & set(sys.modules)
