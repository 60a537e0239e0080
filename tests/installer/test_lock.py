"""The lock file holds what the engine asks for, each file with its checksum."""

from __future__ import annotations

import re

import pytest

from astroloc_qgis.installer.plan import LOCK, PACKAGE, SOCKS, UV, WEIGHTS
from astroloc_qgis.worker.site_packages import normalized

WANTED = (PACKAGE / "requirements-engine.txt").read_text(encoding="utf-8")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(text):
    return {(normalized(name), version) for name, version in PIN.findall(text)}


def test_the_lock_file_has_every_package_in_the_version_asked_for():
    missing = pins(WANTED) - pins(LOCK.read_text(encoding="utf-8"))
    assert missing == set(), "run .ci/lock.py"


@pytest.mark.parametrize("file", [LOCK, WEIGHTS, UV, SOCKS], ids=lambda path: path.name)
def test_every_package_has_a_checksum(file):
    text = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)] == []
