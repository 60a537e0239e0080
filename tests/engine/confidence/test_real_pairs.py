"""No acceptance rests on simulated pairs alone: what real pairs let a matcher accept, and their way into its file."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis import engine
from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine import verification
from astroloc_qgis.engine.benchmark.trials import calibration_rows
from astroloc_qgis.engine.confidence.calibrate import check, distinct
from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_row
from astroloc_qgis.engine.confidence.model import JUDGED
from astroloc_qgis.engine.confidence.real_pairs import ACCEPTED, LEVELS, RealPairs, accepted_from, count, real_pairs
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import Registration

WEAK = Evidence(12, 0.1, 0.1, 1.0, 0.0)
SURE = Evidence(300, 0.6, 0.9, 1.0, 0.0)


def aims_row(photo: str, *, shows: bool, evidence: Evidence | None, right: bool | None, rank: int = 1, **more) -> dict:
    trial = {
        "matcher": "toy", "evidence": None if evidence is None else evidence_row(evidence), "located": evidence is SURE,
        "footprint": None, "right": right,
    }  # fmt: skip
    return {
        "photo": photo,
        "set": "aims",
        "block": f"9/{rank}/1",
        "seconds": 1.0,
        "shows": shows,
        "trials": [trial],
        **more,
    }


def real_rows(shown: int, elsewhere: int) -> list[dict]:
    rows = [aims_row(f"a{number}", shows=True, evidence=SURE, right=True) for number in range(shown)]
    return rows + [
        aims_row(f"b{number}", shows=False, evidence=WEAK, right=False, rank=number) for number in range(elsewhere)
    ]


def written(path: Path, rows: list[dict]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize(
    ("real", "level"),
    [
        (RealPairs(), 0.99),
        (RealPairs(photos=4, shown=40, elsewhere=500), 0.99),
        (RealPairs(photos=5, shown=5, elsewhere=49), 0.99),
        (RealPairs(photos=5, shown=5, elsewhere=50), 0.9),
        (RealPairs(photos=5, shown=5, elsewhere=50, wrong=1, highest_wrong=0.93), 0.99),
        (RealPairs(photos=5, shown=5, elsewhere=50, wrong=1, highest_wrong=0.995), 0.999),
        (RealPairs(photos=5, shown=5, elsewhere=50, wrong=1, highest_wrong=0.9995), math.inf),
    ],
)
def test_few_real_pairs_and_sure_mistakes_raise_what_is_asked(real: RealPairs, level: float) -> None:
    assert real.accepted_from == level


def test_a_matcher_without_a_file_has_no_real_pairs_and_needs_more() -> None:
    assert real_pairs("nobody-has-calibrated-this") == RealPairs()
    assert accepted_from("nobody-has-calibrated-this") == LEVELS[1] > ACCEPTED


def test_trials_of_real_photos_are_counted(tmp_path: Path) -> None:
    rows = real_rows(6, 60)
    rows.append(aims_row("c", shows=True, evidence=WEAK, right=None))  # near a rough outline: cannot be told
    rows.append(aims_row("d", shows=True, evidence=None, right=None))  # no solution
    rows.append(aims_row("e", shows=False, evidence=SURE, right=True))  # at the edge of a wrong candidate's picture
    real = count(calibration_rows([written(tmp_path / "rows.jsonl", rows)]), JUDGED)
    rows.append(aims_row("c", shows=True, evidence=None, right=None, rank=2))  # the same photo, at another place
    again = count(calibration_rows([written(tmp_path / "rows.jsonl", rows)]), JUDGED)
    assert (again.photos, again.shown) == (9, 10)
    assert (real.photos, real.shown, real.elsewhere) == (9, 9, 60)
    assert (real.right, real.wrong, real.untold) == (7, 60, 1)
    assert real.highest_wrong == pytest.approx(JUDGED.confidence(WEAK), abs=1e-4)
    assert str(real) == "real pairs: 9 right, 60 wrong"


def test_a_pair_that_was_measured_twice_counts_once_at_its_surest(tmp_path: Path) -> None:
    twice = [aims_row("b", shows=False, evidence=each, right=False) for each in (WEAK, SURE, None)]
    rows = calibration_rows([written(tmp_path / "rows.jsonl", twice)])
    assert len(rows) == 1
    assert count(rows, JUDGED).highest_wrong > 0.99
    simulated = {"matcher": "toy", "photo": "b", "block": "9/1/1", "kind": "true", "found": False}
    assert len(distinct([*rows, simulated, simulated])) == 3


def test_real_rows_alone_leave_the_weights_and_set_the_threshold(tmp_path: Path) -> None:
    rows = calibration_rows([written(tmp_path / "rows.jsonl", real_rows(6, 60))])
    found = check(rows, "toy", "made up", tmp_path)
    assert found.weights == JUDGED
    assert found.made["real"]["elsewhere"] == 60
    assert found.made["accepted_from"] == ACCEPTED


def test_the_command_line_writes_the_real_pairs_of_every_matcher(tmp_path: Path, capsys) -> None:
    others = [{**row, "trials": [{**row["trials"][0], "matcher": "other"}]} for row in real_rows(2, 3)]
    rows = written(tmp_path / "rows.jsonl", real_rows(6, 60) + others)
    out = tmp_path / "files"
    assert cli.main(["benchmark", "calibrate", str(rows), "--source", "made up", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Real pairs: 6 right, 60 wrong; 6 right and 60 wrong solutions" in said
    assert "Real pairs: 2 right, 3 wrong (too few to prove it)" in said
    assert real_pairs("toy", out).proved
    assert not real_pairs("other", out).proved
    command = ["benchmark", "calibrate", str(rows), "--source", "x", "--out", str(out)]
    assert cli.main([*command, "--matcher", "nobody"]) == 2
    assert "not of nobody" in capsys.readouterr().err
    assert cli.main([*command, "--plot", str(tmp_path / "plot.svg")]) == 2
    assert "choose by --matcher" in capsys.readouterr().err


def test_simulated_and_real_pairs_are_fitted_together_and_counted_apart(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    simulated = [
        {"photo": f"a/{number}.jpg", "kind": "true", "block": "9/1/1", "matcher": "toy", "found": True,
         "right": bool(number % 2), "evidence": evidence_row(_drawn(bool(number % 2), random)), "seconds": 1.0}
        for number in range(200)
    ]  # fmt: skip
    first, second = written(tmp_path / "a.jsonl", simulated), written(tmp_path / "b.jsonl", real_rows(6, 60))
    arguments = ["benchmark", "calibrate", str(first), str(second), "--source", "made up", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    made = json.loads((tmp_path / "toy.json").read_text())["made"]
    assert made["pairs"] == {"real, elsewhere": 60, "real, shown": 6, "true": 200}
    assert (made["real"]["shown"], made["real"]["elsewhere"]) == (6, 60)
    assert made["registrations"] == 266


def _drawn(right: bool, random: np.random.Generator) -> Evidence:
    return Evidence(
        int(np.exp(random.normal(4.2 if right else 2.4, 0.6))),
        random.uniform(0.05, 0.4),
        random.uniform(0.1, 0.9),
        1.0,
        0.0,
    )


def test_rows_without_trials_or_of_something_else_are_refused(tmp_path: Path) -> None:
    old = {"photo": "a", "candidate_right": True}
    with pytest.raises(InputError, match="older version"):
        calibration_rows([written(tmp_path / "old.jsonl", [old])])
    with pytest.raises(InputError, match="no pairs or real photos"):
        calibration_rows([written(tmp_path / "other.jsonl", [{"a": 1}])])
    with pytest.raises(InputError, match="cannot be read"):
        calibration_rows([tmp_path / "nothing.jsonl"])


def test_what_is_enough_for_others_is_not_for_a_matcher_that_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Registration(WorkingPlane.local(0.0, 0.0), "converged", "toy", homography=np.eye(3))
    monkeypatch.setattr(verification, "evidence_of", lambda *_: WEAK)
    monkeypatch.setattr(verification, "confidence_of", lambda *_: 0.95)
    rejected = verification.verify(found, (300, 200))
    assert not rejected.located
    assert "toy's, which needs a confidence of 0.99, not 0.95" in rejected.reason
    monkeypatch.setattr(verification, "accepted_from", lambda _: math.inf)
    assert "not believed by itself" in verification.verify(found, (300, 200)).reason
    monkeypatch.setattr(verification, "accepted_from", lambda _: ACCEPTED)
    assert verification.verify(found, (300, 200)).located


def test_every_shipped_calibration_file_says_what_real_pairs_stand_behind_it() -> None:
    folder = Path(engine.__file__).parent / "confidence" / "calibration"
    for path in folder.glob("*.json"):
        assert real_pairs(path.stem).shown > 0, path.name
