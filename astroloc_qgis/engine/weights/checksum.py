"""The sha256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

NO_WEIGHTS_SHA256 = hashlib.sha256(b"").hexdigest()
"""Stands for the weight file of a model without weights."""


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
