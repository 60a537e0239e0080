"""Fixtures that build small indexes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from astroloc_qgis.engine.descriptors import registry
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from tests.engine.index.stand_ins import (
    MODEL,
    create_stand_in,
)
from tests.engine.synthetic import make_world


@pytest.fixture(autouse=True)
def _as_on_windows(windows_files: None) -> None:
    """No test here may pass because Linux replaces files that are open."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the networks by stand-ins, and save every four blocks."""
    monkeypatch.setattr(registry, "create", create_stand_in)
    monkeypatch.setattr(builder, "PIECE_BLOCKS", 4)


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated land, 100 km wide, in EPSG:3857."""
    world = make_world()
    path = tmp_path_factory.mktemp("imagery") / "map.tif"
    return world.write(path, bounds=world.bounds_in("EPSG:3857", 0.6), pixels=600)


@pytest.fixture(scope="module")
def larger_imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated land, 100 km wide, in EPSG:3857."""
    world = make_world()
    path = tmp_path_factory.mktemp("imagery") / "map.tif"
    return world.write(path, bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)


@pytest.fixture
def build(quick: None, imagery: Path, tmp_path: Path) -> Callable[..., Index]:
    def run(name: str = "index", **changes) -> Index:
        settings = {"zooms": [11, 12], "extent": None, "model": MODEL} | changes
        path = settings.pop("imagery", imagery)
        return build_index(Reference.open(path), out=tmp_path / name, **settings)

    return run
