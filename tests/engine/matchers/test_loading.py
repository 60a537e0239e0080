"""Loading of weights: each file belongs to an architecture, and one that does not fit is refused."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.loading import architecture_of, fitted
from tests.engine.scene import Run

pytestmark = pytest.mark.usefixtures("own_weights")


def test_every_matcher_lists_the_architectures_of_its_weights() -> None:
    for entry in matchers.MATCHERS.values():
        if entry.weights:
            module = importlib.import_module(f"astroloc_qgis.engine.matchers.{entry.module}")
            assert set(module.ARCHITECTURES) == set(entry.weights)


def test_weights_that_no_matcher_uses_are_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="No matcher has weights called 'surf': choose one of xfeat, .*hardnet"):
        architecture_of("surf")


def test_the_table_of_matchers_says_what_their_classes_say() -> None:
    for name, entry in matchers.MATCHERS.items():
        kind = getattr(importlib.import_module(f"astroloc_qgis.engine.matchers.{entry.module}"), entry.kind)
        assert (kind.name, kind.licence, kind.rotation_invariant) == (name, entry.licence, entry.any_rotation)


def change(state: dict[str, torch.Tensor], how: str) -> dict[str, torch.Tensor]:
    first = next(iter(state))
    if how == "missing":
        del state[first]
    elif how == "too many":
        state["another.weight"] = torch.zeros(3)
    else:
        state[first] = torch.zeros(3, 5)
    return state


@pytest.mark.parametrize("how", ["missing", "too many", "instead of"])
def test_a_checkpoint_of_another_architecture_is_refused(how: str, run: Run, tmp_path: Path, own_weights: Path) -> None:
    state = change(dict(architecture_of("hardnet").build().state_dict()), how)
    torch.save(state, tmp_path / "hardnet.pth")
    status, _, complaint = run("matchers", "add", "hardnet", tmp_path / "hardnet.pth")
    assert status == 2
    assert complaint.count("\n") == 1
    assert "do not fit the model 'hardnet'" in complaint
    assert how in complaint
    assert not own_weights.exists()


def test_files_without_counters_of_batches_fit() -> None:
    state = {key: value for key, value in architecture_of("affnet").build().state_dict().items() if "num_b" not in key}
    assert not fitted("affnet", state).training


@pytest.mark.parametrize("kind", ["text", "pickle", "list", "empty"])
def test_what_is_no_state_dict_is_refused_and_no_code_in_it_runs(kind: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if kind == "text":
        path.write_text("no weights")
    else:
        content = {"pickle": Trap(tmp_path / "sprung"), "list": [torch.zeros(2)], "empty": {}}[kind]
        torch.save(content, path)
    status, _, complaint = run("matchers", "add", "hardnet", path)
    assert status == 2
    assert "state dict" in complaint
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))
