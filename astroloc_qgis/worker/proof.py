"""Proof that an environment works: a sum on the device, a search, a raster, a match with real weights."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker import environment
from astroloc_qgis.worker.memory import working_device

MATCHER = "xfeat-lighterglue"
UNUSUAL = "Zürich-Łódź-東京-"
"""Part of a path that no ANSI code page of Windows can write as a whole, as users' names may be."""
LEAST_MATCHES = 50
"""The fewest matches of a picture with itself that prove the matcher: it finds hundreds, and none in noise."""


def prove(device: str = "auto") -> Mapping[str, Any]:
    """Use every part of the environment once; where a graphics processor fails at one, once more on the CPU.

    Args:
        device: the device, or "auto".

    Returns:
        ``works`` (true), the device and why, all devices, the versions, the seconds of each part, and where the CPU
        took over ``failed``: the device that failed, and why the CPU is used (``environment.failed_device``).

    Raises:
        InputError: a part fails on the CPU too; the sentence names it.
    """
    used, why = working_device(device)
    failed = None
    try:
        seconds = _seconds_of_parts(used)
    except PartFailed as failure:
        if used == "cpu":
            raise
        seconds = _seconds_of_parts("cpu")
        why = f"{used} fails at {failure.part} ({failure.reason}); after an update of its driver press Repair"
        failed, used = {"device": used, "why": why}, "cpu"
    return {
        "works": True,
        "device": used,
        "why": why,
        "devices": environment.describe_devices(),
        "versions": environment.versions(),
        "seconds": seconds,
        **({"failed": failed} if failed else {}),
    }


class PartFailed(InputError):
    """A part of the proof failed.

    Attributes:
        part: its name.
        reason: the first line of the error, shortened.
    """

    def __init__(self, part: str, device: str, error: Exception) -> None:
        super().__init__(f"The engine's environment fails at {part} on {device}: repair it.", repr(error))
        self.part = part
        self.reason = (str(error).strip() or repr(error)).splitlines()[0][:120]


def _seconds_of_parts(device: str) -> dict[str, float]:
    """Run every part on a device; returns the seconds of each.

    Raises:
        PartFailed: a part fails.
    """
    seconds = {}
    for name, part in PARTS.items():
        started = time.monotonic()
        try:
            part(device)
        except Exception as error:
            raise PartFailed(name, device, error) from error
        seconds[name] = round(time.monotonic() - started, 3)
    return seconds


def _sum(device: str) -> None:
    import torch

    if torch.ones(1000, device=device).sum().item() != 1000.0:
        raise ArithmeticError("a thousand ones are not a thousand")


def _search(device: str) -> None:
    del device  # Faiss searches on the processor
    import faiss
    import numpy as np

    from astroloc_qgis.engine.index import faiss_store

    vectors = np.eye(16, dtype=np.float32)
    index = faiss.IndexFlatIP(16)
    index.add(vectors)
    with tempfile.TemporaryDirectory(prefix=UNUSUAL, ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"{UNUSUAL}.faiss"
        faiss_store.write_store(index, path)
        index = faiss_store.open_store(path)
        found = index.search(vectors, 1)[1].ravel().tolist()
        del index  # Windows removes no file that is mapped
    if found != list(range(16)):
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


PARTS: dict[str, Callable[[str], None]] = {
    "a sum with torch": _sum,
    "a search with Faiss": _search,
    "a raster with QGIS's GDAL": _raster,
    "a match with XFeat's weights": _match,
}
