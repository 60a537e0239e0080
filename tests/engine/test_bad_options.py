"""Bad options of the command line: one clear sentence, exit status 2, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.scene import MODEL, Refused, Scene, left_in, make_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--matcher", "magic"],
            "There is no matcher 'magic': choose one of sift, orientation, xfeat-lighterglue, aliked-lightglue",
        ),
        (["--matcher", ""], "There is no matcher ''"),
        (["--device", "abacus"], "There is no device 'abacus' on this machine: choose auto or one of cpu"),
        (["--device", "cpu:7"], "There is no device 'cpu:7' on this machine"),
        (["--crs", "EPSG:0"], '"EPSG:0" is no coordinate reference system that PROJ knows'),
        (["--crs", "Mercator's"], '"Mercator\'s" is no coordinate reference system that PROJ knows'),
        (["--nadir", "46"], "Argument --nadir: '46' is not LAT,LON in degrees, such as 46.5,11.3"),
        (["--nadir", "north,east"], "Argument --nadir: 'north,east' is not LAT,LON in degrees"),
        (["--nadir", "nan,11"], "Argument --nadir: 'nan,11' is not LAT,LON in degrees"),
        (["--nadir", "-91,11"], "Argument --nadir: '-91,11' is not LAT,LON in degrees: a latitude is from -90 to 90"),
        (["--nadir", "46,5,170"], "Argument --nadir: '46,5,170' is not LAT,LON,KM: a height is from 180 to 2000 km"),
        (["--nadir", "46.5,5,420000"], "Argument --nadir: '46.5,5,420000' is not LAT,LON,KM: a height is from 180"),
        (["--centre", "46.5"], "Argument --centre: '46.5' is not LAT,LON in degrees, such as 46.5,11.3"),
        (["--nadir", "46,500"], "Argument --nadir: '46,500' is not LAT,LON in degrees: a longitude is from -180"),
        (
            ["--nadir", "60,-150", "--radius-km", "2500"],
            "has no block within 2500 km of the nadir 60,-150: widen the search",
        ),
        (["--radius-km", "-5"], "Argument --radius-km: '-5' is not a distance in km: it must be 0 (no limit) or more"),
        (["--extent", "1,2,3"], "Argument --extent: '1,2,3' is not W,S,E,N in degrees, such as 5,44,12,48"),
        (
            ["--extent", "10,47,12,46"],
            "Argument --extent: '10,47,12,46' is not W,S,E,N in degrees: south must be below",
        ),
        (["--extent", "10,46,200,47"], "'10,46,200,47' is not W,S,E,N in degrees: west and east are from -180 to 180"),
        (["--extent", "10,46,12,99"], "'10,46,12,99' is not W,S,E,N in degrees: south and north are from -90 to 90"),
        (["--extent", "10,46,10,47"], "'10,46,10,47' is not W,S,E,N in degrees: west and east are the same"),
        (["--extent", "-70,-20,-60,-10"], "has no block in the extent -70,-20,-60,-10: widen the search"),
        (["--frobnicate"], "Unrecognized arguments: --frobnicate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_that_makes_no_sense(localize: Refused, words: list[str], sentence: str) -> None:
    assert sentence in localize(*words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "The following arguments are required: COMMAND"),
        (["fly"], "'fly'"),
        (["localize"], "The following arguments are required: PHOTO, --index, --out"),
        (
            ["refine", "p.jpg", "--imagery", "m.tif", "--out", "o"],
            "One of the arguments --block --footprint is required",
        ),
        (["retrieve", "p.jpg", "--index", "i", "--top", "0"], "'0' is not a whole number of at least 1"),
        (["retrieve", "p.jpg", "--index", "i", "--top", "²"], "'²' is not a whole number of at least 1"),
        (["index"], "The following arguments are required: ACTION"),
        (
            ["index", "build", "--imagery", "m", "--zooms", "9,,10", "--out", "o"],
            "'9,,10' is not a list of zooms such as",
        ),
        (["index", "build", "--imagery", "m", "--zooms", "99", "--out", "o"], "'99' is not a list of zooms: a zoom is"),
        (["index", "build", "--imagery", "m", "--zooms", "-1", "--out", "o"], "'-1' is not a list of zooms: a zoom is"),
        (["benchmark", "weather"], "'weather'"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_usage_that_makes_no_sense(refused: Refused, words: list[str], sentence: str) -> None:
    told = refused(*words)
    assert sentence in told
    assert "--help'" in told


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("somewhere", "'somewhere' is not a block: write ZOOM/ROW/COLUMN, for example 11/902/434."),
        ("11/902", "'11/902' is not a block: write ZOOM/ROW/COLUMN, for example 11/902/434."),
        ("-3/1/1", "'-3/1/1' is not a block: write ZOOM/ROW/COLUMN, for example 11/902/434."),
        ("11/902/9999", "Column 9999 of block '11/902/9999' does not exist: zoom 11 has 2048 columns."),
        ("11/9999/434", "The row of a block of 4 tiles at zoom 11 must be from 0 to 2044, not 9999."),
        ("99/1/1", "A block's zoom must be from 0 to 30, not 99."),
    ],
)
def test_a_block_that_does_not_exist(refine: Refused, block: str, sentence: str) -> None:
    assert refine(f"--block={block}") == sentence


def polygon(path: Path, *corners: tuple[float, float], kind: str = "Polygon") -> Path:
    ring = [list(corner) for corner in corners]
    coordinates = [[*ring, ring[0]]] if kind == "Polygon" else ring
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_footprint_file_that_is_missing(refine: Refused) -> None:
    sentence = refine("--footprint", "/nowhere/f.gpkg")
    assert sentence == "There is no footprint file /nowhere/f.gpkg: check the path."


def test_a_footprint_file_that_is_no_vector_file(refine: Refused, tmp_path: Path) -> None:
    path = tmp_path / "f.geojson"
    path.write_text("no vector file")
    assert refine("--footprint", path) == (
        "f.geojson is not a vector file that GDAL can read: give a GeoPackage or GeoJSON."
    )


@pytest.mark.parametrize(
    ("corners", "kind", "words"),
    [
        ([(11, 46), (11.5, 46), (11.5, 45.5)], "Polygon", "has 3 corners: the footprint of a photo has four"),
        ([(11, 46), (11.5, 46), (11.5, 45.5)], "LineString", "begins with no polygon"),
        ([(11, 46)] * 4, "Polygon", "no quadrilateral on the ground"),
        ([(1.2e6, 5e6), (1.3e6, 5e6), (1.3e6, 4.9e6), (1.2e6, 4.9e6)], "Polygon", "longitude and latitude in degrees"),
    ],
    ids=["three corners", "a line", "no area", "metres for degrees"],
)
def test_a_footprint_that_is_none(refine: Refused, tmp_path: Path, corners, kind: str, words: str) -> None:
    assert words in refine("--footprint", polygon(tmp_path / "f.geojson", *corners, kind=kind))


def test_an_index_that_cannot_be_built(refused: Refused, scene: Scene, out: Path, tmp_path: Path) -> None:
    build = ["index", "build", "--imagery", scene.imagery, "--zooms", "12", "--model", MODEL, "--out", out]
    assert "'hal'" in refused(*build, "--model", "hal")
    assert "There is no device 'abacus'" in refused(*build, "--device", "abacus")
    assert "has no block of zooms 12" in refused(*build, "--extent", "-70,-20,-69.9,-19.9")
    assert "too coarse for zooms 20" in refused(*build, "--zooms", "20", "--extent", "11,46,11.001,46.001")
    assert "does not exist" in refused(*build, "--imagery", tmp_path / "none.tif")
    assert "At zoom 30 the extent has 3,756,319 million blocks" in refused(*build, "--zooms", "12,30")


def test_an_index_is_not_built_over_another_or_over_other_files(refused: Refused, scene: Scene, tmp_path: Path) -> None:
    build = ["index", "build", "--imagery", scene.imagery, "--zooms", "12", "--model", MODEL]
    before = (scene.index / "index.json").read_bytes()
    sentence = refused(*build, "--out", scene.index)
    assert sentence.startswith(f"There is already an index in {scene.index}")
    assert (scene.index / "index.json").read_bytes() == before
    other = tmp_path / "holiday"
    other.mkdir()
    (other / "letter.txt").write_text("kept")
    assert "the folder has other files in it" in refused(*build, "--out", other)
    assert left_in(other) == ["letter.txt"]


def test_a_wrong_start_costs_no_photo_of_before(scene: Scene, refused: Refused, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    older = folder / "ISS056-E-181034_georeferenced.tif"
    older.write_text("the result of before")
    assert "is not a block" in refused(
        "refine", scene.photo, "--imagery", scene.imagery, "--block", "x", "--out", folder
    )
    assert left_in(folder) == [older.name]
    assert older.read_text() == "the result of before"
