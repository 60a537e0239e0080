"""Checkpoints that are wrong, truncated or of something else are refused in one sentence, and run no code."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.descriptors.published.checkpoint import read_network
from astroloc_qgis.engine.errors import InputError
from tests.engine.descriptors.published_checkpoint import (
    State,
    earthloc_shapes,
    filled,
    tiny_astroloc_shapes,
    write_checkpoint,
)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "whole.pt", tiny_astroloc_shapes())


def refusal(path: Path, architecture: str | None = "astroloc") -> str:
    with pytest.raises(InputError) as caught:
        read_network(path, architecture)
    sentence = str(caught.value)
    assert "expected is DINOv2 with registers" in sentence
    assert sentence.endswith(".")
    assert sentence.count("\n") == 0
    return sentence


def saved(path: Path, state: State) -> Path:
    torch.save(state, path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(whole: Path, tmp_path: Path, share: float) -> None:
    content = whole.read_bytes()
    part = tmp_path / "part.pt"
    part.write_bytes(content[: int(share * len(content))])
    assert "damaged, truncated or something else" in refusal(part)


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>Sign in to download</body></html>" * 50,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
        b"\x80\x02}q\x00.",
        b"PK\x03\x04" + bytes(2000),
        bytes(range(256)) * 40,
        b"",
    ],
    ids=["a page", "a pointer", "an empty pickle", "an archive", "noise", "nothing"],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "best_trained_model.pt"
    path.write_bytes(content)
    assert str(path) in refusal(path)


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("write", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))])
def test_no_code_in_a_file_is_run(tmp_path: Path, write: Callable[[object, Path], object]) -> None:
    write({"state_dict": Evil(tmp_path / "mark")}, tmp_path / "evil.pt")
    refusal(tmp_path / "evil.pt")
    assert not (tmp_path / "mark").exists()


def test_a_whole_network_saved_as_an_object_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "object.pt")
    assert "something else" in refusal(tmp_path / "object.pt")


def without(name: str) -> Callable[[State], State]:
    return lambda state: {key: tensor for key, tensor in state.items() if key != name}


def changed(name: str, tensor: torch.Tensor) -> Callable[[State], State]:
    return lambda state: {**state, name: tensor}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("backbone.blocks.1.ls2.gamma"), "lacks backbone.blocks.1.ls2.gamma"),
        (without("backbone.pos_embed"), "neither backbone.model.conv1.weight nor backbone.pos_embed"),
        (without("backbone.reg_token"), "lacks backbone.reg_token"),
        (changed("head.weight", torch.zeros(3)), "has head.weight, which no such network has"),
        (changed("backbone.norm.bias", torch.zeros(7)), "backbone.norm.bias is 7 and 64 is expected"),
        (changed("backbone.norm.bias", torch.zeros(64, dtype=torch.int64)), "backbone.norm.bias holds whole numbers"),
        (
            changed("backbone.norm.bias", torch.full((64,), torch.nan)),
            "backbone.norm.bias holds numbers that are none or infinite",
        ),
        (changed("backbone.pos_embed", torch.zeros(1, 15, 64)), "15 places, which are no square"),
        (changed("backbone.pos_embed", torch.zeros(1, 4, 64)), "4 patches for 5 clusters"),
        (changed("backbone.pos_embed", torch.zeros(16, 64)), "backbone.pos_embed is 16 x 64"),
        (changed("backbone.pos_embed", torch.zeros(1, 16, 70)), "70 channels"),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(
    tmp_path: Path, change: Callable[[State], State], words: str
) -> None:
    path = saved(tmp_path / "wrong.pt", change(filled(tiny_astroloc_shapes())))
    sentence = refusal(path)
    assert words in sentence
    assert "is no checkpoint of astroloc" in sentence


def test_a_checkpoint_of_the_other_architecture_is_refused(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "earthloc.pt", earthloc_shapes(32, channels=8, depth=1))
    assert "it is of earthloc" in refusal(path)
    assert read_network(path, "earthloc").layout.image_size == 32
    assert read_network(path).layout.architecture == "earthloc"
    with pytest.raises(InputError, match=r"expected is ResNet-50 to its third stage.*320 px and gives 4,096 numbers"):
        read_network(write_checkpoint(tmp_path / "other.pt", tiny_astroloc_shapes()), "earthloc")


def test_what_training_scripts_put_around_a_state_dict_is_taken_off(tmp_path: Path, whole: Path) -> None:
    plain = read_network(whole).state_dict()
    wrapped = write_checkpoint(tmp_path / "wrapped.pt", tiny_astroloc_shapes(), epoch_num=3, best=0.9)
    prefixed = saved(
        tmp_path / "prefixed.pt", {f"module.{name}": part for name, part in filled(tiny_astroloc_shapes()).items()}
    )
    for path in (wrapped, prefixed):
        found = read_network(path).state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in plain.items())


def write_safetensors(path: Path, state: State) -> bytes:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in state.items():
        part = tensor.contiguous().numpy().tobytes()
        places = [len(data), len(data) + len(part)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": places}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path.read_bytes()


def test_safetensors_are_read_and_refused_when_they_are_not_whole(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "model.safetensors"
    content = write_safetensors(path, filled(tiny_astroloc_shapes()))
    plain, found = read_network(whole).state_dict(), read_network(path).state_dict()
    for name, tensor in plain.items():
        np.testing.assert_array_equal(found[name], tensor)
    for share in (0.01, 0.5, 0.9999):
        path.write_bytes(content[: int(share * len(content))])
        refusal(path)
