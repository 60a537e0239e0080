"""Import of a published index: the upright quarter of a faiss file, as an index of ours that finds the same."""

from __future__ import annotations

import csv
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index import published_index
from astroloc_qgis.engine.index.published_index import import_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE, add_weights
from tests.engine.descriptors.published_checkpoint import tiny_astroloc_shapes, write_checkpoint
from tests.engine.scene import Run
from tests.small_disk import on_a_small_disk

ROOT = Path(__file__).resolve().parents[3]
NUMBERS = 64
BLOCKS = [
    *(Block(9, row, column) for row in (180, 182) for column in (260, 262, 264)),
    *(Block(10, 362, column) for column in (520, 522)),
    Block(9, 180, 510),  # across the antimeridian
]


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model that made the index."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    add_weights("earthloc2", write_checkpoint(tmp_path / "tiny.pt", tiny_astroloc_shapes()))


def tile_path(block: Block, year: int = 2021) -> str:
    """As EarthLoc names the tile of a block: corners, id, year, middle, area."""
    (west, north), _, (east, south), _ = block.corners_lonlat
    east += 360 if east < west else 0
    corners = "".join(
        f"@{lat:.6f}@{lon:.6f}" for lat, lon in ((north, west), (north, east), (south, east), (south, west))
    )
    lat, lon = (north + south) / 2, (west + east) / 2
    folder = f"data/database/{year}_{block.zoom}/{lat:.0f}_{lon:.0f}"
    name = f"{corners}@{block.zoom}_{block.row}_{block.column}@{year}@{lat:.2f}@{lon:.2f}@9000@0@.jpg"
    return f"{folder}/{name}"


class Published:
    """A published index, as the authors' script writes it."""

    def __init__(self, folder: Path, blocks: list[Block] = BLOCKS, years: tuple[int, ...] = (2021,)) -> None:
        self.paths = sorted((tile_path(block, year) for block in blocks for year in years), key=lambda p: Path(p).parts)
        rng = np.random.default_rng(5)
        vectors = rng.normal(size=(4, len(self.paths), NUMBERS)).astype(np.float32)
        self.vectors = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
        self.faiss, self.csv, self.out = folder / "faiss_index_2021.bin", folder / "tiles.csv", folder / "index"
        self.write_vectors()
        self.write_table()

    def write_vectors(self, vectors: np.ndarray | None = None) -> None:
        index = faiss.IndexFlatL2(NUMBERS)
        index.add(np.ascontiguousarray((self.vectors if vectors is None else vectors).reshape(-1, NUMBERS)))
        faiss.write_index(index, str(self.faiss))

    def write_table(self, rows: list[list[object]] | None = None) -> None:
        """By default the rows of the index, all four of a tile together."""
        count = len(self.paths)
        every = [[at + turn * count, path] for at, path in enumerate(self.paths) for turn in range(4)]
        with self.csv.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([["faiss_index", "local_path"], *every] if rows is None else rows)

    def load(self, **more: object) -> Index:
        settings = {"model": "earthloc2", "imagery": "map.tif"} | more
        return import_index(self.faiss, self.csv, self.out, **settings)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path)


def block_of(path: str) -> tuple[int, ...]:
    return tuple(int(part) for part in path.split("@")[9].split("_"))


def test_each_block_has_its_upright_vector_and_the_three_other_quarters_are_gone(published: Published) -> None:
    index = published.load()
    assert len(index) == len(BLOCKS)
    assert [tuple(row) for row in index.blocks.tolist()] == [block_of(path) for path in published.paths]
    np.testing.assert_allclose(index.vectors(np.arange(len(BLOCKS))), published.vectors[0], atol=1e-6)
    assert (published.out / "descriptors.faiss").stat().st_size < published.faiss.stat().st_size / 3
    info = index.info
    assert (info.model, info.kind, info.zooms, info.counts) == ("earthloc2", "Flat", (9, 10), {9: 7, 10: 2})
    assert info.stride == {9: 2, 10: 2}
    assert info.extent[0] == -180
    assert info.extent[2] == 180


def test_a_search_finds_what_the_published_upright_rows_give(published: Published) -> None:
    index = published.load()
    queries = np.random.default_rng(1).normal(size=(5, NUMBERS)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    flat = faiss.IndexFlatL2(NUMBERS)
    flat.add(published.vectors[0])
    distances, numbers = flat.search(queries, 4)
    scores, found = index.search(queries, 4)
    np.testing.assert_array_equal(found, numbers)
    np.testing.assert_allclose(2 - 2 * scores, distances, atol=1e-5)


def test_a_table_of_one_row_a_tile_is_sorted_as_paths_are(published: Published) -> None:
    published.write_table([["path"], *([path] for path in reversed(published.paths))])
    index = published.load()
    assert [tuple(row) for row in index.blocks.tolist()] == [block_of(path) for path in published.paths]


def test_a_table_without_a_head_and_with_windows_paths_is_read(published: Published) -> None:
    published.write_table([[path.replace("/", "\\"), "x"] for path in published.paths])
    assert len(published.load()) == len(BLOCKS)


def test_of_the_tiles_of_one_block_the_latest_year_is_kept(tmp_path: Path) -> None:
    published = Published(tmp_path, years=(2021, 2022))
    index = published.load()
    assert len(index) == len(BLOCKS)
    later = [at for at, path in enumerate(published.paths) if "@2022@" in path]
    np.testing.assert_allclose(index.vectors(np.arange(len(BLOCKS))), published.vectors[0][later], atol=1e-6)
    assert index.info.skipped == {"there is a tile of a later year": len(BLOCKS)}


def test_other_kinds_of_store_are_made_too(published: Published) -> None:
    index = published.load(kind="SQfp16")
    np.testing.assert_allclose(index.vectors(np.arange(len(BLOCKS))), published.vectors[0], atol=1e-3)


def test_the_imagery_is_eox_of_the_tiles_year_unless_another_is_named(published: Published) -> None:
    info = published.load(imagery="").info
    assert "s2cloudless-2021_3857/default/g/${z}/${y}/${x}.jpg" in info.imagery_uri
    assert "Copernicus Sentinel data 2021" in info.attribution
    assert "non-commercial" in info.licence


def test_parts_are_read_one_after_the_other(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_index, "_ROWS", 2)
    seen: list[float] = []
    index = published.load(progress=lambda _, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert len(seen) == 6
    np.testing.assert_allclose(index.vectors(np.arange(len(BLOCKS))), published.vectors[0], atol=1e-6)


def test_neither_the_file_nor_a_quarter_of_it_is_in_memory_at_once(tmp_path: Path) -> None:
    """A file of 160 MB, imported by a process that may allocate 30 MB more than it has."""
    source, out = tmp_path / "large.bin", tmp_path / "out.faiss"
    rows, wide = 40_000, 1000
    header = bytearray(faiss.serialize_index(faiss.IndexFlatL2(wide)).tobytes())
    header[8:16], header[-8:] = struct.pack("<q", rows), struct.pack("<Q", rows * wide)
    part = np.zeros((4000, wide), np.float32)
    part[:, 3] = 1
    with source.open("wb") as stream:
        stream.write(header)
        for _ in range(rows // len(part)):
            stream.write(part.data)
    code = (
        "import re, resource, numpy as np, faiss\n"
        "from pathlib import Path\n"
        "from astroloc_qgis.engine.index import published_index as p\n"
        "p._ROWS = 500\n"
        f"source, out, kept = Path({str(source)!r}), Path({str(out)!r}), np.arange({rows // 4})\n"
        "data = 1024 * int(re.search(r'VmData:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (data + 30_000_000,) * 2)\n"
        f"store = p._open(source, {wide}, 'x')\n"
        f"p._write_flat(out, {wide}, len(kept), p._upright_rows(store, kept, source, lambda *_: None))\n"
        "try:\n    np.ones(40_000_000, np.uint8)\nexcept MemoryError:\n    print('limited')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.strip() == "limited", done.stderr
    assert out.stat().st_size == 45 + rows // 4 * wide * 4


# ---------------------------------------------------------------- what does not fit


def refusal(published: Published, **more: object) -> str:
    with pytest.raises(InputError) as caught:
        published.load(**more)
    assert not published.out.exists()
    assert not list(published.out.parent.glob("index.*"))
    assert str(caught.value).endswith(".") or ":" in str(caught.value)
    return str(caught.value)


def rows_of(published: Published) -> list[list[object]]:
    with published.csv.open(encoding="utf-8") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("by_number", [True, False])
def test_rows_that_are_not_four_a_tile_are_refused(published: Published, by_number: bool) -> None:
    fewer = published.paths[:-1]
    count = len(fewer)
    every = [[at + turn * count, path] for at, path in enumerate(fewer) for turn in range(4)]
    published.write_table([["faiss_index", "local_path"], *every] if by_number else [[path] for path in fewer])
    sentence = refusal(published)
    assert "has 36 rows and the table" in sentence
    assert "names 8 tiles, which would have 32 rows" in sentence


def test_an_index_that_is_not_in_four_turns_is_refused(published: Published) -> None:
    published.write_vectors(published.vectors.reshape(-1, NUMBERS)[:-1])
    assert "has 35 rows, which are not four turns" in refusal(published)


def test_an_index_of_another_model_is_refused(published: Published) -> None:
    other = faiss.IndexFlatL2(48)
    other.add(np.ones((36, 48), np.float32))
    faiss.write_index(other, str(published.faiss))
    assert "has vectors of 48 numbers, and earthloc2 gives 64" in refusal(published)


@pytest.mark.parametrize("make", [lambda: faiss.IndexFlatIP(NUMBERS), lambda: faiss.IndexHNSWFlat(NUMBERS, 8)])
def test_another_kind_of_faiss_index_is_refused(published: Published, make: Callable[[], object]) -> None:
    index = make()
    index.add(published.vectors.reshape(-1, NUMBERS))
    faiss.write_index(index, str(published.faiss))
    assert "an IndexFlatL2 is expected" in refusal(published)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused(published: Published, share: float) -> None:
    content = published.faiss.read_bytes()
    published.faiss.write_bytes(content[: int(share * len(content))])
    assert "is no whole faiss index" in refusal(published)


@pytest.mark.parametrize("bad", [0.0, np.nan, 40.0])
def test_rows_that_are_no_unit_vectors_are_refused(published: Published, bad: float) -> None:
    published.vectors[0, 5, :] = bad
    published.write_vectors()
    assert "Row 5 of the index" in refusal(published)


def test_a_table_with_the_turns_in_another_order_is_refused(published: Published) -> None:
    interleaved = [[4 * at + turn, path] for at, path in enumerate(published.paths) for turn in range(4)]
    published.write_table([["faiss_index", "local_path"], *interleaved])
    assert "names another tile than row" in refusal(published)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["a", "b"], ["1", "2"]], "has no column with tiles' paths"),
        ([], "has no column with tiles' paths"),
        ([["faiss_index", "local_path"], ["x", "data/@1@.jpg"]], "Line 2 of the table"),
        ([["p"], *([f"@1@2@3@4@5@6@7@8@nonsense@2021@{at}@.jpg"] for at in range(9))], "no tile of EarthLoc's"),
        ([["p"], *([f"@1@2@3@4@5@6@7@8@9_700_{at}@2021@1@2@3@0@.jpg"] for at in range(9))], "no tile of EarthLoc's"),
        ([["p"], *([f"@1@2@1@3@4@3@4@2@9_180_{at}@2021@1@2@3@0@.jpg"] for at in range(9))], "has other corners"),
    ],
)
def test_a_table_that_cannot_be_understood_is_told(published: Published, rows: list[list[object]], words: str) -> None:
    published.write_table(rows)
    assert words in refusal(published)


def test_files_that_are_not_there_and_folders_that_are_taken_are_told(published: Published, tmp_path: Path) -> None:
    published.csv.unlink()
    assert "cannot be read: expected is a CSV" in refusal(published)
    published.faiss = tmp_path / "absent.bin"
    assert "There is no file" in refusal(published)
    published.out.mkdir()
    (published.out / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="there is something of that name"):
        published.load()
    assert (published.out / "mine.txt").is_file()


def test_without_the_models_weights_it_says_how_to_get_them(published: Published, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "weights")
    assert "models fetch earthloc2" in refusal(published)


def test_a_cancelled_import_leaves_nothing(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_index, "_ROWS", 2)

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        published.load(progress=stop)
    assert not list(published.out.parent.glob("index*"))


def test_a_full_disk_is_told_and_leaves_nothing(published: Published, tmp_path: Path) -> None:
    large = np.zeros((4 * 9, NUMBERS), np.float32)
    large[:, 0] = 1
    published.write_vectors(large)
    small = tmp_path / "small"
    before = on_a_small_disk(small, "4k")
    look = ["sh", "-c", f'"$@"; status=$?; ls -A {small} >&2; exit $status', "sh"]
    command = ["-m", "astroloc_qgis", "index", "import", published.faiss, published.csv, "--model", "earthloc2"]
    done = subprocess.run(
        [*before, *look, sys.executable, *map(str, command), "--out", str(small / "index")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_the_command_imports_and_shows_the_index(published: Published, run: Run) -> None:
    status, told, error = run(
        "index", "import", published.faiss, published.csv, "--model", "earthloc2", "--imagery", "map.tif", "--out",
        published.out, "--title", "Sentinel-2 of 2021",
    )  # fmt: skip
    assert status == 0, error
    assert "Sentinel-2 of 2021" in told
    assert "blocks       9 (7 at zoom 9, 2 at zoom 10)" in told
    assert "earthloc2, 64 dimensions, Flat" in told
