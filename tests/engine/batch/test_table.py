"""Tables of photos, as people and spreadsheets write them; a bad row costs its photo alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from astroloc_qgis.engine.batch.table import read_table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir


def read(folder: Path, text: str, encoding: str = "utf-8"):
    path = folder / "photos.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path)


def test_everything_that_a_row_may_say(tmp_path):
    (photo,) = read(
        tmp_path,
        "Photo,nadir_lat,nadir_lon,km,centre lat,centre lon,time,number\n"
        "sub/a.jpg,46.5,-11.25,418,47,-12,2018-07-10T13:45:12Z,iss056e181034\n",
    )
    assert photo.path == tmp_path / "sub" / "a.jpg"
    assert photo.nadir == Nadir.at(46.5, -11.25, 418)
    assert (photo.centre, photo.taken) == ((47.0, -12.0), datetime(2018, 7, 10, 13, 45, 12))
    assert (photo.number, photo.problem) == ("ISS056-E-181034", "")


def test_a_row_may_say_nothing_but_the_photo(tmp_path):
    a, b = read(tmp_path, "file;lat;lon;time\na.jpg;;;\nb.jpg\n")
    assert [a.nadir, a.taken, b.nadir, a.problem + b.problem] == [None, None, None, ""]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_spreadsheets_with_decimal_commas(tmp_path, separator, encoding):
    rows = [["Datei", "Nadir Breite", "Nadir Länge"], ["Größe.jpg", "46,5", "-11,25"]]
    (photo,) = read(tmp_path, "\r\n".join(separator.join(row) for row in rows), encoding)
    assert photo.nadir == Nadir.at(46.5, -11.25)
    assert photo.path.name == "Größe.jpg"


def test_the_line_in_which_excel_names_the_separator_is_no_row(tmp_path):
    (photo,) = read(tmp_path, "sep=;\r\nphoto;lat;lon\r\na.jpg;1,5;2\r\n")
    assert photo.nadir == Nadir.at(1.5, 2)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2018:07:10 13:45:12", datetime(2018, 7, 10, 13, 45, 12)),
        ("2018-07-10 13:45", datetime(2018, 7, 10, 13, 45)),
        ("2018-07-10T15:45:12+02:00", datetime(2018, 7, 10, 13, 45, 12)),
        ("10.07.2018 13:45:12", datetime(2018, 7, 10, 13, 45, 12)),
    ],
)
def test_times_are_utc_in_several_forms(tmp_path, time, expected):
    (photo,) = read(tmp_path, f"photo,time\na.jpg,{time}\n")
    assert photo.taken == expected


def test_date_and_time_may_be_two_columns(tmp_path):
    (photo,) = read(tmp_path, "photo,date,time\na.jpg,20180710,134512\n")
    assert photo.taken == datetime(2018, 7, 10, 13, 45, 12)


def test_a_photo_may_be_named_by_its_number_alone(tmp_path):
    (tmp_path / "ISS056-E-181034_lrg.JPG").write_bytes(b"")
    one, lost = read(tmp_path, "mission,roll,frame,lat,lon\nISS056,E,181034,1,2\nISS056,E,9,1,2\n")
    assert (one.path.name, one.problem) == ("ISS056-E-181034_lrg.JPG", "")
    assert lost.problem == f"Row 3 of the table is wrong: no photo of the number “ISS056-E-9” lies in {tmp_path}."


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("abc,2,,", "“abc” is no latitude of the nadir in degrees"),
        ("91,2,,", "“91” is no latitude of the nadir in degrees"),
        ("1,,,", "“” is no longitude of the nadir in degrees"),
        ("1,2,5,", "a height is from 180 to 2000 km"),
        ("1,2,,yesterday", "“yesterday” is no time such as 2018-07-10 13:45:12"),
        ("1,5,2,,,,", None),
        ("1,5,400,2018-01-01,extra,9,9", "8 values in 5 columns"),
    ],
)
def test_a_row_that_cannot_be_understood_is_kept_with_its_problem(tmp_path, cells, problem):
    good, bad = read(tmp_path, f"photo,lat,lon,km,time\na.jpg,1,2,,\nb.jpg,{cells}\n")
    assert (good.problem, bad.path.name) == ("", "b.jpg")
    if problem is None:
        assert bad.problem
    else:
        assert bad.problem == f"Row 3 of the table is wrong: {problem}."


def test_of_rows_for_one_photo_the_first_counts(tmp_path):
    assert [photo.nadir for photo in read(tmp_path, "photo,lat,lon\na.jpg,1,2\na.jpg,3,4\n")] == [Nadir.at(1, 2)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lat,lon\n1,2\n", "has no column that names its photos"),
        ("photo,lat,lon\n\n", "has no rows"),
        ("", "has no column that names its photos"),
        ("\x00\x01\x02", "has no column that names its photos"),
    ],
)
def test_a_table_without_photos_is_refused(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, text)


def test_what_is_neither_a_folder_nor_a_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="is neither a folder nor a table"):
        read_table(tmp_path / "none")
