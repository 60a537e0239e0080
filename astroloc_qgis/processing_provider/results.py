"""The engine's results as features and files: footprints, tie points, rasters."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMetaType

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.qgis_adapters.text import tr

Entry = Mapping[str, Any]
"""What the engine reports of one photo."""

TEXT, REAL, WHOLE = QMetaType.Type.QString, QMetaType.Type.Double, QMetaType.Type.Int

FOOTPRINT_FIELDS: dict[str, QMetaType.Type] = {
    "photo": TEXT,
    "name": TEXT,
    "status": TEXT,
    "confidence": REAL,
    "error_m": REAL,
    "reason": TEXT,
    "inliers": WHOLE,
    "matcher": TEXT,
    "rmse_m": REAL,
    "candidate": TEXT,
    "candidate_rank": WHOLE,
    "nadir_lat": REAL,
    "nadir_lon": REAL,
    "tilt": TEXT,
    "high_oblique": QMetaType.Type.Bool,
    "seconds": REAL,
    "seconds_search": REAL,
    "seconds_match": REAL,
    "raster": TEXT,
    "working_plane": TEXT,
    "homography": TEXT,
}
"""The fields of a footprint, in order; resources/help/processing.md says what they mean."""
TIE_POINT_FIELDS: dict[str, QMetaType.Type] = {
    "photo": TEXT,
    "photo_x": REAL,
    "photo_y": REAL,
    "inlier": WHOLE,
    "residual_px": REAL,
    "score": REAL,
}


def fields_of(kinds: Mapping[str, QMetaType.Type]) -> QgsFields:
    """The fields of a layer."""
    fields = QgsFields()
    for name, kind in kinds.items():
        fields.append(QgsField(name, kind))
    return fields


def footprint_feature(entry: Entry, raster: Path | None = None) -> QgsFeature:
    """The footprint of a photo, EPSG:4326; without a geometry where it is not localized.

    Args:
        entry: the engine's.
        raster: where its GeoTIFF is kept, if it is.
    """
    candidate, nadir = entry.get("candidate") or {}, entry.get("nadir") or {}
    seconds = entry.get("seconds") or {}
    uncertainty = entry.get("uncertainty") or {}
    values = {
        "photo": entry["photo"],
        "name": Path(entry["photo"]).stem,
        "status": entry["status"],
        "confidence": entry.get("confidence"),
        "error_m": uncertainty.get("worst_corner_95_m", entry.get("uncertainty_m")),
        "reason": entry.get("reason"),
        "inliers": entry.get("inliers"),
        "matcher": entry.get("matcher"),
        "rmse_m": entry.get("rmse_m"),
        "candidate": f"{candidate['zoom']}/{candidate['row']}/{candidate['column']}" if candidate else None,
        "candidate_rank": candidate.get("rank"),
        "nadir_lat": nadir.get("latitude"),
        "nadir_lon": nadir.get("longitude"),
        "tilt": entry.get("tilt"),
        "high_oblique": bool(entry.get("high_oblique") or entry.get("horizon_in_view")),
        "seconds": round(sum(seconds.values()), 3),
        "seconds_search": seconds.get("search"),
        "seconds_match": seconds.get("match"),
        "raster": None if raster is None else str(raster),
        "working_plane": entry.get("working_plane") if entry.get("homography") else None,
        "homography": json.dumps(entry["homography"]) if entry.get("homography") else None,
    }
    feature = feature_of(FOOTPRINT_FIELDS, values)
    ring = entry.get("outline") or entry.get("footprint")
    geometry = _written_footprint(entry) or (ring_geometry(ring) if ring else None)
    if geometry is not None:
        feature.setGeometry(geometry)
    return feature


def feature_of(kinds: Mapping[str, QMetaType.Type], values: Mapping[str, Any]) -> QgsFeature:
    """A feature without a geometry; what is None becomes NULL."""
    feature = QgsFeature(fields_of(kinds))
    feature.setAttributes([values.get(name) for name in kinds])
    return feature


def tie_point_features(entry: Entry) -> Iterator[QgsFeature]:
    """The tie points of a localized photo, EPSG:4326.

    Raises:
        InputError: the engine's table of them cannot be read.
    """
    path = (entry.get("outputs") or {}).get("tie_points")
    if not path:
        return
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["lon"] and row["lat"]:
                    values: dict[str, Any] = {name: float(row[name] or 0) for name in TIE_POINT_FIELDS if name in row}
                    values |= {"photo": entry["photo"], "inlier": int(row["inlier"])}
                    feature = feature_of(TIE_POINT_FIELDS, values)
                    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(float(row["lon"]), float(row["lat"]))))
                    yield feature
    except (OSError, KeyError, ValueError) as error:
        raise InputError(tr("The tie points in {file} cannot be read.").format(file=path), repr(error)) from error


def say(entry: Entry, feedback: QgsProcessingFeedback) -> None:
    """Tell in the log how it went with a photo."""
    name = Path(entry["photo"]).name
    if entry["status"] == "localized":
        sentence = tr("{name}: localized, confidence {confidence}, {inliers} inliers")
        feedback.pushInfo(sentence.format(name=name, confidence=f"{entry['confidence']:.2f}", inliers=entry["inliers"]))
    elif entry["status"] in ("error", "failed"):
        feedback.reportError(f"{name}: {entry.get('reason')}")
    else:
        feedback.pushWarning(tr("{name}: not localized ({reason})").format(name=name, reason=entry.get("reason") or ""))


def place_file(source: Path, target: Path, *, keep: bool = False) -> Path:
    """Put a file that the engine wrote where the user wants it; returns the place.

    Args:
        source: the file.
        target: its new place.
        keep: whether it stays at its old place, too.

    Raises:
        InputError: it cannot be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copyfile if keep else shutil.move)(str(source), str(target))
    except OSError as error:
        sentence = tr("The file {file} cannot be written ({why}): choose another place.")
        raise InputError(sentence.format(file=target, why=error.strerror)) from error
    return target


def result_folders(photos: Sequence[Path], folder: Path) -> list[Path]:
    """Where the results of each photo go: into one folder, or one of its own inside it where two have one name."""
    taken: set[str] = set()
    found = []
    for photo in photos:
        name, place, number = photo_name(photo).casefold(), folder, 1
        while f"{place}/{name}" in taken:
            number += 1
            place = folder / f"{photo.parent.name or 'photos'}-{number}"
        taken.add(f"{place}/{name}")
        found.append(place)
    return found


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder among the temporary files of Processing, removed in the end."""
    with tempfile.TemporaryDirectory(dir=QgsProcessingUtils.tempFolder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _written_footprint(entry: Entry) -> QgsGeometry | None:
    """The outline that the engine wrote: of a photo with a horizon more than its four corners."""
    path = (entry.get("outputs") or {}).get("footprint_gpkg")
    if not path:
        return None
    layer = QgsVectorLayer(str(path), "footprint", "ogr")
    for feature in layer.getFeatures():
        return feature.geometry()
    return None


def ring_geometry(ring: list[list[float]]) -> QgsGeometry:
    """The polygon of a ring of longitude, latitude, on past 180 degrees where it crosses the antimeridian."""
    first = ring[0][0]
    points = [QgsPointXY(first + (lon - first + 180) % 360 - 180, lat) for lon, lat in ring]
    return QgsGeometry.fromPolygonXY([points])
