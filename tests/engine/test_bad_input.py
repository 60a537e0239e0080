"""Every bad input: one clear sentence, exit status 2, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.cli import main as cli
from tests.engine.scene import Scene, left_in, make_scene
from tests.engine.synthetic import write_image, write_raster

Refused = Callable[..., str]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output folder, which no refused command may make."""
    return tmp_path / "results" / "out"


@pytest.fixture
def refused(out: Path, capfd: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command that must be refused; gives its sentence."""

    def command(*arguments: object) -> str:
        report = out.parent / "report.json"
        capfd.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        stdout, stderr = capfd.readouterr()
        assert (status, stdout) == (2, ""), stderr
        assert stderr.startswith("astroloc: ")
        assert stderr.endswith(("." + "\n", ").\n"))
        assert stderr.count("\n") == 1, stderr
        assert not report.exists()
        assert not out.parent.exists()
        return stderr.removeprefix("astroloc: ").removesuffix("\n")

    return command


@pytest.fixture
def localize(scene: Scene, out: Path, refused: Refused) -> Refused:
    """Localizes with something wrong."""

    def command(*more: object, photo: object = None, index: object = None) -> str:
        return refused(
            "localize", photo or scene.photo, "--index", index or scene.index, "--out", out, "--matcher", "sift",
            "--json", out.parent / "report.json", *more,
        )  # fmt: skip

    return command


@pytest.fixture
def refine(scene: Scene, out: Path, refused: Refused) -> Refused:
    """Refines with something wrong."""

    def command(*more: object, imagery: object = None) -> str:
        return refused(
            "refine", scene.photo, "--imagery", imagery or scene.imagery, "--out", out, "--matcher", "sift", "--json",
            out.parent / "report.json", *more,
        )  # fmt: skip

    return command


# ---------------------------------------------------------------- photos


def test_a_photo_that_is_missing(localize: Refused) -> None:
    assert localize(photo="/nowhere/a.jpg") == "The photo /nowhere/a.jpg does not exist: check its name and folder."


def test_a_photo_that_is_a_folder(localize: Refused, tmp_path: Path) -> None:
    assert localize(photo=tmp_path) == f"The photo {tmp_path} is a folder; name an image file."


def test_a_photo_that_is_empty(localize: Refused, tmp_path: Path) -> None:
    photo = tmp_path / "empty.jpg"
    photo.touch()
    assert localize(photo=photo) == f"The photo {photo} is empty (0 bytes): copy or download it again."


def test_a_text_renamed_to_jpg(localize: Refused, tmp_path: Path) -> None:
    photo = tmp_path / "text.jpg"
    photo.write_text("I am no photo.\n" * 50)
    assert localize(photo=photo) == f"The photo {photo} is not a JPEG, PNG or TIFF image: convert it to one of these."


@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
def test_a_truncated_jpeg(localize: Refused, scene: Scene, tmp_path: Path, part: float) -> None:
    photo = tmp_path / "cut.jpg"
    whole = scene.photo.read_bytes()
    photo.write_bytes(whole[: int(len(whole) * part)])
    sentence = localize(photo=photo)
    assert sentence.startswith(f"The photo {photo} is")
    assert "damaged or truncated" in sentence or "not a JPEG" in sentence


def test_a_photo_of_one_pixel(localize: Refused, tmp_path: Path) -> None:
    photo = write_image(tmp_path / "dot.png", np.full((1, 1, 3), 9, np.uint8))
    assert localize(photo=photo) == (
        f"The photo {photo} is 1 x 1 pixels; it must have at least 32 pixels a side: use the original."
    )


def test_a_photo_of_600_megapixels(localize: Refused, tmp_path: Path) -> None:
    photo = tmp_path / "huge.tif"
    gdal.GetDriverByName("GTiff").Create(
        str(photo), 30_000, 20_000, 3, options=["SPARSE_OK=TRUE", "TILED=YES", "COMPRESS=DEFLATE"]
    )
    sentence = localize(photo=photo)
    assert sentence.startswith(f"The photo {photo} is 30000 x 20000 pixels (600 megapixels); at most 400 megapixels")
    assert sentence.endswith("shrink or crop it.")


@pytest.mark.parametrize("value", [0, 255])
def test_a_photo_all_black_or_all_white(localize: Refused, tmp_path: Path, value: int) -> None:
    photo = write_image(tmp_path / "plain.png", np.full((100, 150, 3), value, np.uint8))
    assert (
        localize(photo=photo) == f"The photo {photo} shows nothing: all its pixels have the same value; choose another."
    )


def test_a_photo_that_is_transparent_all_over(localize: Refused, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 150, 4), dtype=np.uint8)
    noise[..., 3] = 0
    photo = write_image(tmp_path / "glass.png", noise)
    assert localize(photo=photo) == f"The photo {photo} shows nothing: it is transparent all over; choose another."


# ---------------------------------------------------------------- references


def test_imagery_that_is_missing(localize: Refused, refine: Refused) -> None:
    expected = "The reference imagery /nowhere/map.tif does not exist: check its path or address."
    assert localize("--imagery", "/nowhere/map.tif") == expected
    assert refine("--block", "12/1000/1000", imagery="/nowhere/map.tif") == expected


def test_imagery_without_a_crs(refine: Refused, scene: Scene, tmp_path: Path) -> None:
    path = write_raster(tmp_path / "bare.tif", scene.world.pixels, None, [0, 1, 0, 0, 0, -1])
    sentence = refine("--block", scene.block, imagery=path)
    assert sentence.startswith(f"The reference imagery {path} has no coordinate reference system: assign it one")


def test_imagery_that_is_no_raster(refine: Refused, scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    path.write_text("no raster")
    assert refine("--block", scene.block, imagery=path) == (
        f"The reference imagery {path} is not a raster that GDAL can open: convert it, to GeoTIFF say."
    )


def test_imagery_of_an_index_that_has_gone(localize: Refused, scene: Scene, tmp_path: Path) -> None:
    index = copy_of(scene.index, tmp_path)
    change(index / "index.json", imagery_uri="/nowhere/map.tif")
    assert localize(index=index) == "The reference imagery /nowhere/map.tif does not exist: check its path or address."


# ---------------------------------------------------------------- indexes


def copy_of(index: Path, folder: Path) -> Path:
    return Path(shutil.copytree(index, folder / "index"))


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_an_index_that_is_missing(localize: Refused) -> None:
    assert (
        localize(index="/nowhere/index")
        == "The index folder /nowhere/index does not exist: choose another, or build it first."
    )


def test_a_folder_that_is_no_index(localize: Refused, tmp_path: Path) -> None:
    assert (
        localize(index=tmp_path)
        == f"The folder {tmp_path} is not an index: it has no index.json; choose another folder."
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format_version": 99}, ["format version 99", "reads version 2"]),
        ({"model": "resnet-9000"}, ["the model 'resnet-9000'", "efficientnet-lite0-gem"]),
        ({"model_sha256": "0" * 64}, ["other weights of efficientnet-lite0-gem", "000000000000"]),
        ({"model_settings": {"image_size": 7}}, ["other settings of efficientnet-lite0-gem", "image_size 7"]),
        ({"dimensions": 7}, ["damaged", "instead of 7"]),
        ({"files": {}}, ["damaged", "does not list"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_index_that_this_version_cannot_use(
    localize: Refused, scene: Scene, tmp_path: Path, fields: dict, words: list[str]
) -> None:
    index = copy_of(scene.index, tmp_path)
    change(index / "index.json", **fields)
    sentence = localize(index=index)
    assert str(index) in sentence
    assert [word for word in words if word not in sentence] == []
    assert sentence.endswith("build it again.")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("index.json", _cut),
        ("descriptors.faiss", _cut),
        ("descriptors.faiss", _flip),
        ("descriptors.faiss", Path.unlink),
        ("blocks.npz", _cut),
        ("blocks.npz", _flip),
        ("blocks.npz", Path.unlink),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.strip("_"),
)
def test_an_index_that_is_damaged(
    localize: Refused, refused: Refused, scene: Scene, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    index = copy_of(scene.index, tmp_path)
    damage(index / name)
    for sentence in (localize(index=index), refused("index", "info", index)):
        assert sentence.startswith(f"The index {index} is damaged: ")
        assert name in sentence
        assert sentence.endswith("build it again.")


# ---------------------------------------------------------------- output folders


def test_an_output_folder_below_a_file(localize: Refused, out: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    sentence = localize("--out", file / "out")
    assert str(file) in sentence
    assert sentence.endswith("choose another output folder.")
    assert file.read_text() == "kept"


def test_an_output_folder_that_is_a_file(localize: Refused, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    sentence = localize("--out", file)
    assert str(file) in sentence
    assert sentence.endswith("choose another output folder.")
    assert file.read_text() == "kept"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system of its own, which only root may."""
    if os.geteuid() != 0:
        pytest.skip("Only root may mount a small file system to write to.")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"No small file system can be mounted here: {mounted.stderr.strip()}")

    def with_options(options: str) -> Path:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
        return folder

    yield with_options
    subprocess.run(["umount", str(folder)], check=True)


def test_an_output_folder_that_cannot_be_written_to(localize: Refused, small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("ro")
    sentence = localize("--out", folder)
    assert str(folder) in sentence
    assert "cannot be written" in sentence
    assert sentence.endswith("choose another output folder.")
    assert left_in(folder) == []


def test_an_output_folder_on_a_full_disk(refine: Refused, scene: Scene, small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=64k")  # less than the results need
    sentence = refine("--block", scene.block, "--out", folder)
    assert sentence.startswith(f"The disk of {folder}")
    assert sentence.endswith(" is full: free some space or choose another output folder.")
    assert left_in(folder) == []


def test_a_report_that_is_a_folder(localize: Refused, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    assert localize("--json", folder) == (
        f"The report {folder} is a folder: name a file in it, such as {folder / 'report.json'}."
    )
    assert left_in(folder) == []


def test_a_report_below_a_file(localize: Refused, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    sentence = localize("--json", file / "report.json")
    assert sentence == f"The report {file / 'report.json'} cannot be written (Not a directory): choose another file."


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--matcher", "magic"],
            "There is no matcher 'magic': choose one of sift, xfeat-lighterglue, aliked-lightglue",
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
        (["--nadir", "46,500"], "Argument --nadir: '46,500' is not LAT,LON in degrees: a longitude is from -180"),
        (["--nadir", "60,-150"], "has no block within 2500 km of the nadir 60,-150: widen the search"),
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
    build = ["index", "build", "--imagery", scene.imagery, "--zooms", "12", "--out", out]
    assert "'hal'" in refused(*build, "--model", "hal")
    assert "There is no device 'abacus'" in refused(*build, "--device", "abacus")
    assert "has no block of zooms 12" in refused(*build, "--extent", "-70,-20,-69.9,-19.9")
    assert "too coarse for zooms 20" in refused(*build, "--zooms", "20", "--extent", "11,46,11.001,46.001")
    assert "does not exist" in refused(*build, "--imagery", tmp_path / "none.tif")


def test_an_index_is_not_built_over_another_or_over_other_files(refused: Refused, scene: Scene, tmp_path: Path) -> None:
    build = ["index", "build", "--imagery", scene.imagery, "--zooms", "12"]
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
