"""The lock file holds what the engine asks for, each file with its checksum."""

from __future__ import annotations

import re

import pytest

from astroloc_qgis.installer.markers import holds
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


@pytest.mark.parametrize(
    ("python", "numpy"), [("3.11", "1.26.4"), ("3.12", "2.2.6"), ("3.13", "2.2.6"), ("3.14", "2.4.6")]
)
def test_every_python_has_one_numpy_and_the_newer_ones_have_numpy_2(python, numpy):
    pins = re.findall(r"^numpy==(\S+) ; (.+?) \\$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    values = {"python_full_version": f"{python}.9"}
    assert [version for version, marker in pins if holds(marker, values)] == [numpy]


@pytest.mark.parametrize("package", ["rawpy", "pillow-heif", "pillow-jxl-plugin", "pillow"])
def test_the_packages_that_read_the_files_of_cameras_are_locked(package):
    assert package in {name for name, _ in pins(LOCK.read_text(encoding="utf-8"))}


def test_nothing_uses_gdals_numpy_module_which_is_bound_to_the_numpy_of_qgis():
    uses = re.compile(r"gdal_array|gdalnumeric|ReadAsArray|\bWriteArray|OpenArray|NumpyDriver")
    files = {path.name: uses.findall(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    assert {name: found for name, found in files.items() if found} == {}
