"""The network while it trains: its frozen and its trained part, and the centre of its descriptors."""

from __future__ import annotations

import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork


def test_what_is_frozen_and_what_is_trained_make_the_whole_network() -> None:
    torch.manual_seed(1)
    network = LiteNetwork(16)
    images = torch.rand(2, 3, 64, 96) * 255
    with torch.inference_mode():
        whole = network(images)
        network.freeze(5)
        torch.testing.assert_close(network.finish(network.begin(images)), whole)
    network.finish(network.begin(images)).sum().backward()
    assert network.blocks[4].project.weight.grad is None
    assert network.blocks[5].project.weight.grad is not None


def test_the_centre_follows_the_mean_so_that_strangers_are_not_alike() -> None:
    torch.manual_seed(2)
    network = LiteNetwork(16)
    drifted = torch.randn(400, 16) + 10
    for part in drifted.split(20):
        network.recentre(part, 0.3)
    vectors = torch.nn.functional.normalize(drifted - network.centre, dim=1)
    assert float((vectors @ vectors.T).mean()) < 0.1
