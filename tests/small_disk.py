"""A real disk of a few kilobytes or megabytes, for tests that fill it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def on_a_small_disk(folder: Path, size: str, first: str = "true") -> list[str]:
    """Return what starts a program in a mount namespace of its own, where a folder is a tmpfs; skip where that fails.

    Args:
        folder: the folder, which is made.
        size: of the disk, as mount takes it ("64k").
        first: a shell command that is run before the program.
    """
    folder.mkdir()
    mount = f"mount -t tmpfs -o size={size} tmpfs '{folder}' && {first} && exec \"$@\""
    before = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Only root may mount the small disk that this test needs.")
    return before
