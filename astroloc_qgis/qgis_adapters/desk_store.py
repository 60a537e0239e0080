"""Keeps the work on every photo in a GeoPackage, change by change: a crash of QGIS loses nothing.

Each change is one SQLite transaction, on disk when the call returns. The file is an ordinary GeoPackage: the table
``photos`` has the footprints and opens as a layer; ``history`` says what was done to each photo, and when.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from osgeo import gdal, ogr, osr

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.qgis_adapters.desk_paths import StoredPaths
from astroloc_qgis.qgis_adapters.text import tr

logger = logging.getLogger(__name__)

SUFFIX = ".astroloc.gpkg"
_WAIT_S = 3.0


@dataclass(frozen=True)
class Kept:
    """One photo as it was kept.

    Attributes:
        path: of the photo.
        work: its work as text (``Work.to_json``).
    """

    path: Path
    work: str


@dataclass(frozen=True)
class Entry:
    """One line of a photo's history: when (UTC), and what was done."""

    when: datetime
    what: str


class DeskStore:
    """The work on all photos of a project.

    Args:
        path: of the GeoPackage; made when there is something to keep.
        paths: how the paths of photos and of their files are kept; absolute by default.

    Raises:
        AstroLocError: by every method, where the file cannot be read or written; the sentence says what to do.
    """

    def __init__(self, path: Path, paths: StoredPaths | None = None) -> None:
        self.path = path
        self._paths = paths or StoredPaths()
        self._connection: sqlite3.Connection | None = None

    def load(self) -> list[Kept]:
        """Return all photos in the order in which they were added; none where there is no file yet."""
        if not self.path.exists():
            return []
        with self._transaction() as db:
            rows = db.execute("SELECT path, work FROM photos ORDER BY fid").fetchall()
        return [Kept(Path(self._paths.read(path)), self._paths.read_work(work)) for path, work in rows]

    def save(
        self,
        photo: Path,
        work: str,
        *,
        state: str = "",
        confidence: float | None = None,
        footprint: Sequence[Sequence[float]] | None = None,
        what: str = "",
    ) -> None:
        """Keep the work on a photo.

        Args:
            photo: its path.
            work: all of it, as text.
            state: for the table.
            confidence: for the table.
            footprint: (N, 2) longitude, latitude, or None.
            what: was done, for the history; nothing is noted where it is empty.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        geometry = None if footprint is None else _polygon(footprint)
        with self._transaction() as db:
            kept, absolute = self._names(photo)
            values = (geometry, self._paths.write_work(work), state, confidence, now, kept)
            changed = db.execute(
                "UPDATE photos SET geom = ?, work = ?, state = ?, confidence = ?, modified = ?, path = ? "
                "WHERE path IN (?, ?)",
                (*values, kept, absolute),
            )
            if changed.rowcount == 0:
                db.execute(
                    "INSERT INTO photos (geom, work, state, confidence, modified, path, name) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*values, photo.stem),
                )
            if what:
                db.execute('INSERT INTO history (path, "when", what) VALUES (?, ?, ?)', (kept, now, what))

    def remove(self, photo: Path) -> None:
        """Forget a photo; its history stays."""
        if self.path.exists():
            with self._transaction() as db:
                db.execute("DELETE FROM photos WHERE path IN (?, ?)", self._names(photo))

    def history(self, photo: Path) -> list[Entry]:
        """Return what was done to a photo, oldest first."""
        if not self.path.exists():
            return []
        with self._transaction() as db:
            query = 'SELECT "when", what FROM history WHERE path IN (?, ?) ORDER BY fid'
            rows = db.execute(query, self._names(photo)).fetchall()
        return [Entry(datetime.fromisoformat(when.replace("Z", "+00:00")), what) for when, what in rows]

    def move_to(self, path: Path, *, keep: bool, paths: StoredPaths | None = None) -> None:
        """Continue in another file, with the content of this one.

        Args:
            path: the new file; what it held is replaced where this one holds something.
            keep: whether the old file stays (the project was saved under another name) or goes (it had none).
            paths: how paths are kept from now on.
        """
        self.close()
        if self.path.exists() and path != self.path:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.{os.getpid()}")
                part.unlink(missing_ok=True)
                _copy(self.path, part)
                with contextlib.closing(sqlite3.connect(part)) as db, db:
                    _rewrite(db, self._paths, paths or self._paths)
                if path.exists():  # another QGIS may have it open: the content is replaced, not the file
                    _copy(part, path)
                    part.unlink()
                else:
                    part.replace(path)
                if not keep:
                    self.path.unlink()
            except (OSError, sqlite3.Error) as error:
                sentence = tr("The work on the photos cannot be kept in {file}: {reason}.")
                reason = error.strerror if isinstance(error, OSError) and error.strerror else error
                raise AstroLocError(sentence.format(file=path, reason=reason)) from error
        self.path, self._paths = path, paths or self._paths

    def keep_paths(self, paths: StoredPaths) -> None:
        """Keep the paths of all photos in another way from now on."""
        if self.path.exists():
            with self._transaction() as db:
                _rewrite(db, self._paths, paths)
        self._paths = paths

    def take_over(self, other: Path) -> None:
        """Add the photos and the history of another store; of a photo that both hold, what was changed last counts."""
        try:
            self.close()
            connection = self._connection = self._open()
            connection.execute("ATTACH DATABASE ? AS other", (str(other),))
            with connection as db:
                db.execute(
                    "DELETE FROM photos WHERE EXISTS (SELECT 1 FROM other.photos AS theirs "
                    "WHERE theirs.path = photos.path AND theirs.modified > photos.modified)"
                )
                columns = "geom, work, state, confidence, modified, path, name"
                db.execute(
                    f"INSERT INTO photos ({columns}) SELECT {columns} FROM other.photos "  # noqa: S608 - our own names
                    "WHERE path NOT IN (SELECT path FROM photos) ORDER BY fid"
                )
                db.execute(
                    'INSERT INTO history (path, "when", what) SELECT path, "when", what FROM other.history ORDER BY fid'
                )
        except (sqlite3.Error, OSError) as error:
            sentence = tr("The work on the photos in {file} cannot be read: {reason}.")
            raise AstroLocError(sentence.format(file=other, reason=error)) from error
        finally:
            self.close()

    def _names(self, photo: Path) -> tuple[str, str]:
        """The path of a photo as it is kept, and as older versions kept it."""
        return self._paths.write(photo), str(photo)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = self._open()
            with self._connection:
                yield self._connection
        except (sqlite3.Error, OSError) as error:
            self.close()
            sentence = tr("The work on the photos cannot be kept in {file}: {reason}. Save the project somewhere else.")
            raise AstroLocError(sentence.format(file=self.path, reason=error)) from error

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            _create(self.path)
        connection = sqlite3.connect(self.path, timeout=_WAIT_S)
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _copy(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _rewrite(db: sqlite3.Connection, old: StoredPaths, new: StoredPaths) -> None:
    """Write all paths of a store in another way."""
    for number, path, work in db.execute("SELECT fid, path, work FROM photos").fetchall():
        values = (new.write(old.read(path)), new.write_work(old.read_work(work)), number)
        db.execute("UPDATE photos SET path = ?, work = ? WHERE fid = ?", values)
    for (path,) in db.execute("SELECT DISTINCT path FROM history").fetchall():
        db.execute("UPDATE history SET path = ? WHERE path = ?", (new.write(old.read(path)), path))


def _create(path: Path) -> None:
    """Make an empty GeoPackage with our tables; it appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.gpkg")
    part.unlink(missing_ok=True)
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    wgs84.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    dataset = gdal.GetDriverByName("GPKG").Create(str(part), 0, 0, 0, gdal.GDT_Unknown)
    if dataset is None:
        raise OSError(f"no file can be made in {path.parent}")
    # Without a spatial index, whose triggers call functions that only GDAL's own SQLite has.
    photos = dataset.CreateLayer("photos", wgs84, ogr.wkbPolygon, ["SPATIAL_INDEX=NO", "FID=fid", "GEOMETRY_NAME=geom"])
    for name in ("path", "name", "state", "work", "modified"):
        photos.CreateField(ogr.FieldDefn(name, ogr.OFTString))
    photos.CreateField(ogr.FieldDefn("confidence", ogr.OFTReal))
    history = dataset.CreateLayer("history", None, ogr.wkbNone, ["FID=fid"])
    for name in ("path", "when", "what"):
        history.CreateField(ogr.FieldDefn(name, ogr.OFTString))
    del photos, history, dataset
    part.replace(path)


def _polygon(ring: Sequence[Sequence[float]]) -> bytes:
    """A ring of longitude, latitude as a GeoPackage geometry (GeoPackage 1.3, 2.1.3: header, then WKB)."""
    closed = [*ring, ring[0]]
    header = struct.pack("<2sBBi", b"GP", 0, 1, 4326)
    body = struct.pack("<BIII", 1, 3, 1, len(closed))
    return header + body + b"".join(struct.pack("<dd", float(x), float(y)) for x, y in closed)
