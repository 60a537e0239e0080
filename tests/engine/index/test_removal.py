"""Deleting an index deletes its own files, and never what a link leads to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.upkeep.removal import is_index, remove_index
from tests.engine.index.stand_ins import stop_at


def test_an_index_goes_with_its_folder(build: Callable[..., Index], tmp_path: Path) -> None:
    folder = build().folder
    assert is_index(folder)
    remove_index(folder)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_index_goes(build: Callable[..., Index], tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.5))
    partial = tmp_path / "index.partial"
    assert is_index(partial)
    remove_index(partial)
    assert list(tmp_path.iterdir()) == []


def test_other_files_stay_and_are_told(build: Callable[..., Index]) -> None:
    folder = build().folder
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"1 other files, such as notes\.txt: they stay"):
        remove_index(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_links_are_not_followed(build: Callable[..., Index], tmp_path: Path) -> None:
    folder = build().folder
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    with pytest.raises(InputError, match="is a link"):
        remove_index(tmp_path / "link")
    elsewhere = tmp_path / "elsewhere.npz"
    (folder / "blocks.npz").rename(elsewhere)
    (folder / "blocks.npz").symlink_to(elsewhere)
    remove_index(folder)
    assert elsewhere.is_file()
    assert not folder.exists()


def test_what_is_no_index_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "blocks.npz").write_text("x")
    for folder in (tmp_path / "photos", tmp_path / "nothing"):
        with pytest.raises(InputError, match="is not an index"):
            remove_index(folder)
    assert (tmp_path / "photos" / "blocks.npz").is_file()
