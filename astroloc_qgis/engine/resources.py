"""Files that come with the plugin: inside its package when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(*parts: str) -> Path:
    """Return the path of a file in ``resources``, whether it exists or not."""
    inside = _PACKAGE.joinpath("resources", *parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath("resources", *parts)
