"""What NASA's photo database says of a photo, in the work on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa.clues import DISAGREE_KM, Clue, clues_of, distance_km
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.gui.model.work import Work


def record_in(work: Work) -> NasaRecord | None:
    """What NASA says of the photo; None where it was not asked, or did not know it."""
    plain = work.clues.get("nasa")
    try:
        return NasaRecord.from_json(plain) if isinstance(plain, Mapping) else None
    except (TypeError, ValueError, KeyError):  # of another version
        return None


def time_of(work: Work) -> datetime | None:
    """When the photo was taken, UTC, as NASA says."""
    record = record_in(work)
    return None if record is None else record.time


def with_record(work: Work, record: NasaRecord) -> Work:
    """The work with what NASA says filled in; what the user gave stays as it is.

    NASA's nadir takes the place of none and of EXIF's; where both agree, EXIF's height is kept if NASA has none. The
    centre is filled in, but does not limit the search where the nadir is known: a person read it off a map, to a
    degree or two.
    """
    nadir = _better(work.nadir, record.proposed_nadir())
    centre, area = work.centre, work.area
    if centre is None and record.centre is not None:
        centre = record.centre
        if nadir is not None and not area:
            area = {"radius_km": None}
    return replace(work, nadir=nadir, centre=centre, area=area, clues={**work.clues, "nasa": _plain(record)})


def clues_about(path: Path, work: Work) -> list[Clue]:
    """All that is said of where the photo was taken."""
    tle = work.clues.get("tle")
    known = [work.nadir, Nadir.of(tle, "tle") if tle else None, read_exif(path).nadir if path.is_file() else None]
    return clues_of(known, record_in(work))


def _better(own: Nadir | None, nasa: Nadir | None) -> Nadir | None:
    if nasa is None or (own is not None and own.source not in ("exif", "nasa")):
        return own
    if own is None or nasa.known_altitude_m is not None:
        return nasa
    apart = distance_km((own.latitude, own.longitude), (nasa.latitude, nasa.longitude))
    return replace(nasa, altitude_m=own.altitude_m) if apart <= DISAGREE_KM else nasa


def _plain(record: NasaRecord) -> Mapping[str, Any]:
    """The record as a file of the project gives it back."""
    plain: Mapping[str, Any] = json.loads(json.dumps(record.to_json()))
    return plain
