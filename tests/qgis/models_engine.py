"""The engine's process, which finds a model's weights at an address of the test's; or makes such weights.

``models_engine.py ADDRESS`` serves requests, ``models_engine.py --make FILE`` writes a small checkpoint that fits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

NAME = "earthloc2"


def serve(address: str) -> None:
    from astroloc_qgis.engine.weights.published import DESCRIPTORS, PublishedWeights
    from astroloc_qgis.worker.__main__ import main

    DESCRIPTORS[NAME] = PublishedWeights(address, "MIT", "https://example.org/model", name="earthloc2.pt")
    main(["--threads", "1"])


def make(path: Path) -> None:
    import torch

    from tests.engine.descriptors.published_checkpoint import filled, tiny_astroloc_shapes

    torch.save(filled(tiny_astroloc_shapes()), path)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        make(Path(sys.argv[2]))
    else:
        serve(sys.argv[1])
        sys.stderr.flush()
        os._exit(0)
