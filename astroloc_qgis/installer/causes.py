"""What a failed program's last lines mean, in one sentence for the user that says what to do."""

from __future__ import annotations

import re

from astroloc_qgis.engine.errors import InputError

DISK_FULL = "The disk is full: free some space, or choose another folder for the engine, then press Retry."
CAUSES: tuple[tuple[str, str], ...] = (
    (r"No space left|not enough space|os error 28|Errno 28|ENOSPC|Disk quota", DISK_FULL),
    (
        r"Proxy Authentication Required|\b407\b",
        "The proxy asks for a name and a password: enter them in QGIS under Settings > Options > Network, "
        "then press Retry.",
    ),
    (
        r"ProxyError|Cannot connect to proxy|tunnel error|proxy: |[Tt]unnel connection failed|proxy connect",
        "The proxy cannot be reached or refuses the connection: check QGIS's Settings > Options > Network, "
        "then press Retry.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|UnknownIssuer",
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


def told(what: str, output: str) -> InputError:
    """Return the error to raise when a program failed.

    Args:
        what: the step that failed, as the end of "could not …".
        output: the last lines of the program.
    """
    for pattern, sentence in CAUSES:
        if re.search(pattern, output):
            return InputError(sentence, output)
    return InputError(f"AstroLoc could not {what}: the details hold what was said. Press Retry, or Repair.", output)


def may_differ_with_pip(output: str) -> bool:
    """Whether pip, which reads settings of its own, could succeed where uv failed."""
    return not re.search(rf"{CAUSES[0][0]}|\b407\b|hash|MATCH", output)
