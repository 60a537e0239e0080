"""The types of the requests' parameters, by name; a request that breaks them is refused before anything begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from astroloc_qgis.engine.errors import InputError


def _text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(*counts: int) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return isinstance(value, list | tuple) and len(value) in counts and all(map(_number, value))

    return check


def _whole_numbers(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(each, int) and not isinstance(each, bool) for each in value)
    )


def _footprint(value: Any) -> bool:
    return _text(value) or (isinstance(value, list | tuple) and len(value) == 4 and all(map(_numbers(2), value)))


TEXTS = ("photo", "index", "out", "imagery", "matcher", "device", "crs", "block", "model", "title", "polygon")
TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(TEXTS, (_text, "a text")),
    "nadir": (_numbers(2), "two numbers: latitude, longitude"),
    "radius_km": (_number, "a number"),
    "extent": (_numbers(4), "four numbers: west, south, east, north"),
    "footprint": (_footprint, "a file, or four corners of lon, lat"),
    "zooms": (_whole_numbers, "a list of whole numbers"),
    "stride": (_number, "a number"),
}


def checked(params: Mapping[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    """Check a request's parameters by name and type.

    Args:
        params: as they came.
        required: names that must be there.
        optional: names that may be; what is null is left to the engine's defaults.

    Returns:
        Those given, lists as tuples.

    Raises:
        InputError: one is missing, unknown or of another type.
    """
    given = {name: value for name, value in params.items() if value is not None}
    if missing := [name for name in required if name not in given]:
        raise InputError(f"The request lacks {', '.join(missing)}.")
    if unknown := sorted(set(given) - set(required) - set(optional)):
        raise InputError(f"The request has parameters that do not exist: {', '.join(unknown)}.")
    for name, value in given.items():
        fits, kind = TYPES[name]
        if not fits(value):
            raise InputError(f"The parameter {name} of the request is {str(value)[:60]!r}; it must be {kind}.")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
