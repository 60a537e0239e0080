"""Where NASA's photo database and its pictures are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from astroloc_qgis.engine.errors import InputError

DATABASE = "https://eol.jsc.nasa.gov/SearchPhotos/PhotosDatabaseAPI/PhotosDatabaseAPI.pl"
PICTURES = "https://eol.jsc.nasa.gov/DatabaseImages"
KEYS = "https://eol.jsc.nasa.gov/SearchPhotos/PhotosDatabaseAPI/"
"""The page that says how to get a key."""
KEY_VARIABLE = "ASTROLOC_NASA_KEY"
"""The environment variable with the user's key."""
DATABASE_VARIABLE, PICTURES_VARIABLE = "ASTROLOC_NASA_DATABASE", "ASTROLOC_NASA_PICTURES"
"""Environment variables that name other addresses."""


@dataclass(frozen=True)
class Addresses:
    """The base addresses; each begins with https://, or with http:// on this machine.

    Attributes:
        database: of the photo database.
        pictures: the folder of the pictures.
    """

    database: str = DATABASE
    pictures: str = PICTURES

    @property
    def host(self) -> str:
        """The database's host, for sentences."""
        return urlsplit(self.database).hostname or self.database

    def picture(self, directory: str, filename: str) -> str:
        """The address of a picture, from its row of the database."""
        parts = [quote(part) for part in f"{directory}/{filename}".split("/") if part not in ("", ".", "..")]
        return "/".join([self.pictures.rstrip("/"), *parts])


def addresses() -> Addresses:
    """NASA's addresses, or those that environment variables name.

    Raises:
        InputError: a named address is not encrypted.
    """
    return Addresses(_named(DATABASE_VARIABLE, DATABASE), _named(PICTURES_VARIABLE, PICTURES))


def _named(variable: str, usual: str) -> str:
    address = os.environ.get(variable) or usual
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        return address
    raise InputError(f"The address {address} in {variable} is not used: it must begin with https://.")
