"""Downloads over a bad network: taken up again, checked before they are trusted, and recorded."""

from __future__ import annotations

import errno
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.weights import download
from astroloc_qgis.engine.weights.download import fetch_weights
from astroloc_qgis.engine.weights.lookup import weight_path, weights_present
from astroloc_qgis.engine.weights.store import RECORDS, WeightRecord, find_weights, recorded_weights
from tests.engine.weights.published_model import CONTENT, FILE, NAME, SHA256, publish

pytestmark = pytest.mark.usefixtures("folder")


class Server(http.server.ThreadingHTTPServer):
    """Serves one file, with ranges; can break off, lie and refuse."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.breaks_after: list[int] = []  # bytes sent before the connection is cut, one number a request
        self.knows_ranges = True
        self.asked: list[str | None] = []  # the Range header of each request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{FILE}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        content = self.server.content
        if self.path != f"/{FILE}":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.knows_ranges else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.breaks_after.pop(0) if self.server.breaks_after else len(content)
        self.wfile.write(content[start : start + cut])

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_what_is_fetched_is_recorded_and_found(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url, size=len(CONTENT))
    seen: list[float] = []
    assert not weights_present(NAME)
    path = fetch_weights(NAME, progress=lambda _, fraction: seen.append(fraction))
    assert path.read_bytes() == CONTENT
    assert [file.name for file in sorted(folder.iterdir())] == [FILE, RECORDS]
    assert recorded_weights()[NAME] == WeightRecord(FILE, SHA256, len(CONTENT), "MIT", server.url)
    assert find_weights(NAME) == weight_path(NAME) == path
    assert weights_present(NAME)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_what_is_there_is_not_fetched_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    assert fetch_weights(NAME) == fetch_weights(NAME)
    assert len(server.asked) == 1


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    server.breaks_after = [100_000, 50_000]
    assert fetch_weights(NAME).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_that_brings_nothing_more_is_given_up_and_what_arrived_is_kept(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    server.breaks_after = [70_000, 0, 0, 0, 0]
    with pytest.raises(InputError, match=r"broke off after 0\.1 MB.*what has arrived is kept"):
        fetch_weights(NAME)
    assert (folder / f"{FILE}.part").stat().st_size == 70_000
    server.asked, server.breaks_after = [], []
    assert fetch_weights(NAME).read_bytes() == CONTENT
    assert server.asked == ["bytes=70000-"]


def test_a_cancelled_fetch_is_taken_up_again(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_weights(NAME, progress=stop)
    arrived = (folder / f"{FILE}.part").stat().st_size
    assert 0.3 * len(CONTENT) < arrived < len(CONTENT)
    assert not (folder / FILE).exists()
    assert fetch_weights(NAME).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={arrived}-"


def test_a_server_without_ranges_starts_again(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    server.knows_ranges = False
    server.breaks_after = [100_000]
    assert fetch_weights(NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"])
def test_a_part_that_is_whole_or_too_long_ends_well(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    publish(monkeypatch, server.url)
    folder.mkdir()
    (folder / f"{FILE}.part").write_bytes(left)
    assert fetch_weights(NAME).read_bytes() == CONTENT


def test_wrong_bytes_are_removed(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(InputError, match=f"is not the expected file.*expected {SHA256[:12]}"):
        fetch_weights(NAME)
    assert list(folder.iterdir()) == []


def test_a_part_of_another_file_is_found_out(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    folder.mkdir()
    (folder / f"{FILE}.part").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match="is not the expected file"):
        fetch_weights(NAME)
    assert fetch_weights(NAME).read_bytes() == CONTENT


def test_a_file_of_another_size_is_not_even_received(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url, size=17)
    with pytest.raises(InputError, match=r"has 512,000 bytes instead of 17"):
        fetch_weights(NAME)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_not_there_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url + "x")
    with pytest.raises(InputError, match=r"does not give the file .*HTTP 404"):
        fetch_weights(NAME)


def test_no_network_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "http://127.0.0.1:1/model.pth")
    with pytest.raises(InputError, match=r"127\.0\.0\.1 cannot be reached .*check the network"):
        fetch_weights(NAME)


@pytest.mark.parametrize("url", ["http://example.org/model.pth", "file:///etc/passwd", "ftp://example.org/m.pth"])
def test_addresses_that_are_not_encrypted_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, url)
    with pytest.raises(InputError, match="must begin with https"):
        fetch_weights(NAME)


def test_too_little_room_is_told_before_anything_is_received(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    little = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    with pytest.raises(InputError, match=r"cannot be written \(1 MB are needed\): make room"):
        fetch_weights(NAME)
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_up_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_copy", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        fetch_weights(NAME)


def test_a_file_whose_hash_nobody_knows_is_not_fetched_on_trust(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url, sha256=None)
    with pytest.raises(InputError, match="is not known to AstroLoc.*--sha256.*matchers add some-model FILE"):
        fetch_weights(NAME)
    assert server.asked == []
    assert fetch_weights(NAME, sha256=SHA256.upper()).read_bytes() == CONTENT


def test_another_hash_than_the_known_one_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    with pytest.raises(InputError, match="is not the sha256 of"):
        fetch_weights(NAME, sha256="0" * 64)
