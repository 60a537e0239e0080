"""A driver that ends the proof's process costs the device, not the engine."""

from __future__ import annotations

import stat

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.proving import proved_engine


@pytest.fixture
def program(tmp_path):
    """Makes a program in the place of an environment's Python."""

    def make(on_any, on_cpu):
        path = tmp_path / "python"
        path.write_text(f'#!/bin/sh\ncase "$*" in *"--device cpu") {on_cpu};; *) {on_any};; esac\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


def quietly():
    """Never stop."""


WORKS = """echo '{"works": true, "device": "cpu", "why": "chosen in the settings", "seconds": {}}'"""


def test_a_process_that_the_driver_ends_is_proved_on_the_cpu_and_says_why(program):
    found = proved_engine(program("kill -ABRT $$", WORKS), quietly)
    assert found["works"]
    assert found["device"] == "cpu"
    assert "ended the engine's proof (status -6)" in found["why"]
    assert found["failed"] == {"device": "", "why": found["why"]}


def test_a_proof_that_succeeds_is_taken_as_it_is(program):
    assert "failed" not in proved_engine(program(WORKS, "exit 1"), quietly)


def test_an_engine_that_fails_in_both_ways_is_told_by_what_it_said_first(program):
    with pytest.raises(InputError, match="could not see the engine work") as told:
        proved_engine(program("echo first; exit 3", "exit 1"), quietly)
    assert told.value.details == "first"
