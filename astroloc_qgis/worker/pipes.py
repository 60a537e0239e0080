"""Keeps the protocol's pipes for the protocol alone."""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO, cast


def claim_standard_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout away from everything else in the process.

    Descriptor 1 then leads to stderr, so that a stray print, of Python or of a C library, lands in the log and
    cannot garble the protocol; descriptor 0 leads to nothing, so that no child process eats a request.

    Returns:
        Where requests come from, and where events go; both binary, the second unbuffered.
    """
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr
    return source, cast(BinaryIO, sink)
