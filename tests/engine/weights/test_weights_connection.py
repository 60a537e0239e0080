"""Weights come through the proxy, and with the certificates, that the environment names, as packages and imagery do."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights import download
from astroloc_qgis.engine.weights.download import fetch_weights
from tests.engine.weights.published_model import CONTENT, FILE, NAME, publish
from tests.engine.weights.test_weights_download import Server
from tests.installer.socks_proxy import serve_socks

pytestmark = pytest.mark.usefixtures("folder")
HOST = "weights.example"
"""A name that nobody but the proxy can look up."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@contextlib.contextmanager
def running(server: http.server.ThreadingHTTPServer) -> Iterator[int]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *(name.lower() for name in PROXIES), *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose name only the proxy can look up."""
    server = Server()
    monkeypatch.setattr(download, "check_address", lambda url: url)  # it is not encrypted
    with running(server) as port:
        publish(monkeypatch, f"http://{HOST}:{port}/{FILE}")
        yield server


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h", "SOCKS5H"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_they_come_through_a_socks_proxy_by_names_that_only_it_knows(
    behind: Server, monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str
) -> None:
    with serve_socks(("ada", "p@ss:word"), {HOST: "127.0.0.1"}) as proxy:
        monkeypatch.setenv(variable, f"{scheme}://ada:p%40ss%3Aword@{proxy.place}")
        behind.breaks_after = [100_000]
        assert fetch_weights(NAME).read_bytes() == CONTENT
        assert set(proxy.asked) == {(HOST, behind.server_address[1])}
    assert behind.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    ("login", "words"),
    [("", "asks for a name and a password"), ("ada:wrong@", "does not take the name and password")],
)
def test_a_socks_proxy_that_wants_another_password_is_told(
    behind: Server, monkeypatch: pytest.MonkeyPatch, login: str, words: str
) -> None:
    with serve_socks(("ada", "right"), {HOST: "127.0.0.1"}) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{login}{proxy.place}")
        with pytest.raises(InputError, match=rf"{HOST} cannot be reached .*{words}.*check the network and its proxy"):
            fetch_weights(NAME)


def test_a_proxy_that_is_not_there_refuses_or_is_none_is_told(behind: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    with pytest.raises(InputError, match="cannot be reached .*refused"):
        fetch_weights(NAME)
    with serve_socks(None, {HOST: "127.0.0.2"}) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{proxy.place}")
        with pytest.raises(InputError, match="made no connection: the connection was refused"):
            fetch_weights(NAME)
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: other.accept()[0].sendall(b"SSH-2.0-none\r\n"), daemon=True).start()
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(InputError, match="is no SOCKS 5 proxy"):
            fetch_weights(NAME)
    for address in ("socks4://proxy.example:1080", "socks5h://", "socks5h://proxy.example:port"):
        monkeypatch.setenv("ALL_PROXY", address)
        with pytest.raises(InputError, match="name one of HTTP or SOCKS 5"):
            fetch_weights(NAME)


def test_a_host_that_needs_no_proxy_is_reached_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with running(server) as port:
        publish(monkeypatch, f"http://127.0.0.1:{port}/{FILE}")
        monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert fetch_weights(NAME).read_bytes() == CONTENT


# ---------------------------------------------------------------- certificates


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """The certificate and key of a server, which no system trusts."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("The program openssl, which makes a certificate, is not on this machine.")
    made, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,DNS:" + HOST, "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture
def encrypted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with that certificate."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as port:
        publish(monkeypatch, f"https://localhost:{port}/{FILE}")
        yield port


@pytest.mark.parametrize("variable", CERTIFICATES)
@pytest.mark.usefixtures("encrypted")
def test_a_server_that_a_variables_certificates_vouch_for_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with pytest.raises(InputError, match="cannot be reached .*certificate verify failed"):
        fetch_weights(NAME)
    monkeypatch.setenv(variable, str(certificate))
    assert fetch_weights(NAME).read_bytes() == CONTENT


@pytest.mark.usefixtures("encrypted")
def test_what_qgis_trusts_is_trusted_in_the_engines_environment(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "engine").mkdir()
    shutil.copy(certificate, tmp_path / "engine" / "certificates.pem")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "engine" / "env"))
    assert fetch_weights(NAME).read_bytes() == CONTENT


def test_certificates_and_a_socks_proxy_go_together(
    certificate: Path, encrypted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, f"https://{HOST}:{encrypted}/{FILE}")
    with serve_socks(None, {HOST: "127.0.0.1"}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"socks5h://{proxy.place}")
        with pytest.raises(InputError, match="certificate verify failed"):
            fetch_weights(NAME)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch_weights(NAME).read_bytes() == CONTENT


def test_certificates_that_are_none_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(monkeypatch, f"https://localhost:9/{FILE}")
    (tmp_path / "none.pem").write_text("no certificate")
    for path in (tmp_path / "none.pem", tmp_path / "gone.pem"):
        monkeypatch.setenv("PIP_CERT", str(path))
        with pytest.raises(InputError, match=rf"certificates {path}, named in PIP_CERT, cannot be read"):
            fetch_weights(NAME)
