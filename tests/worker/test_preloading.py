"""What the real engine loads ahead: the libraries, the index with its model, and the first matchers of the cascade."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.worker.preloading import preloading
from astroloc_qgis.worker.requests import Preload


def ignore(_stage, _fraction):
    pass


def test_the_first_matchers_of_the_cascade_are_those_that_a_photo_then_uses():
    answer = preloading("cpu")(Preload(matcher="auto"), ignore)
    assert answer == {"loaded": ["sift", "orientation", "xfeat-lighterglue"], "device": "cpu"}
    before = matchers.create.cache_info().hits
    matchers.create("xfeat-lighterglue", "cpu")
    assert matchers.create.cache_info().hits == before + 1


def test_the_index_and_its_model_are_tried():
    answer = preloading("cpu")(Preload(index=shipped("index", "world")), ignore)
    assert answer["loaded"] == ["astroloc-lite"]


def test_a_folder_without_an_index_is_an_input_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        preloading("cpu")(Preload(index=tmp_path), ignore)


def test_it_can_be_cancelled_between_all_its_steps():
    steps = []

    def count(stage, _fraction):
        steps.append(stage)

    request = Preload(matcher="auto", index=shipped("index", "world"))
    preloading("cpu")(request, count)
    assert steps == ["libraries", "libraries", "matchers", "matchers", "matchers", "index", "model"]
    for last in range(len(steps)):
        done = []

        def stop(stage, _fraction, done=done, last=last):
            if len(done) == last:
                raise Cancelled
            done.append(stage)

        with pytest.raises(Cancelled):
            preloading("cpu")(request, stop)
