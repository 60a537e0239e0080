"""A reference in a local projection, with an index of far more than it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.coregistration.attempts import attempts_about, attempts_at
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.retrieval import search
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.tiles import Block, block_around
from tests.engine.scene import MODEL, Scene, make_scene
from tests.engine.synthetic import landscape, write_raster

UTM = "EPSG:32632"
ASIDE = block_around(99.0, 0.0, 11)
"""Its middle does not project into UTM zone 32."""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope="module")
def local(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene's land in UTM, 100 km wide."""
    return scene.world.write(tmp_path_factory.mktemp("utm") / "utm.tif", UTM, pixels=512, alpha=True)


@pytest.fixture(scope="module")
def wide_index(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of land all around the Earth in a band that holds the scene; the scene's own blocks are not in it."""
    folder = tmp_path_factory.mktemp("wide")
    land = np.tile(landscape(600, 4)[:300], (1, 6, 1))
    band = write_raster(folder / "band.tif", land, "EPSG:4326", [-180, 0.1, 0, 61, 0, -0.1])
    row = block_around(11.0, 46.0, 7).row
    blocks = [(7, row, column) for column in range(0, 128, 4)]
    reference = Reference.open(band)
    build_index(reference, [7], None, MODEL, folder / "index", blocks=np.array(blocks, np.int32))
    reference.close()
    return folder / "index"


def test_the_search_is_limited_to_what_the_reference_shows(
    scene: Scene, local: Path, wide_index: Path, tmp_path: Path
) -> None:
    """Of an index of the whole band only the blocks about the scene are tried; the others do not project at all."""
    result = pipeline.localize(
        scene.photo, wide_index, tmp_path / "out", imagery=str(local), matcher="sift", device="cpu"
    )
    assert 1 <= len(result.candidates) <= 4
    reference = Reference.open(local)
    table = np.array([(c.block.zoom, c.block.row, c.block.column) for c in result.candidates])
    assert Coverage(reference).shows(table, 4).all()


def test_the_photo_is_found_in_a_reference_in_utm(scene: Scene, local: Path, tmp_path: Path) -> None:
    result = pipeline.localize(
        scene.photo, scene.index, tmp_path / "out", imagery=str(local), matcher="sift", device="cpu"
    )
    assert result.located
    assert scene.error_px(result.report()["footprint"]) < 3


def test_the_limit_applies_before_the_search(
    scene: Scene, local: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Blocks that the reference does not show must not take the places of those that it shows."""
    asked: list[np.ndarray | None] = []
    rank = search.rank_blocks
    monkeypatch.setattr(search, "rank_blocks", lambda *a, **k: asked.append(a[2]) or rank(*a, **k))
    xmin, ymin, xmax, ymax = scene.world.bounds_in(UTM)
    middle = ((xmin + xmax) / 2, ymin, xmax, ymax)
    half = scene.world.write(tmp_path / "half.tif", UTM, bounds=middle, pixels=256, alpha=True)
    for imagery in (half, local, None):
        uri = None if imagery is None else str(imagery)
        pipeline.localize(scene.photo, scene.index, tmp_path / "out", imagery=uri, matcher="sift", device="cpu")
    assert asked[0] is not None
    assert 0.3 < asked[0].mean() < 0.9
    assert asked[1] is None  # nothing is left out
    assert asked[2] is None


def test_a_reference_that_shows_no_block_of_the_index_is_refused_in_one_sentence(scene: Scene, tmp_path: Path) -> None:
    elsewhere = write_raster(
        tmp_path / "elsewhere.tif", landscape(100, 1), "EPSG:32756", [5e5, 100, 0, 7e6, 0, -100], overviews=False
    )
    with pytest.raises(InputError) as caught:
        pipeline.localize(scene.photo, scene.index, tmp_path / "out", imagery=str(elsewhere), device="cpu")
    assert str(caught.value) == (
        f"The index {scene.index} has no block in the reference imagery {elsewhere}: widen the search or use another "
        "index."
    )


def test_an_unknown_resolution_is_no_crash(scene: Scene, local: Path) -> None:
    reference = Reference.open(local)
    lon, lat = (float(value) for value in ASIDE.center_lonlat)
    assert np.isnan(reference.native_gsd_m(lon, lat))
    candidates = [Candidate(ASIDE, 1, 1.0, 0), Candidate(scene.block, 2, 0.9, 0)]
    attempts = attempts_about(candidates, reference, None)
    assert {candidate.rank for _, candidate in attempts if candidate} == {1, 2}
    assert all(area.frames[0].size[0] > 0 for area, _ in attempts)


def test_a_block_outside_the_reference_is_not_localized_and_no_crash(scene: Scene, local: Path, tmp_path: Path) -> None:
    result = pipeline.refine(scene.photo, str(local), tmp_path / "out", block=ASIDE, matcher="sift", device="cpu")
    assert not result.located
    assert result.verdict.reason == "the reference shows nothing there"


def test_search_areas_are_made_as_they_are_needed(scene: Scene, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from astroloc_qgis.engine.coregistration import attempts as module

    made: list[Block] = []
    make = module.area_about_block
    monkeypatch.setattr(module, "area_about_block", lambda block, *a, **k: made.append(block) or make(block, *a, **k))
    reference = Reference.open(local)
    blocks = [Block(12, scene.block.row, scene.block.column + 12 * n, 4) for n in range(20)]
    attempts = attempts_about([Candidate(b, n + 1, 1.0, 0) for n, b in enumerate(blocks)], reference, None)
    assert len(attempts) >= 20
    assert made == []
    assert attempts[3][0].photo_px
    assert attempts[3] is attempts[3]
    assert made == [blocks[3]]
    assert len(attempts_at(Candidate(blocks[0], 1, 1.0, 0), reference, None)) >= 1
    assert len(made) == 1


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035", "EPSG:3413"])
def test_what_a_reference_shows_is_found_block_by_block(scene: Scene, tmp_path: Path, crs: str) -> None:
    """What a reading of each block finds, the structure has found before."""
    path = scene.world.write(tmp_path / "map.tif", crs, pixels=200, alpha=True)
    reference = Reference.open(path)
    middle = block_around(11.0, 46.0, 11, size=4)
    table = np.array(
        [(11, middle.row + 2 * down, middle.column + 2 * right) for down in range(-5, 6) for right in range(-5, 6)]
    )
    shown = Coverage(reference).shows(table, 4)
    read = np.array([_seen(reference, Block(*map(int, row), 4)) for row in table])
    assert not (read & ~shown).any()
    assert (shown & ~read).sum() < 0.3 * len(table)
    assert 0 < shown.sum() < len(table)


def _seen(reference: Reference, block: Block) -> bool:
    from astroloc_qgis.engine.imagery.window import block_window

    return bool(reference.read(block_window(block, 32)).mask.any())
