"""Giving weights from a file or a folder, and the table of models."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.matchers.registry import MATCHERS, KnownMatcher
from astroloc_qgis.engine.weights.store import recorded_weights
from tests.engine.descriptors.published_checkpoint import tiny_astroloc_shapes, write_checkpoint
from tests.engine.random_weights import write_checkpoint as write_matcher_checkpoint
from tests.engine.scene import Run

pytestmark = pytest.mark.usefixtures("folder")


def refused(result: tuple[int, str, str]) -> str:
    status, told, error = result
    assert (status, told) == (2, ""), error
    assert error.count("\n") == 1
    return error


def test_a_checkpoint_is_copied_and_its_size_vector_and_hash_are_told(tmp_path: Path, run: Run, folder: Path) -> None:
    file = write_checkpoint(tmp_path / "best.pth", tiny_astroloc_shapes())
    status, told, error = run("models", "give", "earthloc2", file)
    assert status == 0, error
    record = recorded_weights()["earthloc2"]
    assert (record.file, record.like) == ("earthloc2.pt", None)
    assert record.sha256 in told
    assert "pictures 56 px" in told
    assert (folder / "earthloc2.pt").read_bytes() == file.read_bytes()


def test_a_folder_is_given_by_the_published_name_or_by_its_only_checkpoint(tmp_path: Path, run: Run) -> None:
    (tmp_path / "logs").mkdir()
    write_checkpoint(tmp_path / "logs" / "last.pth", tiny_astroloc_shapes())
    (tmp_path / "logs" / "info.txt").write_text("a log")
    assert run("models", "give", "earthloc2", tmp_path / "logs")[0] == 0
    write_checkpoint(tmp_path / "logs" / "best.pth", tiny_astroloc_shapes(linear=True))
    assert "holds 2 checkpoints: name the file itself" in refused(run("models", "give", "mine", tmp_path / "logs"))
    (tmp_path / "logs" / "best.pth").rename(tmp_path / "logs" / "earthloc2.pt")
    status, told, _ = run("models", "give", "earthloc2", tmp_path / "logs")
    assert status == 0
    assert "vector   48 numbers" in told


def test_a_matchers_files_are_given_one_by_one_or_as_a_folder(tmp_path: Path, run: Run) -> None:
    (tmp_path / "files").mkdir()
    write_matcher_checkpoint("hardnet", tmp_path / "files" / "checkpoint_liberty_with_aug.pth")
    write_matcher_checkpoint("doghardnet-lightglue", tmp_path / "files" / "doghardnet_lightglue.pth")
    alone = tmp_path / "files" / "doghardnet_lightglue.pth"
    assert "has 2 files: name a folder" in refused(run("models", "give", "dog-hardnet-lightglue", alone))
    status, told, error = run("models", "give", "dog-hardnet-lightglue", tmp_path / "files")
    assert status == 0, error
    assert "hardnet: " in told
    row = next(line for line in run("models", "list")[1].splitlines() if line.startswith("dog-hardnet"))
    assert row.split()[2] == "yes"


def test_removed_weights_are_gone_but_those_that_another_matcher_needs(tmp_path: Path, run: Run, folder: Path) -> None:
    assert "no weights to remove" in refused(run("models", "remove", "earthloc2"))
    assert "There is no model 'nothing'" in refused(run("models", "remove", "nothing"))
    file = write_checkpoint(tmp_path / "best.pth", tiny_astroloc_shapes())
    run("models", "give", "earthloc2", file)
    run("models", "give", "mine", file)
    status, told, error = run("models", "remove", "earthloc2")
    assert (status, told) == (0, f"removed {folder / 'earthloc2.pt'}\n"), error
    assert list(recorded_weights()) == ["mine"]
    assert run("models", "remove", "mine")[0] == 0
    assert [path.name for path in folder.iterdir()] == ["weights.json"]
    (tmp_path / "files").mkdir()
    write_matcher_checkpoint("hardnet", tmp_path / "files" / "checkpoint_liberty_with_aug.pth")
    write_matcher_checkpoint("doghardnet-lightglue", tmp_path / "files" / "doghardnet_lightglue.pth")
    run("models", "give", "dog-hardnet-lightglue", tmp_path / "files")
    run("models", "give", "hardnet", tmp_path / "files" / "checkpoint_liberty_with_aug.pth")
    assert run("models", "remove", "dog-hardnet-lightglue")[0] == 0
    assert not recorded_weights()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("astroloc-lite", "needs no file"),
        ("sift", "needs no file"),
        ("aliked-n16", "cannot be the name"),
        ("sift-vlad", "cannot be the name"),
        ("My Model", "cannot be the name"),
        ("../mine", "cannot be the name"),
        ("auto", "cannot be the name"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, run: Run, name: str, words: str, folder: Path) -> None:
    file = write_checkpoint(tmp_path / "best.pth", tiny_astroloc_shapes())
    assert words in refused(run("models", "give", name, file))
    assert not folder.exists()


def test_a_file_that_is_not_there_does_not_fit_or_has_another_hash_is_refused(
    tmp_path: Path, run: Run, folder: Path
) -> None:
    assert "There is no file or folder" in refused(run("models", "give", "earthloc", tmp_path / "absent.pt"))
    assert "holds no checkpoint" in refused(run("models", "give", "earthloc", tmp_path))
    file = write_checkpoint(tmp_path / "best.pth", tiny_astroloc_shapes())
    sentence = refused(run("models", "give", "earthloc", file))
    assert "it is of astroloc; expected is ResNet-50" in sentence
    assert "is expected for 'earthloc2'" in refused(run("models", "give", "earthloc2", file, "--sha256", "0" * 64))
    assert not folder.exists()


def test_what_cannot_be_fetched_says_why(run: Run) -> None:
    for name, words in (
        ("earthloc", "by rsync alone"),
        ("astroloc", "have not published them"),
        ("sift", "nothing to fetch"),
        ("nonsense", "There is no model 'nonsense'"),
    ):
        status, _, error = run("models", "fetch", name)
        assert status == 2
        assert words in error


def test_the_table_says_what_each_is_good_for_and_whether_it_is_here(run: Run) -> None:
    status, told, _ = run("models", "list")
    assert status == 0
    rows = {line.split()[0]: line for line in told.splitlines() if line}
    assert rows["astroloc-lite"].split()[1:3] == ["descriptor", "yes"]
    assert "no: by hand" in rows["earthloc"]
    assert "about 111" in rows["earthloc"]
    assert "no: fetch" in rows["earthloc2"]
    assert "not stated" in rows["earthloc2"]
    assert rows["loftr"].split()[1:4] == ["matcher", "no:", "fetch"]


def test_a_new_matcher_is_in_the_table_without_a_line_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MATCHERS, "toy", KnownMatcher("sift", "Sift", "CC0-1.0"))
    row = next(line for line in run("models", "list")[1].splitlines() if line.startswith("toy "))
    assert row.split() == ["toy", "matcher", "yes", "-", "-", "CC0-1.0", "-"]
