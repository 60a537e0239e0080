"""Reserves stdin and stdout of a process for the protocol."""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO, cast


def claim_standard_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move stdin and stdout to streams of their own, which only the caller knows.

    Descriptor 1 then leads to stderr, so that a print, of Python or of a C library, lands in the log and not among
    the messages. Descriptor 0 leads to nothing, so that no child process reads a request.

    Returns:
        The stream of the requests and the stream of the events; both binary, the second unbuffered.
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
