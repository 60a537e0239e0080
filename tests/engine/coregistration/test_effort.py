"""How much of the search a photo is worth."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.effort import Effort, effort_for, not_matched
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.contents import POOR_ATTEMPTS, Contents
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.tiles import block_around

CANDIDATES = [Candidate(block_around(10.0, 0.0, 11), rank=1, score=1.0, quarter_turns=0)]
USABLE = Contents("usable", "70% of the photo is open sea or haze without detail")


def imagery(gsd: float = 611.0) -> SimpleNamespace:
    return SimpleNamespace(native_gsd_m=lambda *_: gsd)


@pytest.mark.parametrize(
    ("focal_mm", "attempts", "narrow"),
    [(50, None, False), (180, None, False), (400, None, True), (800, None, True), (1150, POOR_ATTEMPTS, True)],
)
def test_a_photo_too_narrow_for_the_imagery_is_told(focal_mm: float, attempts: int | None, narrow: bool) -> None:
    effort = effort_for(USABLE, 36 / focal_mm, CANDIDATES, imagery())
    assert effort.attempts == attempts
    assert effort.hindrance.startswith("too narrow for this index: about ") == narrow
    assert narrow or effort.hindrance == USABLE.reason


def test_the_sentence_says_how_wide_it_is_and_what_the_imagery_shows() -> None:
    effort = effort_for(USABLE, 36 / 756, CANDIDATES, imagery())
    assert effort.hindrance == "too narrow for this index: about 20 km wide, the imagery shows 611 m a pixel"


def test_fine_imagery_and_imagery_of_unknown_resolution_have_no_narrow_photo() -> None:
    for gsd in (10.0, float("inf")):
        assert effort_for(USABLE, 36 / 1150, CANDIDATES, imagery(gsd)) == Effort(None, USABLE.reason)


def test_a_given_height_counts() -> None:
    low = Nadir.at(0.0, 10.0, 200.0)
    assert "about 19 km" in effort_for(USABLE, 36 / 380, CANDIDATES, imagery(), low).hindrance


def test_without_a_field_of_view_the_contents_decide() -> None:
    for contents in (Contents("hopeless", "night", effort=0), Contents("poor", "dark", effort=6), USABLE):
        assert effort_for(contents, None, CANDIDATES, imagery()) == Effort(contents.effort, contents.reason)
    night = Contents("hopeless", "night", effort=0)
    assert effort_for(night, 36 / 1150, CANDIDATES, imagery()) == Effort(0, "night")


def test_the_likeliest_attempts_are_kept() -> None:
    attempts = [(SimpleNamespace(plane=None), None) for _ in range(9)]
    assert Effort().of(attempts) is attempts
    assert Effort(20).of(attempts) is attempts
    assert Effort(4).of(attempts) == attempts[:4]


def test_with_few_attempts_no_strong_matcher_searches() -> None:
    auto, alone = stages_of("auto"), stages_of("sift")
    assert any(stage.last for stage in auto)
    assert Effort().by(auto) == auto
    assert list(Effort(POOR_ATTEMPTS).by(auto)) == [stage for stage in auto if not stage.last]
    assert list(Effort(POOR_ATTEMPTS).by(alone)) == list(alone)


def test_what_is_not_matched_is_not_located() -> None:
    outcome = not_matched([(SimpleNamespace(plane="plane"), CANDIDATES[0])])
    assert not outcome.verdict.located
    assert outcome.registration.homography is None
    assert outcome.candidate is CANDIDATES[0]
    assert outcome.runs == ()


def test_a_limited_effort_is_never_larger_than_before() -> None:
    assert Effort().again(24).attempts == 24
    assert Effort(POOR_ATTEMPTS, "sea").again(24) == Effort(POOR_ATTEMPTS, "sea", learned=False)
    assert Effort(0).again(24).attempts == 0
    assert not [stage for stage in Effort().again(24).by(stages_of("auto")) if stage.last]
