"""QGIS's proxy and certificates as environment variables for child processes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsSettings
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from astroloc_qgis.qgis_adapters.log import log_line

SCHEMES = {"HttpProxy": "http", "HttpCachingProxy": "http", "Socks5Proxy": "socks5h"}
SOME_ADDRESS = "https://example.org"
"""An address for asking the system which proxy it uses; nothing is sent to it."""
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
"""They name the file to Python and GDAL, to pip, and to requests."""


def proxy_variables() -> dict[str, str]:
    """Return HTTP_PROXY and the like for QGIS's network options; empty where they name no proxy."""
    settings = QgsSettings()
    if not settings.value("proxy/proxyEnabled", False, type=bool):
        return {}
    kind = str(settings.value("proxy/proxyType", "") or "")
    if kind == "DefaultProxy":
        address = _system_proxy()
    elif kind in SCHEMES and settings.value("proxy/proxyHost", ""):
        user, password = _credentials(settings)
        host, port = str(settings.value("proxy/proxyHost")), str(settings.value("proxy/proxyPort", "") or "")
        address = proxy_address(SCHEMES[kind], host, port, user, password)
    else:
        address = ""
    if not address:
        return {}
    excluded = [*_texts(settings.value("proxy/noProxyUrls")), *_texts(settings.value("proxy/proxyExcludedUrls"))]
    hosts = [urlsplit(url if "//" in url else f"//{url}").hostname or "" for url in excluded]
    variables = {"HTTP_PROXY": address, "HTTPS_PROXY": address, "ALL_PROXY": address}
    if any(hosts):
        variables["NO_PROXY"] = ",".join(filter(None, hosts))
    return variables | {name.lower(): value for name, value in variables.items()}


def proxy_address(scheme: str, host: str, port: str, user: str = "", password: str = "") -> str:
    """Return the address of a proxy, with name and password escaped."""
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "") + "@" if user else ""
    return f"{scheme}://{who}{host}" + (f":{port}" if port and port != "0" else "")


def certificate_variables(folder: Path) -> dict[str, str]:
    """Write the certificates that QGIS trusts into a folder; returns the variables that name the file to pip and uv.

    Empty where the system's own variables already name certificates.
    """
    if any(os.environ.get(name) for name in CERTIFICATE_VARIABLES):
        return {}
    manager = QgsApplication.authManager()
    text = b"" if manager is None or manager.isDisabled() else bytes(manager.trustedCaCertsPemText())
    if not text.strip():
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "certificates.pem"
    if not file.is_file() or file.read_bytes() != text:
        file.write_bytes(text)
    return dict.fromkeys(CERTIFICATE_VARIABLES, str(file))


def own_certificate_variables(folder: Path) -> dict[str, str]:
    """Return ``certificate_variables`` where QGIS trusts authorities that the user has added, else none.

    Without such authorities the system's own certificates are right, which know more than QGIS on some systems.
    """
    manager = QgsApplication.authManager()
    if manager is None or manager.isDisabled() or not (manager.databaseCAs() or manager.extraFileCAs()):
        return {}
    try:
        return certificate_variables(folder)
    except OSError as error:
        log_line(f"The certificates that QGIS trusts cannot be handed to the engine: {error}")
        return {}


def _credentials(settings: QgsSettings) -> tuple[str, str]:
    user, password = (str(settings.value(f"proxy/{key}", "") or "") for key in ("proxyUser", "proxyPassword"))
    config_id, config = str(settings.value("proxy/authcfg", "") or ""), QgsAuthMethodConfig()
    if config_id and QgsApplication.authManager().loadAuthenticationConfig(config_id, config, True):
        user, password = config.config("username", user), config.config("password", password)
    return user, password


def _system_proxy() -> str:
    for proxy in QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(SOME_ADDRESS))):
        if proxy.type() in (QNetworkProxy.ProxyType.HttpProxy, QNetworkProxy.ProxyType.HttpCachingProxy):
            return proxy_address("http", proxy.hostName(), str(proxy.port()), proxy.user(), proxy.password())
        if proxy.type() == QNetworkProxy.ProxyType.Socks5Proxy:
            return proxy_address("socks5h", proxy.hostName(), str(proxy.port()), proxy.user(), proxy.password())
    return ""


def _texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return [str(value)] if value else []
