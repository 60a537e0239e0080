"""Neighbours help: photos of one pass are placed by each other, and what disagrees is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.sequence.localization import Search, localize_neighbours
from tests.engine.sequence.flight import Flight
from tests.engine.synthetic import make_world

DIAGONAL_KM = 30.0


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    return Flight(tmp_path_factory.mktemp("flight"), make_world())


@pytest.fixture(scope="module")
def placed(flight: Flight, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Path, Localization], Path]:
    """Photos 0, 2, 3 and 6 were located, and 5 in the wrong place; 1 was missed, 4 is cloud."""
    out = tmp_path_factory.mktemp("placed")
    results = flight.results((0, 2, 3, 6), wrong=(5,))
    stale = out / "stale_georeferenced.tif"
    stale.write_text("of the wrong place")
    results[flight.photos[5]].outputs = {"geotiff": stale}
    search = Search(out, out, str(flight.imagery), options={"matcher": "sift", "device": "cpu"})
    return {one.photo: one for one in localize_neighbours(results, search)}, out


def test_every_photo_has_its_place(flight, placed):
    for number, path in enumerate(flight.photos):
        report = placed[0][path].report()
        assert report["status"] == "localized", (number, report["reason"])
        assert flight.error_km(number, report["footprint"]) < 0.1 * DIAGONAL_KM


def test_a_photo_that_was_missed_is_registered_where_its_neighbours_are(flight, placed):
    report = placed[0][flight.photos[1]].report()
    assert report["placed_by"] == "reference"
    assert report["matcher"] == "sift"
    assert flight.error_km(1, report["footprint"]) < 0.3


def test_a_photo_of_cloud_is_placed_by_its_neighbours_with_a_radius_that_holds_the_truth(flight, placed):
    report = placed[0][flight.photos[4]].report()
    assert (report["placed_by"], report["matcher"], report["inliers"]) == ("neighbours", "sequence", 0)
    assert {"pass_0023"} <= set(report["neighbours"]) <= {path.stem for path in flight.photos}
    assert flight.error_km(4, report["footprint"]) < report["uncertainty_m"] / 1000 < 0.3 * DIAGONAL_KM
    assert Path(report["outputs"]["geotiff"]).is_file()
    assert Path(report["outputs"]["uncertainty"]).is_file()


def test_a_wrong_place_is_found_out_and_its_files_are_gone(flight, placed):
    results, out = placed
    assert not (out / "stale_georeferenced.tif").exists()
    assert results[flight.photos[5]].report()["placed_by"] == "reference"
    assert flight.error_km(5, results[flight.photos[5]].report()["footprint"]) < 0.3
