"""The folder of weights: where it is, what is recorded in it, and what is trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.lookup import weight_path, weights_present
from astroloc_qgis.engine.weights.store import (
    FOLDER_VARIABLE,
    RECORDS,
    WeightRecord,
    add_weights,
    find_weights,
    recorded_weights,
    weights_folder,
)
from tests.engine.weights.published_model import CONTENT, FILE, NAME, SHA256, publish

pytestmark = pytest.mark.usefixtures("folder")


def test_the_folder_is_among_the_users_data_unless_another_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert weights_folder() == folder
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert weights_folder() == tmp_path / "data" / "astroloc" / "weights"


def test_a_file_is_copied_and_recorded_and_the_folder_can_be_carried_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    record = add_weights("mine", tmp_path / "mine.pth", licence="CC0-1.0", source="my desk", like="disk")
    assert record == WeightRecord("mine.pth", SHA256, len(CONTENT), "CC0-1.0", "my desk", "disk")
    (tmp_path / "mine.pth").unlink()
    folder.rename(tmp_path / "carried")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "carried"))
    assert find_weights("mine") == tmp_path / "carried" / "mine.pth"
    assert recorded_weights() == {"mine": record}


def test_a_file_already_in_the_folder_is_recorded_where_it_is(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.pth").write_bytes(CONTENT)
    assert add_weights("mine", folder / "mine.pth", like="disk").sha256 == SHA256
    assert (folder / "mine.pth").read_bytes() == CONTENT


def test_a_file_that_changed_since_it_was_recorded_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    add_weights("mine", tmp_path / "mine.pth", like="disk")
    assert find_weights("mine") == folder / "mine.pth"
    (folder / "mine.pth").write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="is not the expected one"):
        find_weights("mine")
    (folder / "mine.pth").unlink()
    with pytest.raises(InputError, match="is gone: add 'mine' again"):
        weight_path("mine")


def test_a_file_with_another_hash_than_expected_is_not_taken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "https://example.org/model.pth")
    (tmp_path / "wrong.pth").write_bytes(b"wrong")
    with pytest.raises(InputError, match=f"{SHA256} is expected for 'some-model'"):
        add_weights(NAME, tmp_path / "wrong.pth")
    with pytest.raises(InputError, match="0000 is expected for 'mine'"):
        add_weights("mine", tmp_path / "wrong.pth", sha256="0" * 64, like="disk")
    with pytest.raises(InputError, match="no file"):
        add_weights("mine", tmp_path / "absent.pth")
    assert not folder.exists()


def test_a_known_file_that_was_put_into_the_folder_is_used_and_an_unknown_one_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(CONTENT)
    publish(monkeypatch, "https://example.org/model.pth", sha256=None)
    assert find_weights(NAME) is None
    assert not weights_present(NAME)
    publish(monkeypatch, "https://example.org/model.pth")
    assert find_weights(NAME) == folder / FILE
    assert weights_present(NAME)


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"format_version": 2, "weights": {}}',
        '{"format_version": 1}',
        '{"format_version": 1, "weights": {"a": {"file": "a.pth"}}}',
        json.dumps({"format_version": 1, "weights": {"a": {"file": "../a.pth", "sha256": SHA256, "size": 1}}}),
        json.dumps({"format_version": 1, "weights": {"a": {"file": "a.pth", "sha256": "no", "size": 1}}}),
        json.dumps({"format_version": 1, "weights": {"a": {"file": "a.pth", "sha256": SHA256, "size": "1"}}}),
    ],
)
def test_a_broken_list_of_weights_is_told(folder: Path, broken: str) -> None:
    folder.mkdir()
    (folder / RECORDS).write_text(broken)
    with pytest.raises(InputError, match=r"weights\.json cannot be understood"):
        recorded_weights()


def test_a_folder_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    folder.write_text("a file where the folder should be")
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    with pytest.raises(InputError, match="cannot be written.*ASTROLOC_WEIGHTS"):
        add_weights("mine", tmp_path / "mine.pth", like="disk")
