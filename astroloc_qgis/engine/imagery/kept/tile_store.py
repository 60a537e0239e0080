"""A file of tiles that grows: MBTiles 1.3 (https://github.com/mapbox/mbtiles-spec), which is a database of SQLite.

What was put in before the last ``commit`` is there whenever and however the process ends: SQLite sees to that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from astroloc_qgis.engine.errors import InputError

Tile = tuple[int, int, int]
"""Zoom, column, row; row 0 is in the north (in the file it is in the south)."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE IF NOT EXISTS tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)",
    "CREATE UNIQUE INDEX IF NOT EXISTS tile_index ON tiles (zoom_level, tile_column, tile_row)",
)


class TileStore:
    """Such a file, open for this process alone; a context that closes it.

    Args:
        path: is made, with its folder, where it does not exist; one that is damaged is begun again.

    Raises:
        InputError: another process has it open, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _opened(path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                path.unlink()
                self._database = _opened(path)
        except (sqlite3.Error, OSError) as error:
            raise self._cannot(error) from error

    def __enter__(self) -> TileStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep what is there, and close."""
        try:
            self._database.commit()
        except sqlite3.Error as error:
            if value is None:
                raise self._cannot(error) from error
        finally:
            self._database.close()

    def tiles(self) -> set[Tile]:
        """The tiles that are there."""
        rows = self._database.execute("SELECT zoom_level, tile_column, tile_row FROM tiles")
        return {(zoom, column, 2**zoom - 1 - row) for zoom, column, row in rows}

    def put(self, tile: Tile, content: bytes) -> None:
        """Put a tile in, in place of what was there."""
        zoom, column, row = tile
        values = (zoom, column, 2**zoom - 1 - row, sqlite3.Binary(content))
        try:
            self._database.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)", values)
        except sqlite3.Error as error:
            raise self._cannot(error) from error

    def describe(self, metadata: Mapping[str, str]) -> None:
        """Say what the file holds."""
        try:
            self._database.executemany("INSERT OR REPLACE INTO metadata VALUES (?, ?)", metadata.items())
            self._database.commit()
        except sqlite3.Error as error:
            raise self._cannot(error) from error

    def commit(self) -> None:
        """Have the disk keep what was put in."""
        try:
            self._database.commit()
        except sqlite3.Error as error:
            raise self._cannot(error) from error

    def _cannot(self, error: sqlite3.Error | OSError) -> InputError:
        text = str(error)
        if "locked" in text:
            return InputError(f"{self._path.name} is being fetched already, by another AstroLoc: wait for it.", text)
        if "full" in text or "No space" in text:
            return InputError(f"The disk of {self._path.parent} is full: make room, and go on from there.", text)
        return InputError(f"{self._path} cannot be written ({text}): check the folder and the disk.", repr(error))


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        for table in _TABLES:
            database.execute(table)
        database.commit()
        if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
    except BaseException:
        database.close()
        raise
    return database
