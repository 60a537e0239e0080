"""The world index: made from any copy of Blue Marble, it names NASA's service, so that it works anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.world import (
    BLUE_MARBLE,
    EXTENT,
    LABELS,
    NORTHERN_LIMITS,
    STRIDES,
    TEXTURE_ZOOMS,
    build_world_index,
)
from astroloc_qgis.engine.resources import shipped
from tests.engine.synthetic import make_world

WORLD = shipped("index", "world")


def test_nasas_service_is_a_map_of_the_whole_world_to_gdal() -> None:
    reference = Reference.open(BLUE_MARBLE)  # asks nobody: the description says it all
    assert reference.epsg == 3857
    west, south, east, north = reference.extent_lonlat
    assert (west, east) == pytest.approx((-180, 180), abs=0.01)
    assert (south, north) == pytest.approx((-85.05, 85.05), abs=0.01)
    assert reference.native_gsd_m(0, 0) == pytest.approx(611, abs=5)
    reference.close()


def test_a_part_of_the_world_is_built_by_the_command_and_names_the_service(tmp_path: Path, capsys) -> None:
    world = make_world(side_m=600_000.0)
    imagery = world.write(tmp_path / "map.tif")
    west, south, east, north = Reference.open(imagery).extent_lonlat
    extent = f"--extent={west},{south},{east},{north}"
    arguments = ["index", "world", "--imagery", str(imagery), "--model", "colour-histogram", "--kind", "SQ8"]
    assert main([*arguments, extent, "--device", "cpu", "--out", str(tmp_path / "world")]) == 0
    assert "gibs.earthdata.nasa.gov" in capsys.readouterr().out
    info = Index.open(tmp_path / "world").info
    assert info.imagery_uri == BLUE_MARBLE
    assert info.selection == "land"
    assert set(info.counts) <= set(STRIDES)
    assert "NASA" in info.attribution
    assert str(tmp_path) not in (tmp_path / "world" / "index.json").read_text()
    again = build_world_index(
        tmp_path / "world",
        model="colour-histogram",
        imagery=str(imagery),
        extent=(west, south, east, north),
        kind="SQ8",
    )
    assert len(again) == info.count


def test_processes_side_by_side_make_the_same_index_as_one(tmp_path: Path) -> None:
    imagery = make_world(side_m=900_000.0).write(tmp_path / "map.tif")
    extent = Reference.open(imagery).extent_lonlat
    made = [
        build_world_index(
            tmp_path / str(workers), model="colour-histogram", imagery=str(imagery), extent=extent, kind="Flat",
            workers=workers,
        )
        for workers in (1, 2)
    ]  # fmt: skip
    assert len(made[0]) > 100
    assert (made[0].blocks == made[1].blocks).all()
    assert (tmp_path / "1" / "descriptors.faiss").read_bytes() == (tmp_path / "2" / "descriptors.faiss").read_bytes()


@pytest.mark.skipif(not (WORLD / "index.json").is_file(), reason="The world index is not in this checkout.")
class TestShipped:
    """What comes with the plugin is whole, and small enough."""

    def test_it_opens_with_the_shipped_model(self) -> None:
        index = Index.open(WORLD, thorough=True)
        assert index.info.model == "astroloc-lite"
        index.create_descriptor()

    def test_it_is_of_the_world_between_60_south_and_72_north(self) -> None:
        index = Index.open(WORLD)
        assert index.info.zooms == tuple(STRIDES)
        assert index.info.extent == EXTENT
        assert index.info.northern_limits == NORTHERN_LIMITS
        assert index.info.texture_zooms == TEXTURE_ZOOMS
        assert len(index) > 100_000
        wide = index.blocks[:, 0] <= 8
        assert 3_000 < wide.sum() < 6_000
        latitude = index.centers_lonlat[:, 1]
        assert latitude[wide].max() > 65
        assert latitude[np.isin(index.blocks[:, 0], list(NORTHERN_LIMITS))].max() < 61

    def test_its_title_says_that_beyond_60_north_there_are_coarse_blocks_alone(self) -> None:
        assert Index.open(WORLD).info.title == LABELS.title == "World: Blue Marble, 60 S to 60 N, coarsely to 72 N"

    def test_it_takes_at_most_15_5_megabytes_and_names_no_path_of_the_machine_that_made_it(self) -> None:
        assert sum(path.stat().st_size for path in WORLD.iterdir()) <= 15_500_000
        content = json.loads((WORLD / "index.json").read_text(encoding="utf-8"))
        assert content["imagery_uri"] == BLUE_MARBLE
        assert "mbtiles" not in json.dumps(content)


def test_gdal_keeps_tiles_in_the_users_cache_folder() -> None:
    folder = gdal.GetConfigOption("GDAL_DEFAULT_WMS_CACHE_PATH")
    assert folder
    assert Path(folder).is_absolute()
