"""Tables of metadata as spreadsheets of several countries write them; what cannot be read in them is named."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.qgis_adapters.desk_tables import read_metadata

from .conftest import SUCCESS, WARNING
from .files import make_photo

KEY = "ISS56E181034"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Foto;Nadir Breite;Nadir Länge;Mitte Breite;Mitte Länge\nISS056-E-181034;46,5;-7,25;44,1;8\n", "cp1252"),
        ("Foto;Nadir Breite;Nadir Länge;Mitte Breite;Mitte Länge\nISS056-E-181034;46,5;-7,25;44,1;8\n", "utf-8-sig"),
        ("Foto;Nadir Breite;Nadir Länge;Mitte Breite;Mitte Länge\nISS056-E-181034;46,5;-7,25;44,1;8\n", "utf-16"),
        (
            "N° photo;nadir latitude;nadir longitude;centre latitude;centre longitude\n"
            'ISS056-E-181034;"46,5";"-7,25";"44,1";"8,0"\n',
            "latin-1",
        ),
        (
            "missione;rollio;frame;nadir latitudine;nadir longitudine;centro latitudine;centro longitudine\r\n"
            "ISS056;E;181034;46,5;-7,25;44,1;8,0\r\n",
            "utf-8",
        ),
        ('Photo,Nadir Lat,Nadir Lon,Center Lat,Center Lon\nISS056-E-181034,"46,5","-7,25","44,1","8,0"\n', "utf-8"),
        ("sep=;\nPhoto;Nadir Lat;Nadir Lon;Center Lat;Center Lon\nISS056-E-181034;46,5;-7,25;44,1;8,0\n", "utf-8"),
        (
            "Photo;Taken (date, time, zone, by, with);Nadir Lat;Nadir Lon;Center Lat;Center Lon\n"
            "ISS056-E-181034;a, b;46,5;\N{MINUS SIGN}7,25;44,1;8,0\n",
            "utf-8",
        ),
    ],
)
def test_tables_of_spreadsheets_are_read(tmp_path, text, encoding):
    path = tmp_path / "photos.csv"
    path.write_bytes(text.encode(encoding))
    table = read_metadata(path)
    assert (table.known[KEY].nadir, table.known[KEY].centre) == (Nadir(46.5, -7.25), (44.1, 8.0))
    assert table.problems == ()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("ISS056-E-181034;1.046,5;7", ["row 2", "1.046,5"]),
        ("ISS056-E-181034;46,5° N;7", ["row 2", "46,5° N"]),
        ("ISS056-E-181034;146,5;7", ["row 2", "146,5"]),
        ("ISS056-E-181034;46,5;999", ["row 2", "999"]),
        ("ISS056-E-181034;46,5;", ["row 2", "longitude"]),
        ("ISS056-E-181034;46,5;7;2", ["row 2", "4 values", "3 columns"]),
        ("holiday;46,5;7", ["row 2", "holiday"]),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_its_row_and_file(tmp_path, row, words):
    path = tmp_path / "photos.csv"
    path.write_text(f"photo;nadir lat;nadir lon\n{row}\nISS056-E-7;1,5;2\n", encoding="utf-8")
    table = read_metadata(path)
    assert table.known["ISS56E7"].nadir == Nadir(1.5, 2.0)
    assert KEY not in table.known
    (problem,) = table.problems
    for word in ("photos.csv", *words):
        assert word in problem


def test_a_row_without_values_says_nothing_and_is_no_problem(tmp_path):
    path = tmp_path / "photos.csv"
    path.write_text("photo,nadir lat,nadir lon\nISS056-E-9,,\n\n ,,\n")
    assert (dict(read_metadata(path).known), read_metadata(path).problems) == ({}, ())


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path):
    path = tmp_path / "photos.csv"
    path.write_text('photo,note,nadir lat,nadir lon\nISS056-E-9,"two\nlines",1,2\n\nISS056-E-10,,x,2\n')
    (problem,) = read_metadata(path).problems
    assert "row 4" in problem


def test_only_photos_whose_place_was_read_count_as_known(plugin, dock, messages, tmp_path):
    dock.add_photos([make_photo(tmp_path, name) for name in ("ISS056-E-181034", "iss056e000007", "iss056e000008")])
    path = tmp_path / "photos.csv"
    path.write_text("photo,nadir lat,nadir lon\nISS056-E-181034,46,5,7,2\nISS056-E-7,1,2\nISS056-E-8,x,2\n")
    plugin.desk.position.read_table(path)
    assert (SUCCESS, "photos.csv knows 1 of the photos.") in messages()
    ((_, sentence),) = [message for message in messages() if message[0] == WARNING]
    assert "photos.csv, row 2" in sentence
    assert [item.nadir for item in dock.photos.photos.items] == [None, Nadir(1.0, 2.0), None]
