"""Whitening in part: the descriptors' variances move together, and the network needs no further step for it."""

from __future__ import annotations

import pytest
import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.training.network.whitening import whitened


def some_descriptors(count: int = 4000) -> torch.Tensor:
    """Of very different variance along their axes."""
    torch.manual_seed(2)
    spread = torch.logspace(0, -1, 16)
    return torch.randn(count, 16) * spread


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_variances_become_as_alike_as_was_asked_for(share: float) -> None:
    descriptors = some_descriptors()
    network = LiteNetwork(16)
    # A head that gives what it is given shows the map itself.
    state = {**network.state_dict(), "head.weight": torch.eye(16), "head.bias": torch.zeros(16)}
    change = whitened(state, descriptors, share)["head.weight"]
    before, after = (torch.linalg.eigvalsh(torch.cov(each.T)) for each in (descriptors, descriptors @ change.T))
    ratio = float(before[-1] / before[0])
    assert ratio > 80
    assert float(after[-1] / after[0]) == pytest.approx(ratio ** (1 - share), rel=0.01)


def test_the_network_describes_as_if_its_vectors_had_been_whitened_afterwards() -> None:
    torch.manual_seed(3)
    network = LiteNetwork(16).eval()
    network.centre.copy_(torch.randn(16))
    descriptors = torch.nn.functional.normalize(some_descriptors(), dim=1)
    state = whitened(network.state_dict(), descriptors, 0.5)
    other = LiteNetwork(16).eval()
    other.load_state_dict(state)
    map_of = whitened({**state, "head.weight": torch.eye(16), "head.bias": torch.zeros(16)}, descriptors, 0.5)
    images = torch.rand(3, 3, 64, 96) * 255
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(network(images) @ map_of["head.weight"].T, dim=1)
        torch.testing.assert_close(other(images), expected, rtol=1e-3, atol=1e-4)


def test_places_that_were_never_shown_do_not_count() -> None:
    descriptors = some_descriptors(500)
    state = LiteNetwork(16).state_dict()
    padded = torch.cat([descriptors, torch.zeros(500, 16)])
    one, other = (whitened(state, each, 0.5)["head.weight"] for each in (descriptors, padded))
    torch.testing.assert_close(one, other)
