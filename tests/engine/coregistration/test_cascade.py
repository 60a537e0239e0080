"""The cascade: which matcher runs on which attempts, in what order, and what the matchers share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration import candidate_search
from astroloc_qgis.engine.coregistration.cascade import (
    AUTO,
    GROUP,
    PROMISING,
    THOROUGH,
    Stage,
    _schedule,
    run_cascade,
    stages_of,
)
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import (
    ALL_TRIALS,
    area_about_block,
    trials_about_guess,
    trials_near,
)
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.homography import scaling
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import render
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.registration import Hypothesis, Step
from astroloc_qgis.engine.tiles import Block, block_around
from astroloc_qgis.engine.verification import verify
from tests.engine.coregistration.ground import WIDE, Scene, start_off
from tests.engine.synthetic import make_world, shot

STAGES = (Stage("cheap", 8), Stage("dear", 7), Stage("strong", 2, refine_only=True))


def hypothesis(inliers: int) -> Hypothesis:
    return Hypothesis(np.eye(3), 0, Step(100, inliers, 0.0, 1.0))


def test_all_matchers_run_on_the_likeliest_attempts_before_any_runs_on_the_others() -> None:
    order = [(stage.matcher, numbers) for stage, numbers in _schedule(20, STAGES, {})]
    assert order == [
        ("cheap", [0]),
        ("cheap", [1, 2, 3, 4, 5]),
        ("dear", [0, 1, 2, 3, 4, 5]),
        ("cheap", [6, 7]),
        ("dear", [6]),
    ]
    assert [numbers for _, numbers in _schedule(1, STAGES, {})] == [[0], [0]]


def test_a_refine_only_matcher_runs_last_on_the_hypotheses_with_most_inliers() -> None:
    promising = {3: hypothesis(PROMISING), 0: hypothesis(PROMISING - 1), 2: hypothesis(40), 1: hypothesis(20)}
    order = [(stage.matcher, numbers) for stage, numbers in _schedule(4, STAGES, promising)]
    assert order[-2:] == [("strong", [2]), ("strong", [1])]
    assert [name for name, _ in order[:-2]] == ["cheap", "cheap", "dear"]


def test_the_last_stage_searches_at_the_most_promising_and_at_the_first_attempts_in_turn() -> None:
    stages = (Stage("cheap", 9), Stage("strong", 1, refine_only=True), Stage("strong", 4, last=True))
    promising = {4: hypothesis(PROMISING), 5: hypothesis(30), 3: hypothesis(PROMISING - 1)}
    order = [(stage.matcher, stage.last, numbers) for stage, numbers in _schedule(GROUP, stages, promising)]
    assert order[-5:] == [
        ("strong", False, [5]),
        ("strong", True, [5]),
        ("strong", True, [0]),
        ("strong", True, [4]),
        ("strong", True, [1]),
    ]
    of_many = [(stage.last, numbers) for stage, numbers in _schedule(GROUP + 1, stages, promising)]
    assert of_many[-3:] == [(False, [5]), (True, [5]), (True, [0])]
    single = [(stage.matcher, stage.last, numbers) for stage, numbers in _schedule(1, stages, {})]
    assert single == [("cheap", False, [0]), ("strong", True, [0])]


def test_beyond_the_attempts_on_which_it_searches_a_stage_follows_what_another_suspects() -> None:
    stages = (Stage("cheap", 9), Stage("dear", 9, searches=2))
    order = [(stage.matcher, numbers) for stage, numbers in _schedule(9, stages, {4: hypothesis(6), 8: hypothesis(7)})]
    assert order[2:] == [("dear", [0, 1, 4]), ("cheap", [6, 7, 8]), ("dear", [8])]


def test_a_thorough_search_gives_the_strong_matchers_more_attempts_and_the_cheap_ones_as_many() -> None:
    for usual, thorough in zip(AUTO, stages_of("auto", thorough=True), strict=True):
        assert usual.matcher == thorough.matcher
        assert thorough.searches is None
        assert thorough.attempts == usual.attempts * (THOROUGH if usual.refine_only or usual.last else 1)


def test_no_attempt_begins_when_the_time_is_used_up(tmp_path: Path) -> None:
    reference = Reference.open(make_world(lon=10.0, lat=40.0).write(tmp_path / "map.tif"))
    stranger = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    blocks = [Block(12, 1545 + row, 2160, 4) for row in (0, 4, 8)]
    attempts = [(area_about_block(block, reference, quarter_turns=0), None) for block in blocks]
    outcome = run_cascade(PhotoPyramid(stranger), reference, attempts, AUTO[:1], seconds=0.0)
    assert len(outcome.runs) == 1
    assert outcome.verdict.reason.endswith("the time for matching, 0 s, is used up")
    unlimited = run_cascade(PhotoPyramid(stranger), reference, attempts, AUTO[:1], seconds=600.0)
    assert len(unlimited.runs) == 3
    assert "used up" not in unlimited.verdict.reason


def test_a_learned_matcher_begins_with_what_the_cheap_one_suspected(scene: Scene) -> None:
    truth, area = start_off(scene)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE))
    right, wrong = (Hypothesis(each, 0, Step(50, 9, 1.0, 1.0)) for each in (truth, truth @ scaling(0.2)))
    matcher, without_trials = matchers.create("xfeat-lighterglue"), replace(area, trials=())
    found = coregister(pyramid, scene.reference, without_trials, matcher, suspected=[wrong, right])
    assert verify(found, pyramid.size).located
    assert coregister(pyramid, scene.reference, without_trials, matcher, suspected=[wrong]).homography is None


def test_hypotheses_that_earlier_stages_find_count() -> None:
    promising: dict[int, Hypothesis] = {}
    order = []
    for stage, numbers in _schedule(2, STAGES, promising):
        order.append((stage.matcher, numbers))
        promising[1] = hypothesis(30)
    assert order[-1] == ("strong", [1])


def test_a_name_stands_for_one_matcher_and_auto_for_the_cascade() -> None:
    assert stages_of("auto") == AUTO
    assert [stage.matcher for stage in stages_of("sift")] == ["sift"]
    with pytest.raises(InputError, match="no matcher 'surf'"):
        stages_of("surf")


@pytest.mark.parametrize("quarter_turns", range(4))
def test_the_estimated_rotation_is_tried_first_and_none_is_left_out(quarter_turns: int) -> None:
    assert trials_about_guess(quarter_turns)[0] == (0, quarter_turns)
    assert trials_about_guess(quarter_turns)[-1] == (0, (quarter_turns + 2) % 4)
    assert {trial[1] for trial in trials_about_guess(quarter_turns)} == {0, 1, 2, 3}
    assert set(trials_near(quarter_turns)) <= set(ALL_TRIALS)


def test_matchers_share_the_pictures_of_the_search_areas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = Reference.open(make_world(lon=10.0, lat=40.0).write(tmp_path / "map.tif"))
    stranger = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    drawn = []
    monkeypatch.setattr(candidate_search, "render", lambda *given: drawn.append(given) or render(*given))
    blocks = [Block(12, 1545 + row, 2160, 4) for row in (0, 4)]
    attempts = [(area_about_block(block, reference, quarter_turns=0), None) for block in blocks]
    outcome = run_cascade(PhotoPyramid(stranger), reference, attempts, AUTO[:3])
    assert {run.matcher for run in outcome.runs} == {"sift", "orientation", "xfeat-lighterglue"}
    assert not outcome.verdict.located
    assert len(drawn) == len(attempts)


def test_in_parallel_the_outcome_is_the_same(tmp_path: Path) -> None:
    world = make_world(lon=10.0, lat=40.0)
    reference = Reference.open(world.write(tmp_path / "map.tif"))
    homography = shot(world, (480, 320), gsd=100.0, turn_deg=20.0)
    pyramid = PhotoPyramid(world.photo(homography, (480, 320), seed=5))
    near = block_around(*world.center_lonlat, 12)
    blocks = [Block(12, near.row + 40 * away, near.column, 4) for away in (-3, -2, -1, 0, 1)]
    attempts = [(area_about_block(block, reference, quarter_turns=0), None) for block in blocks]
    alone, together = (run_cascade(pyramid, reference, attempts, AUTO, workers=workers) for workers in (1, 3))
    assert alone.verdict.located
    assert together.verdict == alone.verdict
    assert together.runs == alone.runs
    assert len(alone.runs) == 4
    assert (together.registration.homography == alone.registration.homography).all()
