"""What can go wrong with NASA's server, each with its sentence."""

from __future__ import annotations

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.nasa.addresses import KEYS


class NasaError(InputError):
    """NASA's server does not answer as it should; ``str(error)`` is a sentence.

    Attributes:
        stops: whether further photos would meet the same at once.
        key: whether another key is needed.
    """

    def __init__(self, message: str, details: str = "", *, stops: bool = True, key: bool = False) -> None:
        super().__init__(message, details)
        self.stops, self.key = stops, key


class UnreachableError(Exception):
    """There is no connection to the server; the text says why (raised by a transport)."""


class BrokenOffError(Exception):
    """The connection ended too early (raised by a transport)."""


class TooSlowError(Exception):
    """Nothing arrived for as long as the time limit (raised by a transport)."""


def no_key() -> NasaError:
    """No key was given."""
    return NasaError(f"NASA's photo database asks for a key of your own: {KEYS} says how to get one, free.", key=True)


def wrong_key(said: str) -> NasaError:
    """The server refuses the key."""
    return NasaError(
        f"NASA's photo database does not take this key: check it, or get another one as {KEYS} says.", said, key=True
    )


def not_reached(host: str, reason: str) -> NasaError:
    """There is no connection."""
    return NasaError(f"NASA's server {host} cannot be reached ({reason}): check the network and its proxy.")


def too_slow(host: str, seconds: float) -> NasaError:
    """The server does not answer."""
    return NasaError(f"NASA's server {host} did not answer within {seconds:g} s: try again later.")


def broke_off(host: str) -> NasaError:
    """The answer ends in the middle."""
    return NasaError(f"NASA's server {host} broke off its answer: try again.", stops=False)


def asks_for_a_pause(host: str, seconds: float | None) -> NasaError:
    """The server has been asked too often."""
    when = "try again in a few minutes" if seconds is None else f"try again in {_duration(seconds)}"
    return NasaError(f"NASA's server {host} has been asked too often (HTTP 429): {when}.")


def fails(host: str, status: int) -> NasaError:
    """The server has an error of its own."""
    return NasaError(f"NASA's server {host} fails at the moment (HTTP {status}): try again later.")


def refuses(host: str, status: int) -> NasaError:
    """The server refuses the request."""
    return NasaError(f"NASA's server {host} refuses the request (HTTP {status}): is it still at this address?")


def web_page(host: str) -> NasaError:
    """A web page came instead of data."""
    return NasaError(
        f"A web page came instead of data from NASA's server {host}: does this network ask you to log in first?"
    )


def not_understood(number: str, said: str) -> NasaError:
    """The answer is no JSON, or of another form."""
    return NasaError(
        f"What NASA's server says of {number} cannot be understood: try again later.", said[:500], stops=False
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
