"""Imagery that GDAL has no driver for, but that says where its pictures are: a folder of tiles, a STAC item.

GDAL's own driver STACIT opens collections of items, as a search gives them; not one item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.tiles import HALF_WORLD_M

_PICTURES = re.compile(r"\d+\.(png|jpe?g|webp)", re.IGNORECASE)
_TILE_MAP = "tilemapresource.xml"
"""A folder with it (of gdal2tiles, say) counts rows from the south, as the Tile Map Service does."""
_MOST_JSON = 10_000_000


def opened(uri: str) -> gdal.Dataset | None:
    """Open a folder of tiles, or the picture of a STAC item; None for anything else.

    Raises:
        InputError: a STAC item without a picture.
        RuntimeError: by GDAL.
    """
    if "<" in uri:
        return None
    path = Path(uri)
    if path.is_dir():
        description = folder_of_tiles(path)
        return None if description is None else gdal.OpenEx(description, gdal.OF_RASTER | gdal.OF_READONLY)
    if path.suffix.lower() in (".json", ".geojson") and (item := _stac_item(path)) is not None:
        return gdal.OpenEx(picture_of(item, path), gdal.OF_RASTER | gdal.OF_READONLY)
    return None


def folder_of_tiles(folder: Path) -> str | None:
    """The description, as GDAL's WMS driver opens it, of a folder of tiles ZOOM/COLUMN/ROW.png of the web map.

    Returns:
        None where it is no such folder.
    """
    zooms = _numbers(folder)
    finest = folder / str(zooms[-1]) if zooms else folder
    columns = (finest / str(column) for column in _numbers(finest)) if zooms else iter(())
    one = next((path for column in columns for path in column.iterdir() if _PICTURES.fullmatch(path.name)), None)
    if one is None:
        return None
    side = gdal.OpenEx(str(one), gdal.OF_RASTER | gdal.OF_READONLY).RasterXSize
    coarsest = zooms[-1]
    while coarsest - 1 in zooms:
        coarsest -= 1
    finer, from_south = zooms[-1] - coarsest, (folder / _TILE_MAP).is_file()
    left, top, right, bottom = (0, 0, 2**coarsest, 2**coarsest) if from_south else _tiles(folder / str(coarsest))
    tile_m = 2 * HALF_WORLD_M / 2**coarsest
    west, north = left * tile_m - HALF_WORLD_M, HALF_WORLD_M - top * tile_m
    east, south = right * tile_m - HALF_WORLD_M, HALF_WORLD_M - bottom * tile_m
    address = escape(f"{folder.absolute().as_uri()}/${{z}}/${{x}}/${{y}}{one.suffix}")
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{address}</ServerUrl></Service><DataWindow>'
        f"<UpperLeftX>{west}</UpperLeftX><UpperLeftY>{north}</UpperLeftY><LowerRightX>{east}</LowerRightX>"
        f"<LowerRightY>{south}</LowerRightY><TileLevel>{zooms[-1]}</TileLevel><TileX>{left << finer}</TileX>"
        f"<TileY>{top << finer}</TileY><SizeX>{(right - left << finer) * side}</SizeX>"
        f"<SizeY>{(bottom - top << finer) * side}</SizeY><YOrigin>{'bottom' if from_south else 'top'}</YOrigin>"
        f"</DataWindow><Projection>EPSG:3857</Projection><OverviewCount>{finer}</OverviewCount>"
        f"<BlockSizeX>{side}</BlockSizeX><BlockSizeY>{side}</BlockSizeY><BandsCount>3</BandsCount>"
        "<ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes></GDAL_WMS>"
    )


def _numbers(folder: Path) -> list[int]:
    """The numbers that folders in a folder are named by, ascending."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit() and path.is_dir())


def _tiles(folder: Path) -> tuple[int, int, int, int]:
    """The first column and row of the tiles of a zoom, and those behind the last."""
    columns = _numbers(folder)
    rows = [
        int(path.stem)
        for column in columns
        for path in (folder / str(column)).iterdir()
        if _PICTURES.fullmatch(path.name)
    ]
    return columns[0], min(rows, default=0), columns[-1] + 1, max(rows, default=0) + 1


def picture_of(item: Mapping[str, Any], path: Path) -> str:
    """The address of an item's picture, as GDAL opens it: the asset "visual", else the first that is a picture.

    Args:
        item: of STAC.
        path: its file; addresses are relative to it.

    Raises:
        InputError: it has none.
    """
    assets = [(name, asset) for name, asset in item["assets"].items() if isinstance(asset, dict) and asset.get("href")]

    def rank(entry: tuple[str, Mapping[str, Any]]) -> int:
        name, asset = entry
        roles = asset.get("roles") or ()
        if name == "visual" or "visual" in roles:
            return 0
        if "thumbnail" in roles or "overview" in roles or not str(asset.get("type", "")).startswith("image/"):
            return 3
        return 1 if "data" in roles else 2

    best = min(assets, key=rank, default=None)
    if best is None or rank(best) == 3:
        raise InputError(f"The STAC item {path} names no picture among its assets: choose a file that it names.")
    href = str(best[1]["href"])
    if href.startswith(("http://", "https://")):
        return f"/vsicurl/{href}"
    if href.startswith("s3://"):
        return f"/vsis3/{href.removeprefix('s3://')}"
    return str(path.parent / href.removeprefix("file://"))


def hint_for(uri: str) -> str:
    """What to do with imagery of a known format that this GDAL does not read; empty for any other."""
    if uri.lower().split("?")[0].endswith(".pmtiles"):
        return (
            f"GDAL {gdal.__version__} reads no pictures in PMTiles: convert it to MBTiles, with pmtiles-convert of the "
            "Python package pmtiles"
        )
    return ""


def _stac_item(path: Path) -> Mapping[str, Any] | None:
    try:
        if path.stat().st_size > _MOST_JSON:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_item = isinstance(found, dict) and found.get("type") == "Feature" and isinstance(found.get("assets"), dict)
    return found if is_item and "stac_version" in found else None
