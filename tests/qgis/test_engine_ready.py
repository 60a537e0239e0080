"""The sentence about an engine that is ready names its device, and why not the graphics processor where that failed."""

from __future__ import annotations

from astroloc_qgis.gui.setup.engine_setup import ready_sentence


def test_the_device_is_named_with_the_reason_where_the_graphics_processor_failed(qgis_app):
    assert ready_sentence({"device": "cuda:1"}) == "The engine is ready: it works on NVIDIA GPU 1."
    why = "mps fails at a match with XFeat's weights"
    told = ready_sentence({"device": "cpu", "failed": {"device": "mps", "why": why}})
    assert told == f"The engine is ready: it works on CPU ({why})."
