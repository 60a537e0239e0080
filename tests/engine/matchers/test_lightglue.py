"""LightGlue with the fused attention gives what kornia's own attention gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kornia.feature.lightglue import CrossBlock

from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.matchers.lightglue import FusedCrossAttention, LightGlueMatcher
from astroloc_qgis.engine.matchers.loading import architecture_of, fitted
from astroloc_qgis.engine.weights.lookup import load_state_dict


@pytest.mark.parametrize(("width", "heads"), [(96, 1), (256, 4)])
def test_the_fused_attention_computes_what_kornias_own_does(width: int, heads: int) -> None:
    torch.manual_seed(4)
    block = CrossBlock(width, heads).eval()
    first, second = torch.randn(1, 70, width), torch.randn(1, 50, width)
    with torch.inference_mode():
        for ours, kornias in zip(FusedCrossAttention(block)(first, second), block(first, second), strict=True):
            assert torch.allclose(ours, kornias, atol=1e-5)
            assert ours.std() > 0.5


@pytest.mark.parametrize("name", ["xfeat-lighterglue", "aliked-lightglue", "disk-lightglue"])
def test_both_attentions_find_the_same_matches(name: str, small_picture: Image) -> None:
    matcher = matchers.create(name)
    assert isinstance(matcher, LightGlueMatcher)
    pictures = (small_picture, np.ascontiguousarray(small_picture[20:240, 10:250]))
    inputs = [matcher.lightglue_input(matcher.extract(picture)) for picture in pictures]
    # In float64, for the rounding of float32 adds up over the layers.
    sides = [{key: tensor.double() for key, tensor in side.items()} for side in inputs]
    found = []
    for optimise in (architecture_of(matcher.lightglue).optimise, lambda model: model):
        model = optimise(fitted(matcher.lightglue, load_state_dict(matcher.lightglue))).double()
        with torch.inference_mode():
            found.append(model({"image0": sides[0], "image1": sides[1]}))
    fused, kornias = found
    assert len(fused["matches"][0]) > 100
    assert torch.equal(fused["matches"][0], kornias["matches"][0])
    assert torch.allclose(fused["scores"][0], kornias["scores"][0], rtol=0, atol=1e-5)


@pytest.mark.usefixtures("own_weights")
@pytest.mark.parametrize("name", ["dedode-lightglue", "keynet-hardnet-lightglue", "dog-hardnet-lightglue"])
def test_every_lightglue_has_the_fused_attention(name: str, give_weights) -> None:
    give_weights(name)
    matcher = matchers.create(name)
    layers = matcher._lightglue.transformers  # type: ignore[attr-defined]
    assert all(isinstance(layer.cross_attn, FusedCrossAttention) for layer in layers)
