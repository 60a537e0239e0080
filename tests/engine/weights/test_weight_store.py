"""The folder of weights: what is recorded, what is trusted, and how files get there over a bad network."""

from __future__ import annotations

import errno
import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.weights import download as weight_fetch
from astroloc_qgis.engine.weights import packaged as weights
from astroloc_qgis.engine.weights import store as weight_store
from astroloc_qgis.engine.weights.published import PUBLISHED, PublishedWeights

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "model.pth"
NAME = "some-model"


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


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weight_store.VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"


def publish(monkeypatch: pytest.MonkeyPatch, url: str, *, sha256: str | None = SHA256, size: int | None = None) -> None:
    monkeypatch.setitem(PUBLISHED, NAME, PublishedWeights(url, "MIT", "https://example.org/model", sha256, size))


# ---------------------------------------------------------------- what is published


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_weights_are_served_encrypted_and_say_their_licence_and_source(name: str) -> None:
    published = PUBLISHED[name]
    assert weight_fetch._checked(published.url) == published.url
    assert published.source.startswith("https://")
    assert published.licence
    assert "/" not in published.file
    assert published.file


def test_the_beginning_of_a_hash_in_a_files_name_is_a_proof() -> None:
    named = PublishedWeights("https://example.org/net-1a2b3c4d.pth", "MIT", "https://example.org")
    assert named.proof == "1a2b3c4d"
    assert PublishedWeights("https://example.org/net-large.pth", "MIT", "https://example.org").proof is None
    assert PublishedWeights("https://example.org/net-1a2b3c4d.pth", "MIT", "", SHA256).proof == SHA256


# ---------------------------------------------------------------- fetching


def test_what_is_fetched_is_recorded_and_found(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url, size=len(CONTENT))
    seen: list[float] = []
    assert not weights.present(NAME)
    path = weight_fetch.fetch(NAME, progress=lambda _, fraction: seen.append(fraction))
    assert path.read_bytes() == CONTENT
    assert [file.name for file in sorted(folder.iterdir())] == [FILE, weight_store.RECORDS]
    assert weight_store.records()[NAME] == weight_store.Record(FILE, SHA256, len(CONTENT), "MIT", server.url)
    assert weight_store.find(NAME) == weights.weight_path(NAME) == path
    assert weights.present(NAME)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_what_is_there_is_not_fetched_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    assert weight_fetch.fetch(NAME) == weight_fetch.fetch(NAME)
    assert len(server.asked) == 1


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    server.breaks_after = [100_000, 50_000]
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_that_brings_nothing_more_is_given_up_and_what_arrived_is_kept(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    server.breaks_after = [70_000, 0, 0, 0, 0]
    with pytest.raises(InputError, match=r"broke off after 0\.1 MB.*what has arrived is kept"):
        weight_fetch.fetch(NAME)
    assert (folder / f"{FILE}.part").stat().st_size == 70_000
    server.asked, server.breaks_after = [], []
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT
    assert server.asked == ["bytes=70000-"]


def test_a_cancelled_fetch_is_taken_up_again(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        weight_fetch.fetch(NAME, progress=stop)
    arrived = (folder / f"{FILE}.part").stat().st_size
    assert 0.3 * len(CONTENT) < arrived < len(CONTENT)
    assert not (folder / FILE).exists()
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={arrived}-"


def test_a_server_without_ranges_starts_again(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    server.knows_ranges = False
    server.breaks_after = [100_000]
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"])
def test_a_part_that_is_whole_or_too_long_ends_well(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    publish(monkeypatch, server.url)
    folder.mkdir()
    (folder / f"{FILE}.part").write_bytes(left)
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT


def test_wrong_bytes_are_removed(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(InputError, match=f"is not the expected file.*expected {SHA256[:12]}"):
        weight_fetch.fetch(NAME)
    assert list(folder.iterdir()) == []


def test_a_part_of_another_file_is_found_out(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    folder.mkdir()
    (folder / f"{FILE}.part").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match="is not the expected file"):
        weight_fetch.fetch(NAME)
    assert weight_fetch.fetch(NAME).read_bytes() == CONTENT


def test_a_file_of_another_size_is_not_even_received(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url, size=17)
    with pytest.raises(InputError, match=r"has 512,000 bytes instead of 17"):
        weight_fetch.fetch(NAME)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_not_there_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url + "x")
    with pytest.raises(InputError, match=r"does not give the file .*HTTP 404"):
        weight_fetch.fetch(NAME)


def test_no_network_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "http://127.0.0.1:1/model.pth")
    with pytest.raises(InputError, match=r"127\.0\.0\.1 cannot be reached .*check the network"):
        weight_fetch.fetch(NAME)


@pytest.mark.parametrize("url", ["http://example.org/model.pth", "file:///etc/passwd", "ftp://example.org/m.pth"])
def test_addresses_that_are_not_encrypted_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, url)
    with pytest.raises(InputError, match="must begin with https"):
        weight_fetch.fetch(NAME)


def test_too_little_room_is_told_before_anything_is_received(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url)
    little = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    with pytest.raises(InputError, match=r"cannot be written \(1 MB are needed\): make room"):
        weight_fetch.fetch(NAME)
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_up_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(weight_fetch, "_copy", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        weight_fetch.fetch(NAME)


def test_a_file_whose_hash_nobody_knows_is_not_fetched_on_trust(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, server.url, sha256=None)
    with pytest.raises(InputError, match="is not known to AstroLoc.*--sha256.*matchers add some-model FILE"):
        weight_fetch.fetch(NAME)
    assert server.asked == []
    assert weight_fetch.fetch(NAME, sha256=SHA256.upper()).read_bytes() == CONTENT


def test_another_hash_than_the_known_one_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, server.url)
    with pytest.raises(InputError, match="is not the sha256 of"):
        weight_fetch.fetch(NAME, sha256="0" * 64)


# ---------------------------------------------------------------- the folder


def test_the_folder_is_among_the_users_data_unless_another_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert weight_store.folder() == folder
    monkeypatch.delenv(weight_store.VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert weight_store.folder() == tmp_path / "data" / "astroloc" / "weights"


def test_a_file_is_copied_and_recorded_and_the_folder_can_be_carried_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    record = weight_store.add("mine", tmp_path / "mine.pth", licence="CC0-1.0", source="my desk", like="disk")
    assert record == weight_store.Record("mine.pth", SHA256, len(CONTENT), "CC0-1.0", "my desk", "disk")
    (tmp_path / "mine.pth").unlink()
    folder.rename(tmp_path / "carried")
    monkeypatch.setenv(weight_store.VARIABLE, str(tmp_path / "carried"))
    assert weight_store.find("mine") == tmp_path / "carried" / "mine.pth"
    assert weight_store.records() == {"mine": record}


def test_a_file_already_in_the_folder_is_recorded_where_it_is(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.pth").write_bytes(CONTENT)
    assert weight_store.add("mine", folder / "mine.pth", like="disk").sha256 == SHA256
    assert (folder / "mine.pth").read_bytes() == CONTENT


def test_a_file_that_changed_since_it_was_recorded_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    weight_store.add("mine", tmp_path / "mine.pth", like="disk")
    assert weight_store.find("mine") == folder / "mine.pth"
    (folder / "mine.pth").write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="is not the expected one"):
        weight_store.find("mine")
    (folder / "mine.pth").unlink()
    with pytest.raises(InputError, match="is gone: add 'mine' again"):
        weights.weight_path("mine")


def test_a_file_with_another_hash_than_expected_is_not_taken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "https://example.org/model.pth")
    (tmp_path / "wrong.pth").write_bytes(b"wrong")
    with pytest.raises(InputError, match=f"{SHA256} is expected for 'some-model'"):
        weight_store.add(NAME, tmp_path / "wrong.pth")
    with pytest.raises(InputError, match="0000 is expected for 'mine'"):
        weight_store.add("mine", tmp_path / "wrong.pth", sha256="0" * 64, like="disk")
    with pytest.raises(InputError, match="no file"):
        weight_store.add("mine", tmp_path / "absent.pth")
    assert not folder.exists()


def test_a_known_file_that_was_put_into_the_folder_is_used_and_an_unknown_one_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(CONTENT)
    publish(monkeypatch, "https://example.org/model.pth", sha256=None)
    assert weight_store.find(NAME) is None
    assert not weights.present(NAME)
    publish(monkeypatch, "https://example.org/model.pth")
    assert weight_store.find(NAME) == folder / FILE
    assert weights.present(NAME)


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"format_version": 2, "weights": {}}',
        '{"format_version": 1}',
        '{"format_version": 1, "weights": {"a": {"file": "a.pth"}}}',
        json.dumps({"format_version": 1, "weights": {"a": {"file": "../a.pth", "sha256": SHA256, "size": 1}}}),
        json.dumps({"format_version": 1, "weights": {"a": {"file": "a.pth", "sha256": "no", "size": 1}}}),
        json.dumps({"format_version": 1, "weights": {"a": {"file": "a.pth", "sha256": SHA256, "size": "1"}}}),
    ],
)
def test_a_broken_list_of_weights_is_told(folder: Path, broken: str) -> None:
    folder.mkdir()
    (folder / weight_store.RECORDS).write_text(broken)
    with pytest.raises(InputError, match=r"weights\.json cannot be understood"):
        weight_store.records()


def test_a_folder_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    folder.write_text("a file where the folder should be")
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    with pytest.raises(InputError, match="cannot be written.*ASTROLOC_WEIGHTS"):
        weight_store.add("mine", tmp_path / "mine.pth", like="disk")
