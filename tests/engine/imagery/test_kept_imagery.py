"""Blue Marble kept on this computer: fetched from a server, resumed, checked, read in the service's place."""

from __future__ import annotations

import http.server
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery import web_service
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept import keeping
from astroloc_qgis.engine.imagery.kept.keeping import Part, adopt_file, check_file, checked_address, keep_service
from astroloc_qgis.engine.imagery.kept.places import ADDRESS_VARIABLE, kept_copy, kept_file, part_file, remove_kept
from astroloc_qgis.engine.imagery.kept.tile_fetching import tile_problem
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.tiles import HALF_WORLD_M
from tests.engine.scene import Run

SMALL = Part(whole_to=1, zoom=3, least=4)
"""A part of few tiles: zooms 0 and 1 whole, 2 and 3 on land."""
SEA, LAND = (10, 30, 90), (120, 140, 70)
Answer = Callable[[int, int, int, int], tuple[int, dict[str, str], bytes]]


def jpeg(colour: tuple[int, int, int], side: int = 256) -> bytes:
    picture = np.full((side, side, 3), colour[::-1], np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def tile(zoom: int, column: int, row: int) -> bytes:
    """Land in four tiles of zoom 3 about longitude -45, latitude 0; sea elsewhere."""
    step = 256 * 2**zoom // 8
    picture = np.full((256, 256, 3), SEA[::-1], np.uint8)
    x, y = 2 * step - 256 * column, 3 * step - 256 * row
    picture[max(y, 0) : max(y + 2 * step, 0), max(x, 0) : max(x + 2 * step, 0)] = LAND[::-1]
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


@dataclass
class Served:
    address: str
    asked: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    connections: set[tuple[str, int]] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)


@contextmanager
def server(answer: Answer) -> Iterator[Served]:
    """Serve /z/y/x.jpeg; an answer is a status, headers and a content, for zoom, column, row and number of the try."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            zoom, row, column = (int(part) for part in self.path.strip("/").removesuffix(".jpeg").split("/"))
            state.asked[zoom, column, row] += 1
            state.connections.add(self.client_address)
            state.agents.add(self.headers.get("User-Agent", ""))
            status, headers, content = answer(zoom, column, row, state.asked[zoom, column, row])
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    state = Served(f"http://127.0.0.1:{served.server_port}/${{z}}/${{y}}/${{x}}.jpeg")
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        served.shutdown()
        served.server_close()


def good(zoom: int, column: int, row: int, _number: int) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, tile(zoom, column, row)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASTROLOC_IMAGERY", str(tmp_path / "imagery"))
    monkeypatch.setattr(web_service, "PAUSES_S", (0.01, 0.02, 0.03))
    return tmp_path / "imagery"


def tiles_of(path: Path) -> set[tuple[int, int, int]]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT zoom_level, tile_column, tile_row FROM tiles").fetchall()
    return {(zoom, column, 2**zoom - 1 - row) for zoom, column, row in rows}


def test_the_world_is_kept_coarsely_and_land_and_coast_finely() -> None:
    told = []
    with server(good) as served:
        path = keep_service(part=SMALL, address=served.address, progress=lambda *step: told.append(step))
    assert path == kept_file(BLUE_MARBLE)
    there = tiles_of(path)
    assert {one for one in there if one[0] <= 1} == {(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1)}
    assert {(2, 1, 1), (2, 1, 2), (3, 2, 3), (3, 3, 4)} <= there
    assert (3, 7, 4) not in there, "far from the land there is only sea"
    assert set(served.asked.values()) == {1}
    assert len(served.connections) <= 12, "connections stay open: two rounds of at most six"
    assert served.agents == {web_service.USER_AGENT}
    assert told[-1] == ("fetch", 1.0)
    assert [part for _, part in told] == sorted(part for _, part in told)
    assert [each.name for each in path.parent.iterdir()] == ["blue-marble.mbtiles"]


def test_a_mirror_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(good) as served:
        monkeypatch.setenv(ADDRESS_VARIABLE, served.address.replace("$", ""))
        keep_service(part=SMALL)
    assert served.asked
    monkeypatch.setenv(ADDRESS_VARIABLE, "https://example.org/tiles")
    remove_kept(BLUE_MARBLE)
    with pytest.raises(InputError, match=r"no address of tiles"):
        keep_service(part=SMALL)


def test_what_is_kept_is_read_wherever_the_service_is_named() -> None:
    with server(good) as served:
        keep_service(part=SMALL, address=served.address)
    uri = BLUE_MARBLE.uri()
    assert kept_copy(uri) == kept_file(BLUE_MARBLE)
    for name in (uri, "blue-marble"):  # the test has no network: a tile of the service would not come
        reference = Reference.open(name)
        side = HALF_WORLD_M / 4
        seen = reference.read(Window("EPSG:3857", (-side, -side, 0.0, 0.0), 64, 64))
        reference.close()
        assert seen.mask.all()
        assert np.abs(seen.pixels[8:-8, 8:-8].astype(int) - LAND).max() < 12
        assert reference.uri == uri
        assert "Blue Marble" in reference.attribution
    remove_kept(BLUE_MARBLE)
    assert kept_copy(uri) is None


def test_a_download_that_was_cancelled_goes_on_where_it_was() -> None:
    def until(_stage: str, _fraction: float) -> None:
        if sum(served.asked.values()) > 4:
            raise Cancelled

    with server(good) as served:
        with pytest.raises(Cancelled):
            keep_service(part=SMALL, address=served.address, connections=1, progress=until)
        assert not kept_file(BLUE_MARBLE).exists()
        before = tiles_of(part_file(BLUE_MARBLE))
        assert before
        first = Counter(served.asked)
        keep_service(part=SMALL, address=served.address)
    assert all(served.asked[one] == first[one] for one in before), "no tile that was there is fetched again"


def test_a_process_that_is_killed_loses_nothing_that_was_put_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()

    def answer(zoom: int, column: int, row: int, number: int) -> tuple[int, dict[str, str], bytes]:
        if zoom == 3 and not slow.is_set():
            time.sleep(0.2)
        return good(zoom, column, row, number)

    program = (
        "from astroloc_qgis.engine.imagery.kept import keeping\n"
        "keeping.COMMIT_EVERY = 1\n"
        "import sys\n"
        "keeping.keep_service(part=keeping.Part(whole_to=1, zoom=3, least=4), address=sys.argv[1], connections=1)\n"
    )
    with server(answer) as served:
        process = subprocess.Popen([sys.executable, "-c", program, served.address])
        deadline = time.monotonic() + 60
        while sum(1 for one in list(served.asked) if one[0] == 3) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
        first = Counter(served.asked)
        slow.set()
        keep_service(part=SMALL, address=served.address)
    again = [one for one in first if served.asked[one] > first[one]]
    assert len(again) <= 3, "only what was on its way"
    assert {(2, 1, 1), (2, 1, 2), (3, 2, 3), (3, 3, 4)} <= tiles_of(kept_file(BLUE_MARBLE))


def test_a_part_that_is_damaged_is_begun_again(folder: Path) -> None:
    folder.mkdir()
    part_file(BLUE_MARBLE).write_bytes(b"no database at all" * 100)
    with server(good) as served:
        keep_service(part=SMALL, address=served.address)
    assert (3, 3, 4) in tiles_of(kept_file(BLUE_MARBLE))


BAD = {
    "cut short": tile(1, 0, 0)[:-200],
    "no picture": b"<html>sign in</html>",
    "another size": jpeg(SEA, 128),
    "empty": b"",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_tile_is_asked_for_again_and_never_kept(kind: str) -> None:
    def answer(zoom: int, column: int, row: int, number: int) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, BAD[kind]) if zoom == 1 and number == 1 else good(zoom, column, row, number)

    with server(answer) as served:
        path = keep_service(part=SMALL, address=served.address)
    assert served.asked[1, 0, 0] == 2
    with closing(sqlite3.connect(path)) as database:
        assert all(not tile_problem(content) for (content,) in database.execute("SELECT tile_data FROM tiles"))


def test_a_tile_that_stays_bad_ends_it_in_one_sentence() -> None:
    with server(lambda *_: (200, {}, b"<html>")) as served, pytest.raises(InputError) as refused:
        keep_service(part=SMALL, address=served.address)
    assert str(refused.value).startswith(
        "Blue Marble (NASA) could not be fetched: its server sent something that is no"
    )
    assert not kept_file(BLUE_MARBLE).exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_is_waited_for(status: int) -> None:
    def answer(zoom: int, column: int, row: int, number: int) -> tuple[int, dict[str, str], bytes]:
        return (status, {}, b"") if number == 1 else good(zoom, column, row, number)

    with server(answer) as served:
        keep_service(part=SMALL, address=served.address)
    assert set(served.asked.values()) == {2}


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    times = []

    def answer(zoom: int, column: int, row: int, number: int) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        return (429, {"Retry-After": "1"}, b"") if len(times) == 1 else good(zoom, column, row, number)

    with server(answer) as served:
        keep_service(part=SMALL, address=served.address, connections=1)
    assert times[1] - times[0] >= 0.9


@pytest.mark.parametrize(("status", "words"), [(404, "HTTP 404"), (403, "wants a login"), (500, "HTTP 500")])
def test_a_failure_that_stays_is_named(status: int, words: str) -> None:
    with server(lambda *_: (status, {}, b"")) as served, pytest.raises(InputError, match=words):
        keep_service(part=SMALL, address=served.address)


def test_without_a_network_it_says_so_and_what_came_stays() -> None:
    with server(lambda z, c, r, n: good(z, c, r, n) if z == 0 else (500, {}, b"")) as served:
        with pytest.raises(InputError, match="HTTP 500"):
            keep_service(part=SMALL, address=served.address)
        address = served.address
    assert tiles_of(part_file(BLUE_MARBLE)) == {(0, 0, 0)}
    with pytest.raises(InputError, match="cannot be reached"):
        keep_service(part=SMALL, address=address)


def test_two_processes_do_not_fetch_at_once() -> None:
    with keeping.TileStore(part_file(BLUE_MARBLE)), pytest.raises(InputError, match="already, by another AstroLoc"):
        keep_service(part=SMALL, address="http://127.0.0.1:9/${z}/${y}/${x}.jpeg")


def test_a_full_disk_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = keeping.shutil.disk_usage(os.curdir)
    monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _path: usage._replace(free=5_000_000))
    with pytest.raises(InputError, match="5 MB free, and 187 MB are needed"):
        keep_service(part=SMALL, address="http://127.0.0.1:9/${z}/${y}/${x}.jpeg")


@pytest.fixture
def users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of tiles that the user has."""
    with server(good) as served:
        path = keep_service(part=SMALL, address=served.address)
    return path.rename(tmp_path / "mine.mbtiles")


def test_a_file_that_the_user_has_is_checked_and_copied(users_file: Path, folder: Path) -> None:
    told = []
    path = adopt_file(users_file, part=SMALL, progress=lambda *step: told.append(step))
    assert path.read_bytes() == users_file.read_bytes()
    assert told[-1] == ("fetch", 1.0)
    assert [each.name for each in folder.iterdir()] == ["blue-marble.mbtiles"]


def test_a_file_that_cannot_stand_for_blue_marble_is_refused(users_file: Path, tmp_path: Path) -> None:
    def refusal(change: str, part: Part = SMALL) -> str:
        path = tmp_path / "changed.mbtiles"
        path.write_bytes(users_file.read_bytes())
        with closing(sqlite3.connect(path)) as database:
            database.execute(change)
            database.commit()
        with pytest.raises(InputError) as refused:
            check_file(path, part=part)
        return str(refused.value)

    nothing = "UPDATE metadata SET value = value"
    assert "lacks zoom 3" in refusal("DELETE FROM tiles WHERE zoom_level = 3")
    assert "the format 'pbf'" in refusal("UPDATE metadata SET value = 'pbf' WHERE name = 'format'")
    assert "only a part of the world" in refusal(nothing, replace(SMALL, least=9000))
    assert "cannot be used" in refusal("UPDATE tiles SET tile_data = x'00' WHERE zoom_level = 3")
    assert "lacks zoom 5" in refusal(nothing, Part())
    (tmp_path / "text.mbtiles").write_text("no tiles")
    with pytest.raises(InputError, match="no MBTiles file"):
        check_file(tmp_path / "text.mbtiles")
    with pytest.raises(InputError, match="does not exist"):
        check_file(tmp_path / "nowhere.mbtiles")


def test_a_kept_file_that_is_damaged_is_passed_over(folder: Path) -> None:
    folder.mkdir()
    kept_file(BLUE_MARBLE).write_bytes(b"damaged")
    reference = Reference.open(BLUE_MARBLE.uri())  # the service's description: it asks nobody
    assert reference.native_gsd_m(0.0, 0.0) == pytest.approx(611.5, abs=5)
    reference.close()


def test_an_address_has_the_three_places() -> None:
    assert checked_address("https://a.org/{z}/{y}/{x}.jpg") == "https://a.org/${z}/${y}/${x}.jpg"
    for wrong in ("https://a.org/{z}/{x}.jpg", "/tiles/{z}/{y}/{x}.jpg"):
        with pytest.raises(InputError, match="no address of tiles"):
            checked_address(wrong)


def test_the_command_keeps_lists_and_removes(run: Run, users_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "Part", lambda: SMALL)
    status, said, _ = run("imagery", "list")
    assert status == 0
    assert "not kept on this computer" in said
    assert "CC BY 4.0" in said
    status, said, errors = run("imagery", "keep", "--from", users_file)
    assert (status, errors) == (0, "")
    assert str(kept_file(BLUE_MARBLE)) in said
    assert "kept already" in run("imagery", "keep")[1]
    assert f"kept: {kept_file(BLUE_MARBLE)}" in run("imagery", "list")[1]
    assert "deleted" in run("imagery", "remove")[1]
    assert not kept_file(BLUE_MARBLE).exists()
    with server(good) as served:
        address = served.address.replace("$", "")
        status, said, errors = run("imagery", "keep", "--address", address)
        assert (status, errors) == (0, "")
    assert kept_file(BLUE_MARBLE).is_file()
