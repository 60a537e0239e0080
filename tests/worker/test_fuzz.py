"""Whatever comes in on the engine's side, it answers in the protocol, and goes on."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.worker import protocol, server
from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Failure, Hello, Request, Result, parse_event

from .test_protocol import objects, plain

HELLO = Hello(PROTOCOL_VERSION, {}, ())
ids = st.integers(-3, 3) | st.integers()
nearly = st.fixed_dictionaries(
    {},
    optional={
        "id": ids | plain,
        "method": st.sampled_from(["echo", "fail", "cancel", "shutdown"]) | plain,
        "params": st.fixed_dictionaries({}, optional={"id": ids | plain}) | plain,
    },
).map(lambda message: json.dumps(message).encode())
LINES = st.lists(st.binary() | nearly | st.text().map(str.encode), max_size=8)


def echo(params, progress):
    progress("read", 0.5)
    return dict(params)


def fail(params, progress):
    raise ZeroDivisionError("a defect")


def serve(lines):
    """What a server says to some lines, until its source ends."""
    sink = io.BytesIO()
    exits = []
    made = server.Server({"echo": echo, "fail": fail}, io.BytesIO(b"\n".join(lines) + b"\n"), sink, exits.append)
    made.serve(HELLO)
    return [parse_event(line) for line in sink.getvalue().splitlines()]


@given(LINES)
def test_any_bytes_get_answers_in_the_protocol_and_an_end(lines):
    events = serve(lines)
    assert events[0] == HELLO
    assert all(isinstance(event, Result | Failure) or event.id is not None for event in events[1:])


@given(LINES.filter(lambda lines: not any(b"shutdown" in line for line in lines)), objects)
def test_after_any_bytes_a_right_request_is_answered_right(lines, params):
    number = 10**40
    events = serve([*lines, Request(number, "echo", params).to_line()])
    answers = [event for event in events if isinstance(event, Result | Failure) and event.id == number]
    assert answers == [Result(number, params)] or answers[0].kind == "cancelled"


def test_a_line_without_end_is_refused_and_what_comes_after_is_answered(monkeypatch):
    monkeypatch.setattr(protocol, "LONGEST_LINE", 1000)
    events = serve([b"x" * 10_500, Request(1, "echo", {"n": 1}).to_line()])
    assert [event.kind for event in events if isinstance(event, Failure) and event.id is None] == ["input"]
    assert len([event for event in events if isinstance(event, Failure)]) <= 2
