"""Fixtures of the coregistration tests: generated ground with its reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from astroloc_qgis.engine.imagery.reference import Reference
from tests.engine.coregistration.ground import Scene
from tests.engine.synthetic import World, make_world


@pytest.fixture(scope="module")
def scene_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scene]:
    """Makes the scene of a world, once for each world and CRS."""
    made: dict[tuple[int, str], Scene] = {}

    def make(world: World, crs: str = "EPSG:3857") -> Scene:
        key = (id(world), crs)
        if key not in made:
            path = tmp_path_factory.mktemp("scene") / "reference.tif"
            if abs(world.center_lonlat[0]) > 179:
                world.write_global(path, zoom=10)
            else:
                world.write(path, crs, alpha=True)
            made[key] = Scene(world, Reference.open(path))
        return made[key]

    return make


@pytest.fixture(scope="module")
def scene(scene_of: Callable[..., Scene], world: World) -> Scene:
    return scene_of(world)


@pytest.fixture(scope="module")
def far(scene_of: Callable[..., Scene]) -> Scene:
    """A world of 1,600 km, coarse, in which the Earth's curvature shows."""
    return scene_of(make_world(side_m=1_600_000.0, pixels=1400), "EPSG:4326")
