"""The tiling scheme: blocks, their places, their overlaps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from osgeo import osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.tiles import (
    HALF_WORLD_M,
    Block,
    block_around,
    block_iou,
    blocks_in_extent,
    lonlat_to_mercator,
    mercator_to_lonlat,
    overlaps,
)

osr.UseExceptions()


@st.composite
def blocks(draw: st.DrawFn, zooms: tuple[int, int] = (2, 14), size: int = 4) -> Block:
    zoom = draw(st.integers(*zooms))
    tiles = 2**zoom
    return Block(zoom, draw(st.integers(0, tiles - size)), draw(st.integers(0, tiles - 1)), size)


longitudes = st.floats(-180, 179.999)
latitudes = st.floats(-84, 84)


@given(blocks())
def test_a_block_survives_being_written_and_read(block: Block) -> None:
    assert Block.parse(str(block)) == block


def test_the_block_of_the_sample_picture_lies_around_guadalajara() -> None:
    block = Block.parse("11/902/434")
    west, north = block.corners_lonlat[0]
    # By the tile formula of the web-map tiling: 434 / 2048 of the way round, and so on.
    assert west == pytest.approx(434 / 2048 * 360 - 180)
    assert north == pytest.approx(20.96143961)
    assert block.contains(-103.35, 20.67)
    assert block.side_m == pytest.approx(4 * 2 * HALF_WORLD_M / 2048 * np.cos(np.radians(block.center_lonlat[1])))


@pytest.mark.parametrize(
    "text",
    ["", "11/902", "11/902/434/4", "a/b/c", "11/-1/434", "11/902/2048", "11/2045/0", "31/0/0", "1/0/0", "11/9.5/4"],
)
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Block.parse(text)


@given(blocks(zooms=(4, 14)))
def test_corners_run_top_left_top_right_bottom_right_bottom_left(block: Block) -> None:
    (tl, tr, br, bl), (center_lon, center_lat) = block.corners_lonlat, block.center_lonlat
    assert tl[1] == tr[1] > center_lat > br[1] == bl[1]
    assert tl[0] == bl[0]
    assert tr[0] == br[0]
    width = block.size * 360 / 2**block.zoom
    assert (tr[0] - tl[0]) % 360 == pytest.approx(width)
    assert (center_lon - tl[0]) % 360 == pytest.approx(width / 2)
    assert np.abs(block.corners_lonlat[:, 0]).max() <= 180


@given(blocks())
def test_corners_are_those_of_epsg_3857_as_proj_has_it(block: Block) -> None:
    xmin, ymin, xmax, ymax = block.bounds_3857
    assert (xmax - xmin) == pytest.approx(block.size * block.tile_m)
    by_proj = transform_points(np.array([[xmin, ymax], [xmin, ymin]]), "EPSG:3857", "EPSG:4326")
    ours = block.corners_lonlat[[0, 3]]
    assert np.abs((by_proj[:, 0] - ours[:, 0] + 180) % 360 - 180).max() < 1e-9
    assert by_proj[:, 1] == pytest.approx(ours[:, 1], abs=1e-9)


@given(longitudes, latitudes)
def test_mercator_and_back_is_where_one_was(lon: float, lat: float) -> None:
    assert mercator_to_lonlat(lonlat_to_mercator([(lon, lat)]))[0] == pytest.approx((lon, lat), abs=1e-10)


@given(blocks(zooms=(6, 14)))
def test_the_side_is_that_of_the_ground(block: Block) -> None:
    lon, lat = block.center_lonlat
    assume(abs(lat) < 70)
    xmin, ymin, xmax, ymax = block.bounds_3857
    east_west = mercator_to_lonlat([(xmin, (ymin + ymax) / 2), (xmax, (ymin + ymax) / 2)])
    ends = WorkingPlane.local(lon, lat).from_lonlat(east_west)
    assert block.side_m == pytest.approx(float(np.hypot(*(ends[1] - ends[0]))), rel=0.007)


@given(blocks(zooms=(4, 14)), st.booleans())
def test_neighbours_overlap_by_half(block: Block, sideways: bool) -> None:
    assume(block.row + 2 <= 2**block.zoom - block.size)
    neighbour = (
        Block(block.zoom, block.row, block.column + 2) if sideways else Block(block.zoom, block.row + 2, block.column)
    )
    # Two squares that share a half: 1/2 over 3/2.
    assert block_iou(block, neighbour.corners_lonlat) == pytest.approx(1 / 3)
    assert overlaps(block, neighbour.corners_lonlat)


@given(longitudes, latitudes, st.integers(3, 14), st.sampled_from([1, 2, 4]))
def test_the_block_around_a_point_contains_it_and_is_the_nearest(
    lon: float, lat: float, zoom: int, stride: int
) -> None:
    block = block_around(lon, lat, zoom, stride=stride)
    assert block.row % stride == block.column % stride == 0
    x, y = lonlat_to_mercator([(lon, lat)])[0]
    xmin, ymin, xmax, ymax = block.bounds_3857
    off_x = abs((x - (xmin + xmax) / 2 + HALF_WORLD_M) % (2 * HALF_WORLD_M) - HALF_WORLD_M)
    assert off_x <= block.tile_m * (stride / 2 + 1e-6)
    if 0 < block.row < 2**zoom - block.size - stride:
        assert abs(y - (ymin + ymax) / 2) <= block.tile_m * (stride / 2 + 1e-6)
    if stride < block.size:
        assert block.contains(lon, lat)


@given(longitudes, latitudes, st.integers(3, 12), st.sampled_from([1, 2, 3]))
def test_every_block_that_contains_a_place_of_the_extent_is_listed(
    lon: float, lat: float, zoom: int, stride: int
) -> None:
    width = 3 * 360 / 2**zoom
    assume(width < 179)
    east = (lon + width + 180) % 360 - 180
    extent = (lon, max(lat - 1, -85.0), east, min(lat + 1, 85.0))
    listed = blocks_in_extent(extent, [zoom], stride=stride)
    middle = (lon + width / 2 + 180) % 360 - 180
    tiles = 2**zoom
    here = block_around(middle, lat, zoom)
    near = {
        Block(zoom, row // stride * stride, column % tiles // stride * stride)
        for row in range(max(here.row - 6, 0), min(here.row + 7, tiles - 3))
        for column in range(here.column - 6, here.column + 7)
    }
    assert [block for block in near if block.contains(middle, lat) and block not in listed] == []
    assert len(set(listed)) == len(listed)
    assert listed == sorted(listed)


def test_only_blocks_that_reach_into_the_extent_are_listed() -> None:
    block = Block(11, 902, 434)
    (west, north), (east, south) = block.corners_lonlat[0], block.corners_lonlat[2]
    listed = blocks_in_extent((west, south, east, north), [11])
    assert listed == [Block(11, row, column) for row in (900, 902, 904) for column in (432, 434, 436)]


def test_an_extent_across_the_antimeridian_lists_blocks_of_both_sides() -> None:
    listed = blocks_in_extent((178.0, -18.0, -178.0, -17.0), [9])
    assert {block.column for block in listed} == {506, 508, 510, 0, 2}
    assert all(overlaps(block, [(178, -18), (-178, -18), (-178, -17), (178, -17)]) for block in listed)


def test_the_whole_world_is_covered_once_however_the_stride_divides_it() -> None:
    for stride in (1, 2, 3):
        listed = blocks_in_extent((-180, -85, 180, 85), [5], stride=stride)
        assert len(listed) == len(range(0, 32, stride)) * len(range(0, 29, stride))
        assert len(set(listed)) == len(listed)


@pytest.mark.parametrize(
    ("extent", "word"),
    [
        ((0, 10, 5, 10), "WEST,SOUTH,EAST,NORTH"),
        ((0, 20, 5, 10), "WEST,SOUTH,EAST,NORTH"),
        ((0, -95, 5, 10), "WEST,SOUTH,EAST,NORTH"),
        ((float("nan"), 0, 5, 10), "WEST,SOUTH,EAST,NORTH"),
        ((5, 0, 5, 10), "longitudes"),
        ((0, 0, 200, 10), "longitudes"),
    ],
)
def test_an_extent_that_is_none_is_refused(extent: tuple[float, float, float, float], word: str) -> None:
    with pytest.raises(InputError, match=word):
        blocks_in_extent(extent, [9])


def test_a_stride_or_zoom_that_is_too_small_is_refused() -> None:
    with pytest.raises(InputError, match="stride"):
        blocks_in_extent((0, 0, 5, 5), [9], stride=0)
    with pytest.raises(InputError, match="zoom of at least 2, not 1"):
        blocks_in_extent((0, 0, 5, 5), [1])


def test_a_block_across_the_antimeridian_knows_its_footprint() -> None:
    block = Block(9, 280, 510)
    assert block.center_lonlat[0] == pytest.approx(180)
    assert block.corners_lonlat[:, 0] == pytest.approx([178.59375, -178.59375, -178.59375, 178.59375])
    assert block.contains(179.5, -18)
    assert block.contains(-179.5, -18)
    assert not block.contains(177.5, -18)
    assert block_iou(block, block.corners_lonlat) == pytest.approx(1)
    assert block_iou(block, [(179.0, -18.5), (-179.0, -18.5), (-179.0, -17.5), (179.0, -17.5)]) > 0.1
    assert not overlaps(block, [(0.0, -18.5), (1.0, -18.5), (1.0, -17.5)])


@st.composite
def footprints(draw: st.DrawFn) -> np.ndarray:
    """A convex quadrilateral in units of a block (0 to 1), turned and stretched, in either sense."""
    angles = np.cumsum([draw(st.floats(0.6, 1.8)) for _ in range(4)])
    angles = angles * (2 * np.pi / (angles[-1] + 0.7)) + draw(st.floats(0, 6.3))
    middle = np.array([draw(st.floats(-0.5, 1.5)), draw(st.floats(-0.5, 1.5))])
    corners = middle + draw(st.floats(0.1, 1.2)) * np.column_stack((np.cos(angles), np.sin(angles)))
    return corners[:: draw(st.sampled_from([1, -1]))]


@given(footprints(), st.sampled_from([Block(9, 280, 510), Block(10, 300, 200), Block(6, 15, 62), Block(12, 600, 0)]))
def test_the_overlap_is_what_counting_pixels_gives(corners: np.ndarray, block: Block) -> None:
    xmin, ymin, _xmax, ymax = block.bounds_3857
    footprint = mercator_to_lonlat(corners * (ymax - ymin) + (xmin, ymin))
    footprint[:, 0] = (footprint[:, 0] + 180) % 360 - 180
    cells = 400  # a pixel side is 1/400 of the block; the canvas reaches 2 blocks beyond
    canvas = np.zeros((5 * cells, 5 * cells), np.uint8)
    cv2.fillPoly(canvas, [np.round((corners + 2) * cells * 16).astype(np.int32)], 1, shift=4)
    both = int(canvas[2 * cells : 3 * cells, 2 * cells : 3 * cells].sum())
    either = int(canvas.sum()) + cells**2 - both
    assert block_iou(block, footprint) == pytest.approx(both / either, abs=0.012)
    if both > 2 * cells:
        assert overlaps(block, footprint)
    if both == 0:
        assert block_iou(block, footprint) < 0.005


def test_a_footprint_with_a_corner_beyond_the_horizon_has_no_overlap_to_tell() -> None:
    with pytest.raises(ValueError, match="finite"):
        block_iou(Block(9, 280, 510), [(179, -18), (float("nan"), -18), (179, -17)])
