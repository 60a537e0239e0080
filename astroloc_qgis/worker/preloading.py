"""Loads ahead what the next photo needs: libraries, the index, models.

The request is a guess, and no work waits for it for long: each step is one that the next photo begins with anyway, and
cancelling takes effect between two of them.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.worker.memory import choose_device
from astroloc_qgis.worker.requests import Preload

AHEAD = 3
"""The number of a cascade's matchers that are loaded: those that nearly every photo begins with."""
TRIAL_PX = 96
"""The side of the grey picture that the model describes, so that its first photo finds it ready."""


def preloading(usual: str) -> Callable[[Preload, Progress], Mapping[str, Any]]:
    """Return the method.

    Args:
        usual: the device of requests that name none.
    """

    def preload(request: Preload, progress: Progress) -> Mapping[str, Any]:
        """Load the libraries, and the index, its model and the matchers that are named; returns what was loaded."""
        progress("libraries", 0.0)
        device, _ = choose_device(request.device or usual)
        progress("libraries", 0.3)
        importlib.import_module("astroloc_qgis.engine.pipeline")  # with all that it imports
        from astroloc_qgis.engine.coregistration.cascade import stages_of
        from astroloc_qgis.engine.index.sharded.opening import open_local
        from astroloc_qgis.engine.matchers import registry as matchers

        loaded = []
        if request.matcher is not None:
            stages = stages_of(request.matcher)
            for name in itertools.islice(dict.fromkeys(stage.matcher for stage in stages), AHEAD):
                progress("matchers", 0.5)
                matchers.create(name, device)
                loaded.append(name)
        if request.index is not None:
            progress("index", 0.7)
            index = open_local(request.index)
            progress("model", 0.8)
            _describe_once(index, device)
            loaded.append(index.info.model)
        return {"loaded": loaded, "device": device}

    return preload


def _describe_once(index: Any, device: str) -> None:
    import numpy as np

    index.create_descriptor(device).describe_photos([np.full((TRIAL_PX, TRIAL_PX, 3), 127, np.uint8)])
