"""SOCKS proxies for pip, uv and GDAL: which variables name one, in the one form that all three read.

uv and GDAL (libcurl) speak SOCKS themselves. pip does so with the package PySocks, which it cannot download through the
proxy before it has it, and Python's standard library knows no SOCKS. So GDAL, which every QGIS has, downloads this one
wheel of 17 kB (``download_with_gdal``), and pip installs it from the file, checked by its hash like all others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_PROXY")
"""The variables that may name a proxy, in capital or small letters."""
SCHEME = re.compile(r"socks(5h?)?://(?=.)", re.IGNORECASE)


def socks_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to change where a SOCKS proxy is named, else none.

    Args:
        environment: the environment variables.

    Returns:
        Each variable that names a SOCKS proxy, with the scheme socks5h: the proxy looks up host names. ALL_PROXY is
        one of them, because libcurl reads neither HTTP_PROXY in capital letters nor PIP_PROXY.
    """
    names = [name for each in VARIABLES for name in (each, each.lower())]
    values = {name: environment.get(name, "") for name in names}
    found = {name: SCHEME.sub("socks5h://", value) for name, value in values.items() if SCHEME.match(value)}
    return {"ALL_PROXY": next(iter(found.values())), **found} if found else {}
