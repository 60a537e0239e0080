"""What a query costs is measured in processes of their own, and reported as a ratio to an exact search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.cli import main as cli
from tests.engine.scene import Scene, make_scene

STEPS = ["open", "read", "describe", "search the world"]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.mark.parametrize("with_nadir", [True, False])
def test_the_cost_of_a_query_is_told_by_step_with_memory_and_ratio(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], with_nadir: bool
) -> None:
    lon, lat = scene.world.center_lonlat
    report = tmp_path / "speed.json"
    more = ["--nadir", f"{lat},{lon}"] if with_nadir else []
    command = ["benchmark", "speed", str(scene.photo), "--index", str(scene.index), "--json", str(report), *more]
    assert cli.main(command) == cli.LOCALIZED
    told = json.loads(report.read_text())
    assert list(told["seconds"]) == STEPS + (["search about the nadir"] if with_nadir else [])
    assert all(seconds > 0 for seconds in told["seconds"].values())
    assert told["ratio"] == pytest.approx(told["seconds"]["search the world"] / told["exact"], rel=0.2)
    assert told["index"]["blocks"] > 10
    assert 50 < told["peak_memory_mb"]["query"] < 4000
    shown = capsys.readouterr().out
    assert "| describe |" in shown
    assert f"{told['ratio']:.2f} of the time of an exact one" in " ".join(shown.split())


def test_an_index_that_is_none_is_one_sentence(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["benchmark", "speed", str(scene.photo), "--index", str(tmp_path)]) == cli.BAD_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1
