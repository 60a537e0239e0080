"""What is known of photos before they are localized: nadir and centre from tables, the search area, names of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui.desk import photo_position
from astroloc_qgis.gui.desk.file_names import file_names
from astroloc_qgis.gui.desk.panels.details_panel import CENTRE, EXTENT, NADIR_FIRST, RADIUS, WHOLE, DetailsPanel
from astroloc_qgis.gui.localization_jobs import _why_not
from astroloc_qgis.gui.model.places import parse_nadir
from astroloc_qgis.gui.model.work import PhotoState, Work
from astroloc_qgis.qgis_adapters.desk_tables import photo_key, read_metadata

from .files import make_photo


@pytest.mark.parametrize(
    "name", ["ISS056-E-181034", "iss056e181034_lrg.jpg", "ISS056-E-181034.tif", "ISS56-E-181034", "ISS056-E-0181034"]
)
def test_a_photos_number_is_the_same_in_every_spelling(name):
    assert photo_key(name) == "ISS56E181034"


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("iss073e0918643_small.jpg", "ISS073-E-0918643", "ISS073-E-918643"), "ISS73E918643"),
        (("iss073e1918643.jpg", "ISS073-E-1918643"), "ISS73E1918643"),
        (("STS-106-718-28", "sts106-718-028_lrg.jpg"), "STS106-718-28"),
        (("STS-106-E-5090", "STS106-E-5090"), "STS106E5090"),
        (("AS17-148-22727", "as17-148-22727_small.jpg"), "AS17-148-22727"),
        (("SL4-137-3655", "sl4-137-3655.tif"), "SL4-137-3655"),
        (("NM23-725-500", "nm23-725-500_lrg.jpg"), "NM23-725-500"),
    ],
)
def test_numbers_of_today_and_of_film_have_a_key(names, key):
    assert {photo_key(name) for name in names} == {key}


def test_a_name_without_a_number_has_no_key():
    assert photo_key("holiday.jpg") == ""


@pytest.mark.parametrize(
    "table",
    [
        "Photo,Nadir Lat,Nadir Lon,Center Lat,Center Lon\nISS056-E-181034,45.5,9.25,44.1,8.0\n",
        "mission;roll;frame;nadir_lat;nadir_lon;centre_lat;centre_lon\nISS056;E;181034;45.5;9.25;44.1;8.0\n",
        "Image File\tNADIR LATITUDE\tNADIR LONGITUDE\tCNTR LAT\tCNTR LON\niss056e181034.jpg\t45.5\t9.25\t44.1\t8.0\n",
    ],
)
def test_nadir_and_centre_are_found_by_the_names_of_the_columns(tmp_path, table):
    path = tmp_path / "photos.csv"
    path.write_text(table)
    (known,) = read_metadata(path).known.values()
    assert (known.nadir, known.centre) == (Nadir(45.5, 9.25), (44.1, 8.0))


def test_a_table_without_such_columns_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "photos.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no columns"):
        read_metadata(path)


def test_a_table_gives_each_photo_on_the_list_its_own_and_it_can_be_undone(plugin, dock, tmp_path):
    dock.add_photos([make_photo(tmp_path, name) for name in ("ISS056-E-181034", "iss056e000007", "holiday")])
    path = tmp_path / "photos.csv"
    path.write_text("photo,nadir lat,nadir lon\nISS056-E-7,1,2\nISS056-E-181034,45.5,9.25\nISS056-E-9,,\n")
    plugin.desk.position.read_table(path)
    nadirs = {item.name: item.nadir for item in dock.photos.photos.items}
    assert nadirs == {"ISS056-E-181034": Nadir(45.5, 9.25), "iss056e000007": Nadir(1.0, 2.0), "holiday": None}
    dock.photos.photos.items[0].desk.stack.undo()
    assert dock.photos.photos.items[0].nadir is None


def test_a_selected_polygon_becomes_the_search_area_itself_and_not_its_box(plugin, dock, qgis_canvas, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    layer = QgsVectorLayer("Polygon?crs=EPSG:3857", "coast", "memory")
    corner = QgsFeature()
    corner.setGeometry(QgsGeometry.fromWkt("POLYGON((0 0, 111319.49 0, 0 111325.14, 0 0))"))
    layer.dataProvider().addFeatures([corner])
    layer.selectAll()
    QgsProject.instance().addMapLayer(layer)
    qgis_canvas.setLayers([layer])
    plugin.desk.position.take_map_view()
    (item,) = dock.photos.photos.items
    assert item.desk.work.area["extent"] == pytest.approx([0, 0, 1, 1], abs=1e-3)
    inside = QgsGeometry.fromWkt(item.desk.work.area["polygon"])
    assert inside.contains(QgsPointXY(0.2, 0.2))
    assert not inside.contains(QgsPointXY(0.8, 0.8))


def test_the_map_view_becomes_the_search_area_and_goes_to_the_engine(plugin, dock, qgis_canvas, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    qgis_canvas.setExtent(QgsRectangle(9.0, 45.0, 11.0, 46.0))
    plugin.desk.position.take_map_view()
    (item,) = dock.photos.photos.items
    west, south, east, north = item.desk.work.area["extent"]
    assert west <= 9 < 11 <= east
    assert south <= 45 < 46 <= north
    assert dock.jobs.photo_job(item, "x.tif").params["extent"] == [west, south, east, north]
    plugin.desk.position.set_area({"radius_km": 0})
    params = dock.jobs.photo_job(item, "x.tif").params
    assert params["radius_km"] == 0
    assert "extent" not in params


@pytest.fixture
def photo(dock, tmp_path):
    """A photo on the list, and selected."""
    dock.add_photos([make_photo(tmp_path, "a")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    (item,) = dock.photos.photos.items
    return item


def test_a_centre_limits_the_search_to_its_surroundings_and_says_so(plugin, dock, photo):
    assert "centre" not in dock.jobs.photo_job(photo, "x.tif").params
    plugin.desk.position.set_area({"radius_km": 1000})
    plugin.desk.position.set_centre((45.5, 9.25))
    params = dock.jobs.photo_job(photo, "x.tif").params
    assert (params["centre"], params["centre_km"]) == ((45.5, 9.25), 300)
    assert "radius_km" not in params
    plugin.desk.position.set_area({"centre_km": 80})
    assert dock.jobs.photo_job(photo, "x.tif").params["centre_km"] == 80
    assert "within 80 km of its centre" in _why_not(photo, False)
    for chosen in ({"radius_km": 0}, {"extent": [1, 2, 3, 4]}):
        plugin.desk.position.set_area(chosen)
        assert "centre" not in dock.jobs.photo_job(photo, "x.tif").params
    plugin.desk.position.set_area({"centre_km": 80})
    plugin.desk.position.set_centre(None)
    params = dock.jobs.photo_job(photo, "x.tif").params
    assert not {"centre", "centre_km"} & set(params)


@pytest.mark.parametrize(
    ("work", "kind", "km"),
    [
        (Work(), WHOLE, None),
        (Work(nadir=Nadir(1, 2)), NADIR_FIRST, None),
        (Work(nadir=Nadir(1, 2), area={"radius_km": 700}), RADIUS, 700),
        (Work(nadir=Nadir(1, 2), area={"radius_km": 0}), WHOLE, None),
        (Work(nadir=Nadir(1, 2), centre=(3, 4)), CENTRE, 300),
        (Work(centre=(3, 4), area={"centre_km": 90}), CENTRE, 90),
        (Work(nadir=Nadir(1, 2), area={"centre_km": 90}), NADIR_FIRST, None),
        (Work(centre=(3, 4), area={"extent": [1, 2, 3, 4]}), EXTENT, None),
    ],
)
def test_the_desk_shows_how_the_search_is_limited(qtbot, work, kind, km):
    panel = DetailsPanel()
    qtbot.addWidget(panel)
    panel.show_photo(Path("/a/b.jpg"), work, None)
    assert panel.area.currentData() == kind
    assert panel.radius.isHidden() == (km is None)
    assert km is None or panel.radius.value() == km


def test_a_search_about_the_centre_can_be_chosen_and_its_radius_changed(qtbot):
    panel = DetailsPanel()
    qtbot.addWidget(panel)
    areas = []
    panel.area_edited.connect(areas.append)
    panel.show_photo(Path("/a/b.jpg"), Work(centre=(3, 4), area={"radius_km": 0}), None)
    panel.area.setCurrentIndex(panel.area.findData(CENTRE))
    panel.area.activated.emit(panel.area.currentIndex())
    panel.show_photo(Path("/a/b.jpg"), Work(centre=(3, 4), area=areas[-1]), None)
    panel.radius.editingFinished.emit()  # the field was only left
    panel.radius.setValue(550)
    panel.radius.editingFinished.emit()
    assert areas == [{"centre_km": 300}, {"centre_km": 550}]


def test_the_height_that_orbital_elements_give_goes_to_the_engine(plugin, dock, photo, monkeypatch, messages):
    jobs = []
    monkeypatch.setattr(photo_position, "read_exif", lambda _path: SimpleNamespace(taken=datetime(2023, 5, 1, 12, 30)))
    monkeypatch.setattr(dock.session, "run", jobs.extend)
    plugin.desk.current.put(photo)
    plugin.desk.position.read_elements(Path("/a/iss.tle"))
    jobs[0].done({"nadir": [45.50001, 9.25], "altitude_km": 418.3214, "age_days": 1.0})
    assert photo.nadir == Nadir(45.5, 9.25, 418_320.0, source="tle")
    assert dock.jobs.photo_job(photo, "x.tif").params["nadir"] == (45.5, 9.25, 418_320.0)
    assert Work.from_json(photo.desk.work.to_json()) == photo.desk.work
    dock.refresh()
    assert dock.options.nadir.text() == "45.5, 9.25, 418.32 km"
    assert parse_nadir(dock.options.nadir.text()) == replace(photo.nadir, source="given")
    assert "orbital elements" in dock.options.nadir_note.text()
    jobs[0].done({"nadir": [45.5, 9.25], "altitude_km": 35786.0, "age_days": 1.0})
    assert photo.nadir == Nadir(45.5, 9.25, 418_320.0, source="tle")
    assert "35786 km" in messages()[-1][1]


def test_names_follow_the_template():
    photos = [(Path("/a/ISS056-E-1.jpg"), Work(state=PhotoState.ACCEPTED)), (Path("/a/b.jpg"), Work())]
    assert file_names("{name}_map", photos) == ["ISS056-E-1_map", "b_map"]
    assert file_names("{number}-{state}-{name}", photos) == ["001-accepted-ISS056-E-1", "002-new-b"]
    assert file_names("x/{name}", photos[:1]) == ["x-ISS056-E-1"]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [("{nme}", "There is no {nme}"), ("{name", "brace"), ("same", "Two photos"), (" ", "empty")],
)
def test_a_template_that_makes_no_names_is_explained(template, sentence):
    with pytest.raises(InputError, match=sentence):
        file_names(template, [(Path("/a/b.jpg"), Work()), (Path("/a/c.jpg"), Work())])


def test_an_image_layer_of_the_project_can_be_added_as_a_photo(dock, tmp_path):
    project = QgsProject.instance()
    layer = QgsRasterLayer(str(make_photo(tmp_path, "scan")), "My scan")
    project.addMapLayer(layer)
    dock._fill_add_menu()
    (images,) = (action.menu() for action in dock.add_button.menu().actions() if action.menu())
    (action,) = images.actions()
    assert action.text() == "My scan"
    action.trigger()
    assert [item.name for item in dock.photos.photos.items] == ["scan"]
