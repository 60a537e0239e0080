"""The command line: exit statuses, reports, words on the terminal."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.cli.arguments import make_parser
from astroloc_qgis.cli.report import describe_entry, unfinished_entry
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.conftest import ROOT
from tests.engine.scene import CONTRACT_FIELDS, MODEL, Run, Scene, left_in, make_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def in_process_of_its_own(*arguments: object, **settings) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "astroloc_qgis", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, **settings)


def near(scene: Scene) -> str:
    """An extent of a few blocks about the photo's middle."""
    lon, lat = scene.world.center_lonlat
    return f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"


def localize(scene: Scene, photos: tuple[Path, ...], out: Path, report: Path) -> list[object]:
    """The command that localizes photos with the scene's index."""
    return ["localize", *photos, "--index", scene.index, "--out", out, "--json", report]


# ---------------------------------------------------------------- localize


def test_localizing_a_photo_ends_with_0_and_reports_it(scene: Scene, tmp_path: Path) -> None:
    report, out = tmp_path / "new" / "report.json", tmp_path / "out"
    done = in_process_of_its_own(
        "localize", scene.photo, "--index", scene.index, "--out", out, "--matcher", "sift", "--device", "cpu",
        "--json", report,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (entry,) = json.loads(report.read_text())
    assert set(entry) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}
    assert entry["status"] == "localized"
    assert entry["photo"] == str(scene.photo)
    assert scene.error_px(entry["footprint"]) < 3
    assert {Path(path).name for path in entry["outputs"].values()} == set(left_in(out))
    assert f"{scene.photo.name}: localized at 4" in done.stdout
    assert all(path in done.stdout for path in entry["outputs"].values())


def test_a_photo_of_elsewhere_ends_with_3_and_a_report(scene: Scene, tmp_path: Path, run: Run) -> None:
    report, out = tmp_path / "report.json", tmp_path / "out"
    status, stdout, stderr = run(
        "localize", scene.stranger, "--index", scene.index, "--out", out, "--matcher", "sift", "--json", report,
        "--extent", near(scene),
    )  # fmt: skip
    assert (status, stderr) == (3, "")
    (entry,) = json.loads(report.read_text())
    assert set(entry) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}
    assert (entry["status"], entry["outputs"], entry["footprint"]) == ("not_localized", {}, None)
    assert stdout == f"stranger.jpg: not localized ({entry['reason']}).\n"
    assert {"start", "read", "contents", "search", "match", "other"} <= set(entry["seconds"])
    assert left_in(tmp_path) == ["report.json"]


def test_several_photos_are_reported_in_their_order_and_one_not_found_makes_it_3(
    scene: Scene, tmp_path: Path, run: Run
) -> None:
    report = tmp_path / "report.json"
    photos, more = (scene.stranger, scene.photo), ("--matcher", "sift", "--extent", near(scene))
    status, stdout, stderr = run(*localize(scene, photos, tmp_path / "out", report), *more)
    assert (status, stderr) == (3, "")
    entries = json.loads(report.read_text())
    assert [entry["status"] for entry in entries] == ["not_localized", "localized"]
    assert [entry["photo"] for entry in entries] == [str(scene.stranger), str(scene.photo)]
    assert stdout.index("stranger.jpg") < stdout.index("ISS056-E-181034.jpg")
    assert all(name.startswith("ISS056-E-181034_") for name in left_in(tmp_path / "out"))


# ---------------------------------------------------------------- defects


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the engine break on the stranger."""
    whole = pipeline.localize

    def localize(photo: Path, *arguments, **settings):
        if photo.name == "stranger.jpg":
            raise ZeroDivisionError("division by zero\nin the works")
        return whole(photo, *arguments, **settings)

    monkeypatch.setattr(pipeline, "localize", localize)


@pytest.mark.usefixtures("breaks")
def test_a_defect_ends_with_1_and_a_report_and_takes_no_other_photo_along(
    scene: Scene, tmp_path: Path, run: Run
) -> None:
    report = tmp_path / "report.json"
    photos = (scene.stranger, scene.photo)
    status, _, stderr = run(*localize(scene, photos, tmp_path / "out", report), "--matcher", "sift")
    assert status == 1
    first, *rest = stderr.splitlines()
    assert first == "astroloc: This is a defect of AstroLoc: ZeroDivisionError: division by zero in the works"
    assert rest[0].startswith("Traceback")
    broken, whole = json.loads(report.read_text())
    assert set(broken) == set(whole) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}
    assert (broken["status"], whole["status"]) == ("not_localized", "localized")
    assert "defect" in broken["reason"]


def test_a_defect_outside_any_photo_ends_with_1_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options):
        raise RuntimeError("no such thing")

    monkeypatch.setitem(cli.COMMANDS, "index", broken)
    status, _, stderr = run("index", "info", tmp_path)
    assert status == 1
    assert stderr.splitlines()[0] == "astroloc: This is a defect of AstroLoc: RuntimeError: no such thing"


def test_an_interruption_ends_with_1_and_reports_what_was_done(
    scene: Scene, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "localize", interrupted)
    report = tmp_path / "report.json"
    status, _, stderr = run(
        "localize", scene.photo, scene.stranger, "--index", scene.index, "--out", tmp_path, "--json", report
    )
    assert (status, stderr) == (1, "astroloc: Interrupted.\n")
    assert [entry["reason"] for entry in json.loads(report.read_text())] == ["interrupted"] * 2


# ---------------------------------------------------------------- refine


def test_refining_from_a_block_and_then_from_the_footprint_written(scene: Scene, tmp_path: Path, run: Run) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    status, _, stderr = run(
        "refine", scene.photo, "--imagery", scene.imagery, "--block", scene.block, "--out", tmp_path / "a", "--matcher",
        "sift", "--crs", "EPSG:4326", "--json", first,
    )  # fmt: skip
    assert (status, stderr) == (0, "")
    (entry,) = json.loads(first.read_text())
    assert entry["candidate"]["rank"] == 1
    status, _, stderr = run(
        "refine", scene.photo, "--imagery", scene.imagery, "--footprint", entry["outputs"]["footprint_gpkg"], "--out",
        tmp_path / "b", "--matcher", "sift", "--json", second,
    )  # fmt: skip
    assert (status, stderr) == (0, "")
    (again,) = json.loads(second.read_text())
    assert again["candidate"] is None
    assert scene.error_px(again["footprint"]) < 3


def test_refining_where_there_is_no_imagery_ends_with_3(scene: Scene, tmp_path: Path, run: Run) -> None:
    report = tmp_path / "report.json"
    status, stdout, stderr = run(
        "refine", scene.photo, "--imagery", scene.imagery, "--block", "12/1000/100", "--out", tmp_path / "out",
        "--matcher", "sift", "--json", report,
    )  # fmt: skip
    assert (status, stderr) == (3, "")
    assert "the reference shows nothing there" in stdout
    assert json.loads(report.read_text())[0]["status"] == "not_localized"


# ---------------------------------------------------------------- retrieve and index


def test_retrieve_lists_as_many_places_as_asked_for_best_first(scene: Scene, tmp_path: Path, run: Run) -> None:
    report = tmp_path / "places.json"
    status, stdout, stderr = run("retrieve", scene.photo, "--index", scene.index, "--top", 7, "--json", report)
    assert (status, stderr) == (0, "")
    assert len(stdout.splitlines()) == 1 + 7
    (entry,) = json.loads(report.read_text())
    assert entry["photo"] == str(scene.photo)
    assert [place["rank"] for place in entry["candidates"]] == [1, 2, 3, 4, 5, 6, 7]
    best = entry["candidates"][0]
    assert {"zoom", "row", "column", "size", "rank", "score"} <= set(best)
    assert f"{best['zoom']}/{best['row']}/{best['column']}" in stdout.splitlines()[1]


def test_an_index_is_built_and_told_about(scene: Scene, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "index"
    lon, lat = scene.world.center_lonlat
    status, built, stderr = run(
        "index", "build", "--imagery", scene.imagery, "--zooms", "12,11,12", "--extent",
        f"{lon - 0.1},{lat - 0.1},{lon + 0.1},{lat + 0.1}", "--model", MODEL, "--title", "A few blocks", "--out", out,
    )  # fmt: skip
    assert (status, stderr) == (0, "")
    stored = json.loads((out / "index.json").read_text())
    assert stored["zooms"] == [11, 12]
    assert left_in(tmp_path) == ["index", "index/blocks.npz", "index/descriptors.faiss", "index/index.json"]
    status, told, stderr = run("index", "info", out)
    assert (status, stderr) == (0, "")
    assert built.endswith(told)
    assert built.startswith("this process: 18 blocks described, ")
    assert run("index", "check", out) == (0, told, "")
    merged = tmp_path / "merged"
    assert run("index", "merge", out, out, "--title", "Twice", "--out", merged) == (
        0, told.replace(f"{out}: A few blocks", f"{merged}: Twice"), "",
    )  # fmt: skip
    assert f"{out}: A few blocks" in told
    assert f"{sum(stored['counts'].values())} (" in told
    assert str(scene.imagery) in told


# ---------------------------------------------------------------- places west and south


@pytest.mark.parametrize("separate", [True, False], ids=["after a space", "after ="])
@pytest.mark.parametrize("text", ["-19.3,-70", "-.5,3", "46,-11"])
def test_a_nadir_may_be_south_or_west(text: str, separate: bool) -> None:
    words = ["--nadir", text] if separate else [f"--nadir={text}"]
    for command in (
        ["localize", "p.jpg", "--index", "i", "--out", "o"],
        ["retrieve", "p.jpg", "--index", "i"],
        ["refine", "p.jpg", "--imagery", "i", "--block", "11/902/434", "--out", "o"],
    ):
        options = make_parser().parse_args([*command, *words])
        assert options.nadir == Nadir(*(float(part) for part in text.split(",")))
        assert options.photos == [Path("p.jpg")]


@pytest.mark.parametrize(
    ("text", "nadir"),
    [
        ("-19.3,-70.5,418", Nadir(-19.3, -70.5, 418_000)),
        ("-19,3;-70,5", Nadir(-19.3, -70.5)),
        ("-19,3;-70,5;418", Nadir(-19.3, -70.5, 418_000)),
        ("19,3,70,5", Nadir(19.3, 70.5)),
        ("19,70", Nadir(19, 70)),
    ],
)
def test_a_nadir_may_have_a_height_and_decimal_commas(text: str, nadir: Nadir) -> None:
    assert make_parser().parse_args(["retrieve", "p.jpg", "--index", "i", "--nadir", text]).nadir == nadir


@pytest.mark.parametrize("separate", [True, False], ids=["after a space", "after ="])
def test_an_extent_may_be_south_or_west(separate: bool) -> None:
    text = "-104,-21,-103,20"
    words = ["--extent", text] if separate else [f"--extent={text}"]
    for command in (
        ["localize", "p.jpg", "--index", "i", "--out", "o"],
        ["index", "build", "--imagery", "i", "--zooms", "9", "--out", "o"],
    ):
        assert make_parser().parse_args([*command, *words]).extent == (-104, -21, -103, 20)


def test_a_nadir_to_the_south_and_west_limits_the_search(scene: Scene, run: Run) -> None:
    status, _, stderr = run("retrieve", scene.photo, "--index", scene.index, "--nadir", "-19.3,-70")
    assert status == 2
    assert "has no block within 2500 km of the nadir -19.3,-70: widen the search" in stderr


# ---------------------------------------------------------------- benchmark


def test_the_benchmark_prints_a_table_and_writes_the_same_as_json(scene: Scene, tmp_path: Path, run: Run) -> None:
    report = tmp_path / "results.json"
    cases = scene.cases(tmp_path / "cases")
    status, stdout, stderr = run("benchmark", "coregistration", cases, "--matcher", "sift", "--json", report)
    assert (status, stderr) == (0, "")
    right, wrong = json.loads(report.read_text())
    assert (right["id"], right["status"], right["right"]) == ("right", "localized", True)
    assert (wrong["id"], wrong["status"], wrong["right"]) == ("wrong", "not_localized", True)
    assert {"inliers", "corner_error_px", "seconds"} <= set(right)
    table = [line for line in stdout.splitlines() if line.startswith("|")]
    assert len(table) == (2 + 2) + (2 + 1)  # a line a case, then a line a matcher
    assert f"| sift | right | positive | localized | {right['inliers']} |" in table[2]
    assert "sift: 1 of 1 positives right, 0 of all wrong" in stdout


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("words", "mentioned"),
    [
        ([], ["localize", "refine", "retrieve", "index", "benchmark"]),
        (["localize"], ["PHOTO", "--index", "--out", "--nadir", "--radius-km", "--extent", "--matcher", "--json"]),
        (["refine"], ["--imagery", "--block", "--footprint", "--out"]),
        (["retrieve"], ["--index", "--top"]),
        (["index"], ["build", "info"]),
        (["index", "build"], ["--imagery", "--zooms", "--extent", "--model", "--out"]),
        (["benchmark", "coregistration"], ["FOLDER", "--matcher"]),
    ],
    ids=lambda value: "-".join(value) or "all" if isinstance(value, list) else None,
)
def test_help_names_what_the_contract_does(words, mentioned, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert [word for word in mentioned if word not in told] == []
    assert told.isascii()  # any terminal can show it


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from astroloc_qgis.cli.arguments import make_parser; make_parser().format_help(); "
        "import astroloc_qgis.cli.main; "
        "print([name for name in ('torch', 'cv2', 'faiss', 'kornia', 'osgeo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_middle_of_a_footprint_across_the_antimeridian_is_there_and_not_off_africa() -> None:
    entry = unfinished_entry(Path("p.jpg"), "") | {
        "status": "localized",
        "footprint": [[179.5, -17], [-179.9, -17], [-179.9, -18], [179.5, -18]],
        "rmse_m": 1.0,
    }
    assert "localized at -17.5000, 179.8000 (latitude, longitude)" in describe_entry(entry)


def test_a_progress_bar_shows_on_a_terminal_and_nowhere_else(scene: Scene, tmp_path: Path) -> None:
    command = ["retrieve", scene.photo, "--index", scene.index, "--top", 3]
    silent = in_process_of_its_own(*command)
    assert (silent.returncode, silent.stderr) == (0, "")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    shown = subprocess.Popen(
        [sys.executable, "-m", "astroloc_qgis", *map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    seen = _everything(ours)
    stdout, _ = shown.communicate(timeout=60)
    assert shown.returncode == 0
    assert f"{scene.photo.name}: search" in seen
    assert "100 %" in seen
    assert stdout.decode() == silent.stdout


@pytest.mark.parametrize("command", ["localize", "retrieve"])
def test_where_nobody_reads_the_output_there_is_no_complaint_and_the_report_is_written(
    scene: Scene, tmp_path: Path, command: str
) -> None:
    report = tmp_path / "report.json"
    more = ["--out", tmp_path / "out", "--extent", near(scene)] if command == "localize" else []
    words = ["-m", "astroloc_qgis", command, scene.photo, "--index", scene.index, *more, "--json", report]
    left = subprocess.Popen(
        [sys.executable, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert left.stdout is not None
    assert left.stderr is not None
    left.stdout.close()
    assert left.stderr.read() == ""
    assert left.wait(timeout=120) == cli.LOCALIZED
    assert report.is_file()


def _everything(terminal: int) -> str:
    seen = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that the other end has closed
                raise
            part = b""
        if not part:
            os.close(terminal)
            return seen.decode()
        seen += part


def test_a_path_that_the_terminal_cannot_write_is_no_reason_to_fail(scene: Scene, tmp_path: Path) -> None:
    photo = tmp_path / "Fotografía Ω.jpg"
    photo.write_bytes(scene.photo.read_bytes())
    done = in_process_of_its_own(
        "refine", photo, "--imagery", scene.imagery, "--block", "12/1000/100", "--out", tmp_path / "out", "--matcher",
        "sift", env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 3
    assert "not localized" in done.stdout
