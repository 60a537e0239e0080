"""What NASA's photo database said, kept on the disk: a small file a photo."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

from astroloc_qgis.engine.imagery.tile_cache import cache_folder
from astroloc_qgis.engine.nasa.record import NasaRecord

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
OLDEST_S = 30 * 86400.0
"""Age from which on a record is asked for again, seconds: NASA adds to its records."""


def usual_folder() -> Path:
    """The folder of records among the user's caches."""
    return cache_folder() / "nasa"


class RecordCache:
    """Keeps records in a folder; a folder that cannot be used keeps nothing.

    Args:
        folder: made when it is first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, number: str) -> NasaRecord | None:
        """The record of a photo; None where there is none, or it is old or damaged."""
        path = self._path(number)
        try:
            if time.time() - path.stat().st_mtime > OLDEST_S:
                return None
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format_version"] != FORMAT_VERSION:
                return None
            record = NasaRecord.from_json(content["record"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            log.info("the record %s cannot be used: %r", path, error)
            return None
        return record if record.number == number else None

    def write(self, record: NasaRecord) -> None:
        """Keep a record, completely or not at all."""
        path = self._path(record.number)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        content = {"format_version": FORMAT_VERSION, "record": record.to_json()}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_text(json.dumps(content), encoding="utf-8")
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            log.info("the record %s cannot be kept: %r", path, error)

    def _path(self, number: str) -> Path:
        return self._folder / f"{number}.json"
