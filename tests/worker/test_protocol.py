"""Messages survive the way through a line, and lines that are no messages are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.worker.protocol import (
    Failure,
    Hello,
    ProgressEvent,
    ProtocolError,
    Request,
    Result,
    parse_event,
    parse_request,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), plain, max_size=4)


@given(st.integers(), st.text(), objects)
def test_a_request_comes_out_as_it_went_in(request_id, method, params):
    request = Request(request_id, method, params)
    line = request.to_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line) == request


@given(
    st.one_of(
        st.builds(Hello, st.integers(), st.dictionaries(st.text(), st.text()), st.lists(st.text()).map(tuple)),
        st.builds(ProgressEvent, st.integers(), st.text(), st.floats(0, 1), st.text()),
        st.builds(Result, st.integers(), objects),
        st.builds(Failure, st.none() | st.integers(), st.text(), st.text(), st.text()),
    )
)
def test_an_event_comes_out_as_it_went_in(event):
    line = event.to_line()
    assert line.count(b"\n") == 1
    assert parse_event(line) == event


@given(st.binary())
def test_random_bytes_are_refused_with_a_protocol_error_and_nothing_else(line):
    for parse in (parse_request, parse_event):
        with pytest.raises(ProtocolError):
            parse(line)


@given(objects)
def test_objects_that_are_no_message_are_refused_with_a_protocol_error_and_nothing_else(message):
    import json

    line = json.dumps({key: value for key, value in message.items() if key not in ("id", "event")}).encode()
    for parse in (parse_request, parse_event):
        with pytest.raises(ProtocolError):
            parse(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": 1, "event": "progress"}',
        b'{"id": 1, "event": "progress", "stage": "match", "fraction": "half"}',
        b'{"id": 1, "event": "result", "result": 3}',
        b'{"id": true, "event": "result", "result": {}}',
        b'{"id": 1, "event": "surprise"}',
        b'{"event": "hello", "protocol": null, "versions": {}, "devices": []}',
        b"[" * 100_000,
    ],
)
def test_malformed_events_are_refused_with_a_protocol_error(line):
    with pytest.raises(ProtocolError):
        parse_event(line)


def test_a_refused_request_names_the_request_where_it_can():
    with pytest.raises(ProtocolError) as caught:
        parse_request(b'{"id": 7, "params": {}}')
    assert caught.value.request_id == 7


def test_paths_and_numpy_values_are_sent_as_plain_json():
    report = {"path": Path("a") / "b.tif", "rmse": np.float32(0.5), "corners": np.array([[1.0, 2.0]]), "n": np.int64(3)}
    event = parse_event(Result(1, report).to_line())
    assert event == Result(1, {"path": str(Path("a") / "b.tif"), "rmse": 0.5, "corners": [[1.0, 2.0]], "n": 3})
