"""A folder whose path is too long for Windows is refused before anything is installed, with the room that there is.

Windows is not here: the rule is tested with the limit switched on by hand.
"""

from __future__ import annotations

import csv
import sysconfig
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import path_lengths, plan, relocation, steps
from astroloc_qgis.installer.packages import read_requirements
from astroloc_qgis.installer.path_lengths import LONGEST_FILE, LONGEST_PATH, WITH_PIP, check_path_lengths, uv_fits


@pytest.fixture
def limited(monkeypatch):
    """A system that limits paths, as Windows does."""
    monkeypatch.setattr(path_lengths, "paths_are_limited", lambda: True)


def folder_of(length):
    return Path("/" + "f" * (length - 1))


def test_the_usual_folder_of_a_user_is_short_enough_and_a_long_one_is_refused(limited):
    check_path_lengths(folder_of(len(r"C:\Users\maximilian\AppData\Local\astroloc_qgis")))
    check_path_lengths(folder_of(LONGEST_PATH - WITH_PIP))
    with pytest.raises(InputError, match="57 characters long and Windows leaves room for 56: choose a shorter one"):
        check_path_lengths(folder_of(LONGEST_PATH - WITH_PIP + 1))


def test_where_only_uvs_cache_would_be_too_long_pip_installs(limited):
    assert uv_fits(folder_of(40))
    assert not uv_fits(folder_of(50))
    check_path_lengths(folder_of(50))


def test_a_system_without_the_limit_takes_any_folder():
    check_path_lengths(folder_of(200))
    assert uv_fits(folder_of(200))


def test_it_is_checked_before_the_plan_an_install_and_a_move(limited, tmp_path):
    long = tmp_path / ("f" * 80)
    with pytest.raises(InputError, match="choose a shorter one"):
        plan.describe(plan.Plan(long, None))
    with pytest.raises(InputError, match="choose a shorter one"):
        steps.Install(plan.Plan(long, None), lambda *_: None).run()
    place = tmp_path / "env"
    place.mkdir()
    steps.Journal(proved=True).write(place)
    with pytest.raises(InputError, match="choose a shorter one"):
        relocation.move(tmp_path, long, lambda *_: None)
    assert not (long / "env").exists()


def test_no_package_has_a_longer_file_than_is_reckoned_with():
    site = Path(sysconfig.get_paths()["purelib"])
    wanted = {requirement.name for requirement in read_requirements(plan.LOCK)}
    longest = 0
    for folder in site.glob("*.dist-info"):
        name = folder.name.removesuffix(".dist-info").rpartition("-")[0]
        if name.replace("_", "-").lower() in wanted and not name.startswith(plan.ONLY_FOR_PYPI_CUDA):
            with (folder / "RECORD").open(newline="") as record:
                longest = max(longest, *(len(row[0]) for row in csv.reader(record)))
    assert 100 < longest <= LONGEST_FILE
