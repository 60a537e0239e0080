"""Control points as QGIS's Georeferencer keeps them: ``.points`` files, written and read back.

A line ``#CRS: <WKT>``, a line of names, and a line a point: ``mapX,mapY,sourceX,sourceY,enable,dX,dY,residual``. Map
coordinates are of the CRS named; source coordinates are pixels of the image, y running upwards from its top edge, so
that rows are negative (QgsGCPList::saveGcps in QGIS 3.40). This module needs GDAL only, so that QGIS can use it too.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from osgeo import osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.coordinates import read_number

COLUMNS = ("mapX", "mapY", "sourceX", "sourceY", "enable", "dX", "dY", "residual")


@dataclass(frozen=True)
class ControlPoint:
    """A point of a photo with its place on the map.

    Attributes:
        x, y: pixels as the photo's file has them (not turned upright by EXIF), corner convention, y down.
        map_x, map_y: of the file's CRS, x or longitude first.
        enabled: whether it takes part.
        residual: (x, y) pixels by which the transformation misses it, y down.
    """

    x: float
    y: float
    map_x: float
    map_y: float
    enabled: bool = True
    residual: tuple[float, float] = (0.0, 0.0)


def points_text(points: list[ControlPoint], crs: str = "EPSG:4326") -> str:
    """The content of a ``.points`` file.

    Args:
        points: in order.
        crs: of their map coordinates.
    """
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    text = io.StringIO(newline="")
    text.write(f"#CRS: {reference.ExportToWkt(['FORMAT=WKT2_2019'])}\n")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for point in points:
        off_x, off_y = point.residual[0], -point.residual[1]
        numbers = (point.map_x, point.map_y, point.x, -point.y)
        residuals = (off_x, off_y, (off_x**2 + off_y**2) ** 0.5)
        table.writerow(
            [*(f"{value:.12g}" for value in numbers), int(point.enabled), *(f"{value:.6g}" for value in residuals)]
        )
    return text.getvalue()


def read_points(path: Path) -> tuple[list[ControlPoint], str]:
    """Read a ``.points`` file, of this version of QGIS or an older one.

    Args:
        path: the file.

    Returns:
        The points, and the CRS of their map coordinates (WKT; "" where the file names none).

    Raises:
        InputError: no such file, or something else.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The control points {path} cannot be read: check the file.", repr(error)) from error
    crs = next((line[5:].strip() for line in lines if line.upper().startswith("#CRS:")), "")
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    if not rows:
        raise InputError(f"{path.name} holds no control points.")
    separator = max(",;\t", key=rows[0].count)  # a spreadsheet may have written the file anew
    names = [name.strip().lower() for name in rows[0].split(separator)]
    # Up to QGIS 3.24 the columns were named pixelX and pixelY.
    names = [{"pixelx": "sourcex", "pixely": "sourcey"}.get(name, name) for name in names]
    if not {"mapx", "mapy", "sourcex", "sourcey"} <= set(names):
        raise InputError(f"{path.name} is no file of control points of QGIS's Georeferencer: its first line is not.")
    table = csv.reader(rows[1:], delimiter=separator)
    return [_point(path, names, number, row) for number, row in enumerate(table, start=1)], crs


def _point(path: Path, names: list[str], number: int, row: list[str]) -> ControlPoint:
    value = dict(zip(names, row, strict=False))
    try:
        if len(row) > max(len(names), len(COLUMNS)):
            raise ValueError(f"{len(row)} values: decimal commas need quotes or semicolons")
        enabled = value.get("enable", "1").strip() not in ("0", "")
        x, y = read_number(value["sourcex"]), -read_number(value["sourcey"])
        return ControlPoint(x, y, read_number(value["mapx"]), read_number(value["mapy"]), enabled)
    except (KeyError, ValueError) as error:
        raise InputError(f"Point {number} in {path.name} is damaged: {','.join(row)[:60]}.", repr(error)) from error
