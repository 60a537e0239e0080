"""The methods for an index: what they refuse, and what they say of the world's index."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index.package import pack_index
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.worker.handlers import handlers
from tests.engine.synthetic import write_image


def no_progress(stage, fraction):
    """Report nothing."""


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    return write_image(tmp_path / "photo.png", pixels)


def retrieve(photo, progress=no_progress, **changes):
    params = {"photo": str(photo), "index": str(shipped("index", "world")), "top": 5, "nadir": [45.0, 12.0]}
    return handlers(1)["retrieve"]({**params, **changes}, progress)


def test_an_index_is_checked_and_described():
    answer = handlers(1)["index_check"]({"index": str(shipped("index", "world"))}, no_progress)
    assert sum(answer["info"]["counts"].values()) > 10_000
    assert answer["info"]["model"] == "astroloc-lite"


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist|no index"):
        handlers(1)["index_check"]({"index": str(tmp_path / "nothing")}, no_progress)


def test_candidates_are_ranked_about_the_nadir_with_the_corners_of_their_blocks(photo):
    answer = retrieve(photo)
    assert [one["rank"] for one in answer["candidates"]] == [1, 2, 3, 4, 5]
    for one in answer["candidates"]:
        assert np.shape(one["corners"]) == (4, 2)
        assert np.hypot(*(np.mean(one["corners"], axis=0) - [12.0, 45.0])) < 40
    assert answer["device"] == "cpu" or answer["device_note"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"top": 0}, "at least 1"),
        ({"top": 1.5}, "must be a whole number"),
        ({"nadir": [1]}, "nadir"),
        ({"imagery": "nothing.tif"}, "nothing.tif"),
        ({"extent": [10, 50, 10, 40]}, "extent"),
        ({"colour": "red"}, "do not exist: colour"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence(photo, changes, words):
    with pytest.raises(InputError, match=words):
        retrieve(photo, **changes)


def test_a_search_can_be_cancelled(photo):
    def stop(_stage, _fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        retrieve(photo, stop)


def test_indexes_are_merged_and_installed_or_refused(tmp_path):
    world = str(shipped("index", "world"))
    with pytest.raises(InputError, match="needs at least two"):
        handlers(1)["index_merge"]({"folders": [world], "out": str(tmp_path / "a")}, no_progress)
    with pytest.raises(InputError, match="is not given, so it is not fetched"):
        handlers(1)["index_install"]({"source": "https://example.org/a.zip", "out": str(tmp_path / "a")}, no_progress)
    archive = tmp_path / "world.zip"
    pack_index(shipped("index", "world"), archive)
    answer = handlers(1)["index_install"]({"source": str(archive), "out": str(tmp_path / "a")}, no_progress)
    assert answer["index"] == str(tmp_path / "a")
    assert sum(answer["info"]["counts"].values()) > 10_000
