"""An index of a web service that fails in every way, for a while: complete, and the same as of one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import web_service
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window, block_window
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import Block
from tests.engine.imagery.tile_server import TileServer, tile_server
from tests.engine.index.faulty_service import FaultyTiles
from tests.engine.index.stand_ins import MODEL, Averages, contents
from tests.engine.synthetic import landscape

EXTENT = (0.0, -8.0, 8.0, 0.0)
LAND = landscape(1024, 3)


@pytest.fixture(autouse=True)
def short_pauses(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Averages, "image_size", 512)  # which asks for a few hundred tiles
    monkeypatch.setattr(web_service, "PAUSES_S", (0.05, 0.1, 0.2))
    monkeypatch.setattr(builder, "PIECE_BLOCKS", 16)


def build_from(server: TileServer, out: Path) -> Index:
    """A small index; tiles are cached in a folder of its own."""
    cache = f"<Cache><Path>{out}.tiles</Path></Cache>"
    return build_index(Reference.open(server.description(9, more=cache)), [9, 10], EXTENT, MODEL, out, stride=4)


def test_an_index_of_a_service_that_fails_for_a_while_is_the_same_as_of_one_that_does_not(tmp_path: Path) -> None:
    clean = FaultyTiles(LAND, errors=0, wrong=0)
    with tile_server(clean.answer) as server:
        expected = build_from(server, tmp_path / "clean")
    faulty = FaultyTiles(LAND, limits=(40,), limit_s=1.0, outage=90, outage_s=1.0)
    with tile_server(faulty.answer) as server:
        server.retry_after = 1
        built = build_from(server, tmp_path / "faulty")
    assert len(built) == len(expected) > 40
    assert contents(tmp_path / "faulty") == contents(tmp_path / "clean")
    assert {kind for kind, count in faulty.seen.items() if count} == {"away", "busy", "errors", "wrong"}


def test_a_service_is_asked_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(web_service, "pause", waited.append)
    with tile_server(lambda *_: 404 if waited else 429) as server:
        server.retry_after = 7
        Reference.open(server.description()).read(_window())
    assert waited == [7.0]
    waited.clear()
    with tile_server(lambda *_: 429) as server:
        server.retry_after = 1000
        reference = Reference.open(server.description())
        with pytest.raises(InputError, match="HTTP 429"):
            reference.read(_window())
    assert waited == []


def test_a_source_that_dies_costs_nothing_that_was_done(tmp_path: Path) -> None:
    tiles = FaultyTiles(LAND, errors=0, wrong=0, outage=90, outage_s=60.0)
    with tile_server(tiles.answer) as server:
        with pytest.raises(InputError, match="its server broke off: try again later"):
            build_from(server, tmp_path / "index")
        done = len(list((tmp_path / "index.partial").glob("piece-*.npz")))
        tiles.outage_s = 0.0
        tiles._away_until = 0.0
        before = len(server.asked)
        index = build_from(server, tmp_path / "index")
        assert done > 0
        assert 0 < len(server.asked) - before < before
    assert len(index) > 40


def _window() -> Window:
    return block_window(Block(9, 256, 256, 4), 1024)
