"""An ablation leaves out one part at a time, and resumes where it was interrupted."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.ablation import VARIANTS, WHOLE, last_validation, run_ablation, variants
from astroloc_qgis.engine.training.config import TrainingConfig

METHOD = TrainingConfig(tile_loss=1.0, steps=10)


def recorded(folder: Path, steps: int, value: float) -> None:
    """Write what a run of so many steps writes."""
    folder.mkdir(parents=True, exist_ok=True)
    recall = {"overlap": {"1": value, "10": value, "100": value}, "iou20": {"1": 0.0, "10": 0.0, "100": 0.0}}
    entries = [{"step": 1, "loss": 2.0}, {"step": steps, "validation": recall}]
    (folder / "log.jsonl").write_text("\n".join(json.dumps(entry) for entry in entries) + "\n")


def test_each_variant_differs_from_the_whole_method_in_one_part() -> None:
    made = dict(variants(METHOD))
    whole = dataclasses.asdict(made[WHOLE])
    assert whole == dataclasses.asdict(METHOD)
    for name, variant in made.items():
        changed = {key for key, value in dataclasses.asdict(variant).items() if value != whole[key]}
        assert changed == set(VARIANTS[name])
    assert len(made) == 7


@pytest.mark.parametrize(
    "part", [{"tile_loss": 0.0}, {"yearwise": False}, {"overlap_mask": False}, {"relevance": False}]
)
def test_a_part_that_is_not_there_cannot_be_left_out(part: dict) -> None:
    with pytest.raises(InputError, match="The configuration of the whole method lacks"):
        list(variants(dataclasses.replace(METHOD, **part)))


def test_results_are_collected_variant_by_variant_and_kept_when_it_breaks_off(tmp_path: Path) -> None:
    trained: list[TrainingConfig] = []
    results = tmp_path / "measured" / "ablation.json"

    def train(config: TrainingConfig, folder: Path) -> None:
        if len(trained) == 4:
            trained.clear()
            raise KeyboardInterrupt
        trained.append(config)
        recorded(folder, config.steps, 50.0 if config.relevance else 40.0)

    with pytest.raises(KeyboardInterrupt):
        run_ablation(METHOD, tmp_path / "runs", train, results)
    assert len(json.loads(results.read_text())) == 4
    entries = run_ablation(METHOD, tmp_path / "runs", lambda _, folder: recorded(folder, 10, 30.0), results)
    assert [entry["variant"] for entry in entries] == list(VARIANTS)
    assert json.loads(results.read_text()) == entries
    assert entries[0]["steps"] == 10
    assert len({path.name for path in (tmp_path / "runs").iterdir()}) == 7


def test_a_run_that_validated_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="validated nothing"):
        last_validation(tmp_path)
