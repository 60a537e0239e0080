"""The journal: whole lines count, others are done again, and one process writes at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.engine.batch.journal import NAME, Journal
from astroloc_qgis.engine.errors import InputError

RECORD = {"photos": [{"photo": "/ü/\udcff.jpg", "confidence": 0.1 + 0.2, "footprint": [[1.5, -2e-07]], "note": None}]}


def written(folder: Path, *keys: str) -> Path:
    with Journal(folder) as journal:
        for key in keys:
            journal.write(key, RECORD)
    return folder / NAME


def test_what_is_written_is_read_again(tmp_path):
    written(tmp_path / "new", "a", "b")
    with Journal(tmp_path / "new") as journal:
        assert ("a" in journal, "b" in journal, "c" in journal, len(journal)) == (True, True, False, 2)
        assert journal.record("b") == RECORD
        journal.write("c", {"photos": []})
        assert journal.record("a") == RECORD
        assert journal.record("c") == {"photos": []}


@pytest.mark.parametrize("kept", [1, 20, 0.5, -2, -1], ids=str)
def test_a_half_written_line_is_no_record_and_harms_none(tmp_path, kept):
    path = written(tmp_path, "a", "b")
    whole = path.read_bytes().splitlines(keepends=True)
    size = int(kept * len(whole[1])) if isinstance(kept, float) else kept
    path.write_bytes(whole[0] + whole[1][:size])
    with Journal(tmp_path) as journal:
        assert ("a" in journal, "b" in journal, journal.damaged) == (True, False, 1)
        journal.write("b", RECORD)
    with Journal(tmp_path) as journal:
        assert (journal.record("a"), journal.record("b"), len(journal)) == (RECORD, RECORD, 2)


def test_a_line_that_was_changed_is_no_record(tmp_path):
    path = written(tmp_path, "a", "b")
    first, second = path.read_text().splitlines()
    line = json.loads(first)
    line["record"]["photos"][0]["confidence"] = 0.99
    path.write_text("\n".join([json.dumps(line), second, "[]", "null", '"text"', ""]))
    with Journal(tmp_path) as journal:
        assert ("a" in journal, "b" in journal, journal.damaged) == (False, True, 4)


def test_the_last_record_of_a_key_counts(tmp_path):
    written(tmp_path, "a")
    with Journal(tmp_path) as journal:
        journal.write("a", {"photos": ["new"]})
    with Journal(tmp_path) as journal:
        assert journal.record("a") == {"photos": ["new"]}


def test_a_second_process_is_refused_until_the_first_ends(tmp_path):
    with Journal(tmp_path), pytest.raises(InputError, match="Another batch is writing into"):
        Journal(tmp_path).__enter__()
    with Journal(tmp_path) as journal:
        assert len(journal) == 0


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"The journal .* cannot be written"):
        Journal(tmp_path / "file" / "out").__enter__()
