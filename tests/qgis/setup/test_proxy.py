"""QGIS's proxy and certificates, for the installer and the engine."""

from __future__ import annotations

import os
from pathlib import Path

from astroloc_qgis.qgis_adapters.engine import interpreter
from astroloc_qgis.qgis_adapters.engine.installing import installer_environment
from astroloc_qgis.qgis_adapters.engine.network import proxy_address, proxy_variables
from tests.qgis.setup.installing import set_proxy


def test_the_proxy_is_the_one_of_qgis_with_name_and_password_escaped(no_proxy_left):
    set_proxy(proxyHost="proxy.example", proxyPort="3128", proxyUser="ada", proxyPassword="p@ss/word")
    variables = proxy_variables()
    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == "http://ada:p%40ss%2Fword@proxy.example:3128"


def test_without_a_proxy_in_qgis_there_is_none(no_proxy_left):
    set_proxy(proxyEnabled=False, proxyHost="proxy.example")
    assert proxy_variables() == {}


def test_what_goes_around_the_proxy_does_so_in_the_child_too(no_proxy_left):
    set_proxy(proxyHost="proxy.example", noProxyUrls=["https://intranet.example/maps", "other.example"])
    assert proxy_variables()["NO_PROXY"] == "intranet.example,other.example"


def test_a_socks_proxy_keeps_its_kind():
    assert proxy_address("socks5h", "proxy.example", "1080") == "socks5h://proxy.example:1080"


def test_only_the_child_gets_the_proxy_and_pip_keeps_its_addresses_alone(no_proxy_left, monkeypatch):
    set_proxy(proxyHost="proxy.example")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_TARGET", "/somewhere")
    environment = installer_environment()
    assert environment.value("HTTPS_PROXY") == "http://proxy.example"
    assert environment.value("PIP_INDEX_URL") == "https://mirror.example/simple"
    assert not environment.contains("PIP_TARGET")
    assert "proxy.example" not in os.environ.get("HTTPS_PROXY", "")


def test_the_engine_reads_imagery_through_the_proxy_too(no_proxy_left):
    set_proxy(proxyHost="proxy.example")
    assert interpreter.engine_environment().value("HTTPS_PROXY") == "http://proxy.example"


def test_the_certificates_that_qgis_trusts_are_handed_to_pip(monkeypatch):
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    file = Path(installer_environment().value("PIP_CERT"))
    assert "BEGIN CERTIFICATE" in file.read_text()
