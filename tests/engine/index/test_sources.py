"""Every kind of raster that an index is built of: each gives the index that the same GeoTIFF gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import HALF_WORLD_M
from tests.engine.imagery.tile_server import png
from tests.engine.index.stand_ins import build_histogram_index

ZOOM, COLUMN, ROW = 12, 2171, 1458
"""Of the first of the four by four tiles that sources are made of."""


@pytest.fixture(scope="module")
def tiled(larger_imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The imagery on the grid of tiles of the web map, so that no format has to resample it."""
    path = tmp_path_factory.mktemp("tiled") / "map.tif"
    side = 2 * HALF_WORLD_M / 2**ZOOM
    left, top = COLUMN * side - HALF_WORLD_M, HALF_WORLD_M - ROW * side
    bounds = (left, top - 4 * side, left + 4 * side, top)
    gdal.Warp(str(path), str(larger_imagery), dstSRS="EPSG:3857", outputBounds=bounds, width=1024, height=1024)
    return path


def translated(driver: str, name: str, *options: str) -> Callable[[Path, Path], str]:
    """Writes the imagery in a format."""

    def make(tiled: Path, folder: Path) -> str:
        gdal.Translate(str(folder / name), str(tiled), format=driver, creationOptions=list(options))
        return str(folder / name)

    return make


def mosaic(tiled: Path, folder: Path) -> str:
    halves = [folder / "west.tif", folder / "east.tif"]
    for number, half in enumerate(halves):
        gdal.Translate(str(half), str(tiled), srcWin=[512 * number, 0, 512, 1024])
    gdal.BuildVRT(str(folder / "all.vrt"), [str(half) for half in halves]).FlushCache()
    return str(folder / "all.vrt")


def folder_of_tiles(tiled: Path, folder: Path, *, rows_from_south: bool = False) -> str:
    pixels = gdal.Open(str(tiled)).ReadAsArray().transpose(1, 2, 0)
    for row in range(4):
        for column in range(4):
            number = 2**ZOOM - 1 - (ROW + row) if rows_from_south else ROW + row
            path = folder / "tiles" / str(ZOOM) / str(COLUMN + column) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(np.ascontiguousarray(pixels[256 * row :, 256 * column :][:256, :256])))
    return str(folder / "tiles")


def folder_of_a_tile_map_service(tiled: Path, folder: Path) -> str:
    made = Path(folder_of_tiles(tiled, folder, rows_from_south=True))
    (made / "tilemapresource.xml").write_text("<TileMap/>")
    return str(made)


def stac_item(tiled: Path, folder: Path) -> str:
    path = folder / "item.json"
    path.write_text(json.dumps(item_of(tiled)))
    return str(path)


def stac_items(tiled: Path, folder: Path) -> str:
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "stac_version": "1.0.0", "features": [item_of(tiled)]}))
    return f'STACIT:"{path}":asset=visual'


def item_of(tiled: Path) -> dict:
    left, step, _, top, _, _ = gdal.Open(str(tiled)).GetGeoTransform()
    properties = {
        "datetime": "2024-01-01T00:00:00Z",
        "proj:epsg": 3857,
        "proj:transform": [step, 0, left, 0, -step, top],
        "proj:shape": [1024, 1024],
        "proj:bbox": [left, top - 1024 * step, left + 1024 * step, top],
    }
    assets = {
        "thumbnail": {"href": "small.png", "type": "image/png", "roles": ["thumbnail"]},
        "visual": {"href": str(tiled), "type": "image/tiff; application=geotiff", "roles": ["visual"]},
    }
    projection = "https://stac-extensions.github.io/projection/v1.0.0/schema.json"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [projection],
        "id": "one",
        "collection": "some",
        "links": [],
        "bbox": [10.8, 45.8, 11.2, 46.2],
        "geometry": None,
        "properties": properties,
        "assets": assets,
    }


SOURCES = {
    "COG": translated("COG", "map.cog.tif"),
    "MBTiles": translated("MBTiles", "map.mbtiles", "TILE_FORMAT=PNG"),
    "GPKG": translated("GPKG", "map.gpkg", "TILE_FORMAT=PNG", "TILING_SCHEME=GoogleMapsCompatible"),
    "VRT": mosaic,
    "WMS": folder_of_tiles,
    "TMS": folder_of_a_tile_map_service,
    "STAC": stac_item,
    "STACIT": stac_items,
}


@pytest.fixture(scope="module")
def expected(tiled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list, np.ndarray]:
    return content_of(build_histogram_index(tiled, tmp_path_factory.mktemp("expected") / "index", zooms=[12, 13]))


def content_of(index: Index) -> tuple[list, np.ndarray]:
    """The blocks that lie wholly within the imagery, and their vectors."""
    scale = 2 ** (index.blocks[:, 0] - ZOOM)
    within = np.ones(len(index), dtype=bool)
    for axis, first in ((1, ROW), (2, COLUMN)):
        start = index.blocks[:, axis]
        within &= (start >= first * scale) & (start + index.info.block_size <= (first + 4) * scale)
    return index.blocks[within].tolist(), index.vectors(np.flatnonzero(within))


@pytest.mark.parametrize("kind", SOURCES)
def test_an_index_of_each_kind_of_raster_is_that_of_the_geotiff(
    kind: str, tiled: Path, expected: tuple[list, np.ndarray], tmp_path: Path
) -> None:
    if gdal.GetDriverByName({"TMS": "WMS", "STAC": "GTiff"}.get(kind, kind)) is None:
        pytest.skip(f"this GDAL has no driver {kind}")
    source = SOURCES[kind](tiled, tmp_path)
    extent = Reference.open(tiled).extent_lonlat
    index = build_histogram_index(source, tmp_path / "index", zooms=[12, 13], extent=extent)  # type: ignore[arg-type]
    blocks, vectors = content_of(index)
    assert blocks == expected[0]
    assert len(blocks) > 8
    assert (vectors * expected[1]).sum(axis=1).min() > 0.98  # overviews are averaged a little differently


def test_what_cannot_be_read_is_told_in_one_sentence_with_a_way_out(tiled: Path, tmp_path: Path) -> None:
    (tmp_path / "map.pmtiles").write_bytes(b"PMTiles\x03" + bytes(200))
    with pytest.raises(InputError, match=r"GDAL \d.* reads no pictures in PMTiles: convert it to MBTiles, with"):
        Reference.open(tmp_path / "map.pmtiles")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="neither a raster with a position on Earth nor tiles ZOOM"):
        Reference.open(tmp_path / "folder")
    item = item_of(tiled)
    item["assets"] = {"metadata": {"href": "a.xml", "type": "application/xml"}}
    (tmp_path / "item.json").write_text(json.dumps(item))
    with pytest.raises(InputError, match="names no picture among its assets"):
        Reference.open(tmp_path / "item.json")
