"""The new environment takes the place of the one before, or that one stays and the reason is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import disk, steps
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.plan import Plan


@pytest.fixture
def install(tmp_path, monkeypatch):
    """An install that is done but for its last step, with a whole environment before it."""
    monkeypatch.setattr(disk, "RENAMES", 1)
    for name, version in (("env", "old"), ("env.part", "new")):
        (tmp_path / name).mkdir()
        Journal(proved=True, version=version).write(tmp_path / name)
    return steps.Install(Plan(tmp_path, None), lambda *_: None)


def test_the_new_environment_takes_the_place_of_the_one_before(install, windows_files):
    assert install._finish().version == "new"
    assert [path.name for path in install.plan.root.iterdir()] == ["env"]


def test_an_environment_in_use_stays_and_what_to_do_is_told(install, windows_files):
    """On Windows nobody renames a folder of which a program runs: here a file of it is open."""
    with (
        (install.plan.root / "env" / "install.json").open(),
        pytest.raises(InputError, match="is in use: end AstroLoc"),
    ):
        install._finish()
    assert Journal.read(install.plan.root / "env").version == "old"
    assert Journal.read(install.plan.root / "env.part").version == "new"
    assert install._finish().version == "new"


def test_where_the_new_one_cannot_be_moved_the_one_before_comes_back(install, monkeypatch):
    real = Path.rename

    def rename(path, target):
        if path.name == "env.part":
            raise PermissionError(13, "Access is denied")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(PermissionError):
        install._finish()
    assert Journal.read(install.plan.root / "env").version == "old"
