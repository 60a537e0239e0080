"""The command ``batch``: real photos of a generated place, gone on with, and its refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from osgeo import ogr

from astroloc_qgis.cli.batch import command as batch_command
from astroloc_qgis.engine.batch.working import WORKING
from astroloc_qgis.engine.units.units import Done, Unit, Work, do_unit
from tests.engine.scene import CONTRACT_FIELDS, Refused, Run, Scene, left_in, make_scene
from tests.engine.synthetic import write_image


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


Command = Callable[..., list[object]]


@pytest.fixture
def command(scene: Scene, tmp_path: Path) -> Command:
    lon, lat = scene.world.center_lonlat

    def words(source: Path, *more: object) -> list[object]:
        near = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"
        return [
            "batch", source, "--index", scene.index, "--out", tmp_path / "out", "--matcher", "sift", "--extent", near,
            "--workers", 1, *more,
        ]  # fmt: skip

    return words


class Here:
    """A scheduler that does the work in this process, which has loaded all that it takes."""

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
        do = work.open()
        for unit in units:
            yield Done(unit, **do_unit(do, unit.task))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_command, "scheduler_of", lambda _: Here())


def rows(folder: Path) -> list[dict[str, object]]:
    source = ogr.Open(str(folder / "out" / "footprints.gpkg"))
    return [
        feature.items() | {"polygon": feature.GetGeometryRef() and json.loads(feature.ExportToJson())["geometry"]}
        for feature in source.GetLayer(0)
    ]


def test_a_folder_is_localized_and_gone_on_with(scene: Scene, command: Command, run: Run, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    (photos / "a-bad.jpg").write_bytes(b"")
    (photos / "sub" / scene.photo.name).write_bytes(scene.photo.read_bytes())
    report = tmp_path / "report.json"
    status, stdout, stderr = run(*command(photos, "--json", report, "--keep", "geotiff,tie_points"))
    assert (status, stderr) == (0, ""), stderr
    assert "2 of 2 photos are done: 1 localized, 1 could not be read." in stdout
    assert "worker 1: " in stdout

    bad, good = rows(tmp_path)
    assert (bad["status"], bad["polygon"], bad["confidence"]) == ("error", None, 0)
    assert "is empty (0 bytes)" in str(bad["message"])
    assert (good["status"], good["nasa_id"], good["matcher"]) == ("localized", "ISS056-E-181034", "sift")
    assert scene.error_px([point[:2] for point in json.loads(str(good["corners"]))]) < 2
    assert scene.error_px(good["polygon"]["coordinates"][0][:4]) < 2
    assert good["seconds_match"] > 0
    assert good["error_m"] > 0
    assert left_in(tmp_path / "out") == [
        "footprints.gpkg", "journal.jsonl", "journal.lock", "photos", "photos/sub",
        "photos/sub/ISS056-E-181034_georeferenced.tif", "photos/sub/ISS056-E-181034_tie_points.csv", "report.html",
    ]  # fmt: skip
    assert "data:image/jpeg;base64," in (tmp_path / "out" / "report.html").read_text()
    entries = json.loads(report.read_text())
    assert [entry["status"] for entry in entries] == ["error", "localized"]
    assert all(set(entry) >= CONTRACT_FIELDS | {"reason", "uncertainty"} for entry in entries)
    assert not {"thumbnail", "outline"} & set(entries[1])

    status, stdout, _ = run(*command(photos, "--keep", "tie_points, geotiff"))
    assert (status, len(rows(tmp_path))) == (0, 2)
    assert "2 of 2 photos are done" in stdout
    assert "this run" not in stdout


def test_a_table_names_the_photos_and_its_bad_rows_stop_none(
    scene: Scene, command: Command, run: Run, here: None, tmp_path: Path
) -> None:
    lon, lat = (f"{value:.3f}".replace(".", ",") for value in scene.world.center_lonlat)
    table = tmp_path / "photos.csv"
    table.write_text(f"photo;nadir lat;nadir lon\n{scene.photo};{lat};{lon}\nb.jpg;north;{lon}\nnone.jpg;;\n")
    status, stdout, _ = run(*command(table, "--keep", "none"))
    assert status == 0
    good, wrong, missing = rows(tmp_path)
    assert (good["status"], good["nadir_source"]) == ("localized", "given")
    assert float(str(good["nadir_lat"])) == pytest.approx(float(lat.replace(",", ".")))
    assert (wrong["status"], wrong["message"]) == (
        "error", "Row 3 of the table is wrong: “north” is no latitude of the nadir in degrees.",
    )  # fmt: skip
    assert "does not exist" in str(missing["message"])
    assert f"{scene.photo.name}: localized at" in stdout
    assert not [name for name in left_in(tmp_path / "out") if name.startswith((WORKING, "photos"))]


def test_photos_that_follow_each_other_are_done_together(
    scene: Scene, command: Command, run: Run, here: None, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in (1, 2):
        write_image(photos / f"cam_{number}.png", scene.world.photo(scene.truth, (400, 267), seed=number))
    assert run(*command(photos, "--sequence"))[0] == 0
    journal = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    assert len(journal) == 1
    assert [row["placed_by"] for row in rows(tmp_path)] == ["reference", "reference"]
    assert all((tmp_path / "out" / str(row["geotiff"])).is_file() for row in rows(tmp_path))


def test_without_dask_a_scheduler_is_refused_in_a_sentence(
    scene: Scene, refused: Refused, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = refused("batch", tmp_path, "--index", scene.index, "--out", out, "--scheduler", "tcp://127.0.0.1:8786")
    assert said.startswith("A scheduler needs the Python package distributed, which is not installed:")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--keep", "geotiff,shapefile"), "'shapefile' is no kind of file: choose from geotiff,"),
        (("--workers", "0"), "'0' is not a whole number of at least 1"),
        (("--matcher", "nobody"), "nobody"),
        (("--imagery", "nowhere.tif"), "nowhere.tif"),
        (("--crs", "EPSG:1"), "EPSG:1"),
    ],
)
def test_what_is_wrong_for_all_photos_is_refused_before_any_work(
    scene: Scene, refused: Refused, out: Path, more: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("batch", scene.photo.parent, "--index", scene.index, "--out", out, *more)


def test_a_source_without_photos_is_refused(scene: Scene, refused: Refused, out: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    common = ("--index", scene.index, "--out", out)
    assert "has no photos" in refused("batch", tmp_path / "empty", *common)
    assert "is neither a folder nor a table" in refused("batch", tmp_path / "none.csv", *common)
