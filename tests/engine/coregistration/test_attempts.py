"""The attempts about candidates: their order, size and resolution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.attempts import (
    BELOW_AT,
    CLOSER_CANDIDATES,
    attempts_about,
    attempts_at,
    candidate_below,
)
from astroloc_qgis.engine.coregistration.cascade import GROUP
from astroloc_qgis.engine.coregistration.search_area import (
    CLOSER_BY,
    LESS_LIKELY_PX,
    CoregistrationSettings,
    area_about_block,
    area_closer_to_block,
    has_closer_area,
)
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.tiles import Block, block_around
from tests.engine.synthetic import make_world


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """Of 100 m a pixel, about 40 N 10 E."""
    opened = Reference.open(make_world(lon=10.0, lat=40.0).write(tmp_path_factory.mktemp("world") / "map.tif"))
    yield opened
    opened.close()


def ground_px(area_frame_to_plane: np.ndarray) -> float:
    """Metres a pixel."""
    return float(np.sqrt(abs(np.linalg.det(area_frame_to_plane[:2, :2]))))


def block_of(pixels: int, reference: Reference) -> Block:
    """The block that the reference shows with about so many of its own pixels a side."""
    gsd = reference.native_gsd_m(10.0, 40.0)
    blocks = (block_around(10.0, 40.0, zoom) for zoom in range(6, 18))
    return min(blocks, key=lambda block: abs(block.side_m / gsd - pixels))


def candidates(zoom: int, count: int) -> list[Candidate]:
    """Far apart, so that none is left out."""
    middle = block_around(10.0, 40.0, zoom)
    blocks = [Block(zoom, middle.row, middle.column + 3 * middle.size * number) for number in range(count)]
    return [Candidate(block, rank, 1.0, rank % 4) for rank, block in enumerate(blocks, start=1)]


def test_closer_is_narrower_and_larger(reference: Reference) -> None:
    block = block_of(256, reference)
    wide, close = area_about_block(block, reference), area_closer_to_block(block, reference, quarter_turns=3)
    assert has_closer_area(block, reference)
    assert ground_px(wide.frames[0].to_plane) > CLOSER_BY * ground_px(close.frames[0].to_plane)
    side_m = close.frames[0].size[0] * ground_px(close.frames[0].to_plane)
    assert side_m == pytest.approx(2 * block.side_m, rel=0.02)
    # A photo half as wide as the block is then 1.6 times as large as its picture, as matchers like it.
    block_px = close.frames[0].size[0] / 2
    assert close.photo_px[0] / (block_px / 2) == pytest.approx(1.6, rel=0.1)
    assert close.trials[0] == (0, 3)


def test_correlation_searches_finely_about_the_likeliest_candidates_and_never_in_closer_areas(
    reference: Reference,
) -> None:
    given = candidates(block_of(256, reference).zoom, 2 * GROUP)
    nadir = Nadir(40.3, 10.2)
    below = candidate_below(nadir, len(given) + 1)
    searched: dict[int, list[int]] = {}
    for area, candidate in attempts_about(given, reference, nadir, below):
        assert candidate is not None
        searched.setdefault(candidate.rank, []).append(area.correlated_px)
    fine = CoregistrationSettings().correlated_px
    assert 0 < LESS_LIKELY_PX < fine
    assert searched.pop(below.rank) == [fine]
    assert list(searched.values()) == [[fine, 0]] * GROUP + [[LESS_LIKELY_PX, 0]] * GROUP


def test_there_is_no_closer_attempt_where_the_reference_has_no_more_detail(reference: Reference) -> None:
    fine = block_of(100, reference)
    assert not has_closer_area(fine, reference)
    assert len(attempts_at(candidates(fine.zoom, 1)[0], reference, None)) == 1


def test_each_of_the_first_groups_is_followed_by_its_closer_attempts(reference: Reference) -> None:
    given = candidates(block_of(256, reference).zoom, CLOSER_CANDIDATES + GROUP)
    attempts = attempts_about(given, reference, None)
    ranks = [candidate.rank for _, candidate in attempts if candidate is not None]
    groups = [list(range(first, first + GROUP)) for first in range(1, len(given) + 1, GROUP)]
    assert ranks == [rank for group in groups[:-1] for rank in (*group, *group)] + groups[-1]
    assert len(groups) == 4
    assert [len(area.photo_px) for area, _ in attempts[:GROUP]] == [2] * GROUP
    assert {len(area.photo_px) for area, _ in attempts[GROUP:]} == {1}
    assert [area.trials[0][1] for area, _ in attempts[:GROUP]] == [
        candidate.quarter_turns for candidate in given[:GROUP]
    ]


def test_without_closer_attempts_each_candidate_is_tried_once(reference: Reference) -> None:
    given = candidates(block_of(256, reference).zoom, GROUP + 2)
    assert [one.rank for _, one in attempts_about(given, reference, None, closer=False) if one is not None] == list(
        range(1, len(given) + 1)
    )


def test_about_a_block_that_the_user_named_every_rotation_is_tried(reference: Reference) -> None:
    attempts = attempts_at(candidates(block_of(256, reference).zoom, 1)[0], reference, None)
    assert [len(area.trials) for area, _ in attempts] == [8, 8]


def test_the_ground_below_the_station_is_searched_after_the_likeliest_candidates(reference: Reference) -> None:
    given = candidates(block_of(100, reference).zoom, 2 * GROUP)
    nadir = Nadir(40.3, 10.2)
    below = candidate_below(nadir, len(given) + 1)
    ranks = [one.rank for _, one in attempts_about(given, reference, nadir, below) if one is not None]
    assert ranks == [*range(1, BELOW_AT + 1), len(given) + 1, *range(BELOW_AT + 1, 2 * GROUP + 1)]
    assert below.block.contains(10.2, 40.3)
    area = attempts_about(given, reference, nadir, below)[BELOW_AT][0]
    lon, lat = area.plane.to_lonlat(apply_homography(area.frames[0].to_plane, np.array([area.frames[0].centre])))[0]
    assert great_circle_km(np.array([[lon, lat]]), np.array([10.2, 40.3]))[0] < below.block.side_m / 2000
