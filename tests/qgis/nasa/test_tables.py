"""NASA's own tables of photos are read."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.qgis_adapters.desk_tables import read_metadata


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("nadir.mission,nadir.roll,nadir.frame,nadir.lat,nadir.lon", "ISS056,E, 181034,46.5,-7.25"),
        ("mission,roll,frame,nlat,nlon,tilt", "ISS056,E,181034,46.5,-7.25,HO"),
        (
            "frames.mission,frames.roll,frames.frame,frames.nlat,frames.nlon,mlcoord.lat",
            "ISS056,E,181034,46.5,-7.25,NULL",
        ),
        ("images.filename,nadir.lat,nadir.lon", "ISS056-E-181034.JPG,46.5,-7.25"),
    ],
)
def test_nasas_own_tables_are_read(tmp_path, header, row):
    path = tmp_path / "nasa.csv"
    path.write_text(f"{header}\n{row}\n")
    known = read_metadata(path).known["ISS56E181034"]
    assert (known.nadir, known.centre) == (Nadir(46.5, -7.25), None)


def test_the_centre_of_nasas_tables_is_told_from_the_nadir(tmp_path):
    path = tmp_path / "nasa.csv"
    path.write_text(
        "mission,roll,frame,lat,lon,nlat,nlon\nISS056,E,181034,44.1,8,46.5,-7.25\nISS056,E,2,44,8,NULL,NULL\n"
    )
    known = read_metadata(path).known
    assert (known["ISS56E181034"].nadir, known["ISS56E181034"].centre) == (Nadir(46.5, -7.25), (44.1, 8.0))
    assert (known["ISS56E2"].nadir, known["ISS56E2"].centre) == (None, (44.0, 8.0))
