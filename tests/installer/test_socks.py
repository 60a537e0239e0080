"""Through a SOCKS proxy all goes that goes through one that speaks HTTP, and its refusals are told as clearly."""

from __future__ import annotations

import base64
import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from astroloc_qgis.installer.socks import SocksProxy, bridged
from astroloc_qgis.worker.protocol import Result

from .socks_proxy import serve_socks
from .test_install import is_a_sentence, put_uv_into

HOST = "index.example"
"""A name that nobody but the proxy can look up."""


@pytest.fixture
def proxy():
    with serve_socks(("ada", "p@ss:word"), {HOST: "127.0.0.1"}) as server:
        yield server


def through(proxy, login="ada:p%40ss%3Aword@"):
    return {"HTTPS_PROXY": f"socks5h://{login}{proxy.place}", "HTTP_PROXY": f"socks5h://{login}{proxy.place}"}


def ask(bridge, *, tunnel, host, port, login=True):
    """Ask for a page through the bridge, as pip does for an https address (a tunnel) or a plain one."""
    parts = urlsplit(bridge)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    text = f"{parts.username}:{parts.password}".encode()
    headers = {"Proxy-Authorization": "Basic " + base64.b64encode(text).decode()} if login else {}
    if tunnel:
        connection.set_tunnel(host, port, headers)
        connection.request("GET", "/simple/alpha/")
    else:
        connection.request("GET", f"http://{host}:{port}/simple/alpha/", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("tunnel", [True, False])
def test_pages_come_through_it_by_names_that_only_the_proxy_knows(world, proxy, tunnel):
    with bridged(through(proxy)) as variables:
        assert set(variables) == {"HTTPS_PROXY", "HTTP_PROXY"}
        status, body = ask(variables["HTTPS_PROXY"], tunnel=tunnel, host=HOST, port=world.index.server_port)
    assert status == 200
    assert b"alpha-1.0-py3-none-any.whl" in body
    assert proxy.asked == [(HOST, world.index.server_port)]


@pytest.mark.parametrize("tunnel", [True, False])
def test_nobody_else_on_the_machine_may_use_it(world, proxy, tunnel):
    with bridged(through(proxy)) as variables:
        bridge = variables["HTTP_PROXY"]
        if tunnel:
            with pytest.raises(OSError, match="403"):
                ask(bridge, tunnel=True, host=HOST, port=world.index.server_port, login=False)
        else:
            assert ask(bridge, tunnel=False, host=HOST, port=world.index.server_port, login=False)[0] == 403
    assert proxy.asked == []
    assert world.index.asked == []


def test_it_ends_with_the_install(proxy):
    with bridged(through(proxy)) as variables:
        place = urlsplit(variables["HTTP_PROXY"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port), timeout=5)


@pytest.mark.parametrize("environment", [{}, {"HTTPS_PROXY": "http://proxy.example:3128"}, {"ALL_PROXY": "socks5h://"}])
def test_without_a_socks_proxy_nothing_is_changed(environment):
    with bridged(environment) as variables:
        assert variables == {}


def test_an_address_is_read_with_name_and_password():
    assert SocksProxy.of("socks5h://a%40b:c%3Ad@host:9") == SocksProxy("host", 9, "a@b", "c:d")
    assert SocksProxy.of("socks5://host") == SocksProxy("host", 1080)
    assert SocksProxy.of("http://host:9") is None
    assert SocksProxy.of("socks5h://host:port") is None


@pytest.mark.parametrize(("login", "status"), [("", 407), ("ada:wrong@", 407)])
def test_a_wrong_password_is_told_as_an_http_proxy_would(world, proxy, login, status):
    with bridged(through(proxy, login)) as variables, pytest.raises(OSError, match=str(status)):
        ask(variables["HTTPS_PROXY"], tunnel=True, host=HOST, port=world.index.server_port)


def test_a_proxy_that_is_none_is_told():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet():
            with other.accept()[0] as connection:
                connection.sendall(b"SSH-2.0-none\r\n")

        threading.Thread(target=greet, daemon=True).start()
        address = {"HTTPS_PROXY": f"socks5h://127.0.0.1:{other.getsockname()[1]}"}
        with bridged(address) as variables, pytest.raises(OSError, match=r"502.*SOCKS"):
            ask(variables["HTTPS_PROXY"], tunnel=True, host=HOST, port=443)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_an_install_goes_through_it(begun, proxy, tool):
    if tool == "uv" and not put_uv_into(begun.root):
        pytest.skip("uv is not on this machine.")
    answer = begun.install(through(proxy), use_uv=tool == "uv")
    assert isinstance(answer, Result), answer
    assert begun.is_whole()
    assert proxy.asked


def test_one_that_wants_a_password_is_one_sentence_and_with_it_the_next_try_works(begun, proxy):
    index = {"PIP_INDEX_URL": "https://127.0.0.1:9/simple"}
    message = is_a_sentence(begun.install({**through(proxy, ""), **index}))
    assert "asks for a name and a password" in message
    assert "Options > Network" in message
    assert isinstance(begun.install(through(proxy)), Result)


def test_one_that_is_not_there_is_one_sentence(begun):
    settings = {"HTTPS_PROXY": "socks5h://127.0.0.1:9", "PIP_INDEX_URL": "https://127.0.0.1:9/simple"}
    message = is_a_sentence(begun.install(settings))
    assert "proxy cannot be reached" in message
