"""The matchers whose weights come in no package, with random weights in their place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.matchers.loading import load
from astroloc_qgis.engine.matchers.local_frames import LocalFrameMatcher
from astroloc_qgis.engine.matchers.loftr import Loftr
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import PUBLISHED
from tests.engine.random_weights import needed_by

RANDOM = ["loftr", "dedode-lightglue", "keynet-hardnet-lightglue", "dog-hardnet-lightglue"]
SIDE = 256

pytestmark = pytest.mark.usefixtures("own_weights")


@pytest.mark.parametrize("name", RANDOM)
def test_a_matcher_runs_with_checkpoints_that_the_user_added(
    name: str, give_weights: Callable[[str], None], small_picture: Image
) -> None:
    assert not matchers.ready(name)
    give_weights(name)
    assert matchers.ready(name)
    matcher = matchers.create(name)
    assert matcher.name == name
    if isinstance(matcher, LocalFrameMatcher):
        matcher._network.detector.num_features = 100  # each costs three networks
    first, second = small_picture[:96, :128], small_picture[16:112, 24:130]
    mask = np.ones(second.shape[:2], bool)
    mask[:, :30] = False
    a, b = matcher.extract(np.ascontiguousarray(first)), matcher.extract(np.ascontiguousarray(second), mask, most=60)
    assert a.size == (128, 96)
    assert len(b.keypoints) <= 60
    assert (b.keypoints[:, 0] >= 30).all()
    for matches in (matcher.match(a, b), matcher.match(b, a)):
        assert matches.a.shape == matches.b.shape == (len(matches), 2)
        assert matches.a.dtype == np.float64
        assert np.isfinite(matches.score).all()
    plain = matcher.extract(np.full((32, 40, 3), 90, np.uint8))
    hidden = matcher.extract(np.ascontiguousarray(first), np.zeros((96, 128), bool))
    assert len(matcher.match(a, hidden)) == len(matcher.match(hidden, b)) == 0
    assert fit_homography(matcher.match(plain, a), 3.0) is None


@pytest.fixture
def loftr(give_weights: Callable[[str], None]) -> Loftr:
    """LoFTR that takes every pair of cells that are each other's nearest, so that random weights find some."""
    give_weights("loftr")
    return Loftr(threshold=0.0)


def test_loftr_sees_only_what_the_masks_show_and_keeps_the_most_certain(loftr: Loftr, small_picture: Image) -> None:
    picture = np.ascontiguousarray(small_picture[:160, :160])
    mask = np.zeros((160, 160), bool)
    mask[:, 60:] = True
    whole, part = loftr.extract(picture), loftr.extract(picture, mask)
    assert len(whole.keypoints) == 0
    everything, shown = loftr.match(whole, whole), loftr.match(whole, part)
    assert len(everything) > 5
    assert everything.a[:, 0].min() < 60
    assert len(shown) > 0
    assert (shown.b[:, 0] >= 63).all()
    few = loftr.match(loftr.extract(picture, most=3), whole)
    assert len(few) == 3
    assert (few.score == np.sort(everything.score)[::-1][:3]).all()


def test_loftr_finds_a_picture_in_itself_at_the_same_place_also_when_shrunk(loftr: Loftr, small_picture: Image) -> None:
    # Random weights pair most cells with themselves; a coordinate forgotten or scaled wrongly would show at once.
    for matcher in (loftr, Loftr(threshold=0.0, long_side=128)):
        features = matcher.extract(small_picture)
        matches = matcher.match(features, features)
        assert matches.a.max() > 0.8 * SIDE
        assert np.median(np.linalg.norm(matches.a - matches.b, axis=1)) < 8


def test_every_weight_comes_in_a_package_or_is_published() -> None:
    for name in matchers.MATCHERS:
        for needed in needed_by(name):
            assert needed in WEIGHTS or needed in PUBLISHED
    assert set(PUBLISHED) == {needed for name in RANDOM for needed in needed_by(name)}


def test_a_matcher_without_weights_says_how_it_gets_them() -> None:
    with pytest.raises(InputError, match=r"'loftr-outdoor' \(Apache-2\.0, .*\) are not on this machine.*matchers add"):
        matchers.create("loftr")
    with pytest.raises(InputError, match="not on this machine"):
        load("hardnet")
