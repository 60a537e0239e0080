"""Lost in space and film: the whole index is searched, places and footprints tell what is right, seeds are fixed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.benchmark.baselines import thin_out
from astroloc_qgis.engine.benchmark.papers.historical import read_as_film, square_queries
from astroloc_qgis.engine.benchmark.papers.lost_in_space import SIMULATED, read_sets
from astroloc_qgis.engine.benchmark.retrieval import Query, read_queries
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import Block, block_iou
from tests.engine.benchmark.test_retrieval_benchmark import COLUMNS
from tests.engine.synthetic import make_world, write_image

MODEL = "colour-histogram"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    world, folder = make_world(), tmp_path_factory.mktemp("index")
    imagery = world.write(folder / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)
    return build_index(Reference.open(imagery), [11, 12], None, MODEL, folder / "index")


@pytest.fixture(scope="module")
def whole(index: Index) -> list[tuple[Block, np.ndarray]]:
    """Blocks that the imagery shows whole, and their pictures."""
    reference = Reference.open(index.info.imagery_uri)
    every = [index.block(number) for number in range(len(index))]
    views = [(block, reference.read(block_window(block, 96))) for block in every]
    return [(block, seen.pixels) for block, seen in views if seen.mask.all()][:12:3]


@pytest.fixture(scope="module")
def footprints(whole: list[tuple[Block, np.ndarray]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of whole blocks, their nadirs on the other side of the Earth."""
    folder = tmp_path_factory.mktemp("footprints")
    with (folder / "photos.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, "nadir_lat", "nadir_lon"])
        for number, (block, picture) in enumerate(whole):
            write_image(folder / f"{number}.png", picture)
            lon, lat = block.center_lonlat
            writer.writerow(["A", f"{number}.png", *block.corners_lonlat.ravel(), -lat, lon - 180])
    return folder


@pytest.fixture(scope="module")
def frames(whole: list[tuple[Block, np.ndarray]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real frames as ``benchmark photos-real`` lists them.

    Two are of a satellite, one of them said to be far off; one is of another; and one shows no ground.
    """
    folder = tmp_path_factory.mktemp("frames")
    columns = ["file", "expect", "tolerance_km", "diagonal_km", "kind", "nadir_lat", "nadir_lon", "place", "licence"]
    with (folder / "photos.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        names = ["sat__1.png", "sat__2.png", "other__3.png", "sat__4.png"]
        for number, (name, (block, picture)) in enumerate(zip(names, whole, strict=True)):
            write_image(folder / name, picture)
            lon, lat = block.center_lonlat
            expect = "negative" if number == 3 else "land"
            lat = lat - 5 if number == 1 else lat
            writer.writerow([name, expect, 40, "", "day", lat, lon, "", ""])
    return folder


def run(arguments: list[str], report: Path) -> dict:
    assert main(["benchmark", *arguments, "--device", "cpu", "--json", str(report)]) == 0
    return json.loads(report.read_text())


def test_a_photo_is_found_wherever_its_nadir_is_said_to_be(
    footprints: Path, frames: Path, index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(["lost-in-space", str(footprints), str(frames), "--index", str(index.folder)], tmp_path / "r.json")
    assert found["radius_km"] == 0
    (words,) = found["sets"][SIMULATED]
    assert words == f"{MODEL}, Flat, {len(index)} blocks"
    assert found["sets"][SIMULATED][words]["mean"]["overlap"]["1"] == 100
    assert found["sets"]["sat"][words]["mean"]["overlap"] == dict.fromkeys(["1", "5", "10", "20", "100"], 50.0)
    assert found["sets"]["other"][words]["mean"]["overlap"]["1"] == 100
    assert found["sets"]["sat"][words]["seconds_per_query"] > 0
    assert f"| sat | {words} | 2 | 50.0 |" in capsys.readouterr().out


def test_frames_are_of_land_and_can_be_chosen(frames: Path, footprints: Path) -> None:
    sets = read_sets([frames, footprints])
    assert {name: len(queries) for name, queries in sets.items()} == {"sat": 2, "other": 1, SIMULATED: 4}
    assert list(read_sets([frames], only="other")) == ["other"]
    assert len(read_sets([footprints], most=2)[SIMULATED]) == 2
    with pytest.raises(InputError, match=r"it has no photos\.csv"):
        read_sets([frames / "nowhere"])


def test_a_thinned_database_keeps_the_right_blocks_of_frames(frames: Path, index: Index) -> None:
    queries = [query for queries in read_sets([frames]).values() for query in queries]
    kept = set(map(tuple, thin_out(index.blocks, queries, index, 0.0)))
    for query in queries:
        right = {tuple(row) for row in index.blocks if query.shown_by(Block(*map(int, row)))[0]}
        assert right <= kept


def test_a_square_of_a_photo_has_the_footprint_of_that_square(whole, tmp_path: Path) -> None:
    block, picture = whole[0]
    wide = np.pad(picture, ((0, 0), (48, 48), (0, 0)))  # twice as wide as high
    write_image(tmp_path / "wide.png", wide)
    around = Block(block.zoom, block.row, block.column - 2, 8)  # as wide; its upper half is the photo
    corners = around.corners_lonlat
    corners[2:, 1] = block.corners_lonlat[2:, 1]
    (square,) = square_queries([Query("A", tmp_path / "wide.png", corners, Nadir(0, 0))])
    assert block_iou(block, square.footprint) == pytest.approx(1, abs=1e-6)
    film, alpha = read_as_film(square)
    assert alpha is None
    assert np.array_equal(film, read_as_film(square)[0])


def test_film_is_searched_about_the_nadir_or_everywhere(footprints: Path, index: Index, tmp_path: Path) -> None:
    arguments = ["historical", str(footprints), "--index", str(index.folder)]
    kinds = ([], ["--radius-km", "0"], ["--real", "--radius-km", "0"])
    about, everywhere, real = (run([*arguments, *more], tmp_path / "r.json")["sets"] for more in kinds)
    (words,) = about["simulated film"]
    assert about["simulated film"][words]["mean"]["overlap"]["100"] == 0  # the nadirs are elsewhere
    assert everywhere["simulated film"][words]["mean"]["overlap"]["100"] == 100
    assert real["scans of film"][words]["mean"]["overlap"]["1"] == 100
    assert len(read_queries(footprints)) == everywhere["simulated film"][words]["regions"]["A"]["n"]


def test_other_models_are_measured_over_the_same_blocks(footprints: Path, index: Index, tmp_path: Path) -> None:
    arguments = ["lost-in-space", str(footprints), "--index", str(index.folder), "--models", MODEL]
    found = run([*arguments, "--cache", str(tmp_path / "cache")], tmp_path / "r.json")["sets"][SIMULATED]
    own, other = found.values()
    assert list(found)[1] == f"{MODEL}, exact, {len(index)} blocks"
    assert own["mean"] == other["mean"]


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--models", MODEL], "name a folder with --cache"), (["--share", "2"], "share of blocks"),
     (["--models", "nonsense", "--cache", "x"], "no descriptor model 'nonsense'")],
)  # fmt: skip
def test_options_that_make_no_sense_are_one_clear_line(
    footprints: Path, index: Index, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "historical", str(footprints), "--index", str(index.folder), *more]) == 2
    assert words in capsys.readouterr().err
