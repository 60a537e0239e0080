"""Fetching a model's checkpoint over a bad network: every failure is told, and nothing is half installed."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.weights import download, hub
from astroloc_qgis.engine.weights.lookup import weights_present
from astroloc_qgis.engine.weights.published import DESCRIPTORS, PublishedWeights
from astroloc_qgis.engine.weights.store import RECORDS, recorded_weights
from tests.engine.descriptors.published_checkpoint import filled, tiny_astroloc_shapes
from tests.small_disk import on_a_small_disk

ROOT = Path(__file__).resolve().parents[3]
REPOSITORY = "someone/EarthLoc2"
PLACE = f"/{REPOSITORY}/resolve/main/weights/best%20model.pth"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def content() -> bytes:
    """A checkpoint that fits."""
    stream = io.BytesIO()
    torch.save(filled(tiny_astroloc_shapes()), stream)
    return stream.getvalue()


class Hub(http.server.ThreadingHTTPServer):
    """Serves a repository as Hugging Face does; can break off, be slow, send elsewhere and lie."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.listed: object = [
            {"type": "directory", "path": "weights"},
            {"type": "file", "path": "README.md", "size": 300},
            {
                "type": "file",
                "path": "weights/best model.pth",
                "size": len(content),
                "lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134},
            },
        ]
        self.list_status = self.file_status = 200
        self.breaks_after: list[int] = []
        self.pause_s = 0.0
        self.elsewhere: str | None = "/cdn"
        self.tells_length = True
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        hub_, wanted = self.server, self.headers.get("Range")
        hub_.asked.append((self.path, wanted))
        if self.path == f"/api/models/{REPOSITORY}/tree/main?recursive=true":
            self.answer(hub_.list_status, json.dumps(hub_.listed).encode())
        elif self.path == PLACE and hub_.elsewhere is not None:
            self.send_response(302)
            self.send_header("Location", hub_.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path in (PLACE, "/cdn"):
            self.send_file(wanted)
        else:
            self.send_error(404)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, wanted: str | None) -> None:
        hub_ = self.server
        if hub_.file_status != 200:
            self.send_error(hub_.file_status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        whole = len(hub_.content)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if hub_.tells_length:
            self.send_header("Content-Length", str(whole - start))
        self.end_headers()
        cut = hub_.breaks_after.pop(0) if hub_.breaks_after else whole
        pieces = [hub_.content[start : start + cut]]
        if hub_.pause_s:
            pieces = [pieces[0][at : at + 40_000] for at in range(0, len(pieces[0]), 40_000)]
        for piece in pieces:
            try:
                self.wfile.write(piece)
                self.wfile.flush()
            except OSError:  # the other side has gone
                return
            time.sleep(hub_.pause_s)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def server(content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Hub(content) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(hub, "HUB", running.url)
        known = PublishedWeights("", "MIT", f"{running.url}/{REPOSITORY}", name="earthloc2.pt", hub=REPOSITORY)
        monkeypatch.setitem(DESCRIPTORS, "earthloc2", known)
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def fetch(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs ``models fetch earthloc2``; gives exit status, stdout and stderr."""

    def command(*more: str) -> tuple[int, str, str]:
        capfd.readouterr()
        return cli.main(["models", "fetch", "earthloc2", *more]), *capfd.readouterr()

    return command


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def refused(result: tuple[int, str, str]) -> str:
    status, _, error = result
    assert status == 2, error
    assert error.count("\n") == 1
    assert not weights_present("earthloc2")
    return error


def test_the_licence_is_shown_first_and_the_hash_is_shown_and_recorded(
    server: Hub, fetch: Command, folder: Path, content: bytes
) -> None:
    status, told, error = fetch()
    assert status == 0, error
    digest = hashlib.sha256(content).hexdigest()
    assert told.splitlines()[0] == "earthloc2: licence MIT"
    assert told.index("licence") < told.index(digest)
    assert files(folder) == ["earthloc2.pt", RECORDS]
    record = recorded_weights()["earthloc2"]
    assert (record.sha256, record.size, record.source) == (digest, len(content), f"{server.url}{PLACE}")
    asked = len(server.asked)
    assert fetch()[0] == 0
    assert len(server.asked) == asked


def test_a_download_that_breaks_off_is_resumed_after_the_redirection(
    server: Hub, fetch: Command, content: bytes, folder: Path
) -> None:
    server.breaks_after = [5000, 7000]
    assert fetch()[0] == 0
    assert [wanted for path, wanted in server.asked if path == "/cdn"] == [None, "bytes=5000-", "bytes=12000-"]
    assert (folder / "earthloc2.pt").read_bytes() == content


def test_a_server_that_gives_up_leaves_what_arrived_for_the_next_time(
    server: Hub, fetch: Command, folder: Path, content: bytes
) -> None:
    server.breaks_after = [5000, 0, 0, 0, 0]
    assert "what has arrived is kept" in refused(fetch())
    assert files(folder) == ["earthloc2.pt.part"]
    server.asked.clear()
    server.breaks_after = []
    assert fetch()[0] == 0
    assert ("/cdn", "bytes=5000-") in server.asked
    assert (folder / "earthloc2.pt").read_bytes() == content


def test_a_server_that_stalls_is_asked_for_the_rest(
    server: Hub, fetch: Command, monkeypatch: pytest.MonkeyPatch, content: bytes, folder: Path
) -> None:
    monkeypatch.setattr(download, "_TIMEOUT_S", 0.3)
    server.pause_s = 1.0
    assert fetch()[0] == 0
    starts = [wanted for path, wanted in server.asked if path == "/cdn"]
    assert starts[:3] == [None, "bytes=40000-", "bytes=80000-"]
    assert (folder / "earthloc2.pt").read_bytes() == content


def test_a_server_that_is_slow_but_steady_is_waited_for(
    server: Hub, fetch: Command, monkeypatch: pytest.MonkeyPatch, content: bytes, folder: Path
) -> None:
    monkeypatch.setattr(download, "_TIMEOUT_S", 5.0)
    server.pause_s = 0.05
    assert fetch()[0] == 0
    assert [path for path, _ in server.asked].count("/cdn") == 1
    assert (folder / "earthloc2.pt").read_bytes() == content


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_server_that_refuses_is_told(server: Hub, fetch: Command, folder: Path, status: int) -> None:
    server.file_status = status
    assert f"HTTP {status}" in refused(fetch())
    assert files(folder) == []
    server.list_status = status
    assert f"does not list its files (HTTP {status}" in refused(fetch())


def test_bytes_that_are_not_those_listed_are_removed(server: Hub, fetch: Command, folder: Path) -> None:
    server.content = server.content[:-1] + b"?"
    assert "is not the expected file" in refused(fetch())
    assert files(folder) == []


def test_a_file_of_another_size_is_not_received(server: Hub, fetch: Command, folder: Path) -> None:
    server.content += b"more"
    assert "it is another file" in refused(fetch())
    assert files(folder) == []


@pytest.mark.parametrize("elsewhere", ["http://mirror.example/model.pth", "http://192.0.2.7/model.pth"])
def test_a_redirection_to_an_address_that_is_not_encrypted_is_refused(
    server: Hub, fetch: Command, folder: Path, elsewhere: str
) -> None:
    server.elsewhere = elsewhere
    assert "must begin with https" in refused(fetch())
    assert files(folder) == []


def listing(path: str, **more: object) -> list[dict[str, object]]:
    return [{"type": "file", "path": path, **more}]


def test_a_file_that_no_hash_proves_is_held_to_its_first_hash(
    server: Hub, fetch: Command, folder: Path, content: bytes
) -> None:
    server.listed = listing("weights/best model.pth")
    status, told, error = fetch()
    assert status == 0, error
    assert "not published: that of the first download is recorded and held to" in told
    (folder / "earthloc2.pt").unlink()
    state = filled(tiny_astroloc_shapes(linear=True))
    stream = io.BytesIO()
    torch.save(state, stream)
    server.content = stream.getvalue()
    assert "is not the expected file" in refused(fetch())
    assert files(folder) == [RECORDS]
    new = hashlib.sha256(server.content).hexdigest()
    assert fetch("--sha256", new)[0] == 0
    assert recorded_weights()["earthloc2"].sha256 == new


def test_a_repository_that_lists_another_hash_than_the_first_is_refused(
    server: Hub, fetch: Command, folder: Path
) -> None:
    assert fetch()[0] == 0
    (folder / "earthloc2.pt").unlink()
    server.listed = listing("weights/best model.pth", lfs={"oid": "0" * 64, "size": len(server.content)})
    asked = len(server.asked)
    assert "offers another file" in refused(fetch())
    assert len(server.asked) == asked + 1  # the list alone


@pytest.mark.parametrize("page", [b"<html>Sign in</html>" * 100, b""])
def test_a_file_that_is_no_checkpoint_is_not_installed(server: Hub, fetch: Command, folder: Path, page: bytes) -> None:
    server.listed, server.content = listing("weights/best model.pth"), page
    assert "expected is DINOv2 with registers" in refused(fetch())
    assert files(folder) == []


def test_a_download_that_is_cut_without_a_stated_length_is_found_out(server: Hub, fetch: Command, folder: Path) -> None:
    server.listed, server.tells_length = listing("weights/best model.pth"), False
    server.breaks_after = [20_000]
    assert "truncated" in refused(fetch())
    assert files(folder) == []


@pytest.mark.parametrize("listed", [{"error": "gone"}, [], listing("README.md"), [1, 2]])
def test_a_repository_without_a_checkpoint_is_told(server: Hub, fetch: Command, listed: object) -> None:
    server.listed = listed
    assert "models give" in refused(fetch())


def test_no_network_is_told(server: Hub, fetch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HUB", "http://127.0.0.1:1")
    assert "cannot be listed" in refused(fetch())


FETCH = """
import sys
from astroloc_qgis.engine.weights import hub
from astroloc_qgis.engine.weights.published import DESCRIPTORS, PublishedWeights
hub.HUB = sys.argv[1]
DESCRIPTORS["earthloc2"] = PublishedWeights("", "MIT", sys.argv[1], name="earthloc2.pt", hub=sys.argv[2])
from astroloc_qgis.cli.main import main
sys.exit(main(["models", "fetch", "earthloc2"]))
"""


@pytest.mark.parametrize("told", [True, False], ids=["size told before", "size not told"])
def test_a_full_disk_is_told_and_nothing_is_half_installed(server: Hub, tmp_path: Path, told: bool) -> None:
    server.content = server.content * 3
    server.tells_length = told
    server.listed = listing("weights/best model.pth")
    before = on_a_small_disk(tmp_path / "weights", "512k")
    look = ["sh", "-c", f'"$@"; status=$?; ls -A {tmp_path}/weights | grep -v part$ >&2; exit $status', "sh"]
    command = [*before, *look, sys.executable, "-c", FETCH, server.url, REPOSITORY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "make room" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr  # no file is left but what can be resumed
