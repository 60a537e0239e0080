"""Explains the last lines of a failed program: one sentence for the user that says what to do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.machine import in_flatpak
from astroloc_qgis.worker import environment

DISK_FULL = "The disk is full: free some space, or choose another folder for the engine, then press Retry."
DISK_FULL_SIGNS = r"No space left|not enough space|os error 28|Errno 28|ENOSPC|Disk quota"
NO_VENV_SIGNS = r"ensurepip|No module named venv"
NO_VENV = (
    "QGIS's Python cannot make environments: install the package python3-venv of your system "
    "(sudo apt install python3-venv), then press Retry."
)
NO_VENV_IN_FLATPAK = (
    "The Python of a QGIS from Flatpak cannot make environments: install QGIS as a package of your system, or press "
    "“Use another…” and choose an environment of your own that has GDAL (from conda-forge, in your home folder)."
)
LOGIN_SIGNS = (
    r"Proxy Authentication Required|\b407\b|"
    r"SOCKS5 authentication (failed|methods were rejected)|"  # PySocks
    r"rejected by the SOCKS5 server|No authentication method was acceptable|"  # libcurl
    r"SOCKS error: (credentials not accepted|server does not support user/pass)"  # uv
)
CAUSES: tuple[tuple[str, str], ...] = (
    (DISK_FULL_SIGNS, DISK_FULL),
    (environment.RUNTIME_SIGNS, environment.NO_RUNTIME),
    (NO_VENV_SIGNS, NO_VENV),
    (
        LOGIN_SIGNS,
        "The proxy asks for a name and a password: enter them in QGIS under Settings > Options > Network, "
        "then press Retry.",
    ),
    (
        r"ProxyError|Cannot connect to proxy|tunnel error|proxy: |[Tt]unnel connection failed|proxy connect|"
        r"socks proxy|SOCKS5? (proxy|error|connection)|Uses proxy env variable[\s\S]*Could(n't| not) connect to server",
        "The proxy cannot be reached or refuses the connection: check QGIS's Settings > Options > Network, "
        "then press Retry.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|UnknownIssuer|"
        r"SSL certificate problem|server certificate verification failed",
        "The certificate of the package index is not trusted: add your organization's certificate in QGIS under "
        "Settings > Options > Authentication > Manage Certificates, then press Retry.",
    ),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch|do not match",
        "A package is not the one that AstroLoc was tested with (its checksum is another): nothing of it was "
        "installed; press Retry, and try another source if it happens again.",
    ),
    (
        r"Temporary failure in name resolution|Name or service not known|getaddrinfo failed|NewConnectionError|"
        r"dns error|failed to lookup|Network is unreachable|Connection refused|ConnectTimeout|ReadTimeout|timed out|"
        r"Connection reset|connection closed|Connection aborted|Remote end closed|RemoteDisconnected|"
        r"error sending request|Failed to fetch|IncompleteRead|tcp connect error|incomplete message|broken pipe",
        "The package index cannot be reached: check the network, or choose a folder with the packages (Source), "
        "then press Retry. What has been downloaded is kept.",
    ),
    (
        r"No matching distribution|Could not find a version|No solution found|has no wheels|not found in the package",
        "A package that the engine needs is not to be had from this source for this Python: choose another source.",
    ),
    (
        r"Permission denied|Access is denied|os error 13|Errno 13|Read-only file system",
        "The engine's folder cannot be written to: choose another one.",
    ),
    (r"MemoryError|Cannot allocate memory|os error 12", "The computer ran out of memory: close other programs."),
)


def explained(what: str, output: str) -> InputError:
    """Return the error to raise for a failed program.

    Args:
        what: the failed step, as the end of "could not …".
        output: the last lines that the program printed.
    """
    unknown = f"AstroLoc could not {what}: the details hold what was said. Press Retry, or Repair."
    return InputError(cause_of(output) or unknown, output)


def cause_of(output: str) -> str:
    """Return the sentence about the cause that a program's lines name; empty where none is known."""
    found = next((sentence for pattern, sentence in CAUSES if re.search(pattern, output)), "")
    return NO_VENV_IN_FLATPAK if found == NO_VENV and in_flatpak() else found


def may_differ_with_pip(output: str) -> bool:
    """Whether pip, which reads settings of its own, could succeed where uv failed."""
    return not re.search(rf"{DISK_FULL_SIGNS}|{LOGIN_SIGNS}|hash|MATCH", output)


def is_out_of_reach(output: str) -> bool:
    """Whether pip found no file to download, so that another index could have one."""
    began = re.search(r"^\s*Downloading \S+\.whl\b(?!\.metadata)", output, re.MULTILINE)
    return began is None and may_differ_with_pip(output)


@contextlib.contextmanager
def explained_disk_errors() -> Iterator[None]:
    """Explain the errors of writing to the disk.

    Raises:
        InputError: the code inside met an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise explained("write to the disk", str(error)) from error
