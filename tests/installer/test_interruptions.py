"""An interrupted install continues where it stopped, and leaves no process behind."""

from __future__ import annotations

import signal
import time

import pytest

from astroloc_qgis.worker.protocol import Result

from .installs import is_a_sentence, processes_of, wait_for


@pytest.mark.parametrize("stage", ["check", "python"])
def test_broken_off_before_there_is_an_environment_an_install_is_taken_up_again(world, stage):
    is_broken_off_and_taken_up_again(world, stage)


@pytest.mark.parametrize("stage", ["tools", "packages", "weights"])
def test_broken_off_at_a_later_stage_an_install_is_taken_up_again(begun, stage):
    is_broken_off_and_taken_up_again(begun, stage)


def is_broken_off_and_taken_up_again(world, stage):
    with world.process() as process:
        process.next()
        process.send(1, "install", world.params)
        wait_for(process, lambda event: event.stage == stage)
        process.popen.kill()
        process.popen.wait()
    assert not (world.root / "env").exists()
    assert isinstance(world.install(), Result)
    assert world.is_whole()


def test_cancelled_in_the_middle_of_a_download_it_ends_within_a_second_and_leaves_no_process(begun):
    begun.index.stall = True
    with begun.process() as process:
        process.next()
        process.send(1, "install", begun.params)
        wait_for(process, lambda event: event.stage == "packages")
        assert begun.index.stalled.wait(30)
        started = time.monotonic()
        process.send(2, "cancel", {"id": 1})
        assert process.answer(1).kind == "cancelled"
        assert time.monotonic() - started < 1
        assert [line for line in processes_of(begun.root) if "pip" in line] == []
    begun.index.stall = False
    begun.index.go_on.set()
    assert isinstance(begun.install(), Result)
    assert begun.is_whole()


@pytest.mark.parametrize("how", ["stdin closes", "killed"])
def test_when_qgis_dies_in_the_middle_no_process_is_left_behind(begun, how):
    begun.index.stall = True
    with begun.process() as process:
        process.next()
        process.send(1, "install", begun.params)
        assert begun.index.stalled.wait(60)
        assert [line for line in processes_of(begun.root) if "pip" in line]
        if how == "killed":
            process.popen.send_signal(signal.SIGKILL)
        else:
            process.popen.stdin.close()
        process.popen.wait(5)
        end = time.monotonic() + 5
        while processes_of(begun.root) and time.monotonic() < end:
            time.sleep(0.1)
        assert processes_of(begun.root) == []


def test_two_at_once_the_second_is_told_to_wait_and_the_first_is_not_disturbed(begun):
    begun.index.stall = True
    with begun.process() as first:
        first.next()
        first.send(1, "install", begun.params)
        assert begun.index.stalled.wait(60)
        message = is_a_sentence(begun.install())
        assert "Another QGIS" in message
        begun.index.stall = False
        begun.index.go_on.set()
        first.popen.kill()
    assert isinstance(begun.install(), Result)
    assert begun.is_whole()


def test_what_was_left_of_another_plan_is_not_taken_up(begun):
    stray = begun.root / "env.part" / "stray"
    stray.touch()
    begun.lock.write_text(begun.lock.read_text() + "\n# another\n")
    assert isinstance(begun.install(), Result)
    assert not (begun.root / "env" / "stray").exists()
