"""Tiled web services as references: missing tiles, failures that pass, failures that stay."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis import __version__
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery import web_service
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.progress import asking
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block
from tests.engine.imagery.tile_server import Answer, png, tile_server
from tests.engine.scene import MODEL, make_scene
from tests.engine.synthetic import landscape

LAND = landscape(1024, 3)
COLUMN = ROW = 256
"""The tiles of zoom 9 in whose corner longitude and latitude 0 are."""


def land(zoom: int, column: int, row: int) -> Answer:
    """Land that repeats every four tiles."""
    del zoom
    x, y = 256 * (column % 4), 256 * (row % 4)
    return png(LAND[y : y + 256, x : x + 256])


def tiles_window(columns: int = 2, rows: int = 2, zoom: int = 9) -> Window:
    """The very pixels of tiles south-east of longitude and latitude 0."""
    tile = 2 * HALF_WORLD_M / 2**zoom
    return Window("EPSG:3857", (0.0, -rows * tile, columns * tile, 0.0), 256 * columns, 256 * rows)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_service, "PAUSES_S", (0.01, 0.02, 0.03))


def at_first(status: int) -> Callable[[int, int, int], Answer]:
    """Answer the first two requests for each tile with a status."""
    asked: Counter[tuple[int, int, int]] = Counter()

    def answer(zoom: int, column: int, row: int) -> Answer:
        asked[zoom, column, row] += 1
        return status if asked[zoom, column, row] <= 2 else land(zoom, column, row)

    return answer


@pytest.mark.parametrize("status", [404, 204])
def test_a_missing_tile_is_no_data_and_not_black_ground(status: int) -> None:
    with tile_server(lambda z, x, y: status if x == COLUMN else land(z, x, y)) as server:
        rendering = Reference.open(server.description()).read(tiles_window())
    assert not rendering.mask[:, :255].any()
    assert rendering.mask[:, 257:].all()
    assert (rendering.pixels[:, 257:] == LAND[:512, 257:512]).all()


def test_tiles_that_are_there_are_read_as_without_an_alpha_band() -> None:
    with tile_server(land) as server:
        rendering = Reference.open(server.description()).read(tiles_window(4, 4))
    assert rendering.mask.all()
    assert (rendering.pixels == LAND).all()


def test_transparent_pixels_of_a_tile_are_no_data() -> None:
    tile = np.dstack((LAND[:256, :256], np.full((256, 256), 255, np.uint8)))
    tile[:128, :, 3] = 0
    with tile_server(lambda *_: png(tile)) as server:
        rendering = Reference.open(server.description()).read(tiles_window(1, 1))
    assert not rendering.mask[:127].any()
    assert rendering.mask[129:].all()


def test_a_description_in_a_file_is_adapted_as_well(tmp_path: Path) -> None:
    with tile_server(lambda *_: 404) as server:
        path = tmp_path / "layer.xml"
        path.write_text(server.description())
        assert not Reference.open(path).read(tiles_window()).mask.any()
    assert server.agents == {f"AstroLoc for QGIS/{__version__}"}


def test_the_server_is_told_who_asks() -> None:
    with tile_server(land) as server:
        Reference.open(server.description()).read(tiles_window(1, 1))
        Reference.open(server.description(more="<UserAgent>mine</UserAgent>")).read(tiles_window(1, 1))
    assert server.agents == {f"AstroLoc for QGIS/{__version__}", "mine"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_passes_does_not_end_the_work(status: int) -> None:
    with tile_server(at_first(status)) as server:
        rendering = Reference.open(server.description()).read(tiles_window(2, 2))
    assert rendering.mask.all()
    assert (rendering.pixels == LAND[:512, :512]).all()


def test_a_connection_that_breaks_once_does_not_end_the_work() -> None:
    answers = [None]
    with tile_server(lambda z, x, y: answers.pop() if answers else land(z, x, y)) as server:
        assert Reference.open(server.description()).read(tiles_window(1, 1)).mask.all()


def test_a_server_that_is_slow_once_does_not_end_the_work() -> None:
    slow = [1.5]

    def answer(zoom: int, column: int, row: int) -> Answer:
        if slow:
            time.sleep(slow.pop())
        return land(zoom, column, row)

    with tile_server(answer) as server:
        assert Reference.open(server.description(more="<Timeout>1</Timeout>")).read(tiles_window(1, 1)).mask.all()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "could not be read: its server answered HTTP 503 (Service Unavailable): try again later."),
        (429, "could not be read: its server answered HTTP 429 (Too Many Requests): try again later."),
        (403, "could not be read: its server answered HTTP 403 (Forbidden): it wants a login, or does not serve"),
        (410, "could not be read: its server answered HTTP 410 (Gone): check its address"),
        (None, "could not be read: its server broke off: try again later."),
        (b"<html>Please log in</html>", "could not be read: its server sent something that is no picture: check"),
    ],
)
def test_a_failure_that_stays_is_named(status: Answer, words: str) -> None:
    with tile_server(lambda *_: status) as server, pytest.raises(InputError) as caught:
        Reference.open(server.description()).read(tiles_window(1, 1))
    assert str(caught.value).startswith(f"The reference imagery {server.address}/${{z}}/${{x}}/${{y}}.png ")
    assert words in str(caught.value)
    tries = {503: 4, 429: 4, None: 4, 403: 1, 410: 1}.get(status, web_service.ODD_TRIES)
    assert server.asked.count((9, COLUMN, ROW)) == tries


def test_a_server_that_is_not_there_is_named() -> None:
    with tile_server(land) as server:
        pass
    with pytest.raises(InputError, match="its server cannot be reached: check its address, the network"):
        Reference.open(server.description()).read(tiles_window(1, 1))


def test_a_pause_ends_when_the_work_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_service, "PAUSES_S", (60.0,))
    until = time.monotonic() + 0.5

    def ask() -> None:
        if time.monotonic() > until:
            raise Cancelled

    with tile_server(lambda *_: 503) as server:
        reference = Reference.open(server.description())
        with asking(ask), pytest.raises(Cancelled):
            reference.read(tiles_window(1, 1))
    assert time.monotonic() < until + 5


@pytest.mark.parametrize("status", [404, 204])
def test_no_index_is_built_of_a_layer_that_gave_nothing_but_errors(tmp_path: Path, status: int) -> None:
    with tile_server(lambda *_: status) as server, pytest.raises(InputError) as caught:
        build_index(Reference.open(server.description()), [9], (0, -3, 3, 0), MODEL, tmp_path / "index")
    assert str(caught.value).startswith(f"The reference imagery {server.address}/${{z}}/${{x}}/${{y}}.png gave no")
    assert f"its server answered HTTP {status} " in str(caught.value)
    assert not (tmp_path / "index").exists()
    assert not (tmp_path / "index.partial").exists()


def test_blocks_of_missing_tiles_are_left_out_of_an_index_and_counted(tmp_path: Path) -> None:
    with tile_server(lambda z, x, y: 404 if x * 2 ** (9 - z) >= COLUMN + 4 else land(z, x, y)) as server:
        index = build_index(Reference.open(server.description()), [9], (0, -3, 6, 0), MODEL, tmp_path / "index")
    columns = {int(column) for column in index.blocks[:, 2]}
    assert max(columns) <= COLUMN + 2
    assert sum(index.info.skipped.values()) > 0


def test_a_single_503_does_not_end_the_building_of_an_index(tmp_path: Path) -> None:
    answers = [503, 503]
    with tile_server(lambda z, x, y: answers.pop() if answers else land(z, x, y)) as server:
        index = build_index(Reference.open(server.description()), [9], (0, -3, 3, 0), MODEL, tmp_path / "index")
    assert len(index) > 0


def test_a_photo_is_not_just_not_localized_with_a_layer_that_gave_nothing_but_errors(tmp_path: Path) -> None:
    photo = make_scene().photo
    words = r"gave no picture at all: its server answered HTTP 404 \(Not Found\)"
    with tile_server(lambda *_: 404) as server, pytest.raises(InputError, match=words):
        pipeline.refine(photo, server.description(), tmp_path / "out", block=Block(9, 256, 256, 4), matcher="sift")
    assert not (tmp_path / "out").exists()
