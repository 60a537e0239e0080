"""The errors that newcomers met: a dead button, a missing dialog, a distorted map, two warnings, a white canvas."""

from __future__ import annotations

import json

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeMapCanvasBridge
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.gui import reference_under
from astroloc_qgis.gui.dock import reference_chooser
from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.qgis_adapters.on_map.map_crs import BEHAVIOUR
from astroloc_qgis.qgis_adapters.on_map.reference_layer import shown_reference

from .files import make_index, make_photo, make_raster, make_result
from .test_plugin import add, click, wait_until_idle

WGS84 = "EPSG:4326"
GUADALAJARA = (-103.7, 20.3, -103.0, 20.9)
ICELAND = (-20.0, 63.5, -18.5, 64.5)


@pytest.fixture
def ready(scripted, tmp_path):
    """A dock where only photos are missing; the index names imagery of its own."""
    scripted.session.index.choose(make_index(tmp_path / "index"))
    return scripted


@pytest.fixture
def map_of_qgis(dock, canvas):
    """The map as QGIS has it: it follows the project's CRS and shows what the layer tree shows."""
    project = QgsProject.instance()
    bridge = QgsLayerTreeMapCanvasBridge(project.layerTreeRoot(), canvas)
    dock.session.iface.layerTreeCanvasBridge = lambda: bridge

    def follow():
        canvas.setDestinationCrs(project.crs())

    project.crsChanged.connect(follow)
    project.setCrs(QgsCoordinateReferenceSystem(WGS84))
    follow()
    yield canvas
    project.crsChanged.disconnect(follow)
    project.clear()
    sip.delete(bridge)  # else it goes on setting up projects


def localize(qtbot, dock, folder, bounds, crs=WGS84, name="photo"):
    """Localize a photo whose result lies at certain bounds; returns its entry in the list."""
    (folder / name).mkdir()
    photo = make_photo(folder / name, "told")
    make_result(photo, crs, bounds)
    dock.add_photos([photo])
    click(qtbot, dock.localize_button)
    wait_until_idle(qtbot, dock)
    item = dock.session.photos.items[-1]
    assert item.state is PhotoState.LOCALIZED, item.note
    return item


def seen(canvas, bounds):
    """The part of the map's view, across and along, that bounds in degrees fill."""
    crs = canvas.mapSettings().destinationCrs()
    transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem(WGS84), crs, QgsProject.instance())
    box, view = transform.transformBoundingBox(QgsRectangle(*bounds)), canvas.extent()
    assert view.contains(box)
    return box.width() / view.width(), box.height() / view.height()


# -- the button is dead after an error


@pytest.mark.parametrize("how", ["fail", "die", "no engine", "unlocated", "no such file"])
def test_after_an_error_the_button_is_alive_and_the_next_click_works(qtbot, ready, tmp_path, how):
    stem = how if how in ("fail", "die", "unlocated") else "told"
    (item,) = add(ready, tmp_path, stem)
    command = ready.session.engine._command
    if how == "no engine":
        ready.session.engine._command = lambda: [str(tmp_path / "no python here")]
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert item.state is (PhotoState.NOT_LOCALIZED if how == "unlocated" else PhotoState.ERROR)
    assert ready.localize_button.isEnabled()
    assert ready.hint.text() == ""
    ready.session.engine._command = command
    states = []
    item_changed = ready.session.photos.dataChanged
    item_changed.connect(lambda *_: states.append(item.state))
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert PhotoState.RUNNING in states
    assert ready.localize_button.isEnabled()


# -- no dialog opens behind "A file…"


def test_a_file_as_reference_is_asked_for_with_the_keyboard_too(qtbot, ready, tmp_path, monkeypatch):
    asked = []

    def ask(_parent, title, _before):
        asked.append(title)
        return str(tmp_path / "reference.tif"), ""

    monkeypatch.setattr(reference_chooser.QFileDialog, "getOpenFileName", ask)
    box = ready.reference.layers
    qtbot.keyClick(box, Qt.Key.Key_End)
    assert box.currentText() == "A file…"
    assert asked == ["Reference imagery"]
    assert ready.session.reference.uri() == str(tmp_path / "reference.tif")
    assert ready.reference.file.isVisibleTo(ready)


# -- a geographic CRS, or an odd one


@pytest.mark.parametrize(
    ("bounds", "crs"),
    [
        (GUADALAJARA, "EPSG:32613"),
        (ICELAND, "EPSG:32627"),
        ((144.0, -38.5, 145.5, -37.5), "EPSG:32755"),
        ((179.0, -17.5, 181.0, -16.0), "EPSG:32701"),
        ((-60.0, 84.5, -50.0, 86.0), "EPSG:3995"),
        ((10.0, -88.0, 20.0, -84.0), "EPSG:3031"),
        ((-30.0, 30.0, 20.0, 60.0), "EPSG:3857"),
    ],
    ids=["Guadalajara", "Iceland", "Melbourne", "Fiji", "Arctic", "Antarctica", "wide"],
)
def test_an_empty_project_gets_a_projected_crs_where_the_result_is_in_degrees(
    qtbot, ready, tmp_path, map_of_qgis, bounds, crs
):
    localize(qtbot, ready, tmp_path, bounds)
    qtbot.wait(200)  # QGIS would set up an empty project for its first layer by now
    assert QgsProject.instance().crs().authid() == crs
    across, along = seen(map_of_qgis, bounds)
    assert max(across, along) > 0.6


def test_a_degree_is_as_long_on_the_map_as_on_the_ground(qtbot, ready, tmp_path, map_of_qgis):
    localize(qtbot, ready, tmp_path, ICELAND)
    crs = map_of_qgis.mapSettings().destinationCrs()
    transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem(WGS84), crs, QgsProject.instance())
    west, south, east, north = ICELAND
    box = transform.transformBoundingBox(QgsRectangle(west, south, east, north))
    # 1.5 degrees of longitude at 64 N are 73 km, a degree of latitude is 111 km; in degrees it would be 1.5 to 1
    assert box.width() / box.height() == pytest.approx(73 / 111, rel=0.06)


def test_a_result_in_metres_keeps_its_own_crs(qtbot, ready, tmp_path, map_of_qgis):
    localize(qtbot, ready, tmp_path, (-11_600_000, 2_280_000, -11_500_000, 2_360_000), "EPSG:3857")
    qtbot.wait(200)
    assert QgsProject.instance().crs().authid() == "EPSG:3857"
    assert map_of_qgis.extent().contains(QgsRectangle(-11_600_000, 2_280_000, -11_500_000, 2_360_000))


def test_a_projected_crs_that_the_user_has_set_for_all_new_projects_stays(qtbot, ready, tmp_path, map_of_qgis):
    QgsSettings().setValue(BEHAVIOUR, "UsePresetCrs")
    try:
        QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:6933"))
        localize(qtbot, ready, tmp_path, ICELAND)
    finally:
        QgsSettings().remove(BEHAVIOUR)
    assert QgsProject.instance().crs().authid() == "EPSG:6933"
    seen(map_of_qgis, ICELAND)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32631", "EPSG:3031", "EPSG:27700", ""])
def test_a_project_with_layers_keeps_its_crs_whatever_it_is_and_nothing_fails(
    qtbot, ready, tmp_path, map_of_qgis, crs, messages
):
    project = QgsProject.instance()
    project.addMapLayer(QgsVectorLayer("Point?crs=EPSG:4326", "the user's own", "memory"))
    project.setCrs(QgsCoordinateReferenceSystem(crs))
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    assert project.crs().authid() == crs
    assert map_of_qgis.extent().isFinite()
    assert len(messages()) <= 2
    assert shown_reference(project) is None
    if crs in ("EPSG:4326", "EPSG:3857"):
        seen(map_of_qgis, GUADALAJARA)


# -- two warnings for one thing


@pytest.mark.parametrize("how", ["fail", "die", "unlocated", "no such file", "no engine"])
@pytest.mark.parametrize("photos", [1, 3])
def test_what_goes_wrong_is_told_once(qtbot, ready, tmp_path, messages, how, photos):
    stem = how if how in ("fail", "die", "unlocated") else "told"
    if how == "no engine":
        ready.session.engine._command = lambda: [str(tmp_path / "no python here")]
    for number in range(photos):
        (tmp_path / str(number)).mkdir()
        ready.add_photos([make_photo(tmp_path / str(number), stem)])
    if how == "no such file":
        for item in ready.session.photos.items:
            item.path.with_suffix(".json").write_text(json.dumps({"status": "localized", "outputs": {}}))
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert len(messages()) == 1


@pytest.mark.parametrize("how", ["fail", "unlocated"])
def test_what_went_wrong_is_off_the_bar_once_the_user_tries_again(qtbot, ready, tmp_path, messages, how):
    add(ready, tmp_path, how)
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert len(messages()) == 1
    click(qtbot, ready.localize_button)
    assert messages() == []
    wait_until_idle(qtbot, ready)
    assert len(messages()) == 1


def test_a_nadir_that_is_none_is_told_once(qtbot, ready, tmp_path, messages):
    add(ready, tmp_path, "work")
    ready.options.setCollapsed(False)
    ready.options.nadir.setText("somewhere")
    ready.options.nadir.setModified(True)
    qtbot.keyClick(ready.options.nadir, Qt.Key.Key_Return)
    ready.options.nadir.setText("somewhere")
    ready.options.nadir.setModified(True)
    ready.options.nadir.editingFinished.emit()  # the field loses the focus
    assert len(messages()) == 1


# -- a white canvas


@pytest.fixture
def imagery(ready, tmp_path):
    """A file as reference, wider than the photo."""
    path = make_raster(tmp_path / "land.tif", WGS84, (-105.0, 19.0, -102.0, 22.0), grey=90)
    ready.reference.set_file(str(path))
    return path


def test_an_empty_project_shows_the_reference_below_the_photo(qtbot, ready, tmp_path, map_of_qgis, imagery):
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    project = QgsProject.instance()
    reference = shown_reference(project)
    assert isinstance(reference, QgsRasterLayer)
    assert reference.source() == str(imagery)
    assert project.layerTreeRoot().layerOrder()[-1] == reference
    assert project.crs().authid() == "EPSG:32613"
    seen(map_of_qgis, GUADALAJARA)
    image = rendered(qtbot, map_of_qgis)
    middle, corner = (image.pixelColor(x, y).red() for x, y in ((400, 300), (3, 3)))
    assert (middle, corner) == (200, 90)  # the photo, and about it the reference instead of white


def rendered(qtbot, canvas):
    """What the map shows."""
    from qgis.core import QgsMapRendererParallelJob

    job = QgsMapRendererParallelJob(canvas.mapSettings())
    with qtbot.waitSignal(job.finished, timeout=20_000):
        job.start()
    return job.renderedImage()


def test_the_reference_comes_once_and_not_again_after_the_user_took_it_off(
    qtbot, ready, tmp_path, map_of_qgis, imagery
):
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    project = QgsProject.instance()
    localize(qtbot, ready, tmp_path, GUADALAJARA, name="second")
    assert len([layer for layer in project.mapLayers().values() if layer.name() == "land"]) == 1
    project.removeMapLayer(shown_reference(project).id())
    localize(qtbot, ready, tmp_path, GUADALAJARA, name="third")
    assert shown_reference(project) is None


def test_imagery_that_is_kept_on_this_computer_is_shown_from_there(
    qtbot, ready, tmp_path, map_of_qgis, imagery, monkeypatch
):
    kept = make_raster(tmp_path / "kept.tif", WGS84, (-105.0, 19.0, -102.0, 22.0))
    monkeypatch.setattr(reference_under, "kept_copy", {str(imagery): kept}.get)
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    assert shown_reference(QgsProject.instance()).source() == str(kept)


def test_without_the_box_no_reference_comes_and_the_box_brings_and_takes_it(
    qtbot, ready, tmp_path, map_of_qgis, imagery
):
    project, box = QgsProject.instance(), ready.result.under
    assert box.isChecked()
    box.setChecked(False)
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    assert shown_reference(project) is None
    box.setChecked(True)
    assert project.layerTreeRoot().layerOrder()[-1] == shown_reference(project)
    box.setChecked(False)
    assert shown_reference(project) is None


def test_a_reference_that_cannot_be_shown_costs_the_result_nothing(qtbot, ready, tmp_path, map_of_qgis, messages):
    item = localize(qtbot, ready, tmp_path, GUADALAJARA)  # the index names x.tif, which does not exist
    assert item.state is PhotoState.LOCALIZED
    assert shown_reference(QgsProject.instance()) is None
    assert len(messages()) == 1
