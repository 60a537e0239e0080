"""An index in a ZIP archive: packed, installed from a file and over a bad network, and hostile archives refused."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.descriptors import registry
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index import package
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.package import install_index, pack_index
from astroloc_qgis.engine.index.store import Index
from tests.engine.index.stand_ins import MODEL, contents, create_stand_in


@pytest.fixture(scope="module")
def made(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "create", create_stand_in)
        out = tmp_path_factory.mktemp("made") / "index"
        return build_index(Reference.open(imagery), [11, 12], None, MODEL, out).folder


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Index:
    shutil.copytree(made, tmp_path / "index")
    return Index.open(tmp_path / "index")


@pytest.fixture
def archive(index: Index, tmp_path: Path) -> Path:
    pack_index(index.folder, tmp_path / "index.zip")
    return tmp_path / "index.zip"


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_index_is_packed_and_installed_again_byte_for_byte(index: Index, archive: Path, tmp_path: Path) -> None:
    told: list[float] = []
    installed = install_index(str(archive), tmp_path / "again", progress=lambda _, done: told.append(done))
    assert contents(installed.folder) == contents(index.folder)
    assert (installed.folder / "index.json").read_bytes() == (index.folder / "index.json").read_bytes()
    assert told == sorted(told)
    assert left_in(tmp_path) == {"index", "index.zip", "again"}


def test_the_same_index_gives_the_same_archive(index: Index, archive: Path, tmp_path: Path) -> None:
    digest = pack_index(index.folder, tmp_path / "second.zip")
    assert (tmp_path / "second.zip").read_bytes() == archive.read_bytes()
    assert digest == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_the_command_line_packs_and_installs(index: Index, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    archive = tmp_path / "a.zip"
    assert main(["index", "pack", str(index.folder), "--out", str(archive)]) == 0
    digest = capsys.readouterr().out.split()[-1]
    assert main(["index", "install", str(archive), "--sha256", digest, "--out", str(tmp_path / "b")]) == 0
    assert f"{len(index)} (" in capsys.readouterr().out
    assert main(["index", "install", str(archive), "--sha256", "0" * 64, "--out", str(tmp_path / "c")]) == 2
    assert "is not the expected file" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_nothing_that_is_there_is_overwritten(index: Index, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="already something"):
        pack_index(index.folder, archive)
    with pytest.raises(InputError, match=r"ends in \.zip"):
        pack_index(index.folder, tmp_path / "index.tar")
    with pytest.raises(InputError, match="already something"):
        install_index(str(archive), index.folder)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="already something"):
        install_index(str(archive), tmp_path / "link")


def test_a_damaged_index_is_not_packed(index: Index, tmp_path: Path) -> None:
    with (index.folder / "descriptors.faiss").open("r+b") as stream:
        stream.seek(200)
        stream.write(b"damage")
    with pytest.raises(InputError, match="damaged"):
        pack_index(index.folder, tmp_path / "a.zip")
    assert left_in(tmp_path) == {"index"}


@pytest.mark.parametrize("calls", [1, 3])
def test_a_cancelled_installation_leaves_nothing(archive: Path, tmp_path: Path, calls: int) -> None:
    """While it is unpacked (two files), and while it is checked."""
    told: list[float] = []

    def progress(stage: str, done: float) -> None:
        told.append(done)
        if len(told) == calls:
            raise Cancelled

    with pytest.raises(Cancelled):
        install_index(str(archive), tmp_path / "again", progress=progress)
    assert left_in(tmp_path) == {"index", "index.zip"}
    assert (told[-1] == 0.5) == (calls == 3)


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr, made.create_system = mode << 16, 3
    return made


def files_of(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def described(archived: dict[str, bytes], /, **changes: object) -> dict[str, bytes]:
    return archived | {"index.json": json.dumps(json.loads(archived["index.json"]) | changes).encode()}


def with_files(files: dict[str, bytes], name: str, **values: object) -> dict[str, bytes]:
    listed = json.loads(files["index.json"])["files"]
    listed[name] = listed.get(name, {}) | values
    return described(files, files=listed)


def truncated(files: dict[str, bytes]) -> dict[str, bytes]:
    """A consistent archive whose vectors are no vectors."""
    content = files["descriptors.faiss"][:100]
    changed = files | {"descriptors.faiss": content}
    return with_files(changed, "descriptors.faiss", bytes=100, sha256=hashlib.sha256(content).hexdigest())


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], dict[str, bytes]], str]] = {
    "outside": (lambda files: files | {"../index.json": b"{}"}, r"holds '\.\./index\.json', which is no file"),
    "absolute": (lambda files: files | {"/etc/x": b""}, "holds '/etc/x', which is no file"),
    "drive": (lambda files: files | {"C:\\x": b""}, "which is no file"),
    "folder": (lambda files: files | {"sub/": b""}, "holds 'sub/', which is no file"),
    "another": (lambda files: files | {"autorun.exe": b""}, "holds 'autorun.exe', which is no file"),
    "nothing": (lambda _: {}, "has no index.json"),
    "no description": (lambda files: {k: v for k, v in files.items() if k != "index.json"}, "has no index.json"),
    "no JSON": (lambda files: files | {"index.json": b"{"}, "index.json cannot be read"),
    "deep JSON": (lambda files: files | {"index.json": b"[" * 200_000}, "index.json cannot be read"),
    "a list": (lambda files: files | {"index.json": b"[]"}, "index.json cannot be read"),
    "huge JSON": (lambda files: files | {"index.json": b" " * (2 << 20)}, "index.json has 2,097,152 bytes"),
    "newer": (lambda files: described(files, format_version=9), "format version 9"),
    "other model": (
        lambda files: described(files, model="their-net"),
        "'their-net', which this AstroLoc does not have",
    ),
    "other weights": (lambda files: described(files, model_sha256="ab" * 32), "other weights of"),
    "missing": (lambda files: {k: v for k, v in files.items() if k != "blocks.npz"}, "disagree about blocks.npz"),
    "unlisted": (lambda files: files | {"texture.npy": b"x"}, "disagree about texture.npy"),
    "files no object": (lambda files: described(files, files=[]), "disagree"),
    "size": (lambda files: with_files(files, "blocks.npz", bytes=7), "should have 7"),
    "no size": (lambda files: with_files(files, "blocks.npz", bytes="many"), "should have many"),
    "sha256": (lambda files: with_files(files, "blocks.npz", sha256="0" * 64), "blocks.npz has another content"),
    "no vectors": (truncated, "The index in .*bad.zip is damaged and cannot be read: get it again"),
    "counts": (lambda files: described(files, counts={"11": 1 << 60}), "damaged"),
}


@pytest.mark.parametrize("which", HOSTILE)
def test_a_hostile_archive_is_refused_in_a_sentence(archive: Path, tmp_path: Path, which: str) -> None:
    change, words = HOSTILE[which]
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in change(files_of(archive)).items():
            opened.writestr(name, content)
    refuse(bad, words, tmp_path)


def refuse(bad: Path, words: str, tmp_path: Path) -> None:
    before = left_in(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        install_index(str(bad), tmp_path / "folder" / "new")
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) - before <= {"folder"}
    if (tmp_path / "folder").exists():
        assert left_in(tmp_path / "folder") == set()


def test_links_and_doubles_and_encryption_are_refused(archive: Path, tmp_path: Path) -> None:
    files = files_of(archive)
    bad = tmp_path / "link.zip"
    with zipfile.ZipFile(bad, "w") as opened:
        for name, content in files.items():
            opened.writestr(entry(name, stat.S_IFLNK | 0o777) if name == "blocks.npz" else entry(name), content)
    refuse(bad, "blocks.npz is a link", tmp_path)
    bad = tmp_path / "twice.zip"
    with zipfile.ZipFile(bad, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr("blocks.npz", b"")
    refuse(bad, "holds blocks.npz twice", tmp_path)
    bad = tmp_path / "packed.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_LZMA) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    refuse(bad, "unusual way", tmp_path)


def test_a_bomb_is_stopped_by_the_sizes_that_it_states(archive: Path, tmp_path: Path) -> None:
    """Both the description and the archive's directory understate what unpacks to 64 MB."""
    files = files_of(archive)
    bad = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in with_files(files, "blocks.npz", bytes=1000).items():
            opened.writestr(name, bytes(64 << 20) if name == "blocks.npz" else content)
    content = bytearray(bad.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"blocks.npz"))
    content[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    bad.write_bytes(bytes(content))
    refuse(bad, "refused|damaged", tmp_path)


@pytest.mark.parametrize("cut", [10, 1000, -30])
def test_a_broken_archive_is_refused(archive: Path, tmp_path: Path, cut: int) -> None:
    bad = tmp_path / "cut.zip"
    bad.write_bytes(archive.read_bytes()[:cut])
    refuse(bad, "is damaged or no ZIP file: get it again|is refused", tmp_path)
    flipped = bytearray(archive.read_bytes())
    flipped[len(flipped) // 2] ^= 255
    bad.write_bytes(bytes(flipped))
    refuse(bad, "damaged|another content", tmp_path)


def test_an_index_for_which_the_disk_is_too_small_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package.shutil, "disk_usage", lambda _: SimpleNamespace(free=package.LEAVE_FREE + 100))
    refuse(archive, "has 210 MB left", tmp_path)


class Server(http.server.ThreadingHTTPServer):
    """Serves one archive with ranges, and breaks off."""

    daemon_threads = True
    content = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks_after: list[int] = []
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/world.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted, content = self.headers.get("Range"), self.server.content
        self.server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.breaks_after.pop(0) if self.server.breaks_after else len(content)
        self.wfile.write(content[start : start + cut])

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(archive: Path) -> Iterator[Server]:
    made = Server()
    made.content = archive.read_bytes()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_an_archive_is_fetched_over_a_network_that_breaks_off(server: Server, index: Index, tmp_path: Path) -> None:
    server.breaks_after = [5000, 3000]
    digest = hashlib.sha256(server.content).hexdigest()
    installed = install_index(server.url, tmp_path / "fetched", sha256=digest.upper())
    assert contents(installed.folder) == contents(index.folder)
    assert server.asked == [None, "bytes=5000-", "bytes=8000-"]
    assert left_in(tmp_path) == {"index", "index.zip", "fetched"}


def test_a_cancelled_download_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    digest = hashlib.sha256(server.content).hexdigest()

    def stop(stage: str, done: float) -> None:
        if stage == "fetch" and done > 0:
            raise Cancelled

    server.breaks_after = [4000]
    with pytest.raises(Cancelled):
        install_index(server.url, tmp_path / "fetched", sha256=digest, progress=stop)
    assert f"fetched.{digest[:16]}.zip.part" in left_in(tmp_path)
    install_index(server.url, tmp_path / "fetched", sha256=digest)
    assert server.asked[1] is not None
    assert left_in(tmp_path) == {"index", "index.zip", "fetched"}


def test_what_a_server_sends_is_not_believed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sha256 of http.* is not given"):
        install_index(server.url, tmp_path / "new")
    with pytest.raises(InputError, match="is not a sha256"):
        install_index(server.url, tmp_path / "new", sha256="12345")
    with pytest.raises(InputError, match="must begin with https://"):
        install_index("http://example.org/a.zip", tmp_path / "new", sha256="0" * 64)
    with pytest.raises(InputError, match="must begin with https://"):
        install_index("ftp://example.org/a.zip", tmp_path / "new", sha256="0" * 64)
    with pytest.raises(InputError, match=r"sent as world\.zip is not the expected file"):
        install_index(server.url, tmp_path / "new", sha256="0" * 64)
    assert left_in(tmp_path) == {"index", "index.zip"}


def test_a_download_never_fills_the_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=package.LEAVE_FREE - 1))
    with pytest.raises(InputError, match="cannot be written"):
        install_index(server.url, tmp_path / "new", sha256=hashlib.sha256(server.content).hexdigest())
    assert left_in(tmp_path) == {"index", "index.zip"}
