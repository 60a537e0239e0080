"""NASA's metadata in the table of a batch, and photos that look towards the horizon."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.localizing import what_is_seen
from astroloc_qgis.engine.batch.photos import BatchPhoto
from astroloc_qgis.engine.batch.report.html_report import write_report
from astroloc_qgis.engine.batch.rows import BELOW_HORIZON, HIGH_OBLIQUE, row_of
from astroloc_qgis.engine.batch.table import read_table, with_table
from astroloc_qgis.engine.coregistration.cascade import Outcome
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.verification import Verdict
from tests.engine.batch.fast import located

MILE = 1.852
SIZE = (600, 400)


def read(folder: Path, text: str) -> list[BatchPhoto]:
    (folder / "photos.csv").write_text(text)
    return read_table(folder / "photos.csv")


@pytest.mark.parametrize(
    "table",
    [
        "mission,roll,frame,nadir.lat,nadir.lon,frames.lat,frames.lon,frames.alt,frames.tilt,frames.fclt,"
        "nadir.pdate,nadir.ptime\nISS056,E,181034,46.5,-11.25,47,-12,220,60.5,400,20180710,134512\n",
        "mission,roll,frame,lat,lon,nlat,nlon,alt,tilt,fclt,pdate,ptime\n"
        "ISS056,E, 181034,47,-12,46.5,-11.25,220,60.5,400,20180710,134512\n",
        "images.filename,frames.lat,frames.lon,frames.nlat,frames.nlon,alt,tilt,camera.fclt,frames.pdate,frames.ptime\n"
        "ISS056-E-181034.JPG,47,-12,46.5,-11.25,220,60.5,400,20180710,134512\n",
        "nasa_id;nadir_lat;nadir_lon;altitude;centre_lat;centre_lon;tilt;focal_length;time\n"
        "ISS056-E-181034;46,5;-11,25;407,44;47;-12;60,5;400;2018-07-10 13:45:12\n",
    ],
)
def test_nasas_names_of_the_columns_give_all_that_they_say(tmp_path, table):
    (tmp_path / "ISS056-E-181034.JPG").touch()
    (photo,) = read(tmp_path, table)
    assert (photo.path.name, photo.number, photo.problem) == ("ISS056-E-181034.JPG", "ISS056-E-181034", "")
    assert photo.nadir == Nadir.at(46.5, -11.25, 220 * MILE)
    assert (photo.centre, photo.taken) == ((47.0, -12.0), datetime(2018, 7, 10, 13, 45, 12))
    assert (photo.tilt, photo.high_oblique, photo.focal_mm) == ("60.5", True, 400.0)


@pytest.mark.parametrize(
    ("tilt", "features", "expected"),
    [
        ("55", "", ("55", False)),
        ("55.1", "", ("55.1", True)),
        ("ho", "", ("HO", True)),
        ("LO", "", ("LO", False)),
        ("NV", "PAN-COAST", ("NV", True)),
        ("", "PAN-COAST", ("", True)),
        ("NULL", "", ("", False)),
    ],
)
def test_above_55_degrees_and_by_nasas_words_a_photo_is_high_oblique(tmp_path, tilt, features, expected):
    (photo,) = read(tmp_path, f"photo,tilt,feat\na.jpg,{tilt},{features}\n")
    assert (photo.tilt, photo.high_oblique) == expected
    assert photo.known().get("high_oblique", False) is expected[1]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("steep,50", "“steep” is no tilt in degrees"),
        ("91,50", "“91” is no tilt in degrees"),
        ("20,long", "“long” is no focal length in millimetres"),
        ("20,0", "“0” is no focal length in millimetres"),
    ],
)
def test_a_wrong_tilt_or_lens_costs_its_row_alone(tmp_path, cells, problem):
    good, bad = read(tmp_path, f"photo,tilt,focal length\na.jpg,20,50\nb.jpg,{cells}\n")
    assert (good.problem, bad.problem) == ("", f"Row 3 of the table is wrong: {problem}.")


def test_a_height_in_which_no_spacecraft_flies_is_left_out_of_nasas_column_alone(tmp_path):
    (photo,) = read(tmp_path, "photo,nlat,nlon,alt\na.jpg,1,2,7\n")
    assert (photo.nadir, photo.problem) == (Nadir(1.0, 2.0), "")


def test_what_nothing_is_known_of_has_the_key_that_it_had_before():
    assert set(BatchPhoto(Path("a.jpg")).known()) == {"nadir", "centre", "taken", "number", "problem"}


def test_photos_of_a_folder_get_what_a_table_elsewhere_says_by_name_or_number(tmp_path):
    photos = [BatchPhoto(tmp_path / "x" / name) for name in ("a.jpg", "iss056e000007_lrg.jpg", "other.jpg", "b.jpg")]
    table = tmp_path / "known.csv"
    table.write_text("photo,lat,lon\nsub/a.jpg,1,2\nISS056-E-7,3,4\nelsewhere.jpg,5,6\nb.jpg,north,1\n")
    a, seven, other, bad = with_table(photos, table)
    assert [photo.path for photo in (a, seven, other, bad)] == [photo.path for photo in photos]
    assert [photo.nadir for photo in (a, seven, other)] == [Nadir(1.0, 2.0), Nadir(3.0, 4.0), None]
    assert bad.problem == "Row 5 of the table is wrong: “north” is no latitude of the nadir in degrees."


def test_a_row_is_flagged_and_says_what_that_means():
    sky = row_of(located(Path("/p/a.jpg")) | {"high_oblique": True, "tilt": "60", "horizon_in_view": True})
    assert (sky["high_oblique"], sky["tilt"]) == (True, "60")
    assert sky["message"] == f"converged; {BELOW_HORIZON}"
    lost = row_of(unfinished_entry(Path("/p/b.jpg"), "nothing was found") | {"high_oblique": True, "tilt": "HO"})
    assert lost["message"] == f"nothing was found; {HIGH_OBLIQUE}"
    assert row_of(located(Path("/p/c.jpg")))["high_oblique"] is False


def test_the_report_flags_it_and_groups_it_with_others_of_its_reason(tmp_path):
    lost = unfinished_entry(Path("/p/b.jpg"), "no turn of the photo matches the reference")
    entries = [located(Path("/p/a.jpg")) | {"horizon_in_view": True}, lost, lost | {"high_oblique": True, "tilt": "HO"}]
    report = {"title": "t", "total": 3, "crew": [], "seconds": 1.0, "done_now": 3}
    page = write_report(tmp_path / "r.html", entries, **report).read_text(encoding="utf-8")
    assert page.count('<span class="soft">high oblique</span>') == 2
    assert page.count('<td class="message">no turn of the photo matches the reference</td>\n<td class="name">') == 1


def test_of_a_located_photo_with_the_horizon_in_view_the_outline_is_the_part_below_it():
    plane, (width, height) = WorkingPlane.local(11.0, 46.0), SIZE
    flat = np.array([[100.0, 0, -100 * width / 2], [0, -100.0, 100 * height / 2], [0, 0, 1]])
    assert "horizon_in_view" not in what_is_seen(localization(plane, flat))
    assert len(what_is_seen(localization(plane, flat))["outline"]) == 4
    line = height / 4  # no ground is seen above it
    tilted = np.array([*flat[:2], [0.0, 1 / line, -1.0]])
    seen = what_is_seen(localization(plane, tilted))
    assert seen["horizon_in_view"] is True
    photo_xy = apply_homography(np.linalg.inv(tilted), plane.from_lonlat(np.array(seen["outline"])))
    assert photo_xy[:, 1].min() > line
    assert photo_xy[:, 1].max() == pytest.approx(height, abs=0.5)


def localization(plane: WorkingPlane, homography: np.ndarray) -> Localization:
    registration = Registration(plane, "converged", "sift", homography, rmse_px=1.0, rmse_m=100.0)
    return Localization(Path("a.jpg"), Outcome(registration, Verdict(True, 0.95, "converged"), None), [], SIZE)
