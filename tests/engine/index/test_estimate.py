"""What an index will be, estimated before it is built, and the rates that earlier builds leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import estimate as module
from astroloc_qgis.engine.index.estimate import bytes_of_kind, estimate_index
from astroloc_qgis.engine.index.format import read_info
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.upkeep.rates import RateMeter, known_rate
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.tiles import blocks_in_extent

EUROPE = (-10.0, 36.0, 30.0, 60.0)


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "data"))


@pytest.mark.parametrize("extent", [EUROPE, (170.0, -50.0, -170.0, -30.0), (-180.0, -80.0, 180.0, 85.0)])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_blocks_are_counted_as_they_are_listed(extent: tuple[float, float, float, float], stride: int) -> None:
    found = estimate_index([5, 7], extent, stride=stride)
    for zoom in (5, 7):
        assert found.blocks[zoom] == len(blocks_in_extent(extent, [zoom], 4, stride))


def test_the_index_is_no_larger_than_estimated_and_nearly_as_large(build: Callable[..., Index]) -> None:
    index = build(kind="SQ8")
    found = estimate_index(index.info.zooms, index.info.extent, model="colour-histogram", kinds=["SQ8"])
    assert len(index) <= found.count
    one, _ = bytes_of_kind("SQ8", index.info.dimensions)
    size = sum(path.stat().st_size for path in index.folder.iterdir())
    assert len(index) * one <= size <= len(index) * one + 10_000


def test_land_is_where_the_worlds_index_has_blocks() -> None:
    info = read_info(shipped("index", "world"))
    found = estimate_index([7, 8, 9], info.extent, land_only=True)
    for zoom, count in found.blocks.items():
        assert count * 0.75 <= info.counts[zoom] <= count
    pacific = estimate_index([9], (-140.0, -40.0, -120.0, -30.0), land_only=True)
    assert pacific.count == 0
    assert estimate_index([9], (-140.0, -40.0, -120.0, -30.0)).count > 100
    inland = (15.0, -5.0, 25.0, 5.0)
    assert estimate_index([9, 12], inland, land_only=True).blocks == estimate_index([9, 12], inland).blocks


def test_without_a_worlds_index_all_is_land(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "shipped", lambda *_: tmp_path)
    module.land_sums.cache_clear()
    try:
        assert estimate_index([8], EUROPE, land_only=True).blocks == estimate_index([8], EUROPE).blocks
    finally:
        module.land_sums.cache_clear()


def test_the_size_of_the_worlds_index_is_what_its_kind_says() -> None:
    info = read_info(shipped("index", "world"))
    vector, table = bytes_of_kind(info.kind, info.dimensions)
    assert vector * info.count + table == pytest.approx(info.files["descriptors.faiss"]["bytes"], rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "size"),
    [("Flat", 1024), ("SQfp16", 512), ("SQ8", 256), ("PQ64np", 64), ("PQ128x7np", 112), ("IVF256,Flat", 1032),
     ("OPQ64,PQ64np", 64), ("PCA64,PQ64np", 64)],
)  # fmt: skip
def test_each_kind_has_its_bytes(kind: str, size: int) -> None:
    assert bytes_of_kind(kind, 256)[0] == size


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"zooms": []}, "at least one zoom"),
        ({"zooms": [1]}, "zoom of at least 2"),
        ({"zooms": [30]}, "from 2 to 24"),
        ({"zooms": [20], "extent": (-180.0, -60.0, 180.0, 60.0)}, "million blocks: choose lower zooms"),
        ({"stride": 0}, "stride"),
        ({"extent": (1.0, 2.0, 1.0, 3.0)}, "longitudes"),
        ({"extent": (1.0, 3.0, 2.0, 2.0)}, "extent"),
        ({"extent": (float("nan"), 0.0, 1.0, 1.0)}, "extent"),
        ({"kinds": ["LZ4"]}, "cannot be of kind 'LZ4'"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        estimate_index(**({"zooms": [8], "extent": EUROPE} | changes))


def test_a_build_leaves_its_rate_and_the_resumed_part_does_not_count(tmp_path: Path) -> None:
    times = iter([0.0, 10.0, 20.0, 25.0])
    meter = RateMeter(clock=lambda: next(times))
    for fraction in (0.5, 0.75, 1.0, 1.0):
        meter("describe", fraction)
    assert known_rate("m", "https://service") is None
    meter.record("m", "https://service", 1000)
    assert known_rate("m", "https://service") == 25.0
    assert known_rate("m", str(Path(__file__))) is None
    assert estimate_index([8], EUROPE, rate=25.0).seconds == estimate_index([8], EUROPE).count / 25


@pytest.mark.parametrize("content", ["[", "[]", '{"m, service": "fast"}', '{"m, service": -1}'])
def test_rates_that_cannot_be_read_are_none(content: str, tmp_path: Path) -> None:
    test_a_build_leaves_its_rate_and_the_resumed_part_does_not_count(tmp_path)
    (path,) = (tmp_path / "data").rglob("index-rates.json")
    path.write_text(content)
    assert known_rate("m", "https://service") is None


def test_the_command_line_tells_the_estimate(capsys: pytest.CaptureFixture, imagery: Path) -> None:
    assert main(["index", "estimate", "--zooms", "8,9", "--extent=-10,36,30,60", "--land"]) == 0
    told = capsys.readouterr().out
    assert "land and coasts" in told
    assert "MB as PQ128x7np" in told
    assert "not known before the first build" in told
    assert main(["index", "estimate", "--zooms", "11", "--imagery", str(imagery)]) == 0
    assert main(["index", "estimate", "--zooms", "11"]) == 2
    assert "needs --extent or --imagery" in capsys.readouterr().err
