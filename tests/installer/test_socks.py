"""An install goes through a SOCKS proxy with uv and with pip, and a proxy that refuses is one sentence."""

from __future__ import annotations

import contextlib
import importlib.metadata
import socket
import threading
from pathlib import Path

import pytest
from osgeo import gdal

from astroloc_qgis.installer.socks import socks_variables
from astroloc_qgis.worker.protocol import Result

from .installs import is_a_sentence, put_uv_into
from .socks_proxy import serve_socks
from .wheels import hashed_line, pack_installed

HOST = "index.example"
"""A name that nobody but the proxy can look up."""


@pytest.fixture
def proxy():
    with serve_socks(("ada", "p@ss:word"), {HOST: "127.0.0.1"}) as server:
        yield server


@pytest.fixture
def behind(begun):
    """A begun install whose index has PySocks, and whose Python has QGIS's GDAL."""
    begun.socks = begun.folder / "socks.txt"
    begun.socks.write_text(hashed_line(pack_installed("PySocks", begun.wheels)))
    return begun


def through(proxy, login="ada:p%40ss%3Aword@"):
    return {"HTTPS_PROXY": f"socks5h://{login}{proxy.place}", "HTTP_PROXY": f"socks5h://{login}{proxy.place}"}


def install(world, environment, **changes):
    changes = {"osgeo": str(Path(gdal.__file__).parent), "socks": str(world.socks), **changes}
    return world.install({"PIP_TRUSTED_HOST": HOST, **environment}, **changes)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_an_install_goes_through_it_by_names_that_only_the_proxy_knows(behind, proxy, tool):
    if tool == "uv" and not put_uv_into(behind.root):
        pytest.skip("uv is not on this machine.")
    port = behind.index.server_port
    behind.index.address = f"http://{HOST}:{port}"
    answer = install(behind, through(proxy), use_uv=tool == "uv")
    assert isinstance(answer, Result), answer
    assert behind.is_whole()
    assert set(proxy.asked) == {(HOST, port)}


def test_uv_speaks_to_it_itself(behind, proxy):
    if not put_uv_into(behind.root):
        pytest.skip("uv is not on this machine.")
    lines = []
    with behind.process(**through(proxy)) as process:
        process.next()
        params = {**behind.params, "osgeo": str(Path(gdal.__file__).parent), "socks": str(behind.socks)}
        process.send(1, "install", {**params, "use_uv": True})
        while not isinstance(event := process.next(timeout=60), Result):
            lines.append(event.text)
    assert " + alpha==1.0" in lines
    assert "uv gave up: trying pip" not in lines


def test_a_pysocks_with_another_checksum_is_not_installed(behind, proxy):
    behind.socks.write_text(f"PySocks=={importlib.metadata.version('PySocks')} --hash=sha256:{'0' * 64}\n")
    assert "checksum" in is_a_sentence(install(behind, through(proxy)))
    assert not list(behind.root.rglob("site-packages/socks.py"))


def test_an_index_without_pysocks_is_one_sentence(behind, proxy):
    for wheel in behind.wheels.glob("PySocks*"):
        wheel.unlink()
    assert "not to be had" in is_a_sentence(install(behind, through(proxy)))


@pytest.mark.parametrize("login", ["", "ada:wrong@"])
def test_one_that_wants_a_password_is_one_sentence_and_with_it_the_next_try_works(behind, proxy, login):
    message = is_a_sentence(install(behind, through(proxy, login)))
    assert "asks for a name and a password" in message
    assert "Options > Network" in message
    assert behind.index.asked == []
    assert isinstance(install(behind, through(proxy)), Result)


@pytest.mark.parametrize("tool", ["uv", "pip"])
@pytest.mark.parametrize("login", ["", "ada:wrong@"])
def test_a_password_that_has_changed_is_told_by_uv_and_pip_too(behind, proxy, tool, login):
    if tool == "uv" and not put_uv_into(behind.root):
        pytest.skip("uv is not on this machine.")
    assert isinstance(install(behind, through(proxy)), Result)  # PySocks is there from now on
    (behind.site / "alpha" / "data.bin").unlink()
    message = is_a_sentence(install(behind, through(proxy, login), repair=True, use_uv=tool == "uv"))
    assert "asks for a name and a password" in message
    assert isinstance(install(behind, through(proxy), repair=True, use_uv=tool == "uv"), Result)


def test_one_that_is_not_there_is_one_sentence(behind):
    settings = {"HTTPS_PROXY": "socks5h://127.0.0.1:9", "PIP_INDEX_URL": "https://127.0.0.1:9/simple"}
    assert "proxy cannot be reached" in is_a_sentence(install(behind, settings))


def test_a_proxy_that_is_none_is_told(behind):
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet():
            with contextlib.suppress(OSError):  # the test is over
                while True:
                    with other.accept()[0] as connection:
                        connection.sendall(b"SSH-2.0-none\r\n")

        threading.Thread(target=greet, daemon=True).start()
        settings = {"HTTPS_PROXY": f"socks5h://127.0.0.1:{other.getsockname()[1]}"}
        index = {"PIP_INDEX_URL": "https://127.0.0.1:9/simple"}
        message = is_a_sentence(install(behind, {**settings, **index}))
    assert "proxy" in message


@pytest.mark.parametrize("environment", [{}, {"HTTPS_PROXY": "http://proxy.example:3128"}, {"ALL_PROXY": "socks5h://"}])
def test_without_a_socks_proxy_nothing_is_changed(environment):
    assert socks_variables(environment) == {}


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h", "SOCKS5"])
def test_every_name_of_the_scheme_becomes_the_one_that_pip_uv_and_gdal_read(scheme):
    found = socks_variables({"https_proxy": f"{scheme}://a%40b:c@host:9", "HTTP_PROXY": "http://other:1"})
    assert found == dict.fromkeys(("ALL_PROXY", "https_proxy"), "socks5h://a%40b:c@host:9")
