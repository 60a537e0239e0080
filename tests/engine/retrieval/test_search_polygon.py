"""A search limited to a polygon: what is in its corners, its holes and beyond the antimeridian."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.block_table import block_table, centers_lonlat, overlaps_extent
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.retrieval.search_polygon import overlaps_polygon, read_polygon
from astroloc_qgis.engine.tiles import blocks_in_extent

TABLE = block_table(blocks_in_extent((-5.0, -5.0, 15.0, 15.0), [9], stride=2))
PACIFIC = block_table(
    [*blocks_in_extent((174.0, -5.0, 180.0, 5.0), [9]), *blocks_in_extent((-180.0, -5.0, -174.0, 5.0), [9])]
)


def boxed(west: float, south: float, east: float, north: float) -> str:
    return f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


def test_a_rectangle_is_its_extent() -> None:
    extent = (1.3, 2.1, 8.7, 6.9)
    assert (overlaps_polygon(TABLE, 4, boxed(*extent)) == overlaps_extent(TABLE, 4, extent)).all()


def test_a_triangle_leaves_out_its_other_half_and_a_ring_its_hole() -> None:
    lon, lat = centers_lonlat(TABLE, 4).T
    triangle = overlaps_polygon(TABLE, 4, "POLYGON((0 0, 10 0, 0 10, 0 0))")
    assert triangle[(lon > 1) & (lat > 1) & (lon + lat < 8)].all()
    assert not triangle[lon + lat > 14].any()
    ring = overlaps_polygon(TABLE, 4, "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2))")
    assert not ring[(abs(lon - 5) < 0.8) & (abs(lat - 5) < 0.8)].any()
    assert ring[(abs(lon - 1) < 0.5) & (abs(lat - 5) < 3)].all()


@pytest.mark.parametrize(("west", "east"), [(178.0, 182.0), (-182.0, -178.0)])
def test_longitudes_beyond_180_are_of_the_next_turn(west: float, east: float) -> None:
    found = overlaps_polygon(PACIFIC, 4, boxed(west, -2, east, 2))
    assert (found == overlaps_extent(PACIFIC, 4, (178.0, -2.0, -178.0, 2.0))).all()
    assert found.any()


def test_what_is_no_polygon_is_refused_by_its_text() -> None:
    for text in ("POINT(1 2)", "POLYGON EMPTY", "somewhere"):
        with pytest.raises(InputError, match=text.split("(")[0]):
            overlaps_polygon(TABLE, 4, text)


def test_the_polygons_of_a_file_are_one_area_and_a_file_without_any_says_so(tmp_path: Path) -> None:
    def write(name: str, *shapes: dict[str, object]) -> Path:
        features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    squares: list[dict[str, object]] = [
        {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]} for x in (0, 9)
    ]
    point: dict[str, object] = {"type": "Point", "coordinates": [5, 5]}
    found = overlaps_polygon(TABLE, 4, read_polygon(write("two.geojson", *squares, point)))
    assert (found == overlaps_extent(TABLE, 4, (0, 0, 1, 1)) | overlaps_extent(TABLE, 4, (9, 0, 10, 1))).all()
    assert 0 < np.count_nonzero(found) < len(TABLE)
    with pytest.raises(InputError, match="no polygon"):
        read_polygon(write("none.geojson", point))
    with pytest.raises(InputError, match="cannot be read"):
        read_polygon(tmp_path / "absent.gpkg")


def test_polygons_within_a_multipolygon_or_a_collection_are_read_as_they_are(tmp_path: Path) -> None:
    boxes = [[[west, 1], [west + 1, 1], [west + 1, 2], [west, 2], [west, 1]] for west in range(1, 14, 2)]
    many = {"type": "MultiPolygon", "coordinates": [[ring] for ring in boxes]}
    path = tmp_path / "area.geojson"
    alone = [{"type": "Polygon", "coordinates": [ring]} for ring in boxes]
    expected = np.any([overlaps_polygon(TABLE, 4, boxed(west, 1, west + 1, 2)) for west in range(1, 14, 2)], axis=0)
    for shape in (
        many,
        {"type": "GeometryCollection", "geometries": [many]},
        {"type": "GeometryCollection", "geometries": alone},
    ):
        path.write_text(json.dumps(shape))
        assert (overlaps_polygon(TABLE, 4, read_polygon(path)) == expected).all()


def test_a_ring_of_two_points_is_refused() -> None:
    with pytest.raises(InputError, match="ring of fewer than three corners"):
        overlaps_polygon(TABLE, 4, "POLYGON((10 5, 10 5))")
