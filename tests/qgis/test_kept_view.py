"""Kept imagery on the map: the open sea, of which no fine tiles are kept, is not white."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from osgeo import gdal
from qgis.PyQt.QtCore import QBuffer, QIODevice
from qgis.PyQt.QtGui import QColor, QImage

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import WHOLE_TO, kept_file, remove_kept
from astroloc_qgis.qgis_adapters.on_map import kept_view
from astroloc_qgis.qgis_adapters.on_map.kept_view import view_of

SEA, LAND = QColor(10, 30, 90), QColor(120, 140, 70)
LAND_TILE = (40, 20)
"""Column and row, from the north, of the one tile of the finest zoom."""


def tile(colour):
    image, buffer = QImage(256, 256, QImage.Format.Format_RGB32), QBuffer()
    image.fill(colour)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")
    return bytes(buffer.data())


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Sea all over the world at the coarse zoom, and a tile of land at the next one, as they are kept."""
    monkeypatch.setenv("ASTROLOC_IMAGERY", str(tmp_path / "imagery"))
    path, sea = kept_file(BLUE_MARBLE), tile(SEA)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute(
            "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        about = {"format": "png", "minzoom": WHOLE_TO, "maxzoom": WHOLE_TO + 1, "bounds": "-180,-85.0511,180,85.0511"}
        database.executemany("INSERT INTO metadata VALUES (?, ?)", about.items())
        side = range(2**WHOLE_TO)
        tiles = [(WHOLE_TO, column, row, sea) for column in side for row in side]
        tiles.append((WHOLE_TO + 1, LAND_TILE[0], 2 ** (WHOLE_TO + 1) - 1 - LAND_TILE[1], tile(LAND)))
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", tiles)
        database.commit()
    return path


def colour_of(dataset, column, row):
    """The colour in the middle of a tile of the finest zoom."""
    return tuple(
        dataset.GetRasterBand(band).ReadRaster(column * 256 + 128, row * 256 + 128, 1, 1)[0] for band in (1, 2, 3)
    )


def test_where_the_finest_zoom_has_no_tile_the_coarse_one_shows(kept):
    view = view_of(kept)
    assert view == kept.with_suffix(".vrt")
    dataset = gdal.Open(str(view))
    assert dataset.RasterXSize == 256 * 2 ** (WHOLE_TO + 1)
    assert colour_of(dataset, *LAND_TILE) == LAND.getRgb()[:3]
    assert colour_of(dataset, LAND_TILE[0] + 3, LAND_TILE[1]) == SEA.getRgb()[:3]
    written = view.stat().st_mtime_ns
    assert view_of(kept) == view
    assert view.stat().st_mtime_ns == written
    dataset = None
    remove_kept(BLUE_MARBLE)
    assert list(kept.parent.iterdir()) == []


def test_where_it_cannot_be_written_the_file_itself_is_shown(kept, monkeypatch):
    def refuse(*_paths):
        raise OSError("read-only")

    monkeypatch.setattr(kept_view.Path, "replace", refuse)
    assert view_of(kept) == kept
