"""Cost of the published networks on this machine: seconds a picture and memory, without their weights.

How long a network computes does not depend on its numbers, so random ones do.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from astroloc_qgis.engine.descriptors.published.network import ASTROLOC, EARTHLOC, Layout, PublishedNetwork
from astroloc_qgis.engine.device import limit_threads, torch_threads

_TRANSFORMERS = {"small": (384, 12, 24, 512), "base": (768, 12, 32, 1024), "large": (1024, 24, 48, 1024)}
"""Width, depth, clusters of 64 numbers, and numbers of the token, by size."""
NETWORKS: dict[str, Layout] = {
    "earthloc-320": Layout(EARTHLOC, 320, 1024, 0, 0, 0, "mixvpr", (4, 400, 1024, 4), (4096, 4096)),
    **{
        f"astroloc-{size}-{side}": Layout(
            ASTROLOC, side, width, depth, 4 * width, 4, "salad", (clusters, 64, token), None
        )
        for size, (width, depth, clusters, token) in _TRANSFORMERS.items()
        for side in (322, 518)
    },
}
"""The published networks by name."""


@dataclass(frozen=True)
class Cost:
    """What a network takes.

    Attributes:
        seconds: to describe one picture, the shorter of two rounds: of the processor's cores together, so that other
            jobs on the machine do not count; on a graphics processor of the clock.
        ratio: to the same of the shipped model, measured before and after in the same process.
        weights_mb: megabytes of its parameters in float32.
        peak_mb: most memory that its process had, in megabytes; None where the system does not tell.
        threads: of the processor.
    """

    seconds: float
    ratio: float
    weights_mb: float
    peak_mb: float | None
    threads: int


def measure(name: str, device: str = "cpu", pictures: int = 4) -> Cost:
    """Measure a network in a process of its own.

    Args:
        name: a key of ``NETWORKS``.
        device: for torch.
        pictures: described at once.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure, name, device, pictures).result()


def _measure(name: str, device: str, pictures: int) -> Cost:
    limit_threads()
    from astroloc_qgis.engine.descriptors.astroloc_lite import AstroLocLite

    lite = AstroLocLite(device)
    images = [np.full((lite.image_size, lite.image_size, 3), 90, np.uint8)] * pictures
    with torch.device("meta"):
        network = PublishedNetwork(NETWORKS[name])
    network = network.to_empty(device=device).eval().requires_grad_(False)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.01, 0.02)
    batch = torch.rand(pictures, 3, NETWORKS[name].image_size, NETWORKS[name].image_size, device=device)
    kind = torch.device(device).type

    def describe() -> None:
        with torch.inference_mode(), torch.autocast(kind, torch.float16, enabled=kind != "cpu"):
            network(batch).cpu()

    clock = time.process_time if kind == "cpu" else time.perf_counter
    before = _shorter(lambda: lite.describe_blocks(images), clock)
    taken = _shorter(describe, clock)
    after = _shorter(lambda: lite.describe_blocks(images), clock)
    megabytes = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values()) / 1e6
    return Cost(taken / pictures, 2 * taken / (before + after), megabytes, _peak_mb(), torch_threads())


def _shorter(describe: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds by a clock, of two rounds."""
    taken = []
    for _ in range(2):
        started = clock()
        describe()
        taken.append(clock() - started)
    return min(taken)


def _peak_mb() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (1e6 if sys.platform == "darwin" else 1e3)
