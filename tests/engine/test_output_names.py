"""A name that is too long, or a folder that has an output's name, is found before the work and not after it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports import bundle, registry
from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.georeference.outputs import output_names
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.scene import MODEL, Refused, Run, Scene, left_in, make_scene

LONG = "x" * 250
"""A name that the photo may have, and its results may not."""
TOO_LONG = "y" * 300


@pytest.fixture(scope="module")
def scene() -> Scene:
    made = make_scene()
    assert made.index.is_dir()  # it is built when first asked for
    return made


@pytest.fixture
def long_name(scene: Scene, tmp_path: Path) -> Path:
    return Path(shutil.copy(scene.photo, tmp_path / f"{LONG}.jpg"))


@pytest.fixture
def no_work(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that takes long may begin."""
    for module, names in ((pipeline, ("retrieve_round", "run_cascade")), (builder, ("make_plan",))):
        for name in names:
            monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(registry.Form, "load", None)


@pytest.mark.usefixtures("no_work")
def test_a_photo_with_too_long_a_name(localize: Refused, long_name: Path, out: Path) -> None:
    sentence = localize(photo=long_name)
    assert sentence == (
        f"The file name {LONG}_georeferenced.tif is too long for the folder {out}: give the photo, or what is written "
        "of it, a shorter name, or choose another output folder."
    )


@pytest.mark.usefixtures("no_work")
def test_a_folder_with_the_name_of_an_output(scene: Scene, run: Run, tmp_path: Path) -> None:
    for name in output_names(photo_name(scene.photo)).values():
        folder = tmp_path / "out" / name
        folder.mkdir(parents=True)
        for command in (
            ("localize", scene.photo, "--index", scene.index),
            ("refine", scene.photo, "--imagery", scene.imagery, "--block", scene.block),
        ):
            status, _, stderr = run(*command, "--out", tmp_path / "out", "--matcher", "sift")
            assert (status, stderr) == (
                2,
                f"astroloc: {folder} cannot be written, for a folder has that name: remove it or choose another output "
                "folder.\n",
            )
        folder.rmdir()
        assert left_in(tmp_path / "out") == []


@pytest.mark.usefixtures("no_work")
def test_of_several_photos_those_are_named_at_the_start(
    scene: Scene, run: Run, tmp_path: Path, long_name: Path
) -> None:
    (tmp_path / "out" / "ISS056-E-181034_preview.png").mkdir(parents=True)
    status, _, stderr = run("localize", scene.photo, long_name, "--index", scene.index, "--out", tmp_path / "out")
    assert status == 2
    assert [line.split(" ")[1:3] for line in stderr.splitlines()] == [
        [str(tmp_path / "out" / "ISS056-E-181034_preview.png"), "cannot"],
        ["The", "file"],
    ]


def export(scene: Scene, out: Path, name: str, *forms: str) -> dict[str, Path]:
    photo = read_photo(scene.photo)
    matrix, plane = scene.truth, WorkingPlane(scene.world.plane.proj)
    pixels = [(20.0, 30.0), (370.0, 20.0), (30.0, 240.0), (350.0, 250.0), (200.0, 120.0), (100.0, 200.0)]
    mapped = np.column_stack([pixels, np.ones(len(pixels))]) @ matrix.T
    lonlat = plane.to_lonlat(mapped[:, :2] / mapped[:, 2:])
    ties = [{"x": x, "y": y, "lon": lon, "lat": lat} for (x, y), (lon, lat) in zip(pixels, lonlat, strict=True)]
    options = ExportOptions(forms=forms)
    return export_photo(photo, matrix, plane, out, name, options, tie_points=ties)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("form", bundle.FORMS)
def test_an_export_with_too_long_a_name_or_over_a_folder(scene: Scene, tmp_path: Path, form: str) -> None:
    with pytest.raises(InputError, match="is too long for the folder"):
        export(scene, tmp_path / "new", LONG, form)
    assert left_in(tmp_path) == []
    for ending in bundle.FORMS[form].endings:
        (tmp_path / f"a{ending}").mkdir()
        with pytest.raises(InputError, match=rf"a{ending} cannot be written, for a folder has that name"):
            export(scene, tmp_path, "a", form)
        (tmp_path / f"a{ending}").rmdir()


def test_each_form_writes_the_names_that_are_checked(scene: Scene, tmp_path: Path) -> None:
    for form, known in bundle.FORMS.items():
        out = tmp_path / form
        files = export(scene, out, "a", form)
        assert form in files, form
        assert set(left_in(out)) <= {f"a{ending}" for ending in known.endings}, form


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", [TOO_LONG, "z" * 250], ids=["itself", "while it is built"])
def test_an_index_with_too_long_a_name(scene: Scene, run: Run, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    status, _, stderr = run(
        "index", "build", "--imagery", scene.imagery, "--zooms", "12", "--model", MODEL, "--out", out
    )
    assert (status, stderr.count("\n")) == (2, 1)
    assert "too long" in stderr


@pytest.mark.parametrize(
    "words",
    [
        ["localize", "p.jpg", "--index", "i", "--out", "o", "--json"],
        ["retrieve", "p.jpg", "--index", "i", "--json"],
        ["benchmark", "coregistration", "folder", "--json"],
        ["benchmark", "localization", "folder", "--index", "i", "--work"],
        ["train", "--imagery", "i", "--footprints", "f.csv", "--out", "o", "--export"],
        ["train-texture", "index", "--out"],
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_a_file_to_write_that_has_too_long_a_name_or_is_a_folder(run: Run, tmp_path: Path, words: list[str]) -> None:
    for path, reason in (
        (tmp_path / TOO_LONG, "too long"),
        (tmp_path / "z".ljust(250, "z"), "(File name too long)"),
        (tmp_path / "new" / "z".ljust(250, "z"), "(File name too long)"),
        (tmp_path, "is a folder: name a file in it"),
    ):
        status, stdout, stderr = run(*words, path)
        assert (status, stdout, stderr.count("\n")) == (2, "", 1), stderr
        assert reason in stderr
        assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        ["benchmark", "photos", "--imagery", "i", "--footprints", "f.csv", "--out"],
        ["benchmark", "retrieval", "folder", "--index", "i", "--exact", "--cache"],
        ["train", "--imagery", "i", "--footprints", "f.csv", "--out"],
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_a_folder_to_write_that_is_a_file(run: Run, tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    status, stdout, stderr = run(*words, file)
    assert (status, stdout, stderr.count("\n")) == (2, "", 1), stderr
    assert str(file) in stderr
