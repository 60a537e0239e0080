"""Markers are evaluated as pip's own library does."""

from __future__ import annotations

import re

import pytest
from packaging.markers import Marker

from astroloc_qgis.installer.markers import here, holds
from astroloc_qgis.installer.plan import LOCK, WEIGHTS

SYSTEMS = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.11.2"},
    {"sys_platform": "linux", "platform_machine": "riscv64", "python_full_version": "3.15.0"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "python_full_version": "3.12.10"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "python_full_version": "3.13.0"},
]
MARKERS = sorted(set(re.findall(r";\s*(.+?)\s*\\$", LOCK.read_text() + WEIGHTS.read_text(), re.MULTILINE)))


def test_the_lock_file_has_markers():
    assert len(MARKERS) > 3


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system["sys_platform"] + system["python_full_version"])
def test_a_marker_of_the_lock_file_holds_where_packaging_says_so(marker, system):
    values = {**here(), **system}
    assert holds(marker, values) == Marker(marker).evaluate(values)


def test_no_marker_always_holds():
    assert holds("")


@pytest.mark.parametrize("marker", ["extra == 'x'", "__import__('os')", "sys_platform in 'linux'"])
def test_what_is_not_known_is_refused(marker):
    with pytest.raises(ValueError, match="unknown marker"):
        holds(marker)
