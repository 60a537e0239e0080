"""Files of control points that a spreadsheet or a person wrote are read right, or refused with their point."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.points_file import read_points

NAMES = "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"


def write(tmp_path, names, *rows):
    path = tmp_path / "a.points"
    path.write_text("\n".join(("#CRS: EPSG:4326", names, *rows)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (NAMES, "7.25,46.5,100.5,-50.5,1,0,0,0"),
        (NAMES.replace(",", ";"), "7,25;46,5;100,5;-50,5;1;0;0;0"),
        (NAMES, '"7,25","46,5","100,5","-50,5",1,0,0,0'),
        (NAMES.replace(",", "\t"), "7.25\t46.5\t100.5\t-50.5\t1\t0\t0\t0"),
        ("mapX,mapY,pixelX,pixelY,enable", "7.25,46.5,100.5,-50.5,1"),
    ],
)
def test_decimal_commas_and_semicolons_are_read(tmp_path, names, row):
    (point,), _ = read_points(write(tmp_path, names, row))
    assert (point.map_x, point.map_y, point.x, point.y, point.enabled) == (7.25, 46.5, 100.5, 50.5, True)


@pytest.mark.parametrize(
    "row", ["7,25,46,5,100,5,-50,5,1,0,0,0", "7.25,nan,100,-50,1,0,0,0", "7.25,46.5,100", "7.25,inf,100,-50,1,0,0,0"]
)
def test_a_point_that_cannot_be_read_is_named_and_never_read_wrong(tmp_path, row):
    path = write(tmp_path, NAMES, "7.25,46.5,100.5,-50.5,1,0,0,0", row)
    with pytest.raises(InputError, match=r"Point 2 in a\.points is damaged"):
        read_points(path)
