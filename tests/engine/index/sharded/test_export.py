"""The export as GeoParquet and STAC: what it holds is the index, and other programs read it."""

from __future__ import annotations

import importlib
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.sharded.export import export_index
from astroloc_qgis.engine.index.sharded.split import shard_index
from tests.engine.index.sharded.made import DIMENSIONS, ZOOMS, write_index


def has_pyarrow() -> bool:
    """Whether a pyarrow is installed that works with this NumPy."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError:
        return False
    return True


with_pyarrow = pytest.mark.skipif(not has_pyarrow(), reason="pyarrow, which the export needs, is not installed")


def test_without_pyarrow_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"package pyarrow, which is not installed here or .*: install one .*\.$"):
        export_index(tmp_path / "index", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@with_pyarrow
@pytest.mark.parametrize("in_shards", [False, True])
def test_blocks_footprints_and_descriptors_are_those_of_the_index(tmp_path: Path, in_shards: bool) -> None:
    import pyarrow.parquet

    whole = write_index(tmp_path / "whole", "SQ8")
    folder = shard_index(whole.folder, tmp_path / "shards", rows=150).folder if in_shards else whole.folder
    export_index(folder, tmp_path / "out", descriptors=True)
    numbers = {tuple(block): number for number, block in enumerate(whole.blocks.tolist())}
    vectors = whole.vectors(np.arange(len(whole)))
    seen = 0
    for zoom in ZOOMS:
        table = pyarrow.parquet.read_table(tmp_path / "out" / f"blocks-z{zoom:02d}.parquet")
        assert table.schema.field("descriptor").type.list_size == DIMENSIONS
        rows = table.to_pylist()
        for row in rows[:: max(1, len(rows) // 40)]:
            number = numbers[row["zoom"], row["row"], row["column"]]
            assert row["descriptor"] == pytest.approx(vectors[number].tolist())
            order, kind = struct.unpack_from("<BI", row["geometry"])
            west, south, east, north = whole.block(number).corners_lonlat[[0, 2]][[0, 1, 1, 0], [0, 1, 0, 1]]
            assert order == 1
            assert kind == (6 if max(west, east) > 180 or east < west else 3)
            if kind == 3:
                points = np.frombuffer(row["geometry"], "<f8", 10, 13).reshape(5, 2)
                assert (*points.min(axis=0), *points.max(axis=0)) == pytest.approx((west, south, east, north))
        geo = json.loads(table.schema.metadata[b"geo"])
        assert geo["version"] == "1.1.0"
        assert geo["columns"]["geometry"]["encoding"] == "WKB"
        seen += len(rows)
    assert seen == len(whole)


@with_pyarrow
def test_the_collection_leads_to_its_items_and_they_to_their_files(tmp_path: Path) -> None:
    whole = write_index(tmp_path / "whole", "SQ8")
    export_index(whole.folder, tmp_path / "out")
    collection = json.loads((tmp_path / "out" / "collection.json").read_text())
    assert collection["extent"]["spatial"]["bbox"] == [list(whole.info.extent)]
    items = [link["href"] for link in collection["links"] if link["rel"] == "item"]
    assert len(items) == len(ZOOMS)
    for href in items:
        item = json.loads((tmp_path / "out" / href).read_text())
        assert item["collection"] == collection["id"]
        assert item["properties"]["astroloc:blocks"] == whole.info.counts[item["properties"]["astroloc:zoom"]]
        assert (tmp_path / "out" / item["assets"]["blocks"]["href"]).is_file()
