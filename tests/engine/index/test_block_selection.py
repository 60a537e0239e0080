"""The blocks of an index: with data and detail, of land, of given strides, or given one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from osgeo import gdal

from astroloc_qgis.engine.block_table import overlaps_extent
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import Labels
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import (
    Block,
)
from tests.engine.index.stand_ins import (
    build_histogram_index,
)
from tests.engine.synthetic import landscape, write_raster


def test_zooms_too_fine_or_too_coarse_for_the_imagery_are_refused(build, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too coarse for zooms 17"):
        build(zooms=[17], extent=(10.99, 45.99, 11.01, 46.01))
    with pytest.raises(InputError, match="no block of zooms 5"):
        build(zooms=[5])
    with pytest.raises(InputError, match="no block of zooms 11"):
        build(zooms=[11], extent=(20, 40, 21, 41))
    assert list(tmp_path.iterdir()) == []


def test_a_mosaic_with_holes_and_two_resolutions_gives_only_blocks_with_data_and_detail(build, tmp_path: Path) -> None:
    # Two scenes of 6 x 6 tiles, far apart: 85 px a tile of zoom 12, and 14 px a tile of zoom 10. The stand-in for a
    # model takes 64 px a side, so a block needs 16: the coarse scene has 28 of them at zoom 11, and 14 at zoom 12.
    boxes = {}
    for name, size, zoom, row, column in (("fine", 512, 12, 1460, 2172), ("coarse", 84, 10, 400, 600)):
        tile = Block(zoom, row, column, 1)
        left, top = tile.bounds_3857[0], tile.bounds_3857[3]
        step = 6 * tile.tile_m / size
        write_raster(
            tmp_path / f"{name}.tif", landscape(size, 1), "EPSG:3857", (left, step, 0, top, 0, -step), overviews=False
        )
        boxes[name] = (left, top - size * step, left + size * step, top)
    vrt = tmp_path / "all.vrt"
    gdal.BuildVRT(str(vrt), [str(tmp_path / f"{name}.tif") for name in boxes], resolution="highest").FlushCache()

    index = build(imagery=vrt, zooms=[9, 10, 11, 12, 13])

    def inside(block: Block, name: str) -> float:
        xmin, ymin, xmax, ymax = boxes[name]
        left, bottom, right, top = block.bounds_3857
        wide, high = min(right, xmax) - max(left, xmin), min(top, ymax) - max(bottom, ymin)
        return max(wide, 0) * max(high, 0) / (right - left) ** 2

    blocks = [index.block(number) for number in range(len(index))]
    assert all(inside(block, "fine") >= 0.49 or inside(block, "coarse") >= 0.49 for block in blocks)
    assert {block.zoom for block in blocks if inside(block, "coarse") > 0} == {9, 10, 11}
    assert {block.zoom for block in blocks if inside(block, "fine") > 0} == {11, 12, 13}
    assert Block(10, 400, 600) in blocks
    assert Block(12, 1460, 2172) in blocks


def test_a_mosaic_that_spans_the_world_is_indexed_where_it_has_data(build, tmp_path: Path) -> None:
    size, zoom = 256, 15
    folder = tmp_path / "scenes"
    folder.mkdir()
    tiles = [Block(zoom, 8000, column, 1) for column in (1000, 31000)]
    for tile in tiles:
        step = 4 * tile.tile_m / size
        left, top = tile.bounds_3857[0], tile.bounds_3857[3]
        write_raster(folder / f"{tile.column}.tif", landscape(size, 1), "EPSG:3857", [left, step, 0, top, 0, -step])
    write_raster(  # so that the extent has some 100 million blocks
        folder / "coarse.tif", landscape(16, 1), "EPSG:3857", [-1.9e7, 2000, 0, -7e6, 0, -2000]
    )
    index = build(imagery=folder, zooms=[zoom])
    found = {(block.row, block.column) for block in map(index.block, range(len(index)))}
    assert {(tile.row, tile.column) for tile in tiles} <= found
    assert all(min(abs(column - tile.column) for tile in tiles) <= 2 for _, column in found)
    with pytest.raises(InputError, match="million blocks: choose lower zooms"):
        build("finer", imagery=folder, zooms=[30])


def test_strides_may_differ_by_zoom(larger_imagery: Path, tmp_path: Path) -> None:
    index = build_histogram_index(larger_imagery, tmp_path / "index", stride={11: 2, 12: 3})
    for zoom, stride in ((11, 2), (12, 3)):
        own = index.blocks[index.blocks[:, 0] == zoom]
        assert len(own) > 1
        assert (own[:, 1:] % stride == 0).all()
    assert Index.open(tmp_path / "index").info.stride == {11: 2, 12: 3}
    assert len(build_histogram_index(larger_imagery, tmp_path / "index", stride={11: 2, 12: 3})) == len(index)
    with pytest.raises(InputError, match="There is already an index"):
        build_histogram_index(larger_imagery, tmp_path / "index", stride=2)


def test_some_zooms_may_end_south_of_the_others(larger_imagery: Path, tmp_path: Path) -> None:
    every = build_histogram_index(larger_imagery, tmp_path / "all")
    _, south, _, north = every.info.extent
    limit = south + 0.4 * (north - south)
    index = build_histogram_index(larger_imagery, tmp_path / "index", northern_limits={12: limit})
    fine = every.blocks[:, 0] == 12
    beyond = fine & ~overlaps_extent(every.blocks, 4, (*every.info.extent[:3], limit))
    assert beyond.any()
    assert set(map(tuple, index.blocks)) == set(map(tuple, every.blocks[~beyond]))
    assert index.info.extent == every.info.extent
    assert Index.open(tmp_path / "index").info.northern_limits == {12: limit}
    with pytest.raises(InputError, match="There is already an index"):
        build_histogram_index(larger_imagery, tmp_path / "index")
    coarse = build_histogram_index(larger_imagery, tmp_path / "coarse", northern_limits={12: south - 1})
    assert set(coarse.info.counts) == {11}


def test_the_blocks_can_be_given(larger_imagery: Path, tmp_path: Path) -> None:
    every = build_histogram_index(larger_imagery, tmp_path / "all")
    some = every.blocks[::3]
    index = build_histogram_index(larger_imagery, tmp_path / "some", blocks=some)
    assert set(map(tuple, index.blocks)) == set(map(tuple, some))
    with pytest.raises(InputError, match="There is already an index"):
        build_histogram_index(larger_imagery, tmp_path / "some", blocks=every.blocks[::2])


def test_an_index_can_name_imagery_that_others_can_reach(larger_imagery: Path, tmp_path: Path) -> None:
    labels = Labels(title="Mine", licence="CC0", imagery_uri="https://example.org/map", attribution="Somebody")
    build_histogram_index(larger_imagery, tmp_path / "index", labels=labels)
    stored = json.loads((tmp_path / "index" / "index.json").read_text())
    assert [stored[key] for key in ("title", "licence", "imagery_uri", "attribution")] == [
        "Mine",
        "CC0",
        "https://example.org/map",
        "Somebody",
    ]
    assert str(larger_imagery.parent) not in json.dumps(stored)
    assert len(build_histogram_index(larger_imagery, tmp_path / "index", labels=labels)) > 0
