"""An environment is repaired, brought up to date, moved and removed; what works stays in use until then."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from astroloc_qgis.worker.protocol import ProgressEvent, Result

from .installs import is_a_sentence
from .wheels import hashed_line, make_wheel


def test_a_second_install_with_nothing_new_downloads_nothing(whole):
    whole.index.asked.clear()
    assert isinstance(whole.install(repair=True), Result)
    assert whole.index.asked == []


@pytest.mark.parametrize("harm", ["a package's files", "half of everything", "the Python", "the journal"])
def test_repair_puts_right_what_was_deleted_and_fetches_only_that(whole, harm):
    whole.index.asked.clear()
    if harm == "a package's files":
        (whole.site / "alpha" / "data.bin").unlink()
    elif harm == "half of everything":
        for name in ("alpha", "beta", "pip"):
            shutil.rmtree(whole.site / name)
    elif harm == "the Python":
        shutil.rmtree(whole.root / "env" / "bin")
    else:
        (whole.root / "env" / "install.json").write_text("{")
    answer = whole.install(repair=True)
    assert isinstance(answer, Result), answer
    assert whole.is_whole()
    assert (whole.site / "alpha" / "data.bin").stat().st_size == 1_024_000
    assert not any("gamma" in path for path in whole.index.asked)


def test_an_upgrade_that_fails_leaves_the_engine_that_works(whole):
    whole.lock.write_text(hashed_line(make_wheel(whole.wheels, "alpha", "2.0")))
    whole.index.status = 404
    is_a_sentence(whole.install())
    assert (whole.site / "alpha-1.0.dist-info").is_dir()
    assert whole.root.joinpath("env", "install.json").is_file()
    whole.index.status = 0
    assert isinstance(whole.install(), Result)
    assert (whole.site / "alpha-2.0.dist-info").is_dir()
    assert not (whole.root / "env.old").exists()


def test_an_environment_is_moved_whole_and_works_there(whole, tmp_path):
    target = tmp_path / "another disk"
    with whole.process() as process:
        process.next()
        process.send(1, "move", {"root": str(whole.root), "target": str(target)})
        fractions = []
        while isinstance(event := process.next(timeout=60), ProgressEvent):
            fractions.append(event.fraction)
    moved = event.result
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 1
    assert not whole.root.exists()
    said = subprocess.run([moved["python"], "-I", "-c", "import alpha; print(alpha.VERSION)"], capture_output=True)
    assert said.stdout.strip() == b"1.0"


def test_removing_takes_what_was_made_and_nothing_else(whole):
    own = whole.root / "my own file"
    own.touch()
    with whole.process() as process:
        process.next()
        process.send(1, "remove", {"root": str(whole.root)})
        assert process.answer(1, timeout=60).result["freed_bytes"] > 2_000_000
    assert sorted(path.name for path in whole.root.iterdir()) == ["my own file"]
