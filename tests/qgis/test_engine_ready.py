"""A new environment: its device is named with the reason, and no idle engine runs on the one before."""

from __future__ import annotations

import pytest

from astroloc_qgis.gui.setup.engine_setup import EngineSetup, ready_sentence
from astroloc_qgis.qgis_adapters.engine.process import EngineProcess
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.worker.protocol import ProgressEvent


def test_the_device_is_named_with_the_reason_where_the_graphics_processor_failed(qgis_app):
    assert ready_sentence({"device": "cuda:1"}) == "The engine is ready: it works on NVIDIA GPU 1."
    why = "mps fails at a match with XFeat's weights"
    told = ready_sentence({"device": "cpu", "failed": {"device": "mps", "why": why}})
    assert told == f"The engine is ready: it works on CPU ({why})."


class Engine(EngineProcess):
    """An engine that notes when it is ended."""

    is_busy = False
    ended = 0

    @property
    def busy(self):
        return self.is_busy

    def stop(self):
        self.ended += 1


@pytest.mark.parametrize("is_busy", [False, True])
def test_an_idle_engine_ends_before_its_environment_is_replaced_and_a_busy_one_does_not(qgis_app, is_busy):
    engine = Engine(list)
    engine.is_busy = is_busy
    setup = EngineSetup(Settings(), engine)
    setup.jobs.progressed.emit(ProgressEvent(1, "packages", 0.5))
    assert engine.ended == 0
    setup.jobs.progressed.emit(ProgressEvent(1, "proof", 0.0))
    assert engine.ended == (0 if is_busy else 1)
