"""The device of a request, and the fallback when memory runs out, or a device cannot do it: in the end the CPU."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from astroloc_qgis.engine.device import is_fault_of_device, is_out_of_memory, resolve_device, smaller_batches
from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker import environment, models
from astroloc_qgis.worker.requests import OnDevice, Parameters

SMALLER = 1 / 8
"""The share of the usual batch when memory ran out."""
TOO_LITTLE = (
    "Memory ran out, in small pieces on the processor too: close other programs, choose fewer threads or a smaller "
    "photo, then try again."
)
CANNOT = "{device} cannot do a step of this work: worked on the CPU, which is slower."

logger = logging.getLogger(__name__)

Request = TypeVar("Request", bound=Parameters, contravariant=True)
Device = TypeVar("Device", bound=OnDevice)


class Method(Protocol[Request]):
    """Does the work of a request."""

    __name__: str

    def __call__(self, request: Request, progress: Progress, /) -> Mapping[str, Any]:
        """Return the result, as JSON knows it."""


def choose_device(name: str) -> tuple[str, str]:
    """Return the device for a name, and why that one; "auto" passes over a device that failed the engine's proof.

    Raises:
        InputError: the machine has no such device.
    """
    device, why = working_device(name)
    if name == "auto" and device != "cpu":
        failed = environment.failed_device()
        if failed and failed["device"] in ("", device):
            return "cpu", failed["why"]
    return device, why


def working_device(name: str) -> tuple[str, str]:
    """Return the device for a name, and why that one; "auto" passes over a device that cannot do a sum.

    Raises:
        InputError: the machine has no such device.
    """
    import torch

    device = resolve_device(name)
    if name != "auto":
        return device, "chosen in the settings"
    if device == "cpu":
        return device, "torch finds no graphics card that it can use"
    try:
        torch.ones(8, device=device).sum().item()
    except (RuntimeError, AssertionError) as error:
        return "cpu", f"the graphics card does not work with this torch ({str(error).splitlines()[0][:120]})"
    return device, "the fastest device that works"


def attempts(device: str, note: str = "") -> list[tuple[str, float, str]]:
    """Return the attempts in order: device, share of the usual batch, and what to tell the user (``note`` at first)."""
    tries = [(device, 1.0, note), (device, SMALLER, "Memory ran short: worked in smaller pieces.")]
    if device != "cpu":
        tries.append(("cpu", SMALLER, f"The memory of {device} ran out: worked on the CPU, which is slower."))
    return tries


def with_memory_fallback(method: Method[Device], usual: str = "auto") -> Method[Device]:
    """Return a method that tries again with less memory when memory runs out.

    Its result also holds the ``device`` that was used and a ``device_note``: why that one, or what was done about
    memory.

    Args:
        method: does the work.
        usual: the device of requests that name none.
    """

    @functools.wraps(method)
    def guarded(request: Device, progress: Progress) -> Mapping[str, Any]:
        wanted, why = choose_device(request.device or usual)
        shortage = ""
        left = attempts(wanted)
        while left:
            device, share, note = left.pop(0)
            try:
                with smaller_batches(share):
                    result = method(dataclasses.replace(request, device=device), progress)
            except AstroLocError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    shortage = repr(error)
                    logger.warning("out of memory on %s with a share of %.3g: %s", device, share, shortage)
                elif device != "cpu" and is_fault_of_device(error):
                    logger.warning("%s cannot do it: %r", device, error)
                    left = attempts("cpu", CANNOT.format(device=device))
                else:
                    raise
            else:
                return {**result, "device": device, "device_note": note or why}
            models.unload()
        raise InputError(TOO_LITTLE, shortage)

    return guarded
