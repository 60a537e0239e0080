"""Looks several photos up, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from astroloc_qgis.engine.nasa.client import NasaClient
from astroloc_qgis.engine.nasa.errors import NasaError
from astroloc_qgis.engine.nasa.record import NasaRecord

FAILURES_IN_A_ROW = 2
"""Photos that fail one after the other after which no further is asked for."""


@dataclass(frozen=True)
class Lookup:
    """What became of one photo.

    Attributes:
        number: NASA's photo number.
        record: what the database says; None for a photo that it does not have, and where there is a problem.
        problem: a sentence; "" for none.
    """

    number: str
    record: NasaRecord | None = None
    problem: str = ""


def look_up_all(client: NasaClient, numbers: Iterable[str], *, fresh: bool = False) -> Iterator[Lookup]:
    """Look photos up; what fails for one does not stop the others, unless all would fail.

    Args:
        client: asks.
        numbers: of the photos.
        fresh: whether to ask again for what is kept.

    Raises:
        NasaError: another key is needed.
        Cancelled: while pausing.
    """
    failed, stopped = 0, ""
    for number in numbers:
        if stopped:
            yield Lookup(number, problem=stopped)
            continue
        try:
            record = client.look_up(number, fresh=fresh)
        except NasaError as error:
            if error.key:
                raise
            failed += 1
            stopped = str(error) if error.stops or failed >= FAILURES_IN_A_ROW else ""
            yield Lookup(number, problem=str(error))
        else:
            failed = 0
            yield Lookup(number, record)
