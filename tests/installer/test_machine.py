"""The device is foretold from what the driver says, with the reason in a sentence."""

from __future__ import annotations

import platform
import sys

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import causes, machine, plan
from astroloc_qgis.installer.machine import Gpu, outlook, parse_gpus, system_key
from astroloc_qgis.installer.plan import Plan
from astroloc_qgis.installer.steps import Install

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


@pytest.fixture
def flatpak(monkeypatch, tmp_path):
    """A program in Flatpak's sandbox; the file that marks it lies elsewhere."""
    (tmp_path / "flatpak-info").write_text("[Application]\nname=org.qgis.qgis\n")
    monkeypatch.setattr(machine, "FLATPAK_INFO", tmp_path / "flatpak-info")


def test_flatpaks_sandbox_is_found_and_what_works_in_it_is_told(flatpak):
    assert machine.in_flatpak()
    assert "Flatpak hides the driver's programs" in outlook("linux-x86_64", []).why
    assert outlook("linux-x86_64", [NEW]).device == "cuda"
    told = causes.explained("make the environment", "Error: Command '[..., 'ensurepip', ...]' returned")
    assert "Use another…" in str(told)
    assert "apt" not in str(told)


def test_without_the_sandbox_nothing_is_said_of_it():
    assert not machine.in_flatpak()
    assert "apt install python3-venv" in causes.cause_of("No module named venv")


@pytest.fixture
def mac(monkeypatch):
    """A Mac with a processor, and what its sysctl says of a translated program."""

    def make(processor, translated):
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(platform, "machine", lambda: processor)
        monkeypatch.setattr(machine, "_output", lambda command: translated if "proc_translated" in command[-1] else "")

    return make


def test_an_intel_qgis_on_apple_silicon_is_refused_at_once_with_what_to_do(mac, tmp_path):
    mac("x86_64", "1\n")
    for refused in (lambda: plan.describe(Plan(tmp_path, None)), Install(Plan(tmp_path, None), lambda *_: None).run):
        with pytest.raises(InputError, match="install a QGIS for Apple silicon"):
            refused()
    assert not (tmp_path / "env.part").exists()


@pytest.mark.parametrize(("processor", "translated"), [("x86_64", "0\n"), ("x86_64", ""), ("arm64", "")])
def test_a_qgis_made_for_its_processor_is_not(mac, processor, translated):
    mac(processor, translated)
    machine.check_processor()


def test_this_system_has_a_name():
    assert "-" in system_key()
