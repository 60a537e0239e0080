"""An index behind a service: the same candidates as here, closed to others, and deaf to nonsense."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astroloc_qgis.cli.serve_command import make_server, read_token
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.limits import Limits, NoBlocksError
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.remote_index import (
    INFO_PATH,
    SEARCH_PATH,
    TOKEN_VARIABLE,
    RemoteIndex,
    imagery_of,
    open_index,
)
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.retrieval.service import answer
from astroloc_qgis.engine.retrieval.wire import MOST_BYTES, read_candidates, read_request, write_request
from tests.engine.index.stand_ins import build_histogram_index
from tests.engine.scene import Run
from tests.engine.synthetic import make_world

TOKEN = "a-token-of-the-team"  # noqa: S105 - of this test


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("served")
    world = make_world()
    imagery = world.write(folder / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.6), pixels=600)
    return build_histogram_index(imagery, folder / "index")


@pytest.fixture(scope="module")
def photo(index: Index) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (90, 120, 3), np.uint8)


@contextmanager
def running(server: Any) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield "http://{}:{}".format(*server.server_address[:2])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def address(index: Index) -> Iterator[str]:
    with running(make_server(index, "127.0.0.1", 0)) as found:
        yield found


def ask(address: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - this machine
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_service_ranks_as_the_index_does(index: Index, photo: np.ndarray, address: str) -> None:
    remote = open_index(address + "/")
    assert isinstance(remote, RemoteIndex)
    assert remote.info.counts == index.info.counts
    lon, lat = make_world().center_lonlat
    descriptor = remote.create_descriptor("cpu")
    for limits in (
        {},
        {"nadir": Nadir(lat, lon), "radius_km": 30.0},
        {"centre": (lat, lon), "centre_km": 10.0},
        {"extent": (lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1)},
        {"polygon": f"POLYGON(({lon} {lat},{lon + 0.2} {lat},{lon} {lat + 0.2},{lon} {lat}))"},
        {"diversify": False, "top": 3},
        {"field_ratio": 0.01},
        {"nadir": Nadir(lat, lon, 380_000.0), "field_ratio": 0.01},
    ):
        assert retrieve(photo, remote, descriptor, **limits) == retrieve(photo, index, descriptor, **limits)
    with pytest.raises(NoBlocksError, match="no block within 30 km of the nadir"):
        retrieve(photo, remote, descriptor, nadir=Nadir(-lat, lon), radius_km=30.0)


def test_only_what_the_reference_shows_is_left(index: Index, photo: np.ndarray, address: str, tmp_path: Path) -> None:
    remote = RemoteIndex.open(address)
    descriptor = remote.create_descriptor()
    small = make_world(pixels=256)
    reference = Reference.open(str(small.write(tmp_path / "small.tif", pixels=256)))
    try:
        there = retrieve(photo, remote, descriptor, top=5, reference=reference)
        assert {one.block for one in there} <= {
            one.block for one in retrieve(photo, index, descriptor, top=len(index), reference=reference)
        }
        assert [one.rank for one in there] == list(range(1, len(there) + 1))
    finally:
        reference.close()


def test_imagery_on_another_machine_is_not_opened(address: str) -> None:
    remote = RemoteIndex.open(address)
    assert remote.info.imagery_uri == ""
    assert imagery_of(remote, "mine.tif") == "mine.tif"
    with pytest.raises(InputError, match="imagery on another machine: name the reference imagery"):
        imagery_of(remote)


def test_a_token_is_asked_for_and_told_to_nobody(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(make_server(index, "127.0.0.1", 0, TOKEN)) as address:
        for given_token in ("", "another-token-there", TOKEN + "x"):
            with pytest.raises(InputError, match=f"wants a token: .*{TOKEN_VARIABLE}"):
                RemoteIndex.open(address, given_token)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        assert open_index(address).info.count == len(index)
        assert ask(address + SEARCH_PATH, b"{}")[0] == 401
    assert TOKEN not in "".join(capfd.readouterr())
    good = tmp_path / "token"
    good.write_text(TOKEN + "\n")
    assert read_token(good) == TOKEN
    good.write_text("short")
    with pytest.raises(InputError, match="at least 16"):
        read_token(good)


def test_other_machines_are_not_let_in_without_a_token(index: Index, run: Run) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::"):  # noqa: S104 - refused
        status, _, stderr = run("serve", index.folder, "--host", host)
        assert status == 2
        assert "can be reached by others: give a --token-file" in stderr
    status, _, stderr = run("serve", index.folder, "--port", "99999")
    assert status == 2
    assert "choose another --port" in stderr


def test_nonsense_is_refused_and_the_next_request_is_answered(index: Index, photo: np.ndarray, address: str) -> None:
    good = write_request(Query(np.ones((4, index.info.dimensions), np.float32)), Limits(), top=3, diversify=True)
    for path, body, status in (
        ("/", None, 404),
        ("/v1/../../etc/passwd", None, 404),
        (SEARCH_PATH, None, 404),
        (INFO_PATH, b"{}", 404),
        (SEARCH_PATH, b"", 400),
        (SEARCH_PATH, b"\xff\xfe", 400),
        (SEARCH_PATH, b"[" * 100_000, 400),
        (SEARCH_PATH, b"{}", 400),
        (SEARCH_PATH, good.replace(b'"top": 3', b'"top": 1e9'), 400),
        (SEARCH_PATH, good.replace(b'"top": 3', b'"top": 100000'), 400),
        (SEARCH_PATH, good.replace(b'"polygon": null', b'"polygon": "POLYGON((0 0"'), 400),
        (SEARCH_PATH, good.replace(b'"nadir": null', b'"nadir": [91, 0]'), 400),
        (SEARCH_PATH, good.replace(b'"extent": null', b'"extent": [1, 2, 1, 2]'), 400),
        (SEARCH_PATH, good.replace(b'"radius_km": 2500', b'"radius_km": NaN'), 400),
        (SEARCH_PATH, good.replace(b'"field_ratio": null', b'"field_ratio": 0'), 400),
        (SEARCH_PATH, good.replace(b'"field_ratio": null', b'"field_ratio": 1e300'), 400),
        (SEARCH_PATH, good.replace(b'"field_ratio": null', b'"field_ratio": true'), 400),
        (SEARCH_PATH, good.replace(b'"altitude_m": null', b'"altitude_m": -420000'), 400),
    ):
        found, content = ask(address + path, body)
        assert (found, path, set(content)) == (status, path, {"error", "kind"})
    assert ask(address + SEARCH_PATH, b"x" * (MOST_BYTES + 1))[0] == 413
    assert len(ask(address + SEARCH_PATH, good)[1]["candidates"]) == 3


def test_clients_of_before_are_answered_as_before(index: Index) -> None:
    query = Query(np.ones((4, index.info.dimensions), np.float32))
    limits = Limits(Nadir(10.0, 20.0))
    content = json.loads(write_request(query, limits, top=3, diversify=True))
    assert (content.pop("field_ratio"), content.pop("altitude_m")) == (None, limits.nadir.altitude_m)
    read, read_limits, _, _ = read_request(json.dumps(content).encode(), index.info.dimensions)
    assert (read.field_ratio, read_limits) == (None, limits)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_does_more_than_be_refused(index: Index, data: st.DataObject) -> None:
    content = json.loads(
        write_request(Query(np.ones((4, index.info.dimensions), np.float32)), Limits(), top=3, diversify=True)
    )
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    for name in data.draw(st.lists(st.sampled_from(sorted(content)), min_size=1, max_size=3)):
        content[name] = data.draw(anything)
    try:
        found = answer(index, json.dumps(content).encode())
    except InputError:
        return
    assert len(read_candidates(found, 1000, index.info.block_size)) <= content["top"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    for read in (lambda: read_request(body, 4), lambda: read_candidates(body, 4, 4)):
        with pytest.raises(InputError):
            read()


HOSTILE = {
    "html": (200, b"<html>Welcome</html>"),
    "a list": (200, b"[]"),
    "another version": (200, b'{"format_version": 99}'),
    "nothing in it": (200, b'{"format_version": 3}'),
    "too much": (200, b" " * (MOST_BYTES + 1)),
    "an error": (500, b"\xff"),
    "an error's list": (400, b'["error"]'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_service_is_told_in_one_sentence(kind: str) -> None:
    status, body = HOSTILE[kind]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: Any) -> None:
            pass

    with running(HTTPServer(("127.0.0.1", 0), Handler)) as address, pytest.raises(InputError) as refused:
        open_index(address)
    assert "127.0.0.1" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "rows",
    [
        [[3, 0, 0, 4, 0.5]],
        [[3, 0, 0, 5, 0.5, 0]],
        [[3, 9, 0, 4, 0.5, 0]],
        [[99, 0, 0, 4, 0.5, 0]],
        [[3, 0, 0, 4, "high", 0]],
        [["3", 0, 0, 4, 0.5, 0]],
        [None],
        [[3, 0, 0, 4, 0.5, 0]] * 5,
        {"0": 1},
    ],
)
def test_candidates_that_are_no_blocks_are_refused(rows: Any) -> None:
    with pytest.raises(InputError, match="is it an AstroLoc index service"):
        read_candidates(json.dumps({"candidates": rows}).encode(), 4, 4)


def test_nobody_there_is_told_in_one_sentence() -> None:
    with pytest.raises(InputError, match="index service at 127.0.0.1:9 cannot be reached"):
        open_index("http://127.0.0.1:9")
