"""What happens when memory runs out: smaller batches, then the processor, each said in a sentence."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from astroloc_qgis.engine.device import is_out_of_memory, resolve_device, smaller_batches
from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker import models

SMALLER = 1 / 8
TOO_LITTLE = (
    "Memory ran out, in small pieces on the processor too: close other programs, choose fewer threads or a smaller "
    "photo, then try again."
)

logger = logging.getLogger(__name__)


class Method(Protocol):
    """Does a request's work."""

    __name__: str

    def __call__(self, params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        """Work; ``params`` may name the ``device``."""


def choose_device(name: str) -> tuple[str, str]:
    """Return the device for a name, and why, in a sentence.

    Raises:
        InputError: this machine has no such device.
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


def attempts(device: str) -> list[tuple[str, float, str]]:
    """Return what to try in turn: device, share of the usual batch, and what to tell the user of it."""
    tries = [(device, 1.0, ""), (device, SMALLER, "Memory ran short: worked in smaller pieces.")]
    if device != "cpu":
        tries.append(("cpu", SMALLER, f"The memory of {device} ran out: worked on the CPU, which is slower."))
    return tries


def with_memory_fallback(method: Method, usual: str = "auto") -> Method:
    """Let a method try again with less memory when it runs out.

    The result also holds the ``device`` that was used, and ``device_note``: why, or what was done about memory.

    Args:
        method: what does the work.
        usual: the device for requests that name none.
    """

    @functools.wraps(method)
    def guarded(params: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        wanted, why = choose_device(str(params.get("device") or usual))
        shortage = ""
        for device, share, note in attempts(wanted):
            try:
                with smaller_batches(share):
                    result = method({**params, "device": device}, progress)
            except AstroLocError:
                raise
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                shortage = repr(error)
                logger.warning("out of memory on %s with a share of %.3g: %s", device, share, shortage)
            else:
                return {**result, "device": device, "device_note": note or why}
            models.forget()
        raise InputError(TOO_LITTLE, shortage)

    return guarded
