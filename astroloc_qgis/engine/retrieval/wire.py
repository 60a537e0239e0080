"""What a search service and its clients send each other, as JSON: a described photo with its limits, and candidates.

Both sides check what they receive: types, sizes, and that every number is finite.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM, ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.photo.field_of_view import RATIOS
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.query_rotation import ROTATIONS
from astroloc_qgis.engine.tiles import Block

MOST_BYTES = 2 << 20
"""Of a request, and of an answer."""
MOST_CANDIDATES = 1000
MOST_POLYGON = 200_000
"""Characters of the WKT of a search area."""
ALTITUDES_M = (1000 * ALTITUDES_KM[0], 1000 * ALTITUDES_KM[1])
"""Heights of a camera."""
_MOST_DIMENSIONS = 16_384
_MOST_ZOOM = 24


def write_request(query: Query, limits: Limits, *, top: int, diversify: bool) -> bytes:
    """Write a request (arguments as for ``search.rank``)."""
    nadir = limits.nadir
    content = {
        "vectors": _packed(query.vectors),
        "texture": None if query.texture is None else _packed(query.texture),
        "top": top,
        "diversify": diversify,
        "field_ratio": query.field_ratio,
        "nadir": None if nadir is None else [nadir.latitude, nadir.longitude],
        "altitude_m": None if nadir is None else nadir.altitude_m,
        "radius_km": limits.radius_km,
        "centre": None if limits.centre is None else list(limits.centre),
        "centre_km": limits.centre_km,
        "extent": None if limits.extent is None else list(limits.extent),
        "polygon": limits.polygon,
    }
    return json.dumps(content, allow_nan=False).encode()


def read_request(body: bytes, dimensions: int) -> tuple[Query, Limits, int, bool]:
    """Read a request.

    Args:
        body: as received.
        dimensions: length of the index's vectors.

    Returns:
        Query, limits, number of candidates, and whether distinct places come first.

    Raises:
        InputError: it is no such request.
    """
    content = _object(body, "request")
    vectors = _unpacked(content.get("vectors"), "vectors").reshape(-1)
    if vectors.size != ROTATIONS * dimensions:
        raise InputError(
            f"The request's vectors hold {vectors.size} numbers instead of {ROTATIONS} x {dimensions}: describe the "
            "photo with this index's model."
        )
    texture = content.get("texture")
    nadir = _numbers(content.get("nadir"), 2, "nadir")
    # Clients of earlier versions tell neither the field nor the height.
    field_ratio = _within(content.get("field_ratio"), RATIOS, "field_ratio")
    altitude_m = _within(content.get("altitude_m"), ALTITUDES_M, "altitude_m")
    centre = _numbers(content.get("centre"), 2, "centre")
    extent = _numbers(content.get("extent"), 4, "extent")
    polygon = content.get("polygon")
    if polygon is not None and not (isinstance(polygon, str) and len(polygon) <= MOST_POLYGON):
        raise InputError(f"The request's polygon is not WKT of at most {MOST_POLYGON} characters.")
    top = content.get("top")
    if not isinstance(top, int) or isinstance(top, bool) or not 1 <= top <= MOST_CANDIDATES:
        raise InputError(f"The request's number of candidates must be from 1 to {MOST_CANDIDATES}, not {top!r:.40}.")
    limits = Limits(
        None if nadir is None else Nadir(nadir[0], nadir[1], ISS_ALTITUDE_M if altitude_m is None else altitude_m),
        _number(content.get("radius_km"), "radius_km"),
        None if centre is None else (centre[0], centre[1]),
        _number(content.get("centre_km"), "centre_km"),
        None if extent is None else (extent[0], extent[1], extent[2], extent[3]),
        polygon,
    )
    query = Query(
        vectors.reshape(ROTATIONS, dimensions),
        None if texture is None else _unpacked(texture, "texture").reshape(-1),
        field_ratio,
    )
    return query, limits, top, content.get("diversify") is not False


def write_candidates(candidates: Sequence[Candidate]) -> bytes:
    """Write an answer."""
    rows = [
        [one.block.zoom, one.block.row, one.block.column, one.block.size, one.score, one.quarter_turns]
        for one in candidates
    ]
    return json.dumps({"candidates": rows}, allow_nan=False).encode()


def read_candidates(body: bytes, top: int, block_size: int) -> list[Candidate]:
    """Read an answer.

    Args:
        body: as received.
        top: number of candidates, at most.
        block_size: tiles a side of the index's blocks.

    Raises:
        InputError: it is no such answer.
    """
    rows = _object(body, "answer").get("candidates")
    if not isinstance(rows, list) or len(rows) > top:
        raise InputError("The search service's answer is not a list of candidates: is it an AstroLoc index service?")
    return [_candidate(row, rank, block_size) for rank, row in enumerate(rows, start=1)]


def _candidate(row: Any, rank: int, block_size: int) -> Candidate:
    *whole, score, turns = row if isinstance(row, list) and len(row) == 6 else (None,) * 6
    numbers = [value for value in (*whole, turns) if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) == 5 and isinstance(score, int | float) and math.isfinite(score):
        zoom, row_number, column, size, turns = numbers
        tiles = 1 << min(max(zoom, 0), _MOST_ZOOM)
        if 0 <= zoom <= _MOST_ZOOM and 0 <= row_number < tiles and 0 <= column < tiles and size == block_size:
            return Candidate(Block(zoom, row_number, column, size), rank, float(score), turns % ROTATIONS)
    raise InputError(f"The search service's answer has no block as candidate {rank}: is it an AstroLoc index service?")


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"The {what} is not JSON.", str(error)) from error
    if not isinstance(content, dict):
        raise InputError(f"The {what} is not a JSON object.")
    return content


def _packed(values: NDArray[np.float32]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


def _unpacked(text: Any, name: str) -> NDArray[np.float32]:
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except (ValueError, TypeError, binascii.Error) as error:
        raise InputError(f"The request's {name} are not float32 numbers in base64.", str(error)) from error
    if values.size > ROTATIONS * _MOST_DIMENSIONS or not np.isfinite(values).all():
        raise InputError(f"The request's {name} are too many, or not finite.")
    return values


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"The request's {name} is not a number: {value!r:.40}.")
    return float(value)


def _within(value: Any, limits: tuple[float, float], name: str) -> float | None:
    if value is None:
        return None
    number = _number(value, name)
    if not limits[0] <= number <= limits[1]:
        raise InputError(f"The request's {name} must be from {limits[0]:g} to {limits[1]:g}, not {number:g}.")
    return number


def _numbers(values: Any, count: int, name: str) -> list[float] | None:
    if values is None:
        return None
    if not isinstance(values, list) or len(values) != count:
        raise InputError(f"The request's {name} is not a list of {count} numbers.")
    return [_number(value, name) for value in values]
