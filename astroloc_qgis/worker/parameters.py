"""Reads the parameters of a request into a frozen dataclass, and refuses those that do not fit it.

The dataclass is the schema. A field with a default is optional. Its type says what the value must be: a plain type of
``KINDS``, or one annotated with a ``Kind``. The reader takes any dataclass of such fields, not only the requests.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Annotated, Any, TypeVar, get_args

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir_source import NadirSource

Value = TypeVar("Value")


NUMBERS_OF_FACTS = ("confidence", "inliers", "rmse_px", "rmse_m")
"""The facts about a registration that are numbers; the forms of an export have fields for them."""


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _frozen_values(values: Any) -> Any:
    return tuple(map(_frozen, values))


@dataclass(frozen=True)
class Kind:
    """What the value of a parameter must be.

    Attributes:
        fits: tells whether a JSON value is of this kind.
        words: the kind in words, as the end of "it must be …".
        convert: makes the field's value from the JSON value; by default lists become tuples.
    """

    fits: Callable[[Any], bool]
    words: str
    convert: Callable[[Any], Any] = _frozen


def is_text(value: Any) -> bool:
    """Whether a value is a text that can name a file."""
    return isinstance(value, str) and "\0" not in value


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole_number(value: Any) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def list_of(fits: Callable[[Any], bool], count: int | None = None) -> Callable[[Any], bool]:
    """Return a check for lists of fitting values, of ``count`` values where that is given."""

    def check(value: Any) -> bool:
        return isinstance(value, list | tuple) and count in (None, len(value)) and all(map(fits, value))

    return check


def _is_zoom_list(value: Any) -> bool:
    return bool(value) and list_of(is_whole_number)(value)


def _is_footprint(value: Any) -> bool:
    return is_text(value) or list_of(list_of(is_number, 2), 4)(value)


def _is_position(value: Any) -> bool:
    return list_of(is_number, 2)(value) or (list_of(is_number, 3)(value) and value[2] > 0)


def _is_source(value: Any) -> bool:
    return isinstance(value, str) and value in get_args(NadirSource)


def _is_photos(value: Any) -> bool:
    return list_of(is_text)(value) and 0 < len(value) == len(set(value))


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_tie_point(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(is_number(value.get(name)) for name in ("x", "y", "lon", "lat"))
        and abs(value["lat"]) <= 90
        and isinstance(value.get("on", True), bool)
    )


def _is_facts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_number(value[name]) for name in NUMBERS_OF_FACTS if value.get(name) is not None
    )


def _is_file_name(value: Any) -> bool:
    return is_text(value) and PurePath(value).name == value and value not in ("", "..")


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


KINDS: dict[Any, Kind] = {
    str: Kind(is_text, "a text"),
    Path: Kind(is_text, "a text", Path),
    int: Kind(is_whole_number, "a whole number"),
    float: Kind(is_number, "a number"),
    bool: Kind(lambda value: isinstance(value, bool), "true or false"),
    tuple[str, ...]: Kind(list_of(is_text), "a list of texts"),
    Mapping[str, Any]: Kind(lambda value: isinstance(value, dict), "an object"),
}
"""The kinds of plain types."""

LatLon = Annotated[tuple[float, float], Kind(list_of(is_number, 2), "two numbers: latitude, longitude")]
Position = Annotated[
    tuple[float, ...],
    Kind(_is_position, "two numbers: latitude, longitude (or three: and the camera's height in metres)"),
]
Source = Annotated[
    NadirSource,
    Kind(_is_source, '"given", "exif", "tle" or "nasa"'),
]
Positions = Annotated[
    tuple[tuple[float, ...] | None, ...],
    Kind(list_of(_or_null(_is_position)), "a list, for each photo null or two or three numbers", _frozen_values),
]
Sources = Annotated[
    tuple[NadirSource | None, ...],
    Kind(list_of(_or_null(_is_source)), 'a list, for each photo null, "given", "exif", "tle" or "nasa"'),
]
Areas = Annotated[
    tuple[Mapping[str, Any] | None, ...],
    Kind(list_of(_or_null(lambda value: isinstance(value, dict))), "a list, for each photo null or an object"),
]
Files = Annotated[tuple[Path, ...], Kind(list_of(is_text), "a list of texts", lambda value: tuple(map(Path, value)))]
Photos = Annotated[
    tuple[Path, ...],
    Kind(_is_photos, "a list of one or more texts, each once", lambda value: tuple(map(Path, value))),
]
Extent = Annotated[
    tuple[float, float, float, float], Kind(list_of(is_number, 4), "four numbers: west, south, east, north")
]
Footprint = Annotated[str | tuple[tuple[float, float], ...], Kind(_is_footprint, "a file, or four corners of lon, lat")]
Zooms = Annotated[tuple[int, ...], Kind(_is_zoom_list, "a list of whole numbers")]
AnyZooms = Annotated[tuple[int, ...], Kind(list_of(is_whole_number), "a list of whole numbers, or an empty one")]
Matrix = Annotated[
    tuple[tuple[float, ...], ...],
    Kind(list_of(list_of(is_number, 3), 3), "three rows of three numbers: place the photo again"),
]
TiePoints = Annotated[
    tuple[Mapping[str, Any], ...], Kind(list_of(_is_tie_point), "a list of points, each with x, y, lon, lat in numbers")
]
Facts = Annotated[Mapping[str, Any], Kind(_is_facts, "an object, with numbers for " + ", ".join(NUMBERS_OF_FACTS))]
FileName = Annotated[str, Kind(_is_file_name, "the name of a file, without slashes")]
Count = Annotated[int, Kind(lambda value: is_whole_number(value) and value > 0, "a whole number, 1 or more")]
Distance = Annotated[float, Kind(lambda value: is_number(value) and value >= 0, "a number of kilometres, 0 or more")]
Time = Annotated[datetime, Kind(_is_time, "a time such as 2023-05-01T12:30:00", datetime.fromisoformat)]


def kinds_of(schema: type) -> dict[str, Kind]:
    """Return the kind of each field of a dataclass, by name."""
    return {name: _kind(hint) for name, hint in typing.get_type_hints(schema, include_extras=True).items()}


def read(schema: type[Value], params: Mapping[str, Any]) -> Value:
    """Make a dataclass from JSON.

    Args:
        schema: the dataclass.
        params: the values by field name; null counts as not given.

    Raises:
        InputError: a parameter is missing, unknown or not of its kind; the sentence names it.
    """
    given = {name: value for name, value in params.items() if value is not None}
    fields = {field.name: field for field in dataclasses.fields(schema)}  # type: ignore[arg-type]
    if missing := sorted(name for name, field in fields.items() if _is_required(field) and name not in given):
        raise InputError(f"The request lacks {', '.join(missing)}.")
    if unknown := sorted(set(given) - set(fields)):
        raise InputError(f"The request has parameters that do not exist: {', '.join(unknown)}.")
    kinds = kinds_of(schema)
    for name, value in given.items():
        if not kinds[name].fits(value):
            words = kinds[name].words
            raise InputError(f"The parameter {name} of the request is {str(value)[:60]!r}; it must be {words}.")
    return schema(**{name: kinds[name].convert(value) for name, value in given.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _kind(hint: Any) -> Kind:
    """Return the kind of a type; "X | None" is of the kind of X."""
    if hint in KINDS:
        return KINDS[hint]
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Kind):
            return extra
    (inner,) = [each for each in typing.get_args(hint) if each is not type(None)]
    return _kind(inner)
