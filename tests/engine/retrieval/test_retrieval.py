"""Retrieval: the right block, whichever way the photo is turned, within the limits asked, different places first."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.block_table import centers_lonlat, iou_with, overlaps_extent
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval import search as retrieval
from astroloc_qgis.engine.retrieval.nadir_prior import distance_penalty
from astroloc_qgis.engine.retrieval.search import Candidate, retrieve
from astroloc_qgis.engine.tiles import Block, block_iou, blocks_in_extent, overlaps
from tests.engine.synthetic import make_world, shot

MODELS = ["efficientnet-lite0-gem", "xfeat-vlad"]


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


def picture(imagery: Path, block: Block) -> np.ndarray:
    """The block as a hazy photo of 300 px."""
    pixels = Reference.open(imagery).read(block_window(block, 300)).pixels
    return (cv2.GaussianBlur(pixels, (0, 0), 1.0) * 0.7 + 35).astype(np.uint8)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_photo_finds_its_block_and_its_turn(
    searchable: tuple[Index, Descriptor], imagery: Path, quarter_turns: int
) -> None:
    index, descriptor = searchable
    for number in (5, len(index) // 2):
        block = index.block(number)
        photo = np.rot90(picture(imagery, block), -quarter_turns)
        best = retrieve(photo, index, descriptor)[0]
        assert (best.block, best.quarter_turns, best.rank) == (block, quarter_turns, 1)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_photo_with_its_own_footprint_finds_a_block_that_it_overlaps(
    searchable: tuple[Index, Descriptor], quarter_turns: int
) -> None:
    index, descriptor = searchable
    world = make_world()
    size = (360, 240)
    homography = shot(world, size, gsd=90.0, turn_deg=-90.0 * quarter_turns + 8, tilt=0.05, offset_m=(4000, -6000))
    footprint = footprint_lonlat(homography, world.plane, *size)
    found = retrieve(world.photo(homography, size, seed=3), index, descriptor, top=3)
    right = [candidate for candidate in found if block_iou(candidate.block, footprint) > 0.2]
    assert right
    assert right[0].quarter_turns == quarter_turns


def test_scores_fall_and_ranks_count_from_one(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(3))
    found = retrieve(photo, index, descriptor, top=len(index), diversify=False)
    assert [candidate.rank for candidate in found] == list(range(1, len(index) + 1))
    assert len({candidate.block for candidate in found}) == len(index)
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert len(retrieve(photo, index, descriptor, top=10**6)) == len(index)


def test_a_block_has_the_best_score_of_its_four_turns(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(7))
    turned = descriptor.describe([np.rot90(photo, turn) for turn in range(4)])
    vectors = np.stack([index._store.reconstruct(number) for number in range(len(index))])
    similarity = vectors @ turned.T
    for candidate in retrieve(photo, index, descriptor, top=len(index)):
        number = next(n for n in range(len(index)) if index.block(n) == candidate.block)
        assert candidate.score == pytest.approx(similarity[number].max(), abs=1e-5)
        assert similarity[number, candidate.quarter_turns] == pytest.approx(candidate.score, abs=1e-5)


def test_different_places_come_first_and_nothing_is_lost(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(9))
    plain = retrieve(photo, index, descriptor, top=len(index), diversify=False)
    diverse = retrieve(photo, index, descriptor, top=len(index))
    places: list[list[Candidate]] = []
    for candidate in plain:
        row = np.array([candidate.block.zoom, candidate.block.row, candidate.block.column], np.int32)
        others = np.array([(c.block.zoom, c.block.row, c.block.column) for c, *_ in places], np.int32).reshape(-1, 3)
        same = np.flatnonzero(iou_with(others, row, 4) > retrieval.SAME_PLACE_IOU)
        if not len(same) and len(places) < retrieval.PLACES:
            places.append([candidate])
        elif len(same) and candidate.score > places[same[0]][0].score - retrieval.NEARLY:
            places[same[0]].append(candidate)
    firsts = sorted((c for place in places for c in place[:2]), key=lambda c: c.rank)
    assert 1 < len(places) < len(plain)
    rest = [candidate for candidate in plain if candidate not in firsts]
    assert [c.block for c in diverse] == [c.block for c in firsts + rest]
    assert {(c.block, c.score, c.quarter_turns) for c in diverse} == {
        (c.block, c.score, c.quarter_turns) for c in plain
    }


def test_a_candidate_that_a_search_about_a_better_one_sees_whole_is_not_looked_at() -> None:
    blocks = [(10, 400, 400), (10, 403, 397), (10, 404, 400), (10, 400, 396), (11, 800, 800), (10, 402, 402)]
    candidates = [Candidate(Block(*block), rank, 1 - rank / 10, 0) for rank, block in enumerate(blocks, start=1)]
    assert [candidate.rank for candidate in retrieval.worth_a_look(candidates)] == [1, 3, 4, 5]


def test_a_second_block_of_a_place_is_kept_if_it_is_nearly_as_likely() -> None:
    table = np.array([(10, 400, 400), (10, 402, 400), (10, 400, 402), (10, 440, 400), (10, 442, 400)], np.int32)
    scores = np.array([0.9, 0.88, 0.87, 0.6, 0.5])
    assert retrieval._places_first(table, scores, np.arange(5), 4).tolist() == [0, 1, 3, 2, 4]


def test_blocks_far_apart_in_zoom_are_never_one_place() -> None:
    table = np.array([(10, 400, 400), (12, 1600, 1600), (11, 800, 800), (10, 402, 400), (10, 404, 404)], np.int32)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    order = retrieval._places_first(table, scores, np.arange(5), 4)
    assert order.tolist() == [0, 1, 4, 2, 3]  # 11/800/800 lies in the first, 10/402/400 half on it


def test_the_nadir_limits_before_the_search(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(0))
    longitude, latitude = index.centers_lonlat[len(index) - 1]
    found = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), radius_km=30)
    distances = great_circle_km(np.array([[longitude, latitude]]), index.centers_lonlat)
    assert {c.block for c in found} == {index.block(n) for n in np.flatnonzero(distances <= 30)}
    assert 0 < len(found) < len(index)
    unlimited = retrieve(photo, index, descriptor, top=len(index), nadir=Nadir(latitude, longitude), radius_km=0)
    assert len(unlimited) == len(index)


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


def test_the_extent_limits_to_blocks_that_overlap_it(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    extent = (11.3, 46.1, 11.6, 46.4)
    found = retrieve(picture(imagery, index.block(0)), index, descriptor, top=len(index), extent=extent)
    held = {index.block(number) for number in range(len(index))}
    assert {c.block for c in found} == held & set(blocks_in_extent(extent, [11, 12]))
    assert 0 < len(found) < len(index)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"nadir": Nadir(-46.0, 11.0), "radius_km": 2500}, r"no block within 2500 km of the nadir -46,11"),
        ({"extent": (50, 10, 60, 20)}, r"no block in the extent 50,10,60,20"),
        (
            {"nadir": Nadir(46.0, 11.0), "extent": (50, 10, 60, 20)},
            r"2500 km of the nadir 46,11 and in the extent",
        ),
        ({"nadir": Nadir(146.0, 11.0)}, r"nadir 146,11 is not LATITUDE,LONGITUDE"),
        ({"nadir": Nadir(46.0, 11.0), "radius_km": -5}, r"radius .* not -5"),
        ({"nadir": Nadir(46.0, 11.0), "radius_km": float("nan")}, r"radius .* not nan"),
        ({"extent": (10, 50, 20, 40)}, r"extent 10,50,20,40 is not WEST,SOUTH,EAST,NORTH"),
        ({"top": 0}, r"at least 1, not 0"),
    ],
)
def test_limits_that_leave_nothing_or_make_no_sense_say_so(
    toy: tuple[Index, Descriptor], limits: dict, words: str
) -> None:
    index, descriptor = toy
    with pytest.raises(InputError, match=words):
        retrieve(np.zeros((60, 90, 3), np.uint8), index, descriptor, **limits)


def test_another_model_than_the_indexs_is_refused(toy: tuple[Index, Descriptor]) -> None:
    from astroloc_qgis.engine.descriptors import registry as descriptors

    with pytest.raises(InputError, match="cannot be searched with xfeat-vlad"):
        retrieve(np.zeros((60, 90, 3), np.uint8), toy[0], descriptors.create("xfeat-vlad"))


def test_a_search_can_be_cancelled(toy: tuple[Index, Descriptor]) -> None:
    def stop(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        retrieve(np.zeros((60, 90, 3), np.uint8), *toy, progress=stop)


@pytest.mark.parametrize(
    "extent", [(170, -20, -170, 10), (-180, -60, 180, 60), (179, 0, -179.5, 3), (-10, 40, 5, 50), (-180, 0, -179, 1)]
)
def test_tables_overlap_extents_as_single_blocks_do(extent: tuple[float, float, float, float]) -> None:
    blocks = blocks_in_extent((-180, -66, 180, 66), [3, 5], stride=1)
    table = np.array([(b.zoom, b.row, b.column) for b in blocks], np.int32)
    expected = set(blocks_in_extent(extent, [3, 5], stride=1))
    assert {b for b, inside in zip(blocks, overlaps_extent(table, 4, extent), strict=True) if inside} == expected


def test_tables_have_the_centres_and_overlaps_of_single_blocks() -> None:
    blocks = [*blocks_in_extent((170, -20, -170, 10), [6, 7]), Block(7, 60, 125), Block(7, 60, 2)]
    table = np.array([(b.zoom, b.row, b.column) for b in blocks], np.int32)
    np.testing.assert_allclose(centers_lonlat(table, 4), [b.center_lonlat for b in blocks], atol=1e-9)
    for one in (Block(7, 60, 126), Block(6, 30, 62)):
        row = np.array([one.zoom, one.row, one.column], np.int32)
        expected = [block_iou(b, one.corners_lonlat) for b in blocks]
        np.testing.assert_allclose(iou_with(table, row, 4), expected, atol=1e-6)


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
