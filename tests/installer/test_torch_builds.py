"""Without a usable NVIDIA driver the small build of torch comes from PyTorch's own index, else PyPI's with CUDA."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
import urllib.parse

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import machine
from astroloc_qgis.installer.builds import choice
from astroloc_qgis.installer.builds.choice import CPU, OWN, PYPI, choose
from astroloc_qgis.installer.builds.cpu_build import CpuBuild
from astroloc_qgis.installer.builds.sizes import Sizes
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.machine import Gpu
from astroloc_qgis.installer.packages import read_requirements
from astroloc_qgis.installer.plan import LOCK, Plan, check_python
from astroloc_qgis.worker.protocol import Result

from .installs import is_a_sentence
from .wheels import hashed_line, make_wheel, serve

NEW = Gpu("NVIDIA RTX A2000", 6138, "580.65.06", (13, 0))
OLD = Gpu("Quadro P620", 2000, "535.183.01", (12, 2))
LINUX = sys.platform == "linux"
PYTHONS = [(3, 11), (3, 12), (3, 13), (3, 14)]

pytestmark = pytest.mark.skipif(not LINUX, reason="PyPI's torch has CUDA on Linux alone")


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Says which CUDA version the NVIDIA driver of this machine serves; without a version there is no driver."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def says(cuda):
        listed = "echo 'RTX A2000, 6138, 580.65.06'" if cuda else "exit 9"
        program = folder / "nvidia-smi"
        program.write_text(
            f"#!/bin/sh\ncase \"$*\" in *query*) {listed};; *) echo 'CUDA Version: {cuda}'; {listed};; esac\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    says("")
    return says


@pytest.fixture
def torch(begun, tmp_path, driver):
    """A lock file with torch and a package of CUDA's, and PyTorch's own index with the small build."""
    own = tmp_path / "pytorch"
    own.mkdir()
    small = make_wheel(own, "torch", "1.0+cpu")
    big = [make_wheel(begun.wheels, name) for name in ("torch", "nvidia-cublas")]
    with begun.lock.open("a") as lock:
        lock.writelines(map(hashed_line, big))
    with serve(own) as server:
        server.file = tmp_path / "torch_cpu.json"
        server.sha256 = hashlib.sha256(small.read_bytes()).hexdigest()
        write(server, f"{server.address}/simple")
        yield server


def write(server, index):
    key = f"cp{sys.version_info[0]}{sys.version_info[1]}-{machine.system_key()}"
    content = {"index": index, "version": "1.0+cpu", "wheels": {key: server.sha256}, "sizes": {}}
    server.file.write_text(json.dumps(content))


def install(world, torch, **changes):
    begin(world, torch, **changes)
    return world.install(torch_cpu=str(torch.file), **changes)


def begin(world, torch, **changes):
    """Give the install that was begun to the plan with torch, which saves seconds."""
    begun = world.root / "env.part"
    if begun.exists():
        plan = Plan.of({**world.params, "torch_cpu": str(torch.file), **changes})
        Journal.read(begun).now(made_from=plan.digest()).write(begun)


def describe(world, torch, **changes):
    with world.process() as process:
        process.next()
        process.send(1, "describe", {**world.params, "torch_cpu": str(torch.file), **changes})
        return process.answer(1).result


def versions(world):
    return sorted(folder.name.removesuffix(".dist-info") for folder in world.site.glob("[nt]*.dist-info"))


def test_without_a_driver_the_small_build_comes_from_pytorchs_own_index(begun, torch):
    told = describe(begun, torch)
    assert told["build"] == CPU
    assert {"torch 1.0+cpu", "alpha 1.0"} <= set(told["packages"])
    assert torch.address in told["source"]
    answer = install(begun, torch)
    assert isinstance(answer, Result), answer
    assert begun.is_whole()
    assert versions(begun) == ["torch-1.0+cpu"]
    assert answer.result["build"] == CPU
    assert not any("torch" in path or "nvidia" in path for path in begun.index.asked)
    assert describe(begun, torch)["up_to_date"]


@pytest.mark.parametrize(("cuda", "build"), [("13.0", PYPI), ("12.2", CPU)])
def test_a_driver_decides_the_build_if_it_serves_the_cuda_of_pypis_torch(begun, torch, driver, cuda, build):
    driver(cuda)
    assert describe(begun, torch)["build"] == build


def test_with_a_usable_driver_pypis_build_is_installed_and_pytorchs_index_is_not_asked(begun, torch, driver):
    driver("13.0")
    assert isinstance(install(begun, torch), Result)
    assert versions(begun) == ["nvidia_cublas-1.0", "torch-1.0"]
    assert torch.asked == []


@pytest.mark.parametrize("how", ["no server", "no such file"])
def test_an_index_out_of_reach_is_told_and_pypis_build_comes_instead(begun, torch, how):
    if how == "no server":
        write(torch, "http://127.0.0.1:9/simple")
    else:
        next(torch.folder.glob("*.whl")).unlink()
    begin(begun, torch)
    with begun.process() as process:
        process.next()
        process.send(1, "install", {**begun.params, "torch_cpu": str(torch.file)})
        lines = []
        while not isinstance(event := process.next(timeout=120), Result):
            lines.append(event.text)
    assert any("is out of reach: installing PyPI's build" in line for line in lines)
    assert versions(begun) == ["nvidia_cublas-1.0", "torch-1.0"]
    assert event.result["build"] == PYPI
    told = describe(begun, torch)
    assert told["up_to_date"]
    assert told["change"]["build"] == CPU
    assert told["change"]["better"]


def test_a_small_build_with_another_checksum_is_refused_and_nothing_else_is_taken_for_it(begun, torch):
    make_wheel(torch.folder, "torch", "1.0+cpu", files={"torch/evil.py": b"print('evil')"})
    assert "checksum" in is_a_sentence(install(begun, torch))
    assert versions(begun) == []
    assert list(begun.root.rglob("evil.py")) == []


def test_a_download_that_breaks_off_is_tried_again_and_not_replaced_by_a_larger_one(begun, torch):
    torch.stall = True
    torch.go_on.set()
    assert "press Retry" in is_a_sentence(install(begun, torch))
    assert not any("nvidia" in path for path in begun.index.asked)
    torch.stall = False
    assert isinstance(install(begun, torch), Result)
    assert versions(begun) == ["torch-1.0+cpu"]


def test_when_a_driver_appears_the_change_to_cuda_is_offered_and_one_request_makes_it(begun, torch, driver):
    assert isinstance(install(begun, torch), Result)
    told = describe(begun, torch)
    assert told["change"]["build"] == PYPI
    assert not told["change"]["better"]
    driver("13.0")
    told = describe(begun, torch)
    assert told["up_to_date"], "the engine that is there still works"
    assert told["change"]["better"]
    assert told["change"]["card"] == "RTX A2000"
    assert not describe(begun, torch, build=PYPI)["up_to_date"]
    assert isinstance(install(begun, torch, build=PYPI), Result)
    assert versions(begun) == ["nvidia_cublas-1.0", "torch-1.0"]
    assert Journal.read(begun.root / "env").build == PYPI


def test_a_repair_keeps_the_build_that_is_there(begun, torch, driver):
    assert isinstance(install(begun, torch), Result)
    (begun.site / "torch" / "__init__.py").unlink()
    driver("13.0")
    assert isinstance(install(begun, torch, repair=True), Result)
    assert versions(begun) == ["torch-1.0+cpu"]
    assert (begun.site / "torch" / "__init__.py").is_file()


def test_a_build_that_there_is_not_is_refused(begun, torch):
    with pytest.raises(InputError, match="no build “rocm”"):
        install(begun, torch, build="rocm")


# What is known of the real build


def test_the_small_build_is_of_the_version_that_the_lock_file_has():
    (locked,) = [each for each in read_requirements(LOCK) if each.name == "torch"]
    assert CpuBuild.read().is_of(locked.version)


def test_its_index_is_pytorchs_own_and_every_wheel_has_a_checksum():
    build = CpuBuild.read()
    address = urllib.parse.urlsplit(build.index)
    assert (address.scheme, address.path) == ("https", "/whl/cpu")
    assert address.hostname.endswith(".pytorch.org")
    assert len(set(build.wheels.values())) == len(build.wheels)
    for system in ("linux-x86_64", "linux-aarch64"):
        for python in PYTHONS:
            wanted = build.requirement(system, python)
            assert wanted is not None
            assert len(wanted.text.rpartition("sha256:")[2]) == 64


@pytest.mark.parametrize("system", ["linux-x86_64", "linux-aarch64"])
def test_the_small_engine_is_small_and_the_other_is_not(system):
    small, large = Sizes.of(system, CPU), Sizes.of(system, PYPI)
    assert 0.3e9 < small.download < 0.6e9
    assert 1e9 < small.disk < 1.6e9
    assert large.download > 2.5e9
    assert large.disk > 4.5e9


@pytest.mark.parametrize("system", ["win32-x86_64", "darwin-arm64"])
def test_elsewhere_pypis_build_is_the_only_one(system, monkeypatch):
    monkeypatch.setattr(machine, "system_key", lambda: system)
    monkeypatch.setattr(choice.machine, "system_key", lambda: system)
    assert choose("", CpuBuild.read(), "2.13.0", []) == PYPI
    assert Sizes.of(system, PYPI).download < 0.6e9


def test_a_python_whose_checksum_is_not_known_gets_pypis_build():
    assert CpuBuild.read().requirement("linux-x86_64", (3, 15)) is None


@pytest.mark.parametrize(
    ("names", "build"),
    [
        (["torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl"], PYPI),
        (["torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"], CPU),
        (["torch-2.13.0+cu126-cp311-cp311-manylinux_2_28_x86_64.whl"], OWN),
    ],
)
def test_a_folder_of_wheels_says_itself_which_build_it_has(tmp_path, monkeypatch, names, build):
    monkeypatch.setattr(machine, "system_key", lambda: "linux-x86_64")
    for name in names:
        (tmp_path / name).touch()
    assert choose("", CpuBuild.read(), "2.13.0", [NEW], wheels=tmp_path) == build


@pytest.mark.parametrize(
    ("gpus", "usable"), [([], False), ([NEW], True), ([OLD], False), ([Gpu("x", 1, "1")], True), ([OLD, NEW], True)]
)
def test_a_card_is_usable_if_its_driver_serves_the_cuda_of_pypis_torch(gpus, usable):
    assert machine.cuda_is_usable(gpus) == usable


def test_a_card_that_flatpak_hides_is_known_by_its_driver(tmp_path, monkeypatch):
    (tmp_path / "info").touch()
    monkeypatch.setattr(machine, "FLATPAK_INFO", tmp_path / "info")
    monkeypatch.setattr(machine, "NVIDIA_DRIVER", tmp_path / "version")
    assert not machine.cuda_is_usable([])
    (tmp_path / "version").touch()
    assert machine.cuda_is_usable([])


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_of_the_lock_file_is_accepted(python):
    check_python(python)


@pytest.mark.parametrize(("python", "says"), [((3, 10), "use a newer QGIS"), ((3, 15), "get a newer AstroLoc")])
def test_another_python_is_refused_with_what_to_do(python, says):
    from astroloc_qgis.engine.errors import InputError

    with pytest.raises(InputError, match=says):
        check_python(python)
