"""The device is foretold from what the driver says, with the reason in a sentence."""

from __future__ import annotations

import pytest

from astroloc_qgis.installer.machine import Gpu, outlook, parse_gpus, system_key

NEW = Gpu("NVIDIA RTX A2000", 6138, "580.65.06", (13, 0))
OLD = Gpu("Quadro P620", 2000, "535.183.01", (12, 2))


def test_the_drivers_own_list_is_read_and_other_lines_are_passed_over():
    listed = "NVIDIA RTX A2000, 6138, 580.65.06\nsome warning\nTesla, [N/A], 1\n"
    assert parse_gpus(listed, (13, 0)) == [NEW]


@pytest.mark.parametrize(
    ("system", "gpus", "own", "device", "says"),
    [
        ("linux-x86_64", [], False, "cpu", "no NVIDIA"),
        ("linux-x86_64", [NEW], False, "cuda", "RTX A2000, 6 GiB"),
        ("linux-x86_64", [OLD], False, "cpu", "serves CUDA 12.2 and torch from PyPI needs 13.0"),
        ("linux-x86_64", [OLD], True, "cuda", "if the torch you chose"),
        ("win32-x86_64", [NEW], False, "cpu", "no CUDA on Windows"),
        ("win32-x86_64", [NEW], True, "cuda", "if the torch you chose"),
        ("darwin-arm64", [], False, "mps", "Metal"),
    ],
)
def test_the_device_is_foretold_with_its_reason(system, gpus, own, device, says):
    told = outlook(system, gpus, own_torch=own)
    assert told.device == device
    assert says in told.why


def test_this_system_has_a_name():
    assert "-" in system_key()
