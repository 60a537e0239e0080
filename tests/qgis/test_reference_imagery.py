"""The dock's imagery: Blue Marble kept on this computer, the finer reference, a photo that is too narrow, logins."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsProject, QgsRasterLayer
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE, SERVICES
from astroloc_qgis.engine.imagery.kept.places import kept_file, part_file
from astroloc_qgis.gui.dock import index_building, reference_keeping
from astroloc_qgis.gui.dock.index_dialog import IndexDialog
from astroloc_qgis.gui.dock.reference_narrow import REACH_KM, extent_about, suggest_for, zooms_for
from astroloc_qgis.gui.model.engine_report import on_finer_imagery
from astroloc_qgis.gui.model.work import PhotoState
from astroloc_qgis.qgis_adapters.reference import EXPIRES_S, imagery_uri
from tests.qgis.conftest import SECOND, SUCCESS, WARNING
from tests.qgis.files import make_index, make_photo
from tests.qgis.test_reference import make_raster

XYZ = "type=xyz&url=https://example.org/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=12&zmin=0"
SENTINEL = "sentinel-2-2016"


@pytest.fixture
def answer(monkeypatch):
    """Answers the question about a licence; keeps what was asked."""
    asked = []

    def set_answer(button):
        monkeypatch.setattr(QMessageBox, "question", lambda *arguments: asked.append(arguments[2]) or button)
        return asked

    return set_answer


def items_of(box):
    return [(box.itemText(number), box.itemData(number)) for number in range(box.count())]


def test_blue_marble_is_kept_from_the_dock(qtbot, dock, messages, tmp_path, monkeypatch):
    row = dock.keeping
    assert row.button.text() == "&Keep Blue Marble on this computer…"
    part_file(BLUE_MARBLE).parent.mkdir(parents=True)
    part_file(BLUE_MARBLE).write_bytes(bytes(83_000_000))
    row.refresh()
    assert row.button.text() == "Blue Marble: 83 MB of about 170 MB…"
    part_file(BLUE_MARBLE).unlink()
    kept_file(BLUE_MARBLE).write_bytes(b"tiles")  # as if it had come: the engine says so at once
    monkeypatch.setattr(reference_keeping.KeepingDialog, "exec", lambda _self: reference_keeping.DOWNLOAD)
    row.ask()
    assert dock.session.busy
    assert not row.button.isEnabled()
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=180 * SECOND)
    assert messages()[-1][0] == SUCCESS
    assert "Blue Marble is on this computer now (0 MB)" in messages()[-1][1]
    assert row.button.text() == "Blue Marble is on this computer…"
    monkeypatch.setattr(reference_keeping.KeepingDialog, "exec", lambda _self: reference_keeping.REMOVE)
    row.ask()
    assert not kept_file(BLUE_MARBLE).exists()
    assert row.button.text() == "&Keep Blue Marble on this computer…"


def test_photos_are_queued_behind_the_fetch_and_nothing_else(dock, tmp_path, monkeypatch):
    ran = []
    dock.session.index.choose(make_index(tmp_path / "index"))
    dock.add_photos([make_photo(tmp_path, "a")])
    monkeypatch.setattr(dock.session.engine, "request", lambda method, _params: ran.append(method))
    dock.session.blue_marble.keep()
    assert dock.localize_button.isEnabled()
    dock.localize_button.click()
    assert ran == ["imagery_keep"]
    assert dock.session.photos.items[0].state is PhotoState.WAITING
    assert not dock.localize_button.isEnabled()
    assert dock.session.jobs.methods == {"imagery_keep", "localize"}


def test_a_file_that_is_no_blue_marble_is_refused_in_a_sentence(qtbot, dock, messages, tmp_path, monkeypatch):
    wrong = make_raster(tmp_path / "wrong.mbtiles", "MBTILES", size=256)
    monkeypatch.setattr(reference_keeping.KeepingDialog, "exec", lambda _self: reference_keeping.FROM_FILE)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(wrong), ""))
    dock.keeping.ask()
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=180 * SECOND)
    assert messages()[-1][0] == WARNING
    assert "lacks zoom 5, 6, 7, 8" in messages()[-1][1]


def test_the_dialog_says_what_is_there_and_offers_what_can_be_done(dock):
    dialog = reference_keeping.KeepingDialog(dock.session.blue_marble, dock)
    assert (dialog.download.isEnabled(), dialog.remove.isEnabled()) == (True, False)
    kept_file(BLUE_MARBLE).parent.mkdir(parents=True)
    kept_file(BLUE_MARBLE).write_bytes(b"tiles")
    dialog = reference_keeping.KeepingDialog(dock.session.blue_marble, dock)
    assert (dialog.download.isEnabled(), dialog.remove.isEnabled()) == (False, True)
    dialog.remove.click()
    assert dialog.result() == reference_keeping.REMOVE


def test_the_finer_reference_is_a_service_a_layer_or_a_file(dock, tmp_path, monkeypatch, answer):
    box = dock.finer.box
    assert items_of(box)[0] == ("None", "")
    assert {key for key in SERVICES if key != "blue-marble"} <= {name for _, name in items_of(box)}
    assert dock.session.finer.uri() is None
    box.activated.emit(box.findData("modis-terra"))
    assert dock.session.finer.uri() == "modis-terra"
    assert dock.session.settings.finer == "modis-terra"
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a.tif")), "fine map")
    QgsProject.instance().addMapLayer(layer)
    assert ("fine map", f"layer:{layer.id()}") in items_of(box)
    box.activated.emit(box.findText("fine map"))
    assert dock.session.finer.uri() == str(tmp_path / "a.tif")
    QgsProject.instance().removeMapLayer(layer.id())
    assert dock.session.finer.uri() is None
    assert box.currentText() == "None"
    path = str(make_raster(tmp_path / "b.tif"))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    box.activated.emit(box.count() - 1)
    assert dock.session.finer.uri() == path
    assert box.currentText() == "b.tif"


def test_a_licence_is_shown_before_the_first_use_and_only_then(dock, answer):
    box = dock.finer.box
    buttons = QMessageBox.StandardButton
    asked = answer(buttons.No)
    box.activated.emit(box.findData("sentinel-2"))
    assert "CC BY-NC-SA 4.0" in asked[0]
    assert "EOX IT Services GmbH" in asked[0]
    assert dock.session.finer.uri() is None
    assert box.currentText() == "None"
    answer(buttons.Yes)
    box.activated.emit(box.findData("sentinel-2"))
    box.activated.emit(0)
    box.activated.emit(box.findData("sentinel-2"))
    assert dock.session.finer.uri() == "sentinel-2"
    assert len(asked) == 2


def test_the_finer_reference_goes_to_the_engine_with_each_photo(dock, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a"), make_photo(tmp_path, "b")])
    items = dock.session.photos.items
    dock.session.finer.choose("modis-aqua")
    assert dock.jobs.photo_job(items[0], None).params["finer"] == "modis-aqua"
    assert dock.jobs.sequence_job(items, None).params["finer"] == "modis-aqua"


def test_what_an_index_names_is_opened_as_the_engine_opens_it(dock, tmp_path):
    folder = make_index(tmp_path / "index")
    info = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    (folder / "index.json").write_text(json.dumps({**info, "imagery_uri": BLUE_MARBLE.uri()}), encoding="utf-8")
    dock.session.index.choose(folder)
    assert dock.session.imagery() == BLUE_MARBLE.uri()
    assert f"Imagery: {BLUE_MARBLE.address}" in dock.index.about.toolTip()


@pytest.mark.parametrize(("used", "words"), [(True, "refined on fine.tif"), (False, "not refined on fine.tif")])
def test_the_list_says_what_became_of_the_second_stage(dock, used, words):
    assert on_finer_imagery({"finer": {"imagery": "/maps/fine.tif", "used": used, "reason": "so"}}) == words
    assert on_finer_imagery({"finer": None}) == ""


@pytest.fixture
def narrow(dock, tmp_path):
    """A photo that the world index could not find, since it is too narrow."""
    dock.add_photos([make_photo(tmp_path, "a")])
    (item,) = dock.session.photos.items
    reason = "too narrow for this index: about 20 km wide, the imagery shows 611 m a pixel; too few inliers"
    work = replace(item.desk.work, state=PhotoState.NOT_LOCALIZED, facts={"reason": reason}, nadir=Nadir(10.0, 20.0))
    item.desk.change(work, "Localize: not found")
    dock.refresh()
    return item


def test_a_photo_that_is_too_narrow_says_so_and_offers_an_index(dock, narrow, monkeypatch, answer):
    assert not dock.narrow.isHidden()
    assert "a is too narrow for this index: about 20 km wide." in dock.narrow.text.text()
    assert not dock.narrow.button.isHidden()
    built, dialogs = [], []
    answer(QMessageBox.StandardButton.Yes)
    monkeypatch.setattr(IndexDialog, "exec", lambda self: dialogs.append(self) or IndexDialog.DialogCode.Accepted)
    monkeypatch.setattr(index_building, "build_index", lambda _session, params: built.append(params))
    dock.narrow.button.click()
    (params,) = built
    assert params["imagery"] == SENTINEL
    assert params["zooms"] == [12, 13]
    west, south, east, north = params["extent"]
    assert (west + east) / 2 == pytest.approx(20.0, abs=0.01)
    assert (north - south) * 111.2 == pytest.approx(2 * REACH_KM, rel=0.01)
    assert "index-about-a" in params["out"]
    assert dock.session.finer.uri() == SENTINEL


def test_without_a_nadir_it_asks_for_one_and_other_photos_have_no_offer(dock, narrow):
    narrow.desk.change(replace(narrow.desk.work, nadir=None), "no nadir")
    dock.refresh()
    assert dock.narrow.button.isHidden()
    assert "With its nadir" in dock.narrow.text.text()
    for reason in ("night: 94% of the photo is dark", ""):
        narrow.desk.change(replace(narrow.desk.work, facts={"reason": reason}), "other")
        dock.refresh()
        assert dock.narrow.isHidden()


def test_what_was_tried_in_vain_on_the_world_index_may_be_too_narrow(dock, narrow, tmp_path):
    narrow.desk.change(replace(narrow.desk.work, facts={"reason": "too few inliers"}), "other")
    dock.refresh()
    assert "may be too narrow" in dock.narrow.text.text()
    dock.session.index.choose(make_index(tmp_path / "index"))
    assert dock.narrow.isHidden()


@pytest.mark.parametrize(
    ("km", "latitude", "zooms"), [(20, 0, [12, 13]), (40, 0, [11, 12]), (5, 0, [14]), (500, 0, [9])]
)
def test_the_zooms_suit_the_width_of_the_photo(km, latitude, zooms):
    assert zooms_for(km, latitude) == zooms


def test_an_extent_ends_at_the_antimeridian(dock, narrow):
    assert extent_about(Nadir(0.0, 179.0), 300)[2] == 180.0
    assert suggest_for(narrow, "fine").zooms == [12, 13]


def stored_login(method, **values):
    """A login of QGIS's authentication database, as layers name it."""
    manager = QgsApplication.authManager()
    if not manager.masterPasswordIsSet():
        assert manager.setMasterPassword("master", True)
    config = QgsAuthMethodConfig(method)
    config.setName("test")
    for name, value in values.items():
        config.setConfig(name, value)
    stored = manager.storeAuthenticationConfig(config)
    if not (stored[0] if isinstance(stored, tuple) else stored):
        pytest.skip("this QGIS has no authentication database")
    return config.id()


def test_a_layer_with_a_stored_password_is_read_with_it(qgis_app):
    login = {"username": "me", "password": "a&b"}
    name = stored_login("Basic", **login)
    uri = imagery_uri(QgsRasterLayer(f"{XYZ}&authcfg={name}", "private", "wms"))
    assert "<UserPwd>me:a&amp;b</UserPwd>" in uri


def test_a_layer_with_a_stored_key_is_read_with_its_header(qgis_app):
    if "APIHeader" not in QgsApplication.authManager().authMethodsKeys():
        pytest.skip("this QGIS has no such method")
    name = stored_login("APIHeader", **{"X-Key": "12"})
    assert "<HttpHeaders>X-Key: 12</HttpHeaders>" in imagery_uri(QgsRasterLayer(f"{XYZ}&authcfg={name}", "p", "wms"))


def test_a_login_that_is_not_there_is_refused_by_the_layers_name(qgis_app):
    with pytest.raises(InputError, match="“private”"):
        imagery_uri(QgsRasterLayer(f"{XYZ}&authcfg=abc1234", "private", "wms"))


def test_a_wmts_layer_becomes_a_description_that_gdal_reads(qgis_app):
    source = (
        "contextualWMSLegend=0&crs=EPSG:3857&dpiMode=7&format=image/jpeg&layers=land&styles=default"
        "&tileMatrixSet=web&url=https://example.org/wmts"
    )
    uri = imagery_uri(QgsRasterLayer(source, "service", "wms"))
    assert "<GetCapabilitiesUrl>https://example.org/wmts?SERVICE=WMTS&amp;REQUEST=GetCapabilities</Get" in uri
    assert "<Layer>land</Layer><Style>default</Style><TileMatrixSet>web</TileMatrixSet>" in uri
    assert f"<Expires>{EXPIRES_S}</Expires>" in uri
    with pytest.raises(InputError, match="“service”, which has a time"):
        imagery_uri(QgsRasterLayer(f"{source}&tileDimensions=time%3D2020-01-01", "service", "wms"))


def test_the_kept_file_is_where_the_engine_looks(dock):
    from astroloc_qgis.engine.imagery.tile_cache import EXPIRES_S as OF_THE_ENGINE

    assert OF_THE_ENGINE == EXPIRES_S
    assert str(kept_file(BLUE_MARBLE)).endswith("astroloc/imagery/blue-marble.mbtiles")
