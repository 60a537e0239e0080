"""A folder or a disk that cannot take the environment is one sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path

from astroloc_qgis.worker.protocol import Result
from tests.small_disk import on_a_small_disk
from tests.worker.process import Process

from .conftest import LAUNCHER
from .installs import is_a_sentence


def test_the_plugins_own_folder_is_no_place_for_it(world):
    import astroloc_qgis

    inside = Path(astroloc_qgis.__file__).parent / "engine-env"
    assert "QGIS deletes at every update" in is_a_sentence(world.install(root=str(inside)))
    assert not inside.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(world, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be written to" in is_a_sentence(world.install(root=str(tmp_path / "file" / "engine")))


def test_a_full_disk_is_one_sentence_and_going_on_elsewhere_works(begun, tmp_path):
    """A real disk that fills up while the first package comes: a tmpfs in a mount namespace of the installer's own."""
    small = tmp_path / "small"
    before = on_a_small_disk(small, "200m", f"cp -a '{begun.root}' '{small}'")
    with Process("-I", str(LAUNCHER), "--installer", environment=begun.environment, before=before) as process:
        begun.index.before_file = lambda: fill(Path(f"/proc/{process.popen.pid}/root", str(small).lstrip("/")))
        process.next()
        process.send(1, "install", {**begun.params, "root": str(small / "engine")})
        assert "disk is full" in is_a_sentence(process.answer(1, timeout=120))
        process.send(2, "describe", begun.params)
        assert isinstance(process.answer(2), Result)
    begun.index.before_file = lambda: None
    assert isinstance(begun.install(), Result)


def fill(disk):
    """Write to a disk until nothing goes onto it any more."""
    with contextlib.suppress(OSError), (disk / "ballast").open("ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1 << 16))


def test_a_disk_too_small_is_told_before_anything_is_downloaded(world, tmp_path):
    """The real plan on a real small disk."""
    small = tmp_path / "small"
    before = on_a_small_disk(small, "24m")
    with Process("-I", str(LAUNCHER), "--installer", environment=world.environment, before=before) as process:
        process.next()
        process.send(1, "install", {"root": str(small / "engine")})
        message = is_a_sentence(process.answer(1, timeout=60))
    assert "GB and there are" in message
    assert "free some space" in message
    assert world.index.asked == []
