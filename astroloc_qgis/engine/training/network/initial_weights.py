"""The initial weights: ImageNet weights, batch norm recalibrated on tiles and photos and folded, a whitening head."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork, from_imagenet
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.weights.lookup import load_state_dict


def initial_network(config: TrainingConfig, batches: list[PairBatch]) -> LiteNetwork:
    """The network that training starts from.

    Args:
        config: the run.
        batches: batches to recalibrate the batch norm with, and whose pooled features the head whitens.

    Raises:
        InputError: the package with the ImageNet weights is not installed.
    """
    network = from_imagenet(load_state_dict("efficientnet-lite0"), config.dimensions)
    network = network.to(memory_format=torch.channels_last)
    recalibrate(network, batches)
    folded = fold(network, config.dimensions)
    whiten_head(folded, batches)
    folded.freeze(config.frozen_blocks)
    return folded


def images_by_size(batch: PairBatch) -> list[torch.Tensor]:
    """The images of a batch, one tensor a size."""
    return [*batch.photos, batch.tiles]


@torch.no_grad()
def recalibrate(network: LiteNetwork, batches: list[PairBatch]) -> None:
    """Estimate the statistics of batch norm again (Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021)."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    network.train()
    for batch in batches:
        for images in images_by_size(batch):
            network.pooled(network.begin(images.float()))
    network.eval()


def fold(network: LiteNetwork, dimensions: int) -> LiteNetwork:
    """The same network with batch norm folded into its convolutions."""
    folded = LiteNetwork(dimensions).to(memory_format=torch.channels_last)
    plain = dict(folded.named_modules())
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Sequential):  # a convolution and its norm
            plain[name].load_state_dict(fuse_conv_bn_eval(layer[0], layer[1]).state_dict())
    folded.head.load_state_dict(network.head.state_dict())
    folded.power.data.copy_(network.power.data)
    return folded


@torch.no_grad()
def whiten_head(network: LiteNetwork, batches: list[PairBatch]) -> None:
    """Set the head to half a whitening of the pooled features, a better start than random weights."""
    features = torch.cat(
        [
            torch.cat(network.pooled(network.begin(images.float())), dim=1)
            for batch in batches
            for images in images_by_size(batch)
        ]
    ).double()
    mean = features.mean(dim=0)
    values, vectors = torch.linalg.eigh(torch.cov(features.T))
    dimensions = network.head.out_features
    values, vectors = values.flip(0)[:dimensions], vectors.flip(1)[:, :dimensions]
    projection = (vectors / (values.clamp(min=1e-9) ** 0.25)).T
    projection = projection / (features - mean).matmul(projection.T).norm(dim=1).mean()
    network.head.weight.copy_(projection.float())
    network.head.bias.copy_(-(projection @ mean).float())
