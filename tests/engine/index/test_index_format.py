"""The table of an index's blocks: packed small, unpacked the same, and no file that is none is taken for one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.block_table import Table, block_table
from astroloc_qgis.engine.index.format import pack_blocks, unpack_blocks
from astroloc_qgis.engine.tiles import blocks_in_extent


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """(N, 3) blocks of any zooms up to 24, anywhere, in any order."""
    zooms = draw(st.lists(st.integers(0, 24), max_size=30))
    places = [[zoom, *(draw(st.integers(0, 2**zoom - 1)) for _ in range(2))] for zoom in zooms]
    return np.array(places, np.int32).reshape(-1, 3)


@given(table=tables())
def test_a_table_is_unpacked_as_it_was_packed(table: Table, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "blocks.npz"
    pack_blocks(table, path)
    unpacked = unpack_blocks(path, len(table))
    assert unpacked.dtype == np.int32
    assert unpacked.shape == table.shape
    assert (unpacked == table).all()


def test_neighbours_take_less_than_half_a_byte_each(tmp_path: Path) -> None:
    table = block_table(blocks_in_extent((0, 0, 30, 30), [9, 10, 11]))
    pack_blocks(table, tmp_path / "blocks.npz")
    assert len(table) > 5_000
    assert (tmp_path / "blocks.npz").stat().st_size < len(table) / 2


class TestMalformed:
    """Whatever a file holds, what is raised is what ``Index.open`` makes a sentence of."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        pack_blocks(np.array([[11, 2044, 2047], [11, 2046, 3], [12, 0, 9]], np.int32), tmp_path / "blocks.npz")
        return tmp_path / "blocks.npz"

    def write(self, path: Path, content: bytes, **settings) -> None:
        with zipfile.ZipFile(path, "w", **({"compression": zipfile.ZIP_DEFLATED} | settings)) as archive:
            archive.writestr("steps.npy", content)

    def header(self, **changes) -> bytes:
        stream = io.BytesIO()
        fields = {"descr": "<i2", "fortran_order": False, "shape": (3, 3)} | changes
        np.lib.format.write_array_header_1_0(stream, fields)
        return stream.getvalue()

    def test_its_headers_are_as_this_test_makes_them(self, path: Path) -> None:
        self.write(path, self.header() + bytes(18))
        assert unpack_blocks(path, 3).tolist() == [[0, 0, 0]] * 3

    @pytest.mark.parametrize("count", [0, 2, 4, 10**12])
    def test_another_number_of_blocks(self, path: Path, count: int) -> None:
        with pytest.raises(ValueError, match=rf"\(3, 3\) of int16 instead of {count} blocks"):
            unpack_blocks(path, count)

    @pytest.mark.parametrize(
        "changes",
        [
            {"shape": (10**12, 3)},
            {"shape": (9,)},
            {"shape": (3, 3, 1)},
            {"descr": "<f4"},
            {"descr": "<u8"},
            {"descr": "|O"},
            {"descr": [("zoom", "<i4")]},
            {"fortran_order": True},
        ],
    )
    def test_other_arrays(self, path: Path, changes: dict) -> None:
        self.write(path, self.header(**changes) + bytes(100))
        with pytest.raises(ValueError, match="instead of 3 blocks"):
            unpack_blocks(path, 3)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x93NUMPY",
            b"\x93NUMPY\x02\x00\x10\x00\x00\x00",
            b"\x93NUMPY\x01\x00\x04\x00{[]:",
            b"\x93NUMPY\x01\x00\x06\x00{[]:1}",
            b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000,
        ],
    )
    def test_no_array_at_all(self, path: Path, content: bytes) -> None:
        self.write(path, content)
        with pytest.raises(ValueError, match=r".+"):
            unpack_blocks(path, 3)

    def test_too_few_numbers(self, path: Path) -> None:
        self.write(path, self.header() + bytes(10))
        with pytest.raises(ValueError, match=r".+"):
            unpack_blocks(path, 3)

    def test_more_numbers_than_there_should_be_are_never_inflated(self, path: Path) -> None:
        self.write(path, self.header() + bytes(50_000_000))
        content = bytearray(path.read_bytes())
        content[10_000:11_000] = bytes(range(250)) * 4  # nobody gets as far as this
        path.write_bytes(content)
        assert unpack_blocks(path, 3).tolist() == [[0, 0, 0]] * 3

    def test_another_compression(self, path: Path) -> None:
        self.write(path, self.header() + bytes(18), compression=zipfile.ZIP_LZMA)
        with pytest.raises(ValueError, match="is not packed as"):
            unpack_blocks(path, 3)

    def test_another_name(self, path: Path) -> None:
        np.savez_compressed(path, blocks=np.zeros((3, 3), np.int16))
        with pytest.raises(ValueError, match=r"cannot be unpacked: .*steps\.npy"):
            unpack_blocks(path, 3)

    def test_any_byte_changed_or_the_end_missing(self, path: Path) -> None:
        whole = path.read_bytes()
        broken = [whole[:length] for length in range(0, len(whole), 7)]
        for place in range(len(whole)):
            for mask in (1, 128, 255):
                content = bytearray(whole)
                content[place] ^= mask
                broken.append(bytes(content))
        refused = 0
        for content in broken:
            path.write_bytes(content)
            try:
                assert unpack_blocks(path, 3).shape == (3, 3)  # some bytes are dates, or checked by the sha256 alone
            except (ValueError, OSError):
                refused += 1
        assert refused > len(broken) / 3
