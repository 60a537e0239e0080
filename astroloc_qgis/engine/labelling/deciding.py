"""Deciding of doubtful footprints: what an analyst says goes into all files of the labels, and can be taken back.

``label``, run again, writes its files anew with the same decisions.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine.batch.geopackage import GEOPACKAGE, LAYER
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import atomic_path, close, gdal_writes
from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.ogr_polygons import polygon_geometry
from astroloc_qgis.engine.labelling.decisions import BY_ANALYST, Decision, read_decisions, write_decisions
from astroloc_qgis.engine.labelling.label_files import (
    CORNERS,
    LABELS,
    REVIEW,
    REVIEW_MAP,
    TRAINABLE,
    decided_row,
    seen_from,
)

Row = dict[str, str]


def read_review(folder: Path) -> list[Row]:
    """The review list in a folder of labels, the most confident first.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    rows = _read(folder / REVIEW)
    if rows and not {"file", "why", "decision", *CORNERS} <= set(rows[0]):
        raise InputError(f"{folder / REVIEW} is no review list of this version: run label in that folder again.")
    return rows


def decide(folder: Path, file: str, decision: Decision | None) -> None:
    """Write down what was decided of a photo on the review list, in all files of the labels.

    Args:
        folder: of the labels.
        file: the photo, as the review list has it.
        decision: None takes an earlier one back.

    Raises:
        InputError: the photo is not on the review list, or a file cannot be read or written.
    """
    _listed(folder, [file])
    record(folder, file, decision)
    write_decided(folder, [file])


def record(folder: Path, file: str, decision: Decision | None) -> None:
    """Keep what was decided of a photo; ``write_decided`` puts it into the other files of the labels.

    Args:
        folder: of the labels.
        file: the photo, as the review list has it.
        decision: None takes an earlier one back.

    Raises:
        InputError: the decisions in the folder are damaged, or it is protected or full.
    """
    decisions = {name: one for name, one in read_decisions(folder).items() if name != file}
    write_decisions(folder, decisions if decision is None else {**decisions, file: decision})


def write_decided(folder: Path, files: Collection[str]) -> None:
    """Put what is decided of photos into all files of the labels.

    Args:
        folder: of the labels.
        files: the photos, as the review list has them.

    Raises:
        InputError: a photo is not on the review list, or a file cannot be read or written.
    """
    rows = _listed(folder, files)
    kept = read_decisions(folder)
    decisions = {file: kept.get(file) for file in files}
    verdicts = {file: "" if one is None else one.verdict for file, one in decisions.items()}
    _write(folder / REVIEW, [row | {"decision": verdicts.get(name, row["decision"])} for name, row in rows.items()])
    labels: list[Mapping[str, Any]] = [row for row in _read(folder / LABELS) if row["file"] not in decisions]
    for file, decision in decisions.items():
        if decision is not None and decision.footprint and Path(file).suffix.lower() in TRAINABLE:
            labels.append(decided_row(rows[file], decision))
    _write(folder / LABELS, labels)
    with _layer(folder / REVIEW_MAP, "review") as layer:
        for file, verdict in verdicts.items():
            for feature in _named(layer, "file", file):
                feature.SetField("decision", verdict)
                layer.SetFeature(feature)
    _update_footprints(folder, decisions, {file: rows[file]["why"] for file in decisions})


def apply_to_footprints(folder: Path) -> None:
    """Put the decisions into the GeoPackage of footprints, which the batch has written anew.

    Raises:
        InputError: as ``decide``.
    """
    reasons = {row["file"]: row["why"] for row in read_review(folder)}
    known = {file: one for file, one in read_decisions(folder).items() if file in reasons}
    if known:
        _update_footprints(folder, known, reasons)


def _listed(folder: Path, files: Collection[str]) -> dict[str, Row]:
    """The rows of the review list, by their files.

    Raises:
        InputError: one of the files is not among them.
    """
    rows = {row["file"]: row for row in read_review(folder)}
    if strangers := [file for file in files if file not in rows]:
        raise InputError(f"The review list in {folder} has no photo {strangers[0]}: open it anew.")
    return rows


def _read(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: choose a folder that label has written.", repr(error)) from error


def _write(path: Path, rows: list[Any]) -> None:
    """Write a table again, with the columns that it has."""
    with path.open(encoding="utf-8", newline="") as stream:
        columns = next(csv.reader(stream), [])
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _update_footprints(folder: Path, decisions: Mapping[str, Decision | None], reasons: Mapping[str, str]) -> None:
    with _layer(folder / GEOPACKAGE, LAYER) as layer:
        for file, decision in decisions.items():
            for feature in _named(layer, "name", Path(file).name):
                if seen_from(folder, Path(feature.GetField("photo"))) == file:
                    _fill(feature, decision, reasons[file])
                    layer.SetFeature(feature)


def _fill(feature: Any, decision: Decision | None, why: str) -> None:
    """Let a row of the footprints say what was decided; without a decision what it said before."""
    feature.SetGeometry(None)
    feature.SetField("status", "not_localized")
    feature.SetField("message", why)
    for name in ("placed_by", "corners"):
        feature.SetFieldNull(name)
    if decision is None:
        return
    feature.SetField("message", f"{decision.verdict} by an analyst; {why}")
    feature.SetField("placed_by", BY_ANALYST)
    if decision.footprint:
        ring = np.array(decision.footprint)
        feature.SetGeometry(polygon_geometry(np.column_stack([unwrap_lons(ring[:, 0]), ring[:, 1]])))
        feature.SetField("status", "localized")
        feature.SetField("corners", json.dumps([list(corner) for corner in decision.footprint]))


def _named(layer: Any, field: str, value: str) -> list[Any]:
    """The features whose field has a value."""
    quoted = value.replace("'", "''")
    layer.SetAttributeFilter(f"{field} = '{quoted}'")
    return list(layer)


@contextmanager
def _layer(path: Path, name: str) -> Iterator[Any]:
    """A layer of a GeoPackage, changed as a whole or not at all.

    Raises:
        InputError: it cannot be opened or written.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}: run label in that folder again.")
    with gdal_writes(path):
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        try:
            dataset.StartTransaction()
            yield dataset.GetLayerByName(name)
            dataset.CommitTransaction()
        except BaseException:
            dataset.RollbackTransaction()
            raise
        finally:
            close(dataset)
