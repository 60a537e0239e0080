"""``localize --sequence`` and ``--nadirs`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.cli import localize_command
from astroloc_qgis.cli.nadir_table import read_nadirs
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.engine.scene import CONTRACT_FIELDS, Run
from tests.engine.sequence.flight import Flight
from tests.engine.synthetic import make_world

SEQUENCE_FIELDS = {"placed_by", "neighbours", "uncertainty_m", "proposal"}


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    return Flight(tmp_path_factory.mktemp("flight"), make_world())


@pytest.fixture
def report(flight: Flight, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch):
    """Runs the command on photos 1 to 4, of which the work on each alone locates all but the cloudy last."""
    results = flight.results((1, 2, 3))
    nadirs: dict[Path, Nadir | None] = {}

    def localize(photo: Path, *_folders: object, nadir: Nadir | None = None, **_options: object):
        nadirs[photo] = nadir
        return results[photo]

    monkeypatch.setattr(localize_command, "check_inputs", lambda _options: None)
    monkeypatch.setattr(pipeline, "localize", localize)

    def command(*more: object) -> tuple[int, str, dict[str, dict[str, object]], dict[Path, Nadir | None]]:
        path = tmp_path / "report.json"
        status, out, err = run(
            "localize", *reversed(flight.photos[1:5]), "--index", tmp_path, "--imagery", flight.imagery, "--out",
            tmp_path / "out", "--matcher", "sift", "--json", path, *more,
        )  # fmt: skip
        assert err == ""
        entries = json.loads(path.read_text())
        assert [Path(entry["photo"]) for entry in entries] == flight.photos[4:0:-1]
        return status, out, {Path(entry["photo"]).stem: entry for entry in entries}, nadirs

    return command


def test_the_report_has_one_entry_a_photo_in_the_order_given_with_the_fields_of_a_sequence(report, flight):
    status, out, entries, _ = report("--sequence")
    assert status == 0
    assert all(
        set(entry) == CONTRACT_FIELDS | SEQUENCE_FIELDS | {"reason", "uncertainty", "correction"}
        for entry in entries.values()
    )
    assert [entries[f"pass_002{number}"]["placed_by"] for number in range(1, 5)] == ["reference"] * 3 + ["neighbours"]
    cloudy = entries["pass_0024"]
    assert flight.error_km(4, cloudy["footprint"]) < cloudy["uncertainty_m"] / 1000
    assert "pass_0024.jpg: localized at" in out
    assert "(95 %)" in out


def test_without_sequence_nothing_changes(report):
    status, _, entries, nadirs = report()
    assert status == 3
    assert all(not SEQUENCE_FIELDS & set(entry) for entry in entries.values())
    assert entries["pass_0024"]["status"] == "not_localized"
    assert set(nadirs.values()) == {None}


def test_each_photo_has_the_nadir_of_its_row_and_the_others_that_of_all(report, flight, tmp_path):
    table = tmp_path / "nadirs.csv"
    table.write_text("file,lat,lon,km\npass_0021.jpg,46.1,11.2,\nphotos/pass_0022.jpg,46.2,11.3,408\nother.jpg,,,\n")
    *_, nadirs = report("--nadirs", table, "--nadir", "45,10")
    given = [nadirs[flight.photos[number]] for number in range(1, 5)]
    assert given == [Nadir(46.1, 11.2), Nadir.at(46.2, 11.3, 408.0), Nadir(45.0, 10.0), Nadir(45.0, 10.0)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("file,lat\na.jpg,3\n", "has no column lon"),
        ("", "has no column file"),
        ("file,lat,lon\na.jpg,95,3\n", "Row 2 of the table of nadirs"),
        ("file,lat,lon\na.jpg,north,3\n", "Row 2 of the table of nadirs"),
    ],
)
def test_a_table_that_is_wrong_gets_one_sentence(tmp_path, content, sentence):
    table = tmp_path / "nadirs.csv"
    table.write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_nadirs(table, [Path("a.jpg")])


def test_a_table_that_is_not_there_gets_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_nadirs(tmp_path / "none.csv", [])
