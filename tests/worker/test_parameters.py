"""Parameters become the dataclass of their request, or are refused in one sentence that names what is wrong."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.exports.bundle import ExportOptions
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.worker import requests
from astroloc_qgis.worker.handlers import _with_nadir, handlers
from astroloc_qgis.worker.parameters import kinds_of, read

from .test_protocol import objects, plain

SCHEMAS = [
    requests.Localize,
    requests.LocalizeSequence,
    requests.Refine,
    requests.BuildIndex,
    requests.Ping,
    requests.Unload,
    requests.Export,
    requests.CandidatePictures,
    requests.ComputeNadir,
    ExportOptions,
]
PHOTO = {"photo": "a.jpg", "index": "index", "out": "out"}
SEQUENCE = {"photos": ["a.jpg", "b.jpg"], "outs": ["out", "other"], "index": "index"}
BUILD = {"imagery": "a.tif", "zooms": [9], "extent": [0, 0, 1, 1], "model": "sift-vlad", "out": "index"}
TIE = {"x": 1.0, "y": 2.0, "lon": 3.0, "lat": 4.0, "on": True}
EXPORT = {
    "photo": "a.jpg",
    "homography": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "plane": "+proj=laea",
    "out": "out",
    "name": "a",
    "options": {},
}


def refusal(action):
    """The sentence with which something is refused; empty when it is not."""
    try:
        action()
    except AstroLocError as error:
        return str(error)
    return ""


def test_missing_and_unknown_parameters_are_named():
    with pytest.raises(InputError, match="The request lacks index, out"):
        read(requests.Localize, {"photo": "a.jpg"})
    with pytest.raises(InputError, match="parameters that do not exist: nadirs"):
        read(requests.Localize, {**PHOTO, "nadirs": 1})


def test_null_parameters_are_left_to_the_engine_and_lists_become_tuples():
    request = read(requests.Localize, {**PHOTO, "nadir": [1, 2], "extent": None})
    assert request == requests.Localize(photo=Path("a.jpg"), index="index", out=Path("out"), nadir=(1, 2))
    assert request.optional() == {"nadir": (1, 2)}


def test_who_proposes_a_nadir_reaches_the_engine_with_it():
    request = read(requests.Localize, {**PHOTO, "nadir": [1, 2], "nadir_source": "exif"})
    assert _with_nadir(request) == {"nadir": Nadir(1, 2, source="exif")}
    assert _with_nadir(read(requests.Localize, {**PHOTO, "nadir_source": "exif"})) == {}
    for wrong in ("EXIF", 1, "none"):
        with pytest.raises(InputError, match='nadir_source of the request .* must be "given", "exif", "tle" or "nasa"'):
            read(requests.Localize, {**PHOTO, "nadir_source": wrong})


def test_photos_that_follow_each_other_are_as_many_requests_with_what_is_their_own():
    shared = {"imagery": "map.tif", "matcher": "sift", "seconds": 9, "crs": None}
    own = {
        "nadirs": [[1, 2, 418000.0], None],
        "nadir_sources": ["exif", None],
        "areas": [None, {"extent": [0, 1, 2, 3], "polygon": "POLYGON"}],
    }
    each = read(requests.LocalizeSequence, {**SEQUENCE, **shared, **own}).one_by_one()
    common = {"index": "index", "imagery": "map.tif", "matcher": "sift", "seconds": 9}
    assert each == [
        requests.Localize(photo=Path("a.jpg"), out=Path("out"), nadir=(1, 2, 418000.0), nadir_source="exif", **common),
        requests.Localize(photo=Path("b.jpg"), out=Path("other"), extent=(0, 1, 2, 3), polygon="POLYGON", **common),
    ]
    assert [one.photo.name for one in read(requests.LocalizeSequence, SEQUENCE).one_by_one()] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"outs": ["out"]}, "outs of the request has 1 values for 2 photos"),
        ({"nadirs": [None]}, "nadirs of the request has 1 values for 2 photos"),
        ({"areas": []}, "areas of the request has 0 values for 2 photos"),
        ({"areas": [{"matcher": "sift"}, None]}, "An area of the request has parameters that do not exist: matcher"),
        ({"areas": [{"extent": [1, 2]}, None]}, "four numbers: west, south, east, north"),
    ],
)
def test_lists_that_do_not_fit_the_photos_are_refused(more, words):
    with pytest.raises(InputError, match=words):
        read(requests.LocalizeSequence, {**SEQUENCE, **more}).one_by_one()


def test_a_nadir_may_have_the_height_of_the_camera():
    request = read(requests.Localize, {**PHOTO, "nadir": [1, 2, 418000.0]})
    assert request.nadir == (1, 2, 418000.0)
    assert Nadir(*request.nadir).altitude_m == 418000.0


def test_a_time_and_the_options_of_an_export_become_what_the_engine_takes():
    request = read(requests.ComputeNadir, {"tle": "a.tle", "time": "2023-05-01T12:30:00"})
    assert request.time == datetime(2023, 5, 1, 12, 30)
    assert read(ExportOptions, {"forms": ["cog"], "resolution": None}) == ExportOptions(forms=("cog",))


@pytest.mark.parametrize(
    ("schema", "params", "words"),
    [
        (requests.Localize, {**PHOTO, "photo": 5}, "photo of the request is '5'; it must be a text"),
        (requests.Localize, {**PHOTO, "out": "a\0b"}, "out of the request .* a text"),
        (requests.Localize, {**PHOTO, "nadir": [1]}, "two numbers: latitude, longitude"),
        (requests.Localize, {**PHOTO, "nadir": [1, 2, -418]}, "three: and the camera's height in metres"),
        (requests.Localize, {**PHOTO, "nadir": [1, 2, 3, 4]}, "three: and the camera's height in metres"),
        (requests.Localize, {**PHOTO, "centre": [1, 2, 3]}, "two numbers: latitude, longitude"),
        (requests.Localize, {**PHOTO, "radius_km": float("nan")}, "radius_km .* a number of kilometres"),
        (requests.Export, {**EXPORT, "homography": [[1, 2, 3]]}, "three rows of three numbers"),
        (requests.Export, {**EXPORT, "tie_points": [{"x": 1}]}, "each with x, y, lon, lat"),
        (
            requests.Export,
            {**EXPORT, "tie_points": [{**TIE, "x": float("nan")}]},
            "each with x, y, lon, lat in numbers",
        ),
        (requests.Export, {**EXPORT, "tie_points": [{**TIE, "y": True}]}, "each with x, y, lon, lat in numbers"),
        (requests.Export, {**EXPORT, "tie_points": [{**TIE, "lat": 95}]}, "each with x, y, lon, lat in numbers"),
        (requests.Export, {**EXPORT, "tie_points": [{**TIE, "on": "no"}]}, "each with x, y, lon, lat in numbers"),
        (requests.Export, {**EXPORT, "name": "../a"}, "the name of a file, without slashes"),
        (requests.Export, {**EXPORT, "name": ".."}, "the name of a file, without slashes"),
        (requests.Export, {**EXPORT, "facts": {"confidence": "high"}}, "numbers for confidence, inliers"),
        (requests.Export, {**EXPORT, "options": []}, "options .* an object"),
        (requests.BuildIndex, {**BUILD, "stride": 1.5}, "stride .* a whole number"),
        (requests.LocalizeSequence, {**SEQUENCE, "photos": []}, "photos .* a list of one or more texts, each once"),
        (
            requests.LocalizeSequence,
            {**SEQUENCE, "photos": ["a.jpg", "a.jpg"]},
            "a list of one or more texts, each once",
        ),
        (requests.LocalizeSequence, {**SEQUENCE, "outs": "out"}, "outs of the request .* a list of texts"),
        (
            requests.LocalizeSequence,
            {**SEQUENCE, "nadirs": [[1, 2], [1]]},
            "for each photo null or two or three numbers",
        ),
        (
            requests.LocalizeSequence,
            {**SEQUENCE, "nadir_sources": [None, "me"]},
            '"given", "exif", "tle" or "nasa"',
        ),
        (requests.LocalizeSequence, {**SEQUENCE, "areas": [None, 5]}, "areas .* for each photo null or an object"),
        (requests.Localize, {**PHOTO, "radius_km": -1}, "a number of kilometres, 0 or more"),
        (requests.CandidatePictures, {"imagery": "a", "blocks": "1/2/3", "folder": "f"}, "a list of texts"),
        (requests.ComputeNadir, {"tle": "a.tle", "time": "noon"}, "a time such as 2023-05-01T12:30:00"),
        (ExportOptions, {"overviews": 1}, "overviews .* true or false"),
        (ExportOptions, {"colour": 1}, "do not exist: colour"),
    ],
)
def test_a_parameter_of_another_kind_is_refused_with_the_kind_it_must_have(schema, params, words):
    with pytest.raises(InputError, match=words):
        read(schema, params)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_field_of_a_request_has_a_kind_in_words(schema):
    kinds = kinds_of(schema)
    assert set(kinds) == {field.name for field in dataclasses.fields(schema)}
    assert all(kind.words for kind in kinds.values())


@given(st.sampled_from(SCHEMAS), st.data())
def test_parameters_of_any_type_are_taken_or_refused_with_a_sentence(schema, data):
    kinds = kinds_of(schema)
    params = data.draw(st.dictionaries(st.sampled_from([*kinds, "surprise"]), plain, max_size=5))
    said = refusal(lambda: read(schema, params))
    required = {field.name for field in dataclasses.fields(schema) if field.default is dataclasses.MISSING}
    given_names = {name for name, value in params.items() if value is not None}
    fits = required <= given_names <= set(kinds) and all(kinds[name].fits(params[name]) for name in given_names)
    if fits and schema is ExportOptions:  # it checks the values too
        assert said == "" or "form" in said or "depth" in said or "transparency" in said
    else:
        assert fits == (said == "")
    assert "\n" not in said


@given(st.sampled_from(sorted(set(handlers(1)) - {"ping", "unload", "preload", "models"})), objects)
def test_the_real_methods_refuse_what_is_no_request_of_theirs(method, params):
    """Checked before anything is imported or begun."""
    assert "request" in refusal(lambda: handlers(1)[method](params, lambda *_: None))
