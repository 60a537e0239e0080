"""The published networks: the authors' parameters by name, and the authors' numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from astroloc_qgis.engine.descriptors.published.dinov2 import resampled
from astroloc_qgis.engine.descriptors.published.network import Layout, PublishedNetwork, build, layout_of
from astroloc_qgis.engine.descriptors.published.resnet50 import ResNet50
from astroloc_qgis.engine.descriptors.published.salad import assignment
from tests.engine.descriptors.published_checkpoint import (
    State,
    astroloc_shapes,
    earthloc_shapes,
    filled,
    normalised_images,
    tiny_astroloc_shapes,
)


def shapes_of(layout: Layout) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in PublishedNetwork(layout).state_dict().items()}


def described(network: PublishedNetwork, images: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return network(images).numpy()


# ---------------------------------------------------------------- the authors' own numbers


@pytest.mark.parametrize("name", ["earthloc", "dinov2_salad_base"])
def test_a_network_gives_what_the_published_code_gives(shared: Path, name: str) -> None:
    if not (shared / "parity").is_dir():
        pytest.skip("The numbers of the published code are not among the real data here.")
    spec = json.loads((shared / "parity" / "spec.json").read_text(encoding="utf-8"))[name]
    network = build(filled({key: tuple(shape) for key, shape in spec["state"].items()}))
    assert network.layout.image_size == spec["image_size"]
    found = described(network, normalised_images(spec["image_size"]))
    np.testing.assert_allclose(found, np.load(shared / "parity" / f"{name}.npy"), atol=1e-5)


def test_the_published_names_and_shapes_are_those_of_the_specification(shared: Path) -> None:
    if not (shared / "parity").is_dir():
        pytest.skip("The numbers of the published code are not among the real data here.")
    spec = json.loads((shared / "parity" / "spec.json").read_text(encoding="utf-8"))
    for name, shapes in (("earthloc", earthloc_shapes()), ("dinov2_salad_base", astroloc_shapes("base", 322))):
        assert {key: list(shape) for key, shape in shapes.items()} == spec[name]["state"]


TIMM = {
    70: ([0.71232, 1.127062, 0.140373, -0.524218, 1.44687], [0.863771, 0.900606, -1.199252, -0.22318, 0.076458]),
    98: ([0.600996, 1.225378, 0.186117, -0.541278, 1.416602], [0.077878, -0.719434, -0.752153, -0.091507, -0.827356]),
    42: ([0.733553, 1.094675, 0.11156, -0.560596, 1.472062], [-1.119595, 1.555634, 1.954906, 0.966966, 1.287071]),
}
"""By size of the picture, the first numbers of the first token and of the last: a VisionTransformer of timm 1.0.15 with
dynamic_img_size, made for 70 px, with the same parameters."""


@pytest.mark.parametrize("side", TIMM)
def test_a_transformer_gives_what_timm_gives_at_its_own_size_and_at_others(side: int) -> None:
    network = build(filled(tiny_astroloc_shapes("token", image_size=70)))
    with torch.inference_mode():
        patches, token = network.backbone(normalised_images(side, (1,)))
    first, last = TIMM[side]
    np.testing.assert_allclose(token[0, :5], first, atol=2e-6)
    np.testing.assert_allclose(patches[0, :5, -1, -1], last, atol=2e-6)


def test_an_embedding_of_its_own_size_is_left_as_it_is_and_a_smooth_one_stays_smooth() -> None:
    positions = torch.linspace(0, 1, 37)[None, :, None].expand(37, 37, 1).reshape(1, 1369, 1)
    assert resampled(positions, 37, 37) is positions
    smaller = resampled(positions, 23, 23).reshape(23, 23)
    np.testing.assert_allclose(smaller[5], smaller[17], atol=1e-6)
    steps = np.diff(smaller[0].numpy())
    assert steps.min() > 0
    np.testing.assert_allclose(steps[3:-3], 37 / 36 / 23, atol=5e-4)
    assert resampled(positions, 20, 31).shape == (1, 620, 1)


# ---------------------------------------------------------------- slow references


def reference_resnet(state: State, x: torch.Tensor) -> torch.Tensor:
    """ResNet-50 to its third stage, written down from the names of its parameters."""

    def convolved(x: torch.Tensor, name: str, norm: str, stride: int, padding: int) -> torch.Tensor:
        x = F.conv2d(x, state[f"{name}.weight"], stride=stride, padding=padding)
        mean, var, gain, bias = (state[f"{norm}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
        scale = gain / torch.sqrt(var + 1e-5)
        return x * scale[:, None, None] + (bias - mean * scale)[:, None, None]

    x = F.relu(convolved(x, "model.conv1", "model.bn1", 2, 3))
    x = F.max_pool2d(x, 3, 2, 1)
    for stage, blocks in ((1, 3), (2, 4), (3, 6)):
        for block in range(blocks):
            at, stride = f"model.layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            inner = F.relu(convolved(x, f"{at}.conv1", f"{at}.bn1", 1, 0))
            inner = F.relu(convolved(inner, f"{at}.conv2", f"{at}.bn2", stride, 1))
            inner = convolved(inner, f"{at}.conv3", f"{at}.bn3", 1, 0)
            if block == 0:
                x = convolved(x, f"{at}.downsample.0", f"{at}.downsample.1", stride, 0)
            x = F.relu(x + inner)
    return x


def reference_mixvpr(state: State, features: np.ndarray, depth: int) -> np.ndarray:
    """MixVPR of one picture (C, places), channel by channel, in float64."""
    weights = {name: tensor.double().numpy() for name, tensor in state.items() if name.startswith("aggregator.")}

    def layer(name: str, x: np.ndarray) -> np.ndarray:
        return weights[f"aggregator.{name}.weight"] @ x + weights[f"aggregator.{name}.bias"]

    mixed = []
    for channel in features.astype(np.float64):
        x = channel
        for mixer in range(depth):
            at = f"mix.{mixer}.mix"
            normal = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
            normal = normal * weights[f"aggregator.{at}.0.weight"] + weights[f"aggregator.{at}.0.bias"]
            x = x + layer(f"{at}.3", np.maximum(layer(f"{at}.1", normal), 0))
        mixed.append(x)
    projected = np.stack([layer("channel_proj", place) for place in np.stack(mixed).T])
    rows = np.stack([layer("row_proj", channel) for channel in projected.T])
    return rows.ravel() / np.linalg.norm(rows)


def test_earthloc_is_resnet_mixvpr_and_a_linear_layer() -> None:
    state = filled(earthloc_shapes(64, channels=16, depth=2))
    network = build(state)
    assert (network.layout.image_size, network.layout.dimensions) == (64, 64)
    images = normalised_images(64, (1, 2))
    with torch.inference_mode():
        features = network.backbone(images)
        inner = {name.removeprefix("backbone."): tensor for name, tensor in state.items()}
        np.testing.assert_allclose(features, reference_resnet(inner, images), rtol=1e-3, atol=1e-3)
    for features_of_one, vector in zip(features, described(network, images), strict=True):
        mixed = reference_mixvpr(state, features_of_one.flatten(1).numpy(), 2)
        expected = state["fc.weight"].double().numpy() @ mixed + state["fc.bias"].double().numpy()
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_the_clusters_share_the_patches_by_optimal_transport() -> None:
    """Sinkhorn's algorithm with its three iterations, number by number, in float64."""
    scores = np.random.default_rng(3).normal(size=(2, 4, 9)).astype(np.float32)
    for one, found in zip(scores, assignment(torch.from_numpy(scores), torch.tensor(0.7)).numpy(), strict=True):
        costs = np.exp(np.vstack([one, np.full(9, 0.7)]).astype(np.float64))
        mass = np.array([1, 1, 1, 1, 9 - 4], dtype=np.float64)
        patch = np.ones(9)
        for _ in range(3):
            cluster = mass / (costs @ patch)
            patch = 1 / (cluster @ costs)
        np.testing.assert_allclose(found, (cluster[:, None] * costs * patch)[:-1], rtol=1e-5)
        assert found.sum() < 4.5


def test_salad_puts_the_token_before_clusters_of_unit_length() -> None:
    state = filled(tiny_astroloc_shapes())
    network = build(state)
    images = normalised_images(56, (1, 2))
    vectors = described(network, images)
    assert vectors.shape == (2, 24 + 5 * 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    clusters = vectors[:, 24:].reshape(2, 8, 5) * math.sqrt(1 + 5)
    np.testing.assert_allclose(np.linalg.norm(clusters, axis=1), 1, atol=1e-5)
    with torch.inference_mode():
        _, token = network.backbone(images)
        whole = network.aggregator.token_features(token)
    np.testing.assert_allclose(vectors[:, :24] * math.sqrt(1 + 5), F.normalize(whole, dim=1), atol=1e-5)


@pytest.mark.parametrize(
    ("aggregation", "linear", "numbers"), [("token", False, 64), ("token", True, 48), ("mixvpr", False, 64)]
)
def test_small_ones_have_a_token_alone_a_linear_layer_or_mixvpr(aggregation: str, linear: bool, numbers: int) -> None:
    state = filled(tiny_astroloc_shapes(aggregation, linear=linear))
    network = build(state)
    images = normalised_images(56)
    vectors = described(network, images)
    assert vectors.shape == (3, numbers) == (3, network.layout.dimensions)
    with torch.inference_mode():
        patches, token = network.backbone(images)
    if aggregation == "token":
        expected = token @ state["fc.weight"].T + state["fc.bias"] if linear else token
        np.testing.assert_allclose(vectors, F.normalize(expected, dim=1), atol=1e-6)
    else:
        np.testing.assert_allclose(vectors[0], reference_mixvpr(state, patches[0].flatten(1).numpy(), 1), atol=1e-6)


# ---------------------------------------------------------------- names, shapes and sizes


def meta(shapes: dict[str, tuple[int, ...]]) -> State:
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


@pytest.mark.parametrize("side", [518, 322])
@pytest.mark.parametrize(("size", "numbers"), [("small", 2048), ("base", 3072), ("large", 4096)])
def test_the_sizes_of_astroloc_are_read_from_the_checkpoint(size: str, numbers: int, side: int) -> None:
    shapes = astroloc_shapes(size, side)
    layout = layout_of(meta(shapes))
    assert (layout.architecture, layout.image_size, layout.dimensions) == ("astroloc", side, numbers)
    assert layout.places == {518: 1369, 322: 529}[side]
    assert shapes_of(layout) == shapes


def test_the_sizes_of_earthloc_are_read_from_the_checkpoint() -> None:
    layout = layout_of(meta(earthloc_shapes()))
    assert (layout.architecture, layout.image_size, layout.dimensions) == ("earthloc", 320, 4096)
    assert shapes_of(layout) == earthloc_shapes()
    assert not any("layer4" in name for name in ResNet50().state_dict())


def test_a_checkpoint_in_half_precision_is_computed_in_single() -> None:
    state = filled(tiny_astroloc_shapes())
    halves = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    network = build(halves)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    cosines = (described(network, normalised_images(56)) * described(build(state), normalised_images(56))).sum(axis=1)
    assert cosines.min() > 0.999
