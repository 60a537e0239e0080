"""What an install will do is told before, and it makes a whole environment of its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from astroloc_qgis.installer.steps import share_of
from astroloc_qgis.worker.protocol import ProgressEvent, Result

from .conftest import LAUNCHER
from .installs import put_uv_into


def test_what_will_be_installed_is_told_before_anything_is_touched(world):
    with world.process() as process:
        process.next()
        process.send(1, "describe", world.params)
        told = process.answer(1).result
    assert told["packages"] == ["alpha 1.0", "beta 1.0", "gamma 1.0"]
    assert told["state"] == "none"
    assert told["device"] in ("cpu", "cuda", "mps")
    assert told["why"]
    assert told["free_bytes"] > 0
    assert not world.root.exists()


def test_the_real_plan_names_its_size_and_every_package(tmp_path, world):
    with world.process() as process:
        process.next()
        process.send(1, "describe", {"root": str(tmp_path / "real")})
        told = process.answer(1).result
    assert told["download_bytes"] > 100e6
    named = {package.partition("+")[0] for package in told["packages"]}
    assert {"torch 2.13.0", "faiss-cpu 1.15.1", "kornia 0.9.0", "rawpy 0.28.0"} <= named
    assert told["disk_bytes"] > told["download_bytes"]


def test_an_install_makes_an_environment_without_the_packages_around_it(world):
    answer = world.install()
    assert isinstance(answer, Result), answer
    assert world.is_whole()
    code = "import alpha, sys, importlib.util; print(alpha.VERSION, importlib.util.find_spec('pytest'))"
    said = subprocess.run([answer.result["python"], "-I", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1.0", "None"]


def test_the_environment_uses_qgis_own_gdal(begun):
    from osgeo import gdal

    answer = begun.install(osgeo=str(Path(gdal.__file__).parent))
    code = "from osgeo import gdal, osr; print(gdal.__file__, gdal.VersionInfo())"
    said = subprocess.run([answer.result["python"], "-I", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [gdal.__file__, gdal.VersionInfo()]


def test_the_log_comes_live_and_shows_no_password(begun):
    address = begun.index.address.replace("//", "//ada:secret@")
    with begun.process(PIP_INDEX_URL=f"{address}/simple", PIP_VERBOSE="1") as process:
        process.next()
        process.send(1, "install", begun.params)
        lines = []
        while not isinstance(event := process.next(timeout=60), Result):
            lines.append((event.stage, event.text))
    assert {stage for stage, _ in lines} == {"check", "python", "tools", "packages", "weights", "proof"}
    text = "\n".join(line for _, line in lines)
    assert "alpha" in text
    assert "secret" not in text


def test_the_installer_needs_nothing_but_python():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import astroloc_qgis.installer.__main__; "
        "heavy = {'torch', 'numpy', 'qgis', 'osgeo', 'cv2'} & set(sys.modules); sys.exit(repr(heavy) if heavy else 0)"
    )
    command = [sys.executable, "-I", "-c", code, str(LAUNCHER.parents[2])]
    assert subprocess.run(command, check=False).returncode == 0


def test_uv_installs_what_pip_would(begun):
    if not put_uv_into(begun.root):
        pytest.skip("uv is not on this machine.")
    with begun.process() as process:
        process.next()
        process.send(1, "install", {**begun.params, "use_uv": True})
        lines = []
        while not isinstance(event := process.next(timeout=60), Result):
            assert isinstance(event, ProgressEvent), event
            lines.append(event.text)
    assert begun.is_whole()
    assert " + alpha==1.0" in lines


def test_a_download_makes_progress_with_every_piece_even_after_more_than_expected_has_come():
    shares = [share_of(arrived, 1_000_000) for arrived in range(-4096, 5_000_000, 65_536)]
    assert all(0 <= share < 1 for share in shares)
    assert all(earlier < later for earlier, later in itertools.pairwise(shares[1:]))
