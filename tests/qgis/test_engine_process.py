"""QGIS's side of the engine process: every request ends once, even when the process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.engine.bounded_log import BoundedLog
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_environment
from astroloc_qgis.qgis_adapters.engine.process import EngineProcess

from .conftest import SCRIPT

SECOND = 1000


@pytest.fixture
def make_engine(qtbot, tmp_path):
    engines = []

    def make(*arguments, **options):
        options.setdefault("log", BoundedLog(tmp_path / "engine.log"))
        engine = EngineProcess(lambda: [sys.executable, str(SCRIPT), *arguments], **options)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.stop()


@pytest.fixture
def engine(make_engine):
    return make_engine()


def ask(qtbot, engine, method, params=None):
    with qtbot.waitSignal(engine.succeeded, timeout=20 * SECOND) as caught:
        engine.request(method, params or {})
    return caught.args[0].result


def fail(qtbot, engine, method, params=None):
    with qtbot.waitSignal(engine.failed, timeout=20 * SECOND) as caught:
        engine.request(method, params or {})
    return caught.args[0]


def test_no_process_is_started_before_the_first_request(engine):
    assert engine.process_id == 0


def test_a_request_starts_the_process_and_is_answered(qtbot, engine):
    assert ask(qtbot, engine, "echo", {"photo": "Zürich.jpg"}) == {"photo": "Zürich.jpg"}
    assert not engine.busy


def test_the_process_is_kept_for_the_next_request(qtbot, engine):
    ask(qtbot, engine, "echo")
    first = engine.process_id
    ask(qtbot, engine, "echo")
    assert engine.process_id == first


def test_progress_is_passed_on(qtbot, engine):
    with qtbot.waitSignal(engine.progressed, timeout=20 * SECOND) as caught:
        engine.request("work", {"seconds": 1})
    assert caught.args[0].stage == "match"


def test_a_second_request_is_refused_while_one_runs(engine):
    engine.request("work", {})
    with pytest.raises(RuntimeError, match="busy with work"):
        engine.request("echo", {})


@pytest.mark.parametrize("method", ["work", "hang", "freeze"])
def test_cancel_acts_within_a_second_even_when_the_engine_hangs_and_the_next_request_works(qtbot, engine, method):
    with qtbot.waitSignal(engine.progressed, timeout=20 * SECOND):
        engine.request(method, {})
    started = time.monotonic()
    with qtbot.waitSignal(engine.failed, timeout=20 * SECOND) as caught:
        engine.cancel()
    assert time.monotonic() - started < 1
    assert caught.args[0].kind == "cancelled"
    assert ask(qtbot, engine, "echo", {"n": 1}) == {"n": 1}


def test_an_engine_that_stops_when_asked_to_is_kept(qtbot, engine):
    with qtbot.waitSignal(engine.progressed, timeout=20 * SECOND):
        engine.request("work", {})
    process = engine.process_id
    with qtbot.waitSignal(engine.failed, timeout=20 * SECOND):
        engine.cancel()
    assert engine.process_id == process


def test_cancel_acts_while_the_engine_is_still_starting(qtbot, make_engine):
    engine = make_engine("silent")
    engine.request("echo", {})
    qtbot.wait(200)
    with qtbot.waitSignal(engine.failed, timeout=SECOND) as caught:
        engine.cancel()
    assert caught.args[0].kind == "cancelled"


def test_a_process_killed_in_the_middle_is_one_sentence_and_the_next_request_works(qtbot, engine):
    with qtbot.waitSignal(engine.progressed, timeout=20 * SECOND):
        engine.request("work", {})
    with qtbot.waitSignal(engine.failed, timeout=5 * SECOND) as caught:
        os.kill(engine.process_id, signal.SIGKILL)
    assert "stopped unexpectedly" in caught.args[0].message
    assert "\n" not in caught.args[0].message
    assert ask(qtbot, engine, "echo", {"n": 2}) == {"n": 2}


def test_a_process_killed_while_idle_is_replaced_without_a_word(qtbot, engine):
    ask(qtbot, engine, "echo")
    first = engine.process_id
    with qtbot.assertNotEmitted(engine.failed):
        os.kill(first, signal.SIGKILL)
        qtbot.waitUntil(lambda: engine.process_id == 0, timeout=5 * SECOND)
    assert ask(qtbot, engine, "echo", {"n": 3}) == {"n": 3}
    assert engine.process_id != first


def test_a_defect_brings_traceback_and_log_for_the_developer(qtbot, engine):
    failure = fail(qtbot, engine, "fail")
    assert failure.kind == "defect"
    assert "Traceback" in failure.details


def test_a_process_that_says_no_hello_in_time_is_given_up(qtbot, make_engine):
    failure = fail(qtbot, make_engine("silent", hello_timeout_ms=1000), "echo")
    assert failure.kind == "start"
    assert "within 1 seconds" in failure.message


def test_an_engine_of_another_protocol_is_refused(qtbot, make_engine):
    failure = fail(qtbot, make_engine("future"), "echo")
    assert failure.kind == "start"
    assert "another version" in failure.message


def test_garbage_on_the_engines_pipe_is_passed_over(qtbot, make_engine):
    assert ask(qtbot, make_engine("garbage"), "echo", {"n": 4}) == {"n": 4}


def test_a_python_that_cannot_be_started_is_named(qtbot, tmp_path):
    failure = fail(qtbot, EngineProcess(lambda: [str(tmp_path / "python")]), "echo")
    assert failure.kind == "start"
    assert str(tmp_path / "python") in failure.message


def test_a_python_without_the_engine_is_told_with_its_log(qtbot):
    engine = EngineProcess(lambda: [sys.executable, "-c", "import no_such_library"])
    failure = fail(qtbot, engine, "echo")
    assert failure.kind == "start"
    assert "no_such_library" in failure.details


def test_no_python_at_all_is_told_in_the_words_of_the_finder(qtbot):
    def nowhere():
        raise InputError("There is no engine.", "looked everywhere")

    failure = fail(qtbot, EngineProcess(nowhere), "echo")
    assert (failure.kind, failure.message, failure.details) == ("start", "There is no engine.", "looked everywhere")


@pytest.mark.parametrize("method", ["echo", "hang"])
def test_stop_leaves_no_process_behind(qtbot, engine, method):
    with qtbot.waitSignal(engine.progressed, timeout=20 * SECOND):
        engine.request(method, {})
    process = engine.process_id
    engine.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_engines_environment_is_clean_but_keeps_gdal_and_proj(monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_INDEX_URL", "LD_PRELOAD", "LD_LIBRARY_PATH", "GDAL_DATA", "PROJ_LIB"):
        monkeypatch.setenv(name, "somewhere")
    environment = engine_environment()
    kept = {name for name in environment.keys() if environment.value(name) == "somewhere"}  # noqa: SIM118 - no dict
    assert kept == {"GDAL_DATA", "PROJ_LIB"}
    assert environment.value("PYTHONNOUSERSITE") == "1"


def test_a_request_without_a_sign_of_progress_is_given_up_and_the_next_works(qtbot, make_engine):
    engine = make_engine(silence_timeout_ms=1000)
    failure = fail(qtbot, engine, "hang")
    assert "no sign of progress for 1 seconds" in failure.message
    assert ask(qtbot, engine, "echo", {"n": 5}) == {"n": 5}


@pytest.mark.parametrize("params", [{}, {"past the server": 1}], ids=["filtered", "unfiltered"])
def test_an_engine_that_is_alive_but_gets_nowhere_is_given_up(qtbot, make_engine, params):
    engine = make_engine(silence_timeout_ms=1000)
    failure = fail(qtbot, engine, "beat", params)
    assert "no sign of progress for 1 seconds" in failure.message
    assert ask(qtbot, engine, "echo", {"n": 7}) == {"n": 7}


def test_a_long_request_that_goes_on_is_not_given_up(qtbot, make_engine):
    assert ask(qtbot, make_engine(silence_timeout_ms=1000), "work", {"seconds": 2.5}) == {"worked": True}


def test_a_process_that_floods_its_pipe_is_ended_before_it_fills_the_memory(qtbot, engine):
    assert "nobody can read" in fail(qtbot, engine, "flood").message
    assert ask(qtbot, engine, "echo", {"n": 6}) == {"n": 6}


def test_a_process_started_with_other_settings_is_replaced_at_the_next_request(qtbot, engine):
    ask(qtbot, engine, "echo")
    first = engine.process_id
    usual = engine._command
    engine._command = lambda: [*usual(), "--another"]
    ask(qtbot, engine, "echo")
    assert engine.process_id not in (0, first)


@pytest.mark.parametrize("seed", range(8))
def test_a_request_ends_once_after_any_bytes_from_the_engine(qtbot, make_engine, seed):
    """Random bytes, and messages that are nearly right, before and between the right ones."""
    engine = make_engine("fuzz", str(seed), silence_timeout_ms=5000, hello_timeout_ms=20_000)
    ends = []
    engine.succeeded.connect(ends.append)
    engine.failed.connect(ends.append)
    for number in range(1, 4):
        engine.request("echo", {"n": number})
        qtbot.waitUntil(lambda: not engine.busy, timeout=30 * SECOND)
        assert len(ends) == number


def test_the_log_is_kept_in_a_file_that_does_not_grow_without_bound(tmp_path):
    log = BoundedLog(tmp_path / "logs" / "engine.log", limit=1000)
    for number in range(100):
        log.write(b"%04d " % number * 20)
    assert sum(file.stat().st_size for file in (tmp_path / "logs").iterdir()) <= 2000
    assert log.tail.endswith("0099")


@pytest.mark.parametrize("method", ["hang", "freeze"])
def test_when_qgis_is_killed_no_process_is_left_behind(tmp_path, method):
    """A QGIS of its own, killed without warning while its engine hangs, even inside a library."""
    code = (
        "import sys; from qgis.PyQt.QtCore import QCoreApplication; "
        "from astroloc_qgis.qgis_adapters.engine.process import EngineProcess; app = QCoreApplication([]); "
        f"engine = EngineProcess(lambda: [sys.executable, {str(SCRIPT)!r}]); "
        "engine.progressed.connect(lambda event: print(engine.process_id, flush=True)); "
        f"engine.request({method!r}, {{}}); app.exec()"
    )
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=SCRIPT.parents[2], env=environment
    ) as qgis:
        process = int(qgis.stdout.readline())
        os.kill(process, 0)
        qgis.kill()
        qgis.wait()
    end = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(process)


def is_alive(process):
    """Whether a process runs (one that has ended and waits to be noticed by its parent does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_engine_is_started_ahead_and_answers_a_request_from_the_same_process(qtbot, engine):
    engine.preload({"index": "0"})
    assert not engine.busy
    qtbot.waitUntil(lambda: engine._said_hello and engine._ahead is None, timeout=20 * SECOND)
    process = engine.process_id
    assert ask(qtbot, engine, "loaded") == {"loaded": ["0"]}
    assert engine.process_id == process


def test_the_same_is_loaded_ahead_once_and_something_else_again(qtbot, engine):
    for name in ("0", "0", "0.1"):
        engine.preload({"index": name})
        qtbot.waitUntil(lambda: engine._said_hello and engine._ahead is None, timeout=20 * SECOND)
    assert ask(qtbot, engine, "loaded") == {"loaded": ["0", "0.1"]}


@pytest.mark.parametrize("when", ["before the hello", "while it loads"])
def test_a_request_supersedes_what_is_loaded_ahead_at_once(qtbot, engine, when):
    engine.preload({"index": "60"})
    if when == "while it loads":
        qtbot.waitUntil(lambda: engine._said_hello, timeout=20 * SECOND)
        qtbot.wait(200)
        process, started = engine.process_id, time.monotonic()
        assert ask(qtbot, engine, "loaded") == {"loaded": []}
        assert time.monotonic() - started < 1
        assert engine.process_id == process
    else:
        assert ask(qtbot, engine, "loaded") == {"loaded": []}


def test_a_request_and_what_is_loaded_ahead_start_one_process(qtbot, engine, monkeypatch):
    started = []
    command = engine._command
    engine._command = lambda: started.append(1) or command()
    engine.preload({"index": "60"})
    assert ask(qtbot, engine, "echo", {"n": 1}) == {"n": 1}
    assert len(started) == 1


def test_nothing_is_told_of_an_engine_that_dies_of_loading_ahead_and_it_is_not_tried_again(qtbot, engine):
    told = []
    engine.failed.connect(told.append)
    engine.preload({"index": "die"})
    qtbot.waitUntil(lambda: engine._process is not None, timeout=5 * SECOND)
    qtbot.waitUntil(lambda: engine._process is None, timeout=20 * SECOND)
    engine.preload({"index": "0"})
    qtbot.wait(100)
    assert engine.process_id == 0
    assert told == []
    assert ask(qtbot, engine, "echo", {"n": 1}) == {"n": 1}


def test_nothing_is_told_of_an_engine_that_is_not_there_and_once_it_is_there_it_loads_ahead(qtbot, engine):
    told = []
    engine.failed.connect(told.append)
    command = engine._command

    def missing():
        raise InputError("No engine.")

    engine._command = missing
    engine.preload({"index": "0"})
    qtbot.wait(100)
    assert (told, engine.process_id) == ([], 0)
    engine._command = command
    engine.preload({"index": "0"})
    assert ask(qtbot, engine, "echo", {"n": 1}) == {"n": 1}


def test_an_engine_that_loads_ahead_ends_at_once_with_qgis(qtbot, engine):
    engine.preload({"index": "60"})
    qtbot.waitUntil(lambda: engine._said_hello, timeout=20 * SECOND)
    process, started = engine.process_id, time.monotonic()
    engine.stop()
    assert time.monotonic() - started < 1
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
