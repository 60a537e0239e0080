"""EarthLoc's file names, the table of labels, the list for review, and the tables that ``label`` reads."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import ogr

from astroloc_qgis.cli.batch.label_command import describe_labelling
from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.rate import Rate
from astroloc_qgis.engine.batch.runner import Progressed
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.labelling.earthloc_names import earthloc_name, name_photos
from astroloc_qgis.engine.labelling.label_files import write_labels
from astroloc_qgis.engine.labelling.weak_labels import weakly_labelled_photos
from astroloc_qgis.engine.tiles import lonlat_to_mercator
from astroloc_qgis.engine.training.data.datasets import imported_photos
from tests.engine.batch.fast import located

SQUARE = [[10.0, 46.0], [11.0, 46.0], [11.0, 45.0], [10.0, 45.0]]


def entry(path: Path, footprint: Any = SQUARE, *, photo_id: str = "ISS056-E-181034", **more: Any) -> dict[str, Any]:
    label = {"footprint": footprint, "off_km": 55.5, "photo_id": photo_id, "centre": [10.2, 45.1]}
    return located(path) | {"footprint": footprint, "label": label, "taken": "2018-07-10T13:45:12"} | more


def doubtful(path: Path, confidence: float, footprint: Any = SQUARE) -> dict[str, Any]:
    label = {"footprint": footprint, "off_km": None, "photo_id": path.stem, "centre": [10.2, 45.1]}
    return unfinished_entry(path, "only 7 tie points agree") | {"confidence": confidence, "label": label}


def test_a_name_has_all_fields_in_earthlocs_order() -> None:
    nadir = {"latitude": 44.5, "longitude": -7.25, "source": "given"}
    fields = earthloc_name(entry(Path("a.jpg"), nadir=nadir)).split("@")
    assert fields[0] == ""
    assert fields[-1] == ".jpg"
    assert [float(field) for field in fields[1:9]] == [46, 10, 46, 11, 45, 11, 45, 10]
    assert fields[9:13] == ["ISS056-E-181034", "20180710", "44.50000", "-7.25000"]
    assert float(fields[13]) == pytest.approx(111.1 * 78.2, rel=0.01)
    assert fields[14] == "0"


@pytest.mark.parametrize(("turns", "bearing"), [(1, "90"), (2, "180"), (3, "270")])
def test_the_orientation_is_the_bearing_of_the_photos_top_also_across_the_antimeridian(
    turns: int, bearing: str
) -> None:
    ring = [[179.5, 0.5], [-179.5, 0.5], [-179.5, -0.5], [179.5, -0.5]]
    turned = np.roll(ring, -turns, axis=0).tolist()
    assert earthloc_name(entry(Path("a.jpg"), turned)).split("@")[14] == bearing


def test_photos_with_any_name_are_read_again_and_old_names_go(tmp_path: Path) -> None:
    photos = [tmp_path / name for name in ("a_b_c@1.jpg", "d.png", "e.tif")]
    for photo in photos:
        photo.write_bytes(photo.name.encode())
    entries = [entry(photo, photo_id=photo.stem) for photo in photos]
    for way in ("copy", "link", "copy"):
        folder, named, left_out = name_photos(tmp_path / "out", entries, way)
        assert (named, left_out) == (2, 1)
        found = imported_photos(tmp_path / "out" / "earthloc")
        assert sorted(photo.path.read_bytes() for photo in found) == [b"a_b_c@1.jpg", b"d.png"]
        assert all(photo.path.is_symlink() == (way == "link") for photo in found)
        assert np.allclose(found[0].place, lonlat_to_mercator(np.array(SQUARE)))
    name_photos(tmp_path / "out", entries[1:], "copy")
    assert [path.name.split("@")[9] for path in folder.iterdir()] == ["d"]


def test_labels_are_read_by_training_and_the_doubtful_are_listed_by_confidence(tmp_path: Path) -> None:
    photos = tmp_path / "archive"
    out = tmp_path / "results" / "out"
    out.mkdir(parents=True)
    entries = [
        entry(photos / "good, so to say.jpg"),
        entry(photos / "raw.nef"),
        doubtful(photos / "low.jpg", 0.2),
        doubtful(photos / "nothing.jpg", 0.0, None),
        doubtful(photos / "high.jpg", 0.97),
        unfinished_entry(photos / "bad.jpg", "empty", "error"),
    ]
    written = write_labels(out, iter(entries))
    assert (written.labels, written.doubtful, written.left_out) == (1, 2, 1)

    (label,) = imported_photos(out)
    assert label.oriented
    assert label.path.resolve() == (photos / "good, so to say.jpg").resolve()
    assert np.allclose(label.place, lonlat_to_mercator(np.array(SQUARE)))
    with (out / "photos.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["file"] == "../../archive/good, so to say.jpg"
    assert (row["off_km"], row["centre_lat"], row["centre_lon"], row["error_m"]) == ("55.5", "45.1", "10.2", "310.0")

    with (out / "review.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["file"]).name for row in rows] == ["high.jpg", "low.jpg", "nothing.jpg"]
    assert [row["lon_tl"] for row in rows] == ["10.0", "10.0", ""]
    assert rows[0]["why"] == "only 7 tie points agree"
    layer = (source := ogr.Open(str(out / "review.gpkg"))).GetLayerByName("review")
    assert [(feature["confidence"], feature.GetGeometryRef().Area()) for feature in layer] == [(0.97, 1), (0.2, 1)]
    del source


def test_nothing_accepted_gives_tables_without_rows(tmp_path: Path) -> None:
    assert write_labels(tmp_path, []).labels == 0
    assert (tmp_path / "photos.csv").read_text().startswith("file,lon_tl,lat_tl,lon_tr")


def test_a_table_gives_centres_and_radii_and_rows_without_are_told(tmp_path: Path) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("Photo;Centre lat;Centre lon;Radius\na.jpg;46,5;11;120,5\nb.jpg;46;11;\nc.jpg;;;\nd.jpg;1;2;-3\n")
    photos = weakly_labelled_photos(table)
    assert [(photo.centre, photo.radius_km) for photo in photos[:2]] == [((46.5, 11.0), 120.5), ((46.0, 11.0), None)]
    assert photos[2].problem == "The table gives no centre for c.jpg: fill in 'centre lat' and 'centre lon'."
    assert photos[3].problem == "Row 5 of the table is wrong: “-3” is no radius in kilometres."
    assert "radius_km" not in photos[1].known()


def test_a_table_without_any_centre_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("photo,lat,lon\na.jpg,46,11\n")
    with pytest.raises(InputError, match="gives no centre of any photo: it needs the columns 'centre lat'"):
        weakly_labelled_photos(table)
    with pytest.raises(InputError, match="is a folder: name a table"):
        weakly_labelled_photos(tmp_path)


def test_the_line_while_it_runs_has_pace_and_yield() -> None:
    rate = Rate(300, 0, 0.0)
    statuses: Counter[str] = Counter()
    progressed = Progressed(rate, statuses)
    assert "yield" not in describe_labelling(progressed, 0.0, datetime(2026, 1, 1))
    rate.add(40, 600.0)
    statuses.update({"localized": 30, "not_localized": 10})
    line = describe_labelling(progressed, 600.0, datetime(2026, 1, 1))
    assert line.startswith("40 of 300 photos (30 localized), 4.0 a minute, ends about")
    assert line.endswith("yield 75%")
