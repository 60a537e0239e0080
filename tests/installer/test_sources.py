"""Packages come from an index, through a proxy, from a folder or from another address, or one sentence says why not."""

from __future__ import annotations

import pytest

from astroloc_qgis.worker.protocol import Result

from .installs import is_a_sentence, put_uv_into
from .wheels import make_wheel, serve


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
