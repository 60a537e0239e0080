"""The folders in which units are worked on, inside that of the batch."""

from __future__ import annotations

import shutil
from pathlib import Path

WORKING = ".working-"
"""How their names begin."""


def remove_leftovers(out: Path) -> None:
    """Remove what a kill has left of them."""
    for folder in out.glob(f"{WORKING}*"):
        shutil.rmtree(folder, ignore_errors=True)
