"""Checkpoints: damaged ones are told, and those of older runs are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.checkpoint import load_checkpoint, save_checkpoint


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(InputError, match="cannot be read: delete it to start anew"):
        load_checkpoint(tmp_path / "checkpoint.pt")
    save_checkpoint(tmp_path / "other.pt", {"weights": torch.zeros(1)})
    with pytest.raises(InputError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "other.pt")


def test_a_checkpoint_of_an_older_run_is_read_under_the_present_names(tmp_path: Path) -> None:
    state = {"network": {"blocks.5.steady.mean": torch.ones(2)}, "config": {"steady": True, "seed": 3}}
    save_checkpoint(tmp_path / "checkpoint.pt", state)
    found = load_checkpoint(tmp_path / "checkpoint.pt")
    assert list(found["network"]) == ["blocks.5.renormalisation.mean"]
    assert found["config"] == {"output_renormalisation": True, "seed": 3}
