"""Files of JSON lines that a benchmark writes row by row, and continues when it is run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a file."""
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]


def rows_so_far(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a file; none where the file does not exist yet."""
    return read_rows(path) if path.exists() else []


def append_row(stream: IO[str], row: dict[str, Any]) -> None:
    """Write a row, so that an interruption does not lose it."""
    stream.write(json.dumps(row) + "\n")
    stream.flush()
