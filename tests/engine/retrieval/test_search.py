"""Retrieval: a ranked list of candidates from a photo and an index."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.nadir_prior import distance_penalty
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.tiles import Block, overlaps
from tests.engine.retrieval.photos import MODELS, picture


def test_scores_fall_and_ranks_count_from_one(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(3))
    found = retrieve(photo, index, descriptor, top=len(index), diversify=False)
    assert [candidate.rank for candidate in found] == list(range(1, len(index) + 1))
    assert len({candidate.block for candidate in found}) == len(index)
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert len(retrieve(photo, index, descriptor, top=10**6)) == len(index)


def test_of_blocks_that_look_alike_the_one_near_the_nadir_is_first(
    toy: tuple[Index, Descriptor], imagery: Path
) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(0))
    longitude, latitude = index.centers_lonlat[0] + [6.0, 2.0]
    found = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), diversify=False)
    plain = retrieve(photo, index, descriptor, top=len(index), extent=(-180, -90, 180, 90), diversify=False)
    similarity = {candidate.block: candidate.score for candidate in plain}
    scores = []
    for candidate in found:
        distance = great_circle_km(np.array([[longitude, latitude]]), np.array(candidate.block.center_lonlat))
        scores.append(similarity[candidate.block] - distance_penalty(distance)[0])
        assert candidate.score == pytest.approx(scores[-1], abs=1e-6)
    assert len(found) == len(index)
    assert scores == sorted(scores, reverse=True)
    assert [candidate.block for candidate in found] != [candidate.block for candidate in plain]
    rough = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), radius_km=0)
    assert rough[0].score == plain[0].score


def test_another_model_than_the_indexs_is_refused(toy: tuple[Index, Descriptor]) -> None:
    from astroloc_qgis.engine.descriptors import registry as descriptors

    with pytest.raises(InputError, match="cannot be searched with xfeat-vlad"):
        retrieve(np.zeros((60, 90, 3), np.uint8), toy[0], descriptors.create("xfeat-vlad"))


def test_a_search_can_be_cancelled(toy: tuple[Index, Descriptor]) -> None:
    def stop(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        retrieve(np.zeros((60, 90, 3), np.uint8), *toy, progress=stop)


def test_a_candidate_is_a_value() -> None:
    assert Candidate(Block(11, 902, 434), 1, 0.5, 2) == Candidate(Block(11, 902, 434), 1, 0.5, 2)


@pytest.mark.real
def test_real_photos_find_their_place_among_the_blocks_of_seven_references(shared: Path, tmp_path: Path) -> None:
    from osgeo import gdal

    cases = json.loads((shared / "real-cases" / "cases.json").read_text())
    sources = [str(shared / "real-cases" / case["reference"]) for case in cases]
    vrt = tmp_path / "all.vrt"
    gdal.BuildVRT(str(vrt), sources, resolution="highest").FlushCache()
    zooms = sorted({case["tile_block"]["zoom"] for case in cases})
    index = build_index(Reference.open(vrt), zooms, None, MODELS[0], tmp_path / "index", stride=4)
    descriptor = index.create_descriptor()
    found = 0
    for case in (case for case in cases if case["kind"] == "positive"):
        photo = cv2.cvtColor(cv2.imread(str(shared / "real-cases" / case["photo"])), cv2.COLOR_BGR2RGB)
        candidates = retrieve(photo, index, descriptor, nadir=Nadir(case["nadir_lat"], case["nadir_lon"]))
        found += any(overlaps(candidate.block, case["footprint_lonlat"]) for candidate in candidates)
    assert found >= 4
