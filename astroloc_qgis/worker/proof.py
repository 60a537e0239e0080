"""Proof that an environment works: a sum on the device, a search, a raster, a match with real weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker import environment
from astroloc_qgis.worker.memory import choose_device

MATCHER = "xfeat-lighterglue"
LEAST_MATCHES = 50
"""The fewest matches of a picture with itself that prove the matcher: it finds hundreds, and none in noise."""


def prove(device: str = "auto") -> Mapping[str, Any]:
    """Use every part of the environment once.

    Args:
        device: the device, or "auto".

    Returns:
        ``works`` (true), the device and why, all devices, the versions, the seconds of each part.

    Raises:
        InputError: a part fails; the sentence names it.
    """
    used, why = choose_device(device)
    parts: dict[str, Callable[[str], None]] = {
        "a sum with torch": _sum,
        "a search with Faiss": _search,
        "a raster with QGIS's GDAL": _raster,
        "a match with XFeat's weights": _match,
    }
    seconds = {}
    for name, part in parts.items():
        started = time.monotonic()
        try:
            part(used)
        except Exception as error:
            raise InputError(f"The engine's environment fails at {name} on {used}: repair it.", repr(error)) from error
        seconds[name] = round(time.monotonic() - started, 3)
    return {
        "works": True,
        "device": used,
        "why": why,
        "devices": environment.describe_devices(),
        "versions": environment.versions(),
        "seconds": seconds,
    }


def _sum(device: str) -> None:
    import torch

    if torch.ones(1000, device=device).sum().item() != 1000.0:
        raise ArithmeticError("a thousand ones are not a thousand")


def _search(device: str) -> None:
    del device  # Faiss searches on the processor
    import faiss
    import numpy as np

    vectors = np.eye(16, dtype=np.float32)
    index = faiss.IndexFlatIP(16)
    index.add(vectors)
    if index.search(vectors, 1)[1].ravel().tolist() != list(range(16)):
        raise ArithmeticError("a vector is not its own nearest neighbour")


def _raster(device: str) -> None:
    del device
    from osgeo import gdal, osr

    raster = gdal.GetDriverByName("MEM").Create("", 8, 8, 1, gdal.GDT_Byte)
    raster.GetRasterBand(1).Fill(7)
    if raster.ReadRaster() != bytes([7]) * 64:
        raise ArithmeticError("a raster does not hold what was written")
    osr.UseExceptions()
    if osr.SpatialReference().ImportFromEPSG(3857):
        raise LookupError("PROJ does not find its database")


def _match(device: str) -> None:
    import cv2
    import numpy as np

    from astroloc_qgis.engine.matchers import registry as matchers

    noise = np.random.default_rng(1).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (384, 384), interpolation=cv2.INTER_CUBIC)
    matcher = matchers.create(MATCHER, device)
    features = matcher.extract(picture)
    found = len(matcher.match(features, features))
    if found < LEAST_MATCHES:
        raise ArithmeticError(f"a picture matches itself in {found} points")
