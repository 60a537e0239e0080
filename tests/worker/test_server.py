"""The engine process, with scripted work in the engine's place, spoken to through its pipes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Failure, Hello, ProgressEvent, Result
from astroloc_qgis.worker.server import _kind_and_sentence as kind_and_sentence

from .process import Process

SCRIPT = str(Path(__file__).with_name("scripted_worker.py"))


@pytest.fixture
def process():
    with Process(SCRIPT) as running:
        assert running.next() == Hello(PROTOCOL_VERSION, {"engine": "scripted"}, ("cpu",))
        yield running


def wait_for_progress(process):
    event = process.next()
    assert isinstance(event, ProgressEvent)
    return event


def test_a_request_is_answered_with_progress_and_a_result(process):
    process.send(1, "echo", {"photo": "Zürich.jpg"})
    assert process.next() == ProgressEvent(1, "read", 0.5)
    assert process.next() == Result(1, {"photo": "Zürich.jpg"})


def test_requests_wait_for_each_other(process):
    process.send(1, "work", {"seconds": 0.5})
    process.send(2, "echo")
    assert process.answer(1) == Result(1, {"worked": True})
    assert process.answer(2) == Result(2, {})


def test_progress_comes_often_enough_to_look_alive_and_not_as_a_flood(process):
    process.send(1, "work", {"seconds": 1})
    events = []
    while not isinstance(event := process.next(), Result):
        events.append(event)
    assert 5 <= len(events) <= 21
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)


def test_progress_that_has_not_changed_is_not_sent_again(process):
    process.send(1, "beat", {"seconds": 1})
    assert process.next() == ProgressEvent(1, "match", 0.25)
    assert process.next() == Result(1, {})


def test_work_that_repeats_its_progress_is_cancelled_all_the_same(process):
    process.send(1, "beat")
    wait_for_progress(process)
    process.send(2, "cancel", {"id": 1})
    assert process.answer(1) == Failure(1, "cancelled", "Cancelled.")


def test_work_is_cancelled_within_a_second_and_the_next_request_is_served(process):
    process.send(1, "work")
    wait_for_progress(process)
    started = time.monotonic()
    process.send(2, "cancel", {"id": 1})
    assert process.answer(1) == Failure(1, "cancelled", "Cancelled.")
    assert time.monotonic() - started < 1
    process.send(3, "echo")
    assert process.answer(3) == Result(3, {})


def test_a_request_that_waits_is_cancelled_without_being_started(process):
    process.send(1, "work", {"seconds": 0.5})
    process.send(2, "die")
    process.send(3, "cancel", {"id": 2})
    assert process.answer(3) == Result(3, {"cancelling": True})
    assert process.answer(2) == Failure(2, "cancelled", "Cancelled.")


def test_cancelling_what_is_not_there_says_so_and_does_no_harm(process):
    process.send(1, "cancel", {"id": 99})
    assert process.answer(1) == Result(1, {"cancelling": False})
    process.send(99, "echo")
    assert process.answer(99) == Result(99, {})


@pytest.mark.parametrize(
    "line",
    [
        b"no json at all\n",
        b'{"id": 1\n',
        b"[1, 2]\n",
        b'{"method": "echo"}\n',
        b"\xff\xfe\x00\n",
        b"x" * 300_000 + b"\n",
    ],
)
def test_garbage_gets_an_error_and_the_next_request_is_served(process, line):
    process.write(line)
    event = process.next()
    assert isinstance(event, Failure)
    assert (event.id, event.kind) == (None, "input")
    assert len(event.message) < 200
    process.send(5, "echo")
    assert process.answer(5) == Result(5, {})


def test_an_unknown_method_is_told_apart_from_the_known_ones(process):
    process.send(1, "locate")
    answer = process.answer(1)
    assert answer.kind == "input"
    assert "'locate'" in answer.message
    assert "localize" in answer.message


def test_stray_output_does_not_garble_the_protocol_but_lands_in_the_log(process):
    process.send(1, "chatter")
    assert process.next() == Result(1, {"stdin of children": ""})
    process.send(2, "shutdown")
    assert process.answer(2) == Result(2, {})
    process.popen.wait(5)
    for thread in process._threads:
        thread.join(5)
    for line in (b"stray print of Python", b"stray write of a C library", b"stray line of a child process"):
        assert line in process.log


def test_an_input_error_keeps_its_sentence_and_its_details(process):
    process.send(1, "fail", {"input": "The photo is all black: choose another."})
    assert process.answer(1) == Failure(
        1, "input", "The photo is all black: choose another.", "what the developer needs"
    )


def test_a_defect_is_one_sentence_with_the_traceback_for_the_developer(process):
    process.send(1, "fail")
    answer = process.answer(1)
    assert answer.kind == "defect"
    assert "\n" not in answer.message
    assert "ZeroDivisionError: a defect" in answer.message
    assert "Traceback" in answer.details
    process.send(2, "echo")
    assert process.answer(2) == Result(2, {})


@pytest.mark.parametrize("method", ["work", "hang"])
def test_the_process_ends_when_its_stdin_closes_in_the_middle_of_work(process, method):
    process.send(1, method)
    wait_for_progress(process)
    process.popen.stdin.close()
    assert process.popen.wait(3) == 0


def test_an_idle_process_ends_when_its_stdin_closes(process):
    process.popen.stdin.close()
    assert process.popen.wait(2) == 0


def test_shutdown_ends_the_process_even_in_the_middle_of_work(process):
    process.send(1, "work")
    wait_for_progress(process)
    process.send(2, "shutdown")
    assert process.popen.wait(3) == 0


@pytest.mark.parametrize(
    "error",
    [
        OSError('[WinError 1114] A dynamic link library (DLL) initialization routine failed. Error loading "c10.dll"'),
        ImportError("DLL load failed while importing cv2: The specified module could not be found."),
    ],
)
def test_a_windows_without_the_runtime_is_told_where_it_is(error):
    kind, sentence = kind_and_sentence(error)
    assert kind == "input"
    assert "https://learn.microsoft.com/cpp/windows/latest-supported-vc-redist" in sentence


def test_a_library_that_is_not_there_is_told_as_before():
    assert "lacks torch: press" in kind_and_sentence(ImportError("No module named 'torch'", name="torch"))[1]
