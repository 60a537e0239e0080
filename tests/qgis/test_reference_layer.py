"""The imagery that the engine reads, as a layer of QGIS."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsProject

from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.qgis_adapters.on_map.reference_layer import (
    hide_reference,
    show_reference,
    shown_reference,
    tile_source,
)

from .files import make_raster

BLUE_MARBLE = (
    "https%3A%2F%2Fgibs.earthdata.nasa.gov%2Fwmts%2Fepsg3857%2Fbest%2FBlueMarble_ShadedRelief_Bathymetry%2Fdefault%2F"
    "GoogleMapsCompatible_Level8%2F%7Bz%7D%2F%7By%7D%2F%7Bx%7D.jpeg"
)
SERVICE = (
    '<GDAL_WMS><Service name="{kind}"><ServerUrl>http://127.0.0.1:1/${{z}}/${{x}}/${{y}}.png?a=1&amp;b=2</ServerUrl>'
    "</Service><DataWindow><TileLevel>12</TileLevel><YOrigin>{origin}</YOrigin></DataWindow>"
    "<Projection>{crs}</Projection></GDAL_WMS>"
)


@pytest.fixture
def project(qgis_new_project):
    project = QgsProject.instance()
    yield project
    project.clear()


def world():
    return json.loads((shipped("index", "world") / "index.json").read_text(encoding="utf-8"))


def test_the_world_indexs_imagery_is_an_xyz_layer_with_nasas_attribution(project):
    info = world()
    layer = show_reference(info["imagery_uri"], project, name="Blue Marble", attribution=info["attribution"])
    assert layer.isValid()
    assert layer.providerType() == "wms"
    assert layer.source() == f"type=xyz&url={BLUE_MARBLE}&zmin=0&zmax=8"
    assert layer.crs().authid() == "EPSG:3857"
    assert layer.metadata().rights() == [info["attribution"]]
    assert layer.serverProperties().attribution() == info["attribution"]
    assert "NASA" in info["attribution"]


def test_tiles_are_counted_from_the_bottom_where_the_service_does():
    told = SERVICE.format(kind="TMS", origin="bottom", crs="EPSG:3857")
    assert tile_source(told) == (
        "type=xyz&url=http%3A%2F%2F127.0.0.1%3A1%2F%7Bz%7D%2F%7Bx%7D%2F%7B-y%7D.png%3Fa%3D1%26b%3D2&zmin=0&zmax=12"
    )


@pytest.mark.parametrize(
    "description",
    [
        SERVICE.format(kind="WMS", origin="top", crs="EPSG:3857"),
        SERVICE.format(kind="TMS", origin="top", crs="EPSG:4326"),
        "<GDAL_WMS><broken",
        "<GDAL_WMS></GDAL_WMS>",
    ],
)
def test_other_services_are_no_xyz_layers(description):
    assert tile_source(description) == ""


def test_a_file_is_shown_once_and_another_takes_its_place(project, tmp_path):
    first, second = (make_raster(tmp_path / f"{name}.tif", "EPSG:4326", (0, 0, 1, 1)) for name in "ab")
    layer = show_reference(str(first), project)
    assert layer.name() == "a"
    assert show_reference(str(first), project) == layer
    assert show_reference(str(second), project).name() == "b"
    assert [each.name() for each in project.mapLayers().values()] == ["b"]
    hide_reference(project)
    assert shown_reference(project) is None
    assert not project.mapLayers()


@pytest.mark.parametrize("imagery", ["/nowhere/x.tif", "<GDAL_WMS><broken"])
def test_what_qgis_cannot_open_is_left_out(project, imagery):
    assert show_reference(imagery, project) is None
    assert not project.mapLayers()
