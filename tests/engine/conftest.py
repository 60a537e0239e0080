"""Fixtures of the engine's tests."""

from __future__ import annotations

import cv2
import pytest

from tests.engine.synthetic import World, make_world

cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def world() -> World:
    """100 km of generated land in the Alps' latitude, 98 m a pixel."""
    return make_world()


@pytest.fixture(
    scope="session",
    params=[(11.0, 46.0), (180.0, -17.0), (25.0, 60.0)],
    ids=["middle latitude", "antimeridian", "60 degrees north"],
)
def anywhere(request: pytest.FixtureRequest) -> World:
    """The same land at three places, of which two are awkward."""
    return make_world(*request.param)
