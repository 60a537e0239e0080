"""What was not found and why: the reasons of photos that are not localized, grouped by what they have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

MOST_NAMED = 12
"""Photos that are named in a group."""

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*")
_WHOLE = "nothing was found"
"""How sentences begin whose first part says too little."""
_WORDS = re.compile(r"\s+")


@dataclass
class Reason:
    """A reason that photos share.

    Attributes:
        status: of the photos.
        kind: the sentence, "…" in place of what differs.
        example: the sentence of the first.
        count: of photos.
        names: of the first of them.
    """

    status: str
    kind: str
    example: str
    count: int = 0
    names: list[str] = field(default_factory=list)


def grouped(photos: Iterable[tuple[str, str, str]]) -> list[Reason]:
    """The reasons, the commonest first.

    Args:
        photos: path, status and reason of each that is not localized.
    """
    found: dict[tuple[str, str], Reason] = {}
    for path, status, sentence in photos:
        kind = kind_of(sentence, path)
        reason = found.setdefault((status, kind), Reason(status, kind, sentence))
        reason.count += 1
        if len(reason.names) < MOST_NAMED:
            reason.names.append(shown_name(path))
    return sorted(found.values(), key=lambda reason: (-reason.count, reason.kind))


def shown_name(path: str) -> str:
    """A photo's name with its folder's, which tells photos of the same name apart."""
    return "/".join(Path(path).parts[-2:])


def kind_of(sentence: str, path: str) -> str:
    """A sentence without the photo's name and without numbers; of one with several parts the first."""
    plain = sentence.replace(path, "…")
    name = Path(path).name
    plain = plain.replace(name, "…") if name else plain
    kept = plain if plain.startswith(_WHOLE) else plain.split("; ", 1)[0]
    return _WORDS.sub(" ", _NUMBER.sub("…", kept)).strip() or "no reason"
