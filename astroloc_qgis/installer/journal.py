"""The journal of an environment: a file in it that says what it was made from and whether it is proved to work."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

NAME = "install.json"


@dataclass(frozen=True)
class Journal:
    """The state of an environment.

    Attributes:
        made_from: digest of the requirements, Python and source that it was made from.
        source: the source of the packages, in words.
        build: the build of torch (``builds.choice``).
        proved: whether the engine is proved to work in it.
        proof: the result of the proof (device, seconds, versions).
        size: its size on the disk, bytes.
        version: the version of the plugin that made it.
    """

    made_from: str = ""
    source: str = ""
    build: str = ""
    proved: bool = False
    proof: dict[str, Any] | None = None
    size: int = 0
    version: str = ""

    @classmethod
    def read(cls, folder: Path) -> Journal:
        """Read the journal of a folder; an empty one where there is none or the file is damaged."""
        try:
            data = json.loads((folder / NAME).read_text(encoding="utf-8"))
            known = {field.name for field in fields(cls)}
            journal = cls(**{key: value for key, value in data.items() if key in known})
        except (OSError, ValueError, TypeError, AttributeError):
            return cls()
        return journal if isinstance(journal.proved, bool) else cls()

    def write(self, folder: Path) -> Journal:
        """Write the journal into a folder, completely or not at all."""
        part = folder / f"{NAME}.part"
        part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        part.replace(folder / NAME)
        return self

    def now(self, **changes: Any) -> Journal:
        """Return a changed copy."""
        return replace(self, **changes)
