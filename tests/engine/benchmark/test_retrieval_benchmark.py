"""The benchmark of retrieval counts what a person would count, and says what it was given."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.benchmark.baselines import blocks_in_reach, thin_out
from astroloc_qgis.engine.benchmark.retrieval import TOPS, Found, Query, read_queries, region_table, run, summary
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.tiles import Block, block_iou, overlaps
from tests.engine.synthetic import make_world, write_image

MODEL = "colour-histogram"
COLUMNS = ["region", "file", *(f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat"))]


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated land in EPSG:3857."""
    world, folder = make_world(), tmp_path_factory.mktemp("imagery")
    return world.write(folder / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)


@pytest.fixture(scope="module")
def index(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    out = tmp_path_factory.mktemp("index") / "index"
    return build_index(Reference.open(imagery), [11, 12], None, MODEL, out)


@pytest.fixture(scope="module")
def folder(imagery: Path, index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five photos, each of a block of the index, turned; four of region A and one of region B."""
    folder = tmp_path_factory.mktemp("photos")
    reference = Reference.open(imagery)
    rows = []
    every = [index.block(number) for number in range(len(index))]
    whole = [block for block in every if reference.read(block_window(block, 64)).mask.all()]
    for number, block in enumerate(whole[:: len(whole) // 5][:5]):
        turn = number % 4
        name = f"{number}.png"
        write_image(folder / name, np.rot90(reference.read(block_window(block, 64)).pixels, turn))
        corners = np.roll(block.corners_lonlat, -turn, axis=0)  # the photo's top left is the turned block's next corner
        lon, lat = block.center_lonlat
        rows.append(["B" if number == 4 else "A", name, *corners.ravel(), lat, lon])
    with (folder / "photos.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, "nadir_lat", "nadir_lon"])
        writer.writerows(rows)
    return folder


def test_photos_of_blocks_are_found_at_once_whatever_their_turn(folder: Path, index: Index) -> None:
    result = summary(run(read_queries(folder), index, index.create_descriptor()))
    assert {name: region["n"] for name, region in result["regions"].items()} == {"A": 4, "B": 1}
    assert set(result["mean"]) == {"overlap", "iou20"}
    assert list(result["mean"]["overlap"]) == ["1", "5", "10", "20", "100"]
    assert result["mean"]["iou20"]["1"] == 100
    assert result["seconds_per_query"] > 0
    assert [entry["overlap"] for entry in result["photos"]] == [1] * 5


def test_ranks_are_those_of_a_slow_search_by_hand(folder: Path, index: Index) -> None:
    descriptor = index.create_descriptor()
    query = read_queries(folder)[1]
    moved = Query(query.region, query.path, query.footprint + np.array([0.25, 0.1]), query.nadir)
    (found,) = run([moved], index, descriptor, radius_km=0)

    pixels = read_photo(query.path).rgb8()
    vectors = descriptor.describe_photos([np.rot90(pixels, turn) for turn in range(4)])
    scores = []
    for number in range(len(index)):
        similarity = vectors @ index.store.reconstruct(number)
        scores.append((-float(similarity.max()), number))
    right = [overlaps(index.block(number), moved.footprint) for _, number in sorted(scores)]
    good = [block_iou(index.block(number), moved.footprint) > 0.2 for _, number in sorted(scores)]
    assert found.by_score == (
        right.index(True) + 1 if any(right) else None,
        good.index(True) + 1 if any(good) else None,
    )
    assert found.overlap is not None
    assert found.iou20 is None or found.iou20 >= found.overlap


def test_recall_is_the_share_of_photos_found_so_early_and_regions_count_alike() -> None:
    nowhere = np.zeros((4, 2))

    def found(region: str, overlap: int | None, iou20: int | None) -> Found:
        return Found(
            Query(region, Path("x/y.jpg"), nowhere, Nadir(0, 0)), overlap, iou20, (overlap, iou20), (overlap, None), 0.1
        )

    ranks = [("A", 1, 3), ("A", 7, None), ("A", None, None), ("A", 100, 100), ("B", 2, 2)]
    result = summary([found(*rank) for rank in ranks])
    assert result["regions"]["A"]["overlap"] == {"1": 25, "5": 25, "10": 50, "20": 50, "100": 75}
    assert result["regions"]["A"]["iou20"] == {"1": 0, "5": 25, "10": 25, "20": 25, "100": 50}
    assert result["mean"]["overlap"] == {"1": 12.5, "5": 62.5, "10": 75, "20": 75, "100": 87.5}
    assert [str(top) for top in TOPS] == list(result["mean"]["overlap"])
    assert result["by_radius"]["overlap"] == result["mean"]["overlap"]
    assert set(result["by_radius"]["iou20"].values()) == {0}


def test_only_blocks_about_the_photos_own_nadir_are_searched(folder: Path, index: Index) -> None:
    query = read_queries(folder)[0]
    far = Query(query.region, query.path, query.footprint, Nadir(query.nadir.latitude, query.nadir.longitude + 3))
    (near,) = run([query], index, index.create_descriptor(), radius_km=10)
    (away,) = run([far], index, index.create_descriptor(), radius_km=10)
    assert near.iou20 == 1
    assert near.by_radius == (1, 1)
    assert (away.overlap, away.iou20) == (None, None)
    (anywhere,) = run([query], index, index.create_descriptor(), radius_km=0)
    assert anywhere.by_radius is None


def test_the_blocks_in_reach_are_those_about_any_nadir(folder: Path, index: Index) -> None:
    queries = read_queries(folder)[:2]
    centers = index.centers_lonlat
    expected = set()
    for number in range(len(index)):
        for query in queries:
            if great_circle_km(query.nadir.lonlat, centers[number])[0] <= 12:
                expected.add(tuple(index.blocks[number]))
    assert set(map(tuple, blocks_in_reach(index, queries, 12))) == expected
    assert len(blocks_in_reach(index, queries, 0)) == len(index)


def test_a_thinned_database_keeps_every_right_block(folder: Path, index: Index) -> None:
    queries = read_queries(folder)[:1]
    kept = set(map(tuple, thin_out(index.blocks, queries, index, 0.1)))
    right = {tuple(row) for row in index.blocks if overlaps(Block(*map(int, row)), queries[0].footprint)}
    assert right <= kept
    assert len(kept) < len(index)


def test_the_command_line_writes_what_other_tools_read(
    folder: Path, index: Index, imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    report = tmp_path / "report.json"
    arguments = ["benchmark", "retrieval", str(folder), "--index", str(index.folder), "--json", str(report)]
    compared = ["--exact", "--baselines", "colour-histogram", "--cache", str(tmp_path / "cache"), "--device", "cpu"]
    assert main([*arguments, *compared]) == 0
    written = json.loads(report.read_text())
    assert {"regions", "mean", "seconds_per_query"} <= set(written)
    assert set(written["regions"]["A"]) == {"n", "overlap", "iou20"}
    assert written["compared"]["models"][MODEL]["mean"] == written["mean"]
    assert written["index"] == {"model": MODEL, "kind": "Flat", "blocks": len(index)}
    printed = capsys.readouterr().out
    assert "/0.png | 1 | 1 |" in printed
    assert "| colour-histogram (exact) | 100.0 |" in printed
    assert main([*arguments, "--radius-km", "0", "--limit", "1"]) == 0
    assert json.loads(report.read_text())["regions"]["A"]["n"] == 1


def test_tables_are_markdown() -> None:
    entry = {"overlap": dict.fromkeys(map(str, TOPS), 50.0), "iou20": dict.fromkeys(map(str, TOPS), 25.0)}
    lines = region_table({"regions": {"A": {"n": 4, **entry}}, "mean": entry}).splitlines()
    assert lines[0].startswith("| region | photos | R@1 | R@5 | R@10 | R@20 | R@100 | IoU R@1 |")
    assert lines[1] == "| --- |" + " ---: |" * 11
    assert lines[2].startswith("| A | 4 | 50.0 |")
    assert lines[3].startswith("| mean |  | 50.0 |")


def test_real_cases_are_queries_too(folder: Path, tmp_path: Path) -> None:
    query = read_queries(folder)[0]
    block = {"zoom": 11, "row": 700, "column": 1000}
    case = {"kind": "positive", "photo": str(query.path), "reference": str(query.path), "tile_block": block}
    known = {"nadir_lat": 46.0, "nadir_lon": 11.0, "footprint_lonlat": query.footprint.tolist()}
    unknown = {"kind": "negative"}
    (tmp_path / "cases.json").write_text(json.dumps([{"id": "a", **case, **known}, {"id": "b", **case, **unknown}]))
    (read,) = read_queries(tmp_path)
    assert (read.region, read.path, read.nadir) == ("a", query.path, Nadir(46.0, 11.0))
    assert (read.footprint == query.footprint).all()
    (tmp_path / "cases.json").write_text(json.dumps([{"id": "b", **case, **unknown}]))
    with pytest.raises(InputError, match="No case of .* has both a footprint and a nadir"):
        read_queries(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--baselines"], "name a folder with --cache"),
        (["--baselines", "nonsense", "--cache", "x"], "no descriptor model 'nonsense'"),
        (["--share", "0"], "share of blocks"),
        (["--radius-km", "-1"], "must be 0"),
    ],
)
def test_options_that_make_no_sense_are_one_clear_line(
    folder: Path, index: Index, options: list[str], words: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(["benchmark", "retrieval", str(folder), "--index", str(index.folder), *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "has no photos.csv"),
        ("region,file\nA,0.png\n", "Line 2 .* lacks what a photo needs"),
        (",".join([*COLUMNS, "nadir_lat", "nadir_lon"]) + "\n", "names no photos"),
        (
            ",".join([*COLUMNS, "nadir_lat", "nadir_lon"]) + "\nA,gone.png" + ",1" * 10 + "\n",
            "a photo that is not there",
        ),
    ],
)
def test_a_folder_that_is_no_benchmark_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "photos.csv").write_text(content)
    with pytest.raises(InputError, match=words):
        read_queries(tmp_path)
