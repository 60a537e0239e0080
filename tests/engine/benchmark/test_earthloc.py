"""EarthLoc's benchmark on a small folder in its layout gives the numbers of a slow reference, written here."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path, PosixPath

import numpy as np
import pytest
import torch

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.benchmark.papers.earthloc import measure, positives_by_file, positives_by_footprint, regions
from astroloc_qgis.engine.benchmark.papers.earthloc_dataset import around, read_intersections, read_queries, read_tiles
from astroloc_qgis.engine.descriptors.base import WeightlessDescriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.ogr_polygons import polygon_geometry
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.tiles import Block, block_around
from tests.engine.synthetic import landscape, make_world, write_image

SIDE = 48
CENTRES = {
    "Alps": (45.0, 10.0), "Texas": (30.0, -95.0), "Toshka": (23.0, 30.0), "Amazon": (-3.0, -60.0),
    "Napa": (38.0, -122.0), "Gobi": (40.0, 105.0),
}  # fmt: skip
FAR = (46.0, 95.0)
"""More than 5,000 km from the Alps, in reach of the Gobi."""


class Cells(WeightlessDescriptor):
    """The mean colours of 3 x 3 cells: a picture turned is another vector."""

    name, dimensions, image_size, settings = "cells", 27, SIDE, {}

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        count, height, width, _ = images.shape
        cells = images[:, : height // 3 * 3, : width // 3 * 3].reshape(count, 3, height // 3, 3, width // 3, 3)
        vectors = cells.mean(axis=(2, 4)).reshape(count, -1)
        return (vectors - vectors.mean(axis=1, keepdims=True)).astype(np.float32)


def tile_name(block: Block, year: int) -> str:
    corners = "@".join(f"{value:.6f}" for value in block.corners_lonlat[:, ::-1].ravel())
    lon, lat = block.center_lonlat
    return f"@{corners}@{block.zoom}_{block.row}_{block.column}@{year}@{lat:.5f}@{lon:.5f}@5000@0@.jpg"


def write_tile(folder: Path, block: Block, picture: np.ndarray, year: int = 2021) -> Path:
    lon, lat = block.center_lonlat
    path = folder / "database" / f"{year}_{block.zoom}" / f"{lat:.0f}_{lon:.0f}" / tile_name(block, year)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, picture)
    return path


def write_query(folder: Path, name: str, picture: np.ndarray, corners: np.ndarray, nadir: Sequence[float]) -> Path:
    values = "@".join(f"{value:.6f}" for value in corners[:, ::-1].ravel())
    path = folder / "queries" / f"@{values}@{name}@20200101@{nadir[0]:.4f}@{nadir[1]:.4f}@4000@12@.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, picture)
    return path


def write_dataset(folder: Path, seed: int) -> Path:
    """Tiles of two zooms about three centres in two years; photos of some of them, turned and noisy, and odd ones."""
    rng = np.random.default_rng(seed)
    count = 0
    for lat, lon in (CENTRES["Alps"], CENTRES["Texas"], FAR):
        start = block_around(lon, lat, 9, stride=2)
        for row in range(4):
            for column in range(4):
                block = Block(9, start.row + 2 * row, start.column + 2 * column)
                picture = landscape(SIDE, 100 * seed + count)
                write_tile(folder, block, picture)
                write_tile(folder, block, landscape(SIDE, 999), year=2020)
                count += 1
                if rng.random() < 0.6:
                    noise = rng.normal(0, 40, (3, 3, 3)).repeat(SIDE // 3, 0).repeat(SIDE // 3, 1)
                    seen = np.rot90(np.clip(picture + noise, 0, 255).astype(np.uint8), int(rng.integers(4)))
                    corners = block.corners_lonlat + rng.uniform(-0.8, 0.8, 2)
                    rng.shuffle(corners)  # in no particular order
                    nadir = (lat + rng.uniform(-15, 15), lon + rng.uniform(-20, 20))
                    write_query(folder, f"ISS{count:03d}", seen, corners, nadir)
    sea = np.array([[-30.0, 40.0], [-29.0, 40.0], [-29.0, 39.0], [-30.0, 39.0]])
    write_query(folder, "ISS900", landscape(SIDE, 7), sea, (45.0, 0.0))  # overlaps no tile
    far = block_around(FAR[1], FAR[0], 9, stride=2).corners_lonlat
    write_query(folder, "ISS901", landscape(SIDE, 8), far, (45.0, 12.0))  # its tiles are not among the Alps'
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("earthloc"), 1)


def fields(path: Path) -> list[str]:
    return path.name.split("@")


def km(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Haversine, latitude and longitude in degrees."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, point)) for point in (first, second))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(a))


def middle(path: Path) -> tuple[float, float]:
    return float(fields(path)[11]), float(fields(path)[12])


def ring(path: Path) -> np.ndarray:
    return around(np.array([float(value) for value in fields(path)[1:9]]).reshape(4, 2)[:, ::-1])


def slow_overlaps(query: Path, tile: Path) -> bool:
    return polygon_geometry(ring(query)).Intersection(polygon_geometry(ring(tile))).GetArea() > 1e-9


def slow_numbers(folder: Path, descriptor: Cells, positives: dict[str, list[Path]]) -> dict[str, dict[str, object]]:
    """What the authors' code computes, one picture and one comparison at a time."""
    found: dict[str, dict[str, object]] = {}
    everything = sorted(path for path in folder.glob("database/2021_*/*/*.jpg"))
    for name, centre in CENTRES.items():
        tiles = [path for path in everything if km(centre, middle(path)) < 5000]
        ranks, left_out = [], 0
        for query in sorted(folder.glob("queries/*.jpg")):
            if km(centre, middle(query)) >= 2500:
                continue
            right = positives.get(query.name, [])
            if not right or any(path not in tiles for path in right):
                left_out += 1
                continue
            own = descriptor.describe_photos([read_photo(query).rgb8()])[0]
            rows = []
            for turn in range(4):
                for path in tiles:
                    picture = np.rot90(read_photo(path).rgb8(), turn)
                    vector = descriptor.describe_blocks([picture])[0]
                    rows.append((float(((own - vector) ** 2).sum()), len(rows), path))
            order = [path for _, _, path in sorted(rows)][:100]
            ranks.append(next((rank for rank, path in enumerate(order, start=1) if path in right), math.inf))
        if ranks:
            recall = {str(top): 100 * sum(rank <= top for rank in ranks) / len(ranks) for top in (1, 5, 10, 20, 100)}
            found[name] = {"n": len(ranks), "database": len(tiles), "left_out": left_out, "recall": recall}
    return found


def by_overlap(folder: Path) -> dict[str, list[Path]]:
    tiles = sorted(folder.glob("database/2021_*/*/*.jpg"))
    return {query.name: [tile for tile in tiles if slow_overlaps(query, tile)] for query in folder.glob("queries/*")}


def test_recalls_are_those_of_the_slow_reference(dataset: Path, tmp_path: Path) -> None:
    tiles, queries = read_tiles(dataset, 2021), read_queries(dataset)
    places = regions(queries, tiles, positives_by_footprint(queries, tiles))
    expected = slow_numbers(dataset, Cells(), by_overlap(dataset))
    assert {"Alps", "Texas", "Gobi"} <= set(expected)
    assert sum(entry["left_out"] for entry in expected.values()) >= 2
    assert expected["Alps"]["recall"]["1"] < expected["Alps"]["recall"]["100"]
    for cache in (None, tmp_path, tmp_path):  # without, filling and from the cache
        found = measure("cells", Cells(), queries, tiles, places, cache=cache)
        for name, entry in expected.items():
            own = found["regions"][name]
            assert {key: own[key] for key in ("n", "database", "left_out")} == {
                key: entry[key] for key in ("n", "database", "left_out")
            }
            assert own["recall"] == pytest.approx(entry["recall"], abs=0.01)
        mean = np.mean([entry["recall"]["5"] for entry in expected.values()])
        assert found["mean"]["5"] == pytest.approx(mean, abs=0.01)
    assert set(found["regions"]) == set(expected)


@pytest.mark.parametrize("suffix", [".pt", ".json"])
def test_positives_come_from_the_intersections_file_too(dataset: Path, tmp_path: Path, suffix: str) -> None:
    named = {
        query: [(tile.relative_to(dataset).as_posix(), 12.5) for tile in tiles[:1]]
        for query, tiles in by_overlap(dataset).items()
    }
    file = tmp_path / f"intersections{suffix}"
    torch.save(named, file) if suffix == ".pt" else file.write_text(json.dumps(named))
    tiles, queries = read_tiles(dataset, 2021), read_queries(dataset)
    positives = positives_by_file(queries, tiles, dataset, read_intersections(file))
    found = measure("cells", Cells(), queries, tiles, regions(queries, tiles, positives))
    first = {query: tiles[:1] for query, tiles in by_overlap(dataset).items()}
    for name, entry in slow_numbers(dataset, Cells(), first).items():
        assert found["regions"][name]["recall"] == pytest.approx(entry["recall"], abs=0.01)


def test_a_file_with_paths_and_numpys_numbers_is_read_and_code_in_one_is_not_run(tmp_path: Path) -> None:
    torch.save({"q.jpg": [(PosixPath("database/t.jpg"), np.float64(3.0))]}, tmp_path / "a.pt")
    assert read_intersections(tmp_path / "a.pt") == {"q.jpg": ["database/t.jpg"]}
    torch.save({"q.jpg": [eval]}, tmp_path / "b.pt")
    with pytest.raises(InputError, match=r"b\.pt cannot be understood"):
        read_intersections(tmp_path / "b.pt")
    (tmp_path / "c.json").write_text("[1, 2]")
    with pytest.raises(InputError, match=r"c\.json cannot be understood"):
        read_intersections(tmp_path / "c.json")


def test_the_command_measures_models_and_an_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The photos are of blocks of the index, which is of the imagery that the tiles were cut from."""
    world, folder = make_world(), tmp_path / "dataset"
    imagery = world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)
    reference = Reference.open(imagery)
    index = build_index(reference, [11], None, "colour-histogram", tmp_path / "index")
    every = [index.block(number) for number in range(len(index))]
    whole = [block for block in every if reference.read(block_window(block, 64)).mask.all()]
    for number, block in enumerate(whole):
        picture = reference.read(block_window(block, 64)).pixels
        write_tile(folder, block, picture)
        if number % 3 == 0:
            lon, lat = block.center_lonlat
            write_query(folder, f"ISS{number}", np.rot90(picture), block.corners_lonlat, (lat, lon))
    report = tmp_path / "report.json"
    arguments = ["benchmark", "earthloc", str(folder), "--device", "cpu", "--json", str(report)]
    assert main([*arguments, "--models", "colour-histogram", "--cache", str(tmp_path / "cache")]) == 0
    assert "| colour-histogram | **mean** | | | | 100.0 |" in capsys.readouterr().out
    assert main([*arguments, "--index", str(Index.open(tmp_path / "index").folder)]) == 0
    written = json.loads(report.read_text())
    assert written["positives"] == "footprints"
    assert written["models"]["colour-histogram"]["mean"]["1"] == 100.0
    (folder / "none.json").write_text(json.dumps({query.path.name: [] for query in read_queries(folder)}))
    assert main([*arguments, "--positives", str(folder / "none.json")]) == 2
    assert "overlaps tiles of it" in capsys.readouterr().err


def test_a_folder_that_is_no_dataset_is_told_in_a_sentence(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(InputError, match="holds no tiles of the year 2021"):
        read_tiles(tmp_path, 2021)
    with pytest.raises(InputError, match="holds no tiles of the year 1999"):
        read_tiles(dataset, 1999)
    with pytest.raises(InputError, match="holds no photos"):
        read_queries(tmp_path)
