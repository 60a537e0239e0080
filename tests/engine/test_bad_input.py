"""Every bad input: one clear sentence, exit status 2, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import write_json
from tests.engine.scene import Refused, Scene, left_in, make_scene
from tests.engine.synthetic import write_image, write_raster


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


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


def test_a_photo_of_a_name_that_is_too_long(localize: Refused, tmp_path: Path) -> None:
    sentence = localize(photo=tmp_path / ("x" * 300 + ".jpg"))
    assert sentence == f"The photo {'x' * 40}... does not exist: its name or path is too long."


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has file names that are no text.")
def test_a_photo_of_a_name_that_is_no_utf_8(localize: Refused, scene: Scene, tmp_path: Path) -> None:
    photo = os.fsencode(tmp_path) + b"/Z\xfcrich.jpg"
    Path(os.fsdecode(photo)).write_bytes(scene.photo.read_bytes())
    sentence = localize(photo=os.fsdecode(photo))
    assert sentence == f"The name of the photo '{tmp_path}/Z\\udcfcrich.jpg' is not valid UTF-8: rename it."


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


def test_an_index_that_is_a_file(localize: Refused, scene: Scene) -> None:
    file = scene.index / "index.json"
    assert localize(index=file) == f"The index {file} is a file: an index is a folder; choose it, or build one first."


def test_a_folder_that_is_no_index(localize: Refused, tmp_path: Path) -> None:
    assert (
        localize(index=tmp_path)
        == f"The folder {tmp_path} is not an index: it has no index.json; choose another folder."
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format_version": 99}, ["format version 99", "reads versions 2 to 4", "update AstroLoc"]),
        ({"format_version": "2"}, ["format version '2'", "reads versions 2 to 4: build it again"]),
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


@pytest.mark.parametrize("option", ["--json", "--out", "--index", "--polygon"])
def test_a_name_that_is_too_long(localize: Refused, tmp_path: Path, option: str) -> None:
    path = tmp_path / ("r" * 300)
    assert localize(option, path) == f"The name or path {str(path)[:60]}... is too long: choose a shorter one."


def test_a_report_into_a_pipe_leaves_the_pipe_where_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        write_json(pipe, [1])
        assert reader.communicate(timeout=10) == (b"[\n 1\n]\n", None)
    assert pipe.is_fifo()


def test_a_report_through_a_link_replaces_the_file_and_not_the_link(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("[]")
    link = tmp_path / "link.json"
    link.symlink_to("report.json")
    write_json(link, [1])
    assert link.is_symlink()
    assert json.loads((tmp_path / "report.json").read_text()) == [1]


def test_a_report_in_the_place_of_the_photo_or_the_imagery(localize: Refused, scene: Scene) -> None:
    for path in (scene.photo, scene.imagery):
        before = path.read_bytes()
        assert localize("--json", path) == (
            f"The report {path} would replace a file that is no report: choose another name."
        )
        assert path.read_bytes() == before


def test_a_process_without_stderr_works_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with progress_bar("photo") as progress:
        progress("read", 0.5)
