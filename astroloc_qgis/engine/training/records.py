"""The log of a training run: JSON lines, and TensorBoard where it is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import TracebackType
from typing import Any

LOG = "log.jsonl"


class Records:
    """The log of a run; a resumed run appends to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"))

    def __enter__(self) -> Records:
        _drop_torn_line(self._path)
        self._stream = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()
        if self._board is not None:
            self._board.close()

    def write(self, entry: dict[str, Any]) -> None:
        """Append an entry; TensorBoard gets its numbers, also nested ones, by name."""
        self._stream.write(json.dumps(entry) + "\n")
        self._stream.flush()
        if self._board is not None:
            for name, value in _scalars("", entry):
                self._board.add_scalar(name, value, entry["step"])


def _drop_torn_line(path: Path) -> None:
    """Take a last line without its end out of a log: a killed run leaves one."""
    if not path.is_file():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as stream:
            stream.truncate(whole)


def _scalars(prefix: str, entry: dict[str, Any]) -> list[tuple[str, float]]:
    found = []
    for name, value in entry.items():
        if isinstance(value, dict):
            found += _scalars(f"{prefix}{name}/", value)
        elif isinstance(value, int | float) and name != "step":
            found.append((prefix + name, float(value)))
    return found
