"""Keeps the work on every photo in a GeoPackage, change by change: a crash of QGIS loses nothing.

Each change is one SQLite transaction, on disk when the call returns. The file is an ordinary GeoPackage: the table
``photos`` has the footprints and opens as a layer; ``history`` says what was done to each photo, and when.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from osgeo import gdal, ogr, osr

from astroloc_qgis.engine.errors import AstroLocError
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

    Raises:
        AstroLocError: by every method, where the file cannot be read or written; the sentence says what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def load(self) -> list[Kept]:
        """Return all photos in the order in which they were added; none where there is no file yet."""
        if not self.path.exists():
            return []
        with self._transaction() as db:
            rows = db.execute("SELECT path, work FROM photos ORDER BY fid").fetchall()
        return [Kept(Path(path), work) for path, work in rows]

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
            values = (geometry, work, state, confidence, now, str(photo))
            changed = db.execute(
                "UPDATE photos SET geom = ?, work = ?, state = ?, confidence = ?, modified = ? WHERE path = ?", values
            )
            if changed.rowcount == 0:
                db.execute(
                    "INSERT INTO photos (geom, work, state, confidence, modified, path, name) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*values, photo.stem),
                )
            if what:
                db.execute('INSERT INTO history (path, "when", what) VALUES (?, ?, ?)', (str(photo), now, what))

    def remove(self, photo: Path) -> None:
        """Forget a photo; its history stays."""
        if self.path.exists():
            with self._transaction() as db:
                db.execute("DELETE FROM photos WHERE path = ?", (str(photo),))

    def history(self, photo: Path) -> list[Entry]:
        """Return what was done to a photo, oldest first."""
        if not self.path.exists():
            return []
        with self._transaction() as db:
            rows = db.execute('SELECT "when", what FROM history WHERE path = ? ORDER BY fid', (str(photo),)).fetchall()
        return [Entry(datetime.fromisoformat(when.replace("Z", "+00:00")), what) for when, what in rows]

    def move_to(self, path: Path, *, keep: bool) -> None:
        """Continue in another file, with the content of this one.

        Args:
            path: the new file; what it held is replaced where this one holds something.
            keep: whether the old file stays (the project was saved under another name) or goes (it had none).
        """
        self.close()
        if self.path.exists() and path != self.path:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.{os.getpid()}")
                shutil.copyfile(self.path, part)
                part.replace(path)
                if not keep:
                    self.path.unlink()
            except OSError as error:
                sentence = tr("The work on the photos cannot be kept in {file}: {reason}.")
                raise AstroLocError(sentence.format(file=path, reason=error.strerror or error)) from error
        self.path = path

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
