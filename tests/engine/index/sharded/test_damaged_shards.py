"""An index in shards that is damaged or hostile is refused in one sentence that says what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.format import BLOCKS, COARSE, INFO, SHARDS, VECTORS, read_info, write_info
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.opening import check_index, open_local
from astroloc_qgis.engine.index.sharded.split import shard_index
from astroloc_qgis.engine.index.upkeep.removal import remove_index
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.search import rank
from tests.engine.index.sharded.made import query, write_index

SHARD = "shard-000003"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    shard_index(write_index(folder / "whole", "SQ8").folder, folder / "index", coarse=True, rows=300)
    return folder / "index"


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "index")


def used(folder: Path) -> None:
    """Open an index and search all of it."""
    rank(query(), open_local(folder), Limits(), top=5)


def refused(folder: Path, words: str, use: Callable[[Path], object] = used) -> None:
    with pytest.raises(InputError, match=words) as caught:
        use(folder)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def retell(folder: Path, change: Callable[[list[dict]], object]) -> None:
    """Change the table of shards, with a description that has its checksum."""
    path = folder / SHARDS
    entries = json.loads(path.read_text())["shards"]
    change(entries)
    path.write_text(json.dumps({"shards": entries}))
    write_info(folder, read_info(folder))


def flip(path: Path, place: int = -40) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def test_the_copy_is_sound(folder: Path) -> None:
    used(folder)
    check_index(folder)


def test_a_missing_shard(folder: Path) -> None:
    shutil.rmtree(folder / SHARD)
    refused(folder, f"its shard {SHARD} is missing; make it again", open_local)


def test_a_shard_that_goes_while_the_index_is_open(folder: Path) -> None:
    index = open_local(folder)
    shutil.rmtree(folder / SHARD)
    refused(folder, f"its shard {SHARD} is missing", lambda _: rank(query(), index, Limits(), top=5))


@pytest.mark.parametrize("name", [VECTORS, BLOCKS, COARSE])
def test_a_truncated_file(folder: Path, name: str) -> None:
    path = folder / SHARD / name
    path.write_bytes(path.read_bytes()[:-7])
    refused(folder, rf"{SHARD} is damaged: {name} has \d+ bytes instead of \d+")


@pytest.mark.parametrize("name", [VECTORS, BLOCKS, COARSE])
def test_flipped_bytes(folder: Path, name: str) -> None:
    flip(folder / SHARD / name)
    refused(folder, f"{SHARD} is damaged: the content of {name} has changed", check_index)


def test_a_missing_table(folder: Path) -> None:
    (folder / SHARDS).unlink()
    refused(folder, "the file shards.json is missing", open_local)


def test_flipped_bytes_in_the_table_or_a_description(folder: Path) -> None:
    flip(folder / SHARD / INFO, 40)
    refused(folder, f"its shard {SHARD} is not the one that was made with it")
    flip(folder / SHARDS, 40)
    refused(folder, "the content of shards.json has changed", open_local)


def test_a_shard_of_another_index(folder: Path) -> None:
    shutil.rmtree(folder / SHARD)
    shutil.copytree(folder / "shard-000001", folder / SHARD)
    refused(folder, f"its shard {SHARD} is not the one that was made with it")


def test_a_shard_of_another_model_though_the_table_names_it(folder: Path) -> None:
    path = folder / SHARD / INFO
    described = json.loads(path.read_text()) | {"model_sha256": "0" * 64}
    path.write_text(json.dumps(described))
    sha256 = index_format.file_sha256(path)
    retell(folder, lambda entries: entries[3].update(sha256=sha256))
    refused(folder, "weights|model")


def test_another_model_and_another_version(folder: Path) -> None:
    path = folder / INFO
    sound = json.loads(path.read_text())
    path.write_text(json.dumps(sound | {"model_sha256": "0" * 64}))
    refused(folder, "weights|model", open_local)
    path.write_text(json.dumps(sound | {"format_version": 5}))
    refused(folder, "has format version 5, and this AstroLoc reads versions 2 to 4: update AstroLoc", open_local)


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc", "shard-000003/../../outside", "shard-1", "SHARD-000003", "shard-00000\u0663", "", "."],
)
def test_a_hostile_path_in_the_table(folder: Path, name: str) -> None:
    retell(folder, lambda entries: entries[3].update(name=name))
    refused(folder, "shards.json names the folder '.*', which is no shard's", open_local)


def test_a_link_in_the_place_of_a_shard(folder: Path, tmp_path: Path) -> None:
    (folder / SHARD).rename(tmp_path / "elsewhere")
    try:
        (folder / SHARD).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    refused(folder, f"its shard {SHARD} is missing")


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0}, {"rows": -3}, {"rows": 1.5}, {"rows": True}, {"rows": None}, {"zoom": 99}, {"zoom": "5"},
        {"tiles": [0, 1]}, {"tiles": [5, 1, 0, 3]}, {"tiles": [0, 1, 0, 1 << 40]}, {"sha256": "00"}, {"sha256": 7},
        {"name": 7}, {"common": 1 << 60},
    ],
    ids=str,
)  # fmt: skip
def test_a_table_of_nonsense(folder: Path, change: dict) -> None:
    retell(folder, lambda entries: entries[3].update(change))
    refused(folder, "is damaged: shards.json cannot be read", open_local)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shards": []}', '{"shards": 7}', '{"shards": [1]}', "[" * 9999])
def test_a_table_that_is_none(folder: Path, text: str) -> None:
    (folder / SHARDS).write_text(text)
    write_info(folder, read_info(folder))
    refused(folder, "is damaged: shards.json cannot be read", open_local)


def test_a_table_that_tells_of_other_rows_or_places(folder: Path) -> None:
    retell(folder, lambda entries: entries[3].update(rows=entries[3]["rows"] + 1))
    refused(folder, "its shards hold .* blocks by zoom and should have", open_local)
    retell(folder, lambda entries: entries[3].update(rows=entries[3]["rows"] - 1, tiles=[0, 1, 0, 1]))
    refused(folder, f"its shard {SHARD} does not hold what the table says")


def test_a_shard_named_twice(folder: Path) -> None:
    retell(folder, lambda entries: entries.append(entries[3]))
    refused(folder, "names a shard twice", open_local)


def test_vectors_that_are_none_are_found_by_the_check(folder: Path) -> None:
    path = folder / SHARD / VECTORS
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[-300_00:] = 0
    path.write_bytes(content.tobytes())
    write_info(folder / SHARD, read_info(folder / SHARD))
    sha256 = index_format.file_sha256(folder / SHARD / INFO)
    retell(folder, lambda entries: entries[3].update(sha256=sha256))
    refused(folder, "a vector is not of length 1", check_index)


def test_deleting_takes_the_shards_and_nothing_else(folder: Path) -> None:
    (folder / "shard-000001" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="has 1 other files, such as notes.txt: they stay"):
        remove_index(folder)
    assert (folder / "shard-000001" / "notes.txt").is_file()


def test_one_piece_is_not_opened_as_shards(tmp_path: Path) -> None:
    refused(write_index(tmp_path / "whole").folder, "is not in shards: divide it first", ShardedIndex.open)
