"""The matchers, found by name; each is loaded only when it is asked for."""

from __future__ import annotations

import importlib
from functools import lru_cache

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers.base import Features, Matcher, Matches

__all__ = ["MATCHERS", "Features", "Matcher", "Matches", "create", "names"]

MATCHERS = {
    "sift": ("sift", "Sift"),
    "xfeat-lighterglue": ("xfeat_lighterglue", "XFeatLighterGlue"),
    "aliked-lightglue": ("aliked_lightglue", "AlikedLightGlue"),
}
"""Name -> module of this package and class."""


def names() -> list[str]:
    """The names that ``create`` knows."""
    return list(MATCHERS)


def check_name(name: str) -> None:
    """Refuse a name that no matcher has.

    Raises:
        InputError: says which names there are.
    """
    if name not in MATCHERS:
        raise InputError(f"There is no matcher '{name}': choose one of {', '.join(names())}, or auto.")


@lru_cache(maxsize=8)
def create(name: str, device: str = "cpu") -> Matcher:
    """The matcher of that name with its weights loaded; the same one when asked again.

    Raises:
        InputError: no matcher has that name, or its weights are not installed.
    """
    check_name(name)
    module, kind = MATCHERS[name]
    maker = getattr(importlib.import_module(f"{__name__}.{module}"), kind)
    matcher: Matcher = maker() if name == "sift" else maker(device=device)
    return matcher
