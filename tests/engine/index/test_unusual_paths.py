"""An index is written and read under any path: faiss is given no path, since on Windows it knows few letters.

There faiss opens files by the ANSI code page: under a user's name with an umlaut every index was "damaged". Windows is
not here; the rule is: faiss sees bytes only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from astroloc_qgis.engine.index.faiss_store import make_store, open_store, write_store
from astroloc_qgis.engine.index.plan import EXACT
from astroloc_qgis.worker import proof
from tests.engine.index.stand_ins import build_histogram_index

UNUSUAL = "Jürgen Łódź 東京"


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """faiss that refuses paths beyond ASCII, as on Windows; collects what paths it was given."""
    given: list[str] = []
    read, write = faiss.read_index, faiss.write_index

    def check(path: object) -> None:
        if isinstance(path, str):
            given.append(path)
            if not path.isascii():
                raise RuntimeError(f"Error: 'f' failed: could not open {path!r} for reading: No such file or directory")

    def read_index(path: object, *options: object) -> object:
        check(path)
        return read(path, *options)

    def write_index(store: object, path: object, *options: object) -> None:
        check(path)
        write(store, path, *options)

    monkeypatch.setattr(faiss, "read_index", read_index)
    monkeypatch.setattr(faiss, "write_index", write_index)
    return given


def test_an_index_under_a_name_with_umlauts_is_built_and_searched(
    windows: list[str], larger_imagery: Path, tmp_path: Path
) -> None:
    index = build_histogram_index(larger_imagery, tmp_path / UNUSUAL / "Straße")
    vectors = index.vectors(np.arange(len(index)))
    assert (index.search(vectors, 1)[1][:, 0] == np.arange(len(index))).all()
    assert windows == []


def opened_by(real: Callable[..., Any], opened: list[Path]) -> Callable[..., Any]:
    def open_path(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.suffix == ".faiss":
            opened.append(path)
        return real(path, *arguments, **options)

    return open_path


def test_the_environments_proof_opens_an_index_under_such_a_name(
    windows: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof.tempfile, "tempdir", str(tmp_path))
    opened = []
    monkeypatch.setattr(proof.Path, "open", opened_by(Path.open, opened))
    proof._search("cpu")
    assert windows == []
    assert [path.name.isascii() for path in opened] == [False]
    assert list(tmp_path.iterdir()) == []


def vectors_of(count: int) -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(count, 64)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [EXACT, "SQ8", "SQfp16", "PQ16np", "IVF16,Flat"])
def test_a_store_in_a_file_finds_what_it_found_in_memory(kind: str, tmp_path: Path) -> None:
    vectors = vectors_of(1000)
    store = make_store(kind, 64, 1000, lambda: iter([vectors]), lambda: None)
    write_store(store, tmp_path / UNUSUAL)
    faiss.write_index(store, str(tmp_path / "by-path"))
    assert (tmp_path / UNUSUAL).read_bytes() == (tmp_path / "by-path").read_bytes()
    opened = open_store(tmp_path / UNUSUAL)
    for before, after in zip(store.search(vectors[:50], 5), opened.search(vectors[:50], 5), strict=True):
        assert (before == after).all()


def test_an_open_store_stays_on_the_disk(tmp_path: Path) -> None:
    if not Path("/proc/self/status").is_file():
        pytest.skip("This system does not tell how much of a process's memory is mapped.")
    vectors = np.zeros((1 << 17, 256), np.float32)
    write_store(make_store(EXACT, 256, len(vectors), lambda: iter([vectors]), lambda: None), tmp_path / "store")
    before = anonymous_memory()
    store = open_store(tmp_path / "store")
    assert store.ntotal == len(vectors)
    assert (store.reconstruct_batch(np.array([5, 1 << 16])) == 0).all()
    assert anonymous_memory() - before < (tmp_path / "store").stat().st_size / 10


def anonymous_memory() -> int:
    """Bytes of this process that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))


def test_a_store_keeps_its_file_open_and_lets_it_go(tmp_path: Path) -> None:
    """It also shows that Windows's rule (the fixture of this folder) is in force."""
    path = tmp_path / "store"
    write_store(make_store(EXACT, 64, 10, lambda: iter([vectors_of(10)]), lambda: None), path)
    store = open_store(path)
    with pytest.raises(PermissionError):
        path.unlink()
    assert store.ntotal == 10
    del store
    path.unlink()


@pytest.mark.parametrize("content", [b"", b"IxFI", b"XXXX" + bytes(200)])
def test_a_file_that_is_no_store_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(content)
    with pytest.raises((ValueError, RuntimeError)):
        open_store(tmp_path / "store")
