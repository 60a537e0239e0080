"""Small indexes of generated land, and photos of their blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from tests.engine.retrieval.photos import MODELS
from tests.engine.synthetic import make_world


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world().write(tmp_path_factory.mktemp("imagery") / "map.tif", alpha=True)


@pytest.fixture(scope="module", params=MODELS)
def searchable(
    request: pytest.FixtureRequest, imagery: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Index, Descriptor]:
    out = tmp_path_factory.mktemp("index") / "index"
    index = build_index(Reference.open(imagery), [11, 12], None, request.param, out)
    return index, index.create_descriptor()


@pytest.fixture(scope="module")
def toy(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, Descriptor]:
    out = tmp_path_factory.mktemp("index") / "index"
    index = build_index(Reference.open(imagery), [11, 12], None, MODELS[0], out)
    return index, index.create_descriptor()
