"""Rules for graphics processors that hold on every machine: no float64, and no operator that Apple's lacks.

Metal has neither float64 nor, in some versions of torch, bicubic ``grid_sample``. Here is no such device, so
torch's own hooks refuse on the CPU what Metal refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers import xfeat_net
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.matchers.local_frames import LocalFrameMatcher
from tests.engine.without_float64 import WithoutFloat64

PACKAGED = ["sift", "xfeat-lighterglue", "aliked-lightglue", "disk-lightglue"]
PUBLISHED = ["loftr", "dedode-lightglue", "keynet-hardnet-lightglue", "dog-hardnet-lightglue"]


def run_without_float64(name: str, picture: Image) -> None:
    """Make a matcher, see that its numbers are not float64, and match two pictures."""
    matcher = matchers.create(name)
    for part in vars(matcher).values():
        if isinstance(part, torch.nn.Module):
            numbers = {**dict(part.named_parameters()), **dict(part.named_buffers())}
            assert [key for key, tensor in numbers.items() if tensor.dtype == torch.float64] == []
    if isinstance(matcher, LocalFrameMatcher):
        matcher._network.detector.num_features = 100
    mask = np.ones(picture.shape[:2], bool)
    mask[:, :20] = False
    with WithoutFloat64():
        a, b = matcher.extract(picture), matcher.extract(picture, mask, most=60)
        matcher.match(a, b)


def test_the_hook_refuses_float64() -> None:
    with WithoutFloat64(), pytest.raises(TypeError, match="float64"):
        torch.from_numpy(np.zeros(3)) + 1


@pytest.mark.parametrize("name", PACKAGED)
def test_no_float64_reaches_the_device_of_a_matcher(name: str, small_picture: Image) -> None:
    run_without_float64(name, small_picture)


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_float64_reaches_the_device_of_a_matcher_of_published_weights(
    name: str, give_weights: Callable[[str], None], small_picture: Image
) -> None:
    give_weights(name)
    run_without_float64(name, np.ascontiguousarray(small_picture[:96, :128]))


@pytest.mark.parametrize("name", [name for name in descriptors.names() if descriptors.ready(name)])
def test_no_float64_reaches_the_device_of_a_descriptor(name: str, small_picture: Image) -> None:
    descriptor = descriptors.create(name)
    with WithoutFloat64():
        if descriptor.needs_vocabulary:
            descriptor.fit([small_picture] * 8)
        assert np.isfinite(descriptor.describe_photos([small_picture])).all()


class OnApple(torch.Tensor):
    """A tensor that says it lies on Apple's device; it comes to the CPU when asked to."""

    device = torch.device("mps")

    def cpu(self) -> torch.Tensor:
        return self.as_subclass(torch.Tensor)


class WithoutBicubic(TorchFunctionMode):
    """Refuses bicubic sampling of what is not on the CPU; notes where the result goes."""

    def __init__(self) -> None:
        super().__init__()
        self.moved_to: list[torch.device] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is F.grid_sample and kwargs.get("mode") == "bicubic" and isinstance(args[0], OnApple):
            raise NotImplementedError("grid_sampler_2d_mps: Unsupported Bicubic interpolation")
        if func is torch.Tensor.to and args[1] == torch.device("mps"):
            self.moved_to.append(args[1])
            return args[0].as_subclass(OnApple)
        return func(*args, **kwargs)


def test_what_apples_device_cannot_sample_is_sampled_on_the_cpu() -> None:
    maps, grid = torch.rand(1, 4, 6, 5), torch.rand(1, 7, 1, 2) * 2 - 1
    wanted = xfeat_net._sample(maps, grid, "bicubic")
    with WithoutBicubic() as mode:
        found = xfeat_net._sample(maps.as_subclass(OnApple), grid.as_subclass(OnApple), "bicubic")
    assert mode.moved_to == [torch.device("mps")]
    assert torch.equal(found.as_subclass(torch.Tensor), wanted)
