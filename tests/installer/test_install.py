"""An install goes on where it was broken off, leaves what works working, and says in a sentence what is in its way."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from astroloc_qgis.installer import causes
from astroloc_qgis.worker.protocol import Failure, ProgressEvent, Result
from tests.worker.process import Process

from .conftest import LAUNCHER
from .wheels import hashed_line, make_wheel, serve

SENTENCE_LENGTH = 300


def wait_for(process, condition, timeout=60):
    end = time.monotonic() + timeout
    while True:
        event = process.next(timeout=max(0.1, end - time.monotonic()))
        assert isinstance(event, ProgressEvent), event
        if condition(event):
            return event


def is_a_sentence(failure):
    assert isinstance(failure, Failure), failure
    assert failure.kind == "input", failure
    assert "\n" not in failure.message
    assert len(failure.message) < SENTENCE_LENGTH
    return failure.message


def put_uv_into(root):
    """Give an install uv, where this machine has one."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is not None:
        (root / "tools" / "bin").mkdir(parents=True)
        shutil.copy(uv, root / "tools" / "bin" / "uv")
    return uv is not None


def processes_of(root):
    """The processes whose command line names a folder."""
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(root) in line and "ps -wweo" not in line]


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
    assert {"torch 2.13.0", "faiss-cpu 1.15.1", "kornia 0.9.0"} <= set(told["packages"])


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


@pytest.mark.parametrize("stage", ["check", "python"])
def test_broken_off_before_there_is_an_environment_an_install_is_taken_up_again(world, stage):
    is_broken_off_and_taken_up_again(world, stage)


@pytest.mark.parametrize("stage", ["tools", "packages", "weights"])
def test_broken_off_at_a_later_stage_an_install_is_taken_up_again(begun, stage):
    is_broken_off_and_taken_up_again(begun, stage)


def is_broken_off_and_taken_up_again(world, stage):
    with world.process() as process:
        process.next()
        process.send(1, "install", world.params)
        wait_for(process, lambda event: event.stage == stage)
        process.popen.kill()
        process.popen.wait()
    assert not (world.root / "env").exists()
    assert isinstance(world.install(), Result)
    assert world.is_whole()


def test_cancelled_in_the_middle_of_a_download_it_ends_within_a_second_and_leaves_no_process(begun):
    begun.index.stall = True
    with begun.process() as process:
        process.next()
        process.send(1, "install", begun.params)
        wait_for(process, lambda event: event.stage == "packages")
        assert begun.index.stalled.wait(30)
        started = time.monotonic()
        process.send(2, "cancel", {"id": 1})
        assert process.answer(1).kind == "cancelled"
        assert time.monotonic() - started < 1
        assert [line for line in processes_of(begun.root) if "pip" in line] == []
    begun.index.stall = False
    begun.index.go_on.set()
    assert isinstance(begun.install(), Result)
    assert begun.is_whole()


@pytest.mark.parametrize("how", ["stdin closes", "killed"])
def test_when_qgis_dies_in_the_middle_no_process_is_left_behind(begun, how):
    begun.index.stall = True
    with begun.process() as process:
        process.next()
        process.send(1, "install", begun.params)
        assert begun.index.stalled.wait(60)
        assert [line for line in processes_of(begun.root) if "pip" in line]
        if how == "killed":
            process.popen.send_signal(signal.SIGKILL)
        else:
            process.popen.stdin.close()
        process.popen.wait(5)
        end = time.monotonic() + 5
        while processes_of(begun.root) and time.monotonic() < end:
            time.sleep(0.1)
        assert processes_of(begun.root) == []


def test_two_at_once_the_second_is_told_to_wait_and_the_first_is_not_disturbed(begun):
    begun.index.stall = True
    with begun.process() as first:
        first.next()
        first.send(1, "install", begun.params)
        assert begun.index.stalled.wait(60)
        message = is_a_sentence(begun.install())
        assert "Another QGIS" in message
        begun.index.stall = False
        begun.index.go_on.set()
        first.popen.kill()
    assert isinstance(begun.install(), Result)
    assert begun.is_whole()


def test_an_index_that_is_not_there_is_one_sentence_and_the_next_try_works(begun):
    message = is_a_sentence(begun.install({"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}))
    assert "cannot be reached" in message
    assert "check the network" in message
    assert isinstance(begun.install(), Result)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_proxy_that_demands_a_password_is_told_with_what_to_do(begun, tmp_path, tool):
    if tool == "uv" and not put_uv_into(begun.root):
        pytest.skip("uv is not on this machine.")
    with serve(tmp_path) as proxy:
        proxy.status = 407
        settings = {"HTTPS_PROXY": proxy.address, "PIP_INDEX_URL": "https://127.0.0.1:9/simple"}
        message = is_a_sentence(begun.install(settings, use_uv=tool == "uv"))
        assert proxy.asked
    assert "asks for a name and a password" in message
    assert "Options > Network" in message
    assert isinstance(begun.install(), Result)


def test_a_proxy_that_works_is_used(begun, tmp_path):
    with serve(begun.wheels) as proxy:
        proxy.address = begun.index.address  # it hands on what the index has
        answer = begun.install({"http_proxy": f"http://127.0.0.1:{proxy.server_port}"})
        assert isinstance(answer, Result), answer
        assert any("alpha" in path for path in proxy.asked)


def test_a_proxy_that_is_not_there_is_one_sentence(begun):
    message = is_a_sentence(begun.install({"http_proxy": "http://127.0.0.1:9"}))
    assert "proxy" in message.lower() or "cannot be reached" in message


def test_a_package_with_another_checksum_is_not_installed(begun):
    make_wheel(begun.wheels, "beta", files={"beta/evil.py": b"print('evil')"})
    message = is_a_sentence(begun.install())
    assert "checksum" in message
    assert list(begun.root.rglob("evil.py")) == []


def test_a_package_that_the_index_lacks_is_one_sentence(begun):
    (begun.wheels / "beta-1.0-py3-none-any.whl").unlink()
    assert "not to be had" in is_a_sentence(begun.install())


def test_a_folder_of_wheels_serves_without_any_network(begun):
    asked = len(begun.index.asked)
    answer = begun.install({"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, wheels=str(begun.wheels))
    assert isinstance(answer, Result), answer
    assert begun.is_whole()
    assert len(begun.index.asked) == asked


def test_a_folder_without_wheels_is_refused(world, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no packages" in is_a_sentence(world.install(wheels=str(tmp_path / "empty")))


def test_a_torch_from_an_address_of_ones_own_is_taken_from_there_and_the_rest_stays_hashed(begun, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    with begun.lock.open("a") as lock:
        lock.write(f"torch==1.0 --hash=sha256:{'0' * 64}\nnvidia-cublas==1.0 --hash=sha256:{'0' * 64}\n")
    make_wheel(own, "torch", "1.0+cpu")
    with serve(own) as server:
        answer = begun.install(index=f"{server.address}/simple")
    assert isinstance(answer, Result), answer
    assert server.address in answer.result["source"]
    assert (begun.site / "torch-1.0+cpu.dist-info").is_dir()
    assert not list(begun.site.glob("nvidia*"))


def test_an_address_that_is_none_is_refused(world):
    assert "https://" in is_a_sentence(world.install(index="somewhere"))


def test_a_second_install_with_nothing_new_downloads_nothing(whole):
    whole.index.asked.clear()
    assert isinstance(whole.install(repair=True), Result)
    assert whole.index.asked == []


@pytest.mark.parametrize("harm", ["a package's files", "half of everything", "the Python", "the journal"])
def test_repair_puts_right_what_was_deleted_and_fetches_only_that(whole, harm):
    whole.index.asked.clear()
    if harm == "a package's files":
        (whole.site / "alpha" / "data.bin").unlink()
    elif harm == "half of everything":
        for name in ("alpha", "beta", "pip"):
            shutil.rmtree(whole.site / name)
    elif harm == "the Python":
        shutil.rmtree(whole.root / "env" / "bin")
    else:
        (whole.root / "env" / "install.json").write_text("{")
    answer = whole.install(repair=True)
    assert isinstance(answer, Result), answer
    assert whole.is_whole()
    assert (whole.site / "alpha" / "data.bin").stat().st_size == 1_024_000
    assert not any("gamma" in path for path in whole.index.asked)


def test_an_upgrade_that_fails_leaves_the_engine_that_works(whole):
    whole.lock.write_text(hashed_line(make_wheel(whole.wheels, "alpha", "2.0")))
    whole.index.status = 404
    is_a_sentence(whole.install())
    assert (whole.site / "alpha-1.0.dist-info").is_dir()
    assert whole.root.joinpath("env", "install.json").is_file()
    whole.index.status = 0
    assert isinstance(whole.install(), Result)
    assert (whole.site / "alpha-2.0.dist-info").is_dir()
    assert not (whole.root / "env.old").exists()


def test_what_was_left_of_another_plan_is_not_taken_up(begun):
    stray = begun.root / "env.part" / "stray"
    stray.touch()
    begun.lock.write_text(begun.lock.read_text() + "\n# another\n")
    assert isinstance(begun.install(), Result)
    assert not (begun.root / "env" / "stray").exists()


def test_an_environment_is_moved_whole_and_works_there(whole, tmp_path):
    target = tmp_path / "another disk"
    with whole.process() as process:
        process.next()
        process.send(1, "move", {"root": str(whole.root), "target": str(target)})
        moved = process.answer(1, timeout=60).result
    assert not whole.root.exists()
    said = subprocess.run([moved["python"], "-I", "-c", "import alpha; print(alpha.VERSION)"], capture_output=True)
    assert said.stdout.strip() == b"1.0"


def test_removing_takes_what_was_made_and_nothing_else(whole):
    own = whole.root / "my own file"
    own.touch()
    with whole.process() as process:
        process.next()
        process.send(1, "remove", {"root": str(whole.root)})
        assert process.answer(1, timeout=60).result["freed_bytes"] > 2_000_000
    assert sorted(path.name for path in whole.root.iterdir()) == ["my own file"]


def test_the_plugins_own_folder_is_no_place_for_it(world):
    import astroloc_qgis

    inside = Path(astroloc_qgis.__file__).parent / "engine-env"
    assert "QGIS deletes at every update" in is_a_sentence(world.install(root=str(inside)))
    assert not inside.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(world, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be written to" in is_a_sentence(world.install(root=str(tmp_path / "file" / "engine")))


def test_a_full_disk_is_one_sentence_and_going_on_elsewhere_works(begun, tmp_path):
    """A real disk that fills up while the first package comes: a tmpfs in a mount namespace of the installer's own."""
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=200m tmpfs '{small}' && cp -a '{begun.root}' '{small}' && exec \"$@\""
    before = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Only root may mount the small disk that this test fills.")
    with Process("-I", str(LAUNCHER), "--installer", environment=begun.environment, before=before) as process:
        begun.index.before_file = lambda: fill(Path(f"/proc/{process.popen.pid}/root", str(small).lstrip("/")))
        process.next()
        process.send(1, "install", {**begun.params, "root": str(small / "engine")})
        assert "disk is full" in is_a_sentence(process.answer(1, timeout=120))
        process.send(2, "describe", begun.params)
        assert isinstance(process.answer(2), Result)
    begun.index.before_file = lambda: None
    assert isinstance(begun.install(), Result)


def fill(disk):
    """Write to a disk until nothing goes onto it any more."""
    with contextlib.suppress(OSError), (disk / "ballast").open("ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1 << 16))


def test_a_disk_too_small_is_told_before_anything_is_downloaded(world, tmp_path):
    """The real plan on a real small disk."""
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=24m tmpfs '{small}' && exec \"$@\""
    before = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Only root may mount the small disk that this test needs.")
    with Process("-I", str(LAUNCHER), "--installer", environment=world.environment, before=before) as process:
        process.next()
        process.send(1, "install", {"root": str(small / "engine")})
        message = is_a_sentence(process.answer(1, timeout=60))
    assert "GB and there are" in message
    assert "free some space" in message
    assert world.index.asked == []


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


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: Failed to write: No space left on device (os error 28)", "disk is full"),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Auth",
            "name and a password",
        ),
        ("error: tunnel error: proxy authorization required: 407", "name and a password"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify", "not trusted"),
        ("error: invalid peer certificate: UnknownIssuer", "not trusted"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("error: error sending request for url: dns error: failed to lookup address", "cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "checksum"),
        ("error: Hash mismatch for `torch==2.13.0`", "checksum"),
        ("ERROR: No matching distribution found for torch==2.13.0", "not to be had"),
        ("PermissionError: [Errno 13] Permission denied: '/usr/lib/x'", "cannot be written to"),
        ("something that nobody has seen before", "the details hold what was said"),
    ],
)
def test_what_programs_say_is_told_in_a_sentence_with_their_words_in_the_details(said, meant):
    error = causes.told("install the packages", said)
    assert meant in str(error)
    assert error.details == said
