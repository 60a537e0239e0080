"""Asks NASA's photo database, politely: slowly, never twice for the same, and pausing when it says so."""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol
from urllib.parse import quote, quote_plus

from astroloc_qgis import __version__
from astroloc_qgis.engine.nasa import errors
from astroloc_qgis.engine.nasa.addresses import Addresses, addresses
from astroloc_qgis.engine.nasa.answers import EXTRA, query, read_rows, record_of
from astroloc_qgis.engine.nasa.cache import RecordCache
from astroloc_qgis.engine.nasa.errors import BrokenOffError, NasaError, TooSlowError, UnreachableError
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.engine.progress import pause

log = logging.getLogger(__name__)

HEADERS = {"User-Agent": f"AstroLoc for QGIS/{__version__}"}
TIMEOUT_S = 30.0
"""Time without a byte after which the server counts as too slow."""
INTERVAL_S = 0.5
"""Time between the beginnings of two requests, at least."""
PAUSES_S = (1.0, 3.0, 9.0)
"""Pauses before a request that failed for the moment is made again."""
LONGEST_PAUSE_S = 60.0
"""The longest pause that the server may ask for and get; of a longer one the user is told."""
LARGEST_ANSWER = 20_000_000
"""Bytes of an answer of the database, at most."""
_TOO_MANY = 429
_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
_NOT_ALLOWED = frozenset({401, 403})


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Attributes:
        status: of HTTP.
        headers: by name in small letters.
        body: empty where it was received in pieces.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Receive = Callable[[Answer, bytes], None]
"""Called with the answer's beginning (without a body) and each piece of its body; what it raises ends the request."""


class Transport(Protocol):
    """Makes one GET request through the user's proxy.

    Raises:
        UnreachableError, BrokenOffError, TooSlowError: there is no complete answer.
    """

    def __call__(self, url: str, headers: Mapping[str, str], timeout_s: float, receive: Receive | None) -> Answer:
        """Give the answer, of any status; the body of one of 200 goes to ``receive`` in pieces where that is given."""


class NasaClient:
    """Looks photos up.

    Args:
        key: of the user, for the database; it is in no message and in no log.
        transport: makes the requests.
        cache: of records; None keeps none.
        base: the base addresses; by default ``addresses()``.
        interval_s: between two requests.
    """

    def __init__(
        self,
        key: str,
        transport: Transport,
        cache: RecordCache | None = None,
        base: Addresses | None = None,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.key, self.cache, self.base = key.strip(), cache, base or addresses()
        self._transport, self._interval_s = transport, interval_s
        self._not_before = 0.0
        self._extra = True

    def __repr__(self) -> str:
        return f"NasaClient({self.base.host})"

    def look_up(self, number: str, *, fresh: bool = False) -> NasaRecord | None:
        """What the database says of a photo; None for a photo that it does not have.

        Args:
            number: NASA's photo number, as ``nasa_photo_number`` writes it.
            fresh: whether to ask again for what is kept.

        Raises:
            NasaError: the server does not answer as it should, or there is no key.
            Cancelled: while pausing.
        """
        if self.cache is not None and not fresh and (kept := self.cache.read(number)) is not None:
            return kept
        if not self.key:
            raise errors.no_key()
        rows = self._rows(number, "nadir") or self._rows(number, None)
        if not rows:
            return None
        complete = True
        for table in ("frames", "camera", "mlcoord"):
            if table == "camera" and any(row.get("frames.fclt") for row in rows):
                continue
            try:
                rows += self._rows(number, table)
            except NasaError as error:
                if error.stops:
                    raise
                log.info("the table %s: %s", table, error)
                complete = False
        record = record_of(number, rows)
        if record is not None and self.cache is not None and complete:
            self.cache.write(record)
        return record

    def get(self, url: str, receive: Receive | None = None) -> Answer:
        """Make a request, again where it failed for the moment.

        Raises:
            NasaError: it failed for good.
            Cancelled: while pausing.
        """
        host = self.base.host
        for wait in (*PAUSES_S, None):
            self._wait_for_turn()
            try:
                answer = self._transport(url, HEADERS, TIMEOUT_S, receive)
            except UnreachableError as error:
                raise errors.not_reached(host, self._without_key(str(error))) from None
            except TooSlowError:
                problem = errors.too_slow(host, TIMEOUT_S)
            except BrokenOffError as error:
                log.info("NASA's server broke off: %s", self._without_key(str(error)))
                problem = errors.broke_off(host)
            else:
                if answer.status == 200:
                    return answer
                problem, wait = self._refused(answer, wait)
            if wait is None:
                raise problem
            log.info("%s Pausing for %g s.", problem, wait)
            pause(wait)
        raise AssertionError("the last wait is None")

    def _refused(self, answer: Answer, wait: float | None) -> tuple[NasaError, float | None]:
        """The problem that an answer tells of, and how long to wait before the next try; None for no further one."""
        host, status = self.base.host, answer.status
        asked = retry_after(answer.headers.get("retry-after"))
        if asked is not None:
            self._not_before = time.monotonic() + asked
        if status == _TOO_MANY:
            problem = errors.asks_for_a_pause(host, asked)
        elif status in _TRANSIENT:
            problem = errors.fails(host, status)
        elif status in _NOT_ALLOWED:
            return errors.wrong_key(f"HTTP {status}: {self._without_key(_start_of(answer))}"), None
        else:
            return errors.refuses(host, status), None
        if wait is None or asked is None:
            return problem, wait
        return problem, asked if asked <= LONGEST_PAUSE_S else None

    def _rows(self, number: str, table: str | None) -> list[Mapping[str, str]]:
        """The rows of a table about a photo, without fields that the database turns out not to have."""
        extra = self._extra and table in EXTRA
        try:
            return self._ask(number, table, extra=extra)
        except NasaError as error:
            if not extra or error.key:
                raise
        rows = self._ask(number, table, extra=False)
        self._extra = False
        return rows

    def _ask(self, number: str, table: str | None, *, extra: bool) -> list[Mapping[str, str]]:
        answer = self.get(f"{self.base.database}?{query(number, table, self.key, extra=extra)}")
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if len(answer.body) > LARGEST_ANSWER:
            raise errors.not_understood(number, f"{len(answer.body):,} bytes of {kind}")
        text = answer.body.decode("utf-8", errors="replace")
        try:
            return list(read_rows(text, number, self.base.host))
        except NasaError as error:
            error.details = self._without_key(error.details)
            raise

    def _wait_for_turn(self) -> None:
        wait = self._not_before - time.monotonic()
        if wait > LONGEST_PAUSE_S:
            raise errors.asks_for_a_pause(self.base.host, wait)
        if wait > 0:
            pause(wait)
        self._not_before = time.monotonic() + self._interval_s

    def _without_key(self, text: str) -> str:
        """A text that shows nobody the key."""
        for form in {self.key, quote(self.key), quote_plus(self.key)} - {""}:
            text = text.replace(form, "…")
        return text


def retry_after(header: str | None) -> float | None:
    """How long a server asks to wait, seconds (RFC 9110, 10.2.3: a number, or a date); None where it does not say."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())


def _start_of(answer: Answer) -> str:
    return answer.body[:200].decode("utf-8", errors="replace")
