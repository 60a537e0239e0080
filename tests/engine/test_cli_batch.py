"""Several photos on the command line: a bad one takes no other along, and the report is written whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli import localize_command
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from tests.conftest import ROOT
from tests.engine.scene import CONTRACT_FIELDS, Run, Scene, left_in, make_scene
from tests.engine.synthetic import write_image


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


class Batch:
    """Localizes photos with the scene's index.

    Attributes:
        report: where the report goes.
        out: where the results go.
    """

    def __init__(self, scene: Scene, folder: Path, run: Run) -> None:
        self.report, self.out = folder / "report.json", folder / "out"
        self._scene, self._run = scene, run
        lon, lat = scene.world.center_lonlat
        self._near = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"

    def words(self, *photos: Path, index: Path | None = None) -> list[object]:
        """The command."""
        return [
            "localize", *photos, "--index", index or self._scene.index, "--out", self.out, "--json", self.report,
            "--matcher", "sift", "--extent", self._near,
        ]  # fmt: skip

    def __call__(self, *photos: Path, more: tuple[object, ...] = (), index: Path | None = None) -> tuple[int, str, str]:
        return self._run(*self.words(*photos, index=index), *more)

    @property
    def entries(self) -> list[dict[str, object]]:
        """Those of the report."""
        entries = json.loads(self.report.read_text())
        assert all(set(entry) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"} for entry in entries)
        return entries

    @property
    def statuses(self) -> list[object]:
        return [entry["status"] for entry in self.entries]


@pytest.fixture
def batch(scene: Scene, tmp_path: Path, run: Run) -> Batch:
    return Batch(scene, tmp_path, run)


@pytest.fixture
def bad(scene: Scene, tmp_path: Path) -> list[Path]:
    """A photo that is not there, an empty one, a text, and the first half of a photo."""
    gone, empty, text, half = (tmp_path / name for name in ("gone.jpg", "empty.jpg", "text.jpg", "half.jpg"))
    empty.touch()
    text.write_text("I am no photo.\n" * 50)
    whole = scene.photo.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    return [gone, empty, text, half]


# ---------------------------------------------------------------- bad photos


def test_all_bad_photos_are_named_before_any_work_and_the_good_ones_are_localized(
    scene: Scene, batch: Batch, bad: list[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, told = pipeline.localize, []

    def localize(photo: Path, *arguments, **settings):
        told.append(capfd.readouterr().err)
        return whole(photo, *arguments, **settings)

    monkeypatch.setattr(pipeline, "localize", localize)
    status, stdout, stderr = batch(bad[0], scene.photo, *bad[1:])
    assert (status, stderr) == (2, "")
    (before,) = told
    lines = before.splitlines()
    assert [line.split()[3] for line in lines] == [str(photo) for photo in bad]
    assert lines[0] == f"astroloc: The photo {bad[0]} does not exist: check its name and folder."
    assert "ISS056-E-181034.jpg: localized" in stdout
    assert [entry["photo"] for entry in batch.entries] == [str(photo) for photo in (bad[0], scene.photo, *bad[1:])]
    assert batch.statuses == ["error", "localized", "error", "error", "error"]
    assert f"astroloc: {batch.entries[0]['reason']}" == lines[0]
    assert batch.entries[0]["outputs"] == {}
    assert all(name.startswith("ISS056-E-181034_") for name in left_in(batch.out))


def test_when_all_photos_are_bad_there_is_a_report_and_nothing_else(batch: Batch, bad: list[Path]) -> None:
    status, stdout, stderr = batch(*bad)
    assert (status, stdout) == (2, "")
    assert stderr.count("\n") == len(bad)
    assert batch.statuses == ["error"] * len(bad)
    assert not batch.out.exists()


def test_a_photo_that_fails_midway_stops_no_other(scene: Scene, batch: Batch, tmp_path: Path) -> None:
    """Its file looks whole, and only its pixels tell that it shows nothing."""
    black = write_image(tmp_path / "black.png", np.zeros((100, 150, 3), np.uint8))
    status, stdout, stderr = batch(black, scene.photo)
    assert status == 2
    assert stderr == (
        f"astroloc: The photo {black} shows nothing: all its pixels have the same value; choose another.\n"
    )
    assert batch.statuses == ["error", "localized"]
    assert "localized at" in stdout


def test_a_photo_that_goes_away_midway_stops_no_other(
    scene: Scene, batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = tmp_path / "going.jpg"
    going.write_bytes(scene.stranger.read_bytes())
    whole = pipeline.localize

    def localize(photo: Path, *arguments, **settings):
        going.unlink(missing_ok=True)
        return whole(photo, *arguments, **settings)

    monkeypatch.setattr(pipeline, "localize", localize)
    status, _, stderr = batch(scene.photo, going)
    assert (status, stderr) == (2, f"astroloc: The photo {going} does not exist: check its name and folder.\n")
    assert batch.statuses == ["localized", "error"]


def test_a_defect_is_worse_than_a_bad_photo_and_a_bad_photo_than_one_that_is_not_found(
    scene: Scene, batch: Batch, bad: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batch(scene.stranger, bad[0])[0] == 2
    assert batch.statuses == ["not_localized", "error"]

    def broken(*arguments, **settings):
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "localize", broken)
    assert batch(scene.photo, bad[0])[0] == 1
    assert batch.statuses == ["not_localized", "error"]


# ---------------------------------------------------------------- names


def test_photos_whose_results_would_have_the_same_names_are_refused_and_the_others_localized(
    scene: Scene, batch: Batch, tmp_path: Path
) -> None:
    copy, other = tmp_path / "iss056e181034_lrg.jpg", tmp_path / "other.jpg"
    for path in (copy, other):
        path.write_bytes(scene.photo.read_bytes())
    status, _, stderr = batch(scene.photo, copy, other)
    assert status == 2
    assert stderr == (
        f"astroloc: The results of {scene.photo} and {copy} would have the same names (ISS056-E-181034_...): localize "
        "them one by one, into different folders.\n"
    )
    assert batch.statuses == ["error", "error", "localized"]
    assert all(name.startswith("other_") for name in left_in(batch.out))


def test_a_photo_that_is_named_twice_is_localized_once(scene: Scene, batch: Batch) -> None:
    status, stdout, stderr = batch(scene.photo, scene.photo)
    assert (status, stderr) == (0, "")
    assert stdout.count("localized at") == 1
    assert batch.statuses == ["localized"]


# ---------------------------------------------------------------- what is wrong for all


def test_what_is_wrong_for_all_photos_is_told_once_and_reported_for_each(
    scene: Scene, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "localize", None)  # no work is begun
    status, stdout, stderr = batch(scene.photo, scene.stranger, index=Path("/nowhere/index"))
    assert (status, stdout) == (2, "")
    assert stderr == "astroloc: The index folder /nowhere/index does not exist: choose another, or build it first.\n"
    assert batch.statuses == ["error", "error"]
    for more in (
        ("--imagery", "/nowhere/map.tif"),
        ("--finer", "/nowhere/map.tif"),
        ("--matcher", "magic"),
        ("--crs", "EPSG:0"),
        ("--polygon", "/nowhere/area.gpkg"),
        ("--out", scene.photo / "below"),
    ):
        batch.report.unlink()
        status, stdout, stderr = batch(scene.photo, scene.stranger, more=more)
        assert (status, stdout, stderr.count("\n")) == (2, "", 1), stderr
        assert batch.statuses == ["error", "error"]


# ---------------------------------------------------------------- the report


def test_the_report_holds_what_is_done_after_each_photo(
    scene: Scene, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, seen = pipeline.localize, []

    def localize(photo: Path, *arguments, **settings):
        seen.append(batch.statuses if batch.report.exists() else None)
        return whole(photo, *arguments, **settings)

    monkeypatch.setattr(pipeline, "localize", localize)
    batch(scene.photo, scene.stranger)
    assert seen == [None, ["localized"]]


def test_a_report_into_a_pipe_is_written_once(scene: Scene, batch: Batch, tmp_path: Path) -> None:
    words = map(str, [*batch.words(scene.stranger, tmp_path / "gone.jpg"), "--json", "/dev/stdout"])
    done = subprocess.run(
        [sys.executable, "-m", "astroloc_qgis", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    entries = json.loads(done.stdout[done.stdout.index("[") :])
    assert [entry["status"] for entry in entries] == ["not_localized", "error"]


def test_a_report_that_cannot_be_written_any_more_stops_no_photo_and_is_told(
    scene: Scene, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def localize(photo: Path, *arguments, **settings):
        batch.report.mkdir(exist_ok=True)
        raise InputError(f"{photo.name} is bad.")

    monkeypatch.setattr(pipeline, "localize", localize)
    status, _, stderr = batch(scene.photo, scene.stranger)
    assert status == 2
    assert "ISS056-E-181034.jpg is bad." in stderr
    assert "stranger.jpg is bad." in stderr
    assert stderr.count(f"The report {batch.report} cannot be written (Is a directory)") == 1


def test_a_batch_that_is_interrupted_from_outside_has_reported_what_was_done(
    scene: Scene, batch: Batch, tmp_path: Path
) -> None:
    code = (
        # What is started in the background ignores Ctrl-C, and hands that on to what it starts.
        "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from astroloc_qgis.engine import pipeline; whole = pipeline.localize\n"
        "def localize(photo, *arguments, **settings):\n"
        "    if photo.name == 'stranger.jpg':\n"
        f"        open({str(tmp_path / 'begun')!r}, 'w').close(); time.sleep(60)\n"
        "    return whole(photo, *arguments, **settings)\n"
        "pipeline.localize = localize\n"
        "from astroloc_qgis.cli import main; sys.exit(main.main(sys.argv[1:]))"
    )
    words = batch.words(scene.photo, scene.stranger)
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        while not (tmp_path / "begun").exists() and process.poll() is None:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (1, b"astroloc: Interrupted.\n")
    assert batch.statuses == ["localized", "not_localized"]
    assert batch.entries[1]["reason"] == "interrupted"


def test_output_that_nobody_takes_loses_neither_work_nor_report(scene: Scene, batch: Batch) -> None:
    with Path("/dev/full").open("w") as full:
        words = map(str, batch.words(scene.stranger, scene.photo))
        done = subprocess.run(
            [sys.executable, "-m", "astroloc_qgis", *words], cwd=ROOT, stdout=full, stderr=full, check=False
        )
    assert done.returncode == 3
    assert batch.statuses == ["not_localized", "localized"]


def test_the_check_before_the_work_leaves_photos_of_every_format_alone(scene: Scene, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    photos = [write_image(tmp_path / f"photo{number}{end}", pixels) for number, end in enumerate((".png", ".tif"))]
    assert localize_command.bad_photos([scene.photo, *photos], tmp_path / "out") == {}
