"""Does every part of the method earn its place? Short runs of the same length and seed, each without one part."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.records import LOG

log = logging.getLogger(__name__)

WHOLE = "the whole method"
AGAIN = "the whole method, another seed"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    WHOLE: {},
    "without year-wise augmentation": {"yearwise": False},
    "without the neutral-aware mask": {"overlap_mask": False},
    "without cluster mining": {"cluster_mining": False, "hard_share": 0.0},
    "without the pair loss": {"loss": "none"},
    "without relevance weights": {"relevance": False},
    AGAIN: {"seed": 12},
}
"""What each variant changes in the configuration of the whole method. The last leaves nothing out: what it differs by
from the first is what chance does, other photos to measure with included."""


def variants(config: TrainingConfig) -> Iterator[tuple[str, TrainingConfig]]:
    """The whole method, then the method without each of its parts, then the whole one again.

    Args:
        config: of the whole method.

    Raises:
        InputError: a configuration that has not all the parts that are to be left out.
    """
    lacking = {
        "a tile loss": config.tile_loss <= 0,
        "year-wise augmentation": not config.yearwise,
        "the overlap mask": not config.overlap_mask,
        "cluster mining": not config.cluster_mining,
        "relevance weights": not config.relevance,
    }
    if absent := [part for part, lacks in lacking.items() if lacks]:
        raise InputError(f"The configuration to leave parts out of lacks {absent[0]} in the first place: switch it on.")
    for name, changes in VARIANTS.items():
        yield name, dataclasses.replace(config, **changes)


def run_ablation(
    config: TrainingConfig, out: Path, train: Callable[[TrainingConfig, Path], Any], results: Path
) -> list[dict[str, Any]]:
    """Train every variant, or go on where that was interrupted, and collect their recall on the validation region.

    Args:
        config: of the whole method.
        out: folder; each variant trains in one of its own.
        train: trains a configuration in a folder to its end; what is finished there already takes no time.
        results: JSON to write after each variant.

    Returns:
        A list of ``variant``, ``changes``, ``steps`` and ``recall`` (``overlap`` and ``iou20`` by candidates).

    Raises:
        InputError: as ``variants`` and ``train``; or a run that validated nothing.
    """
    entries: list[dict[str, Any]] = []
    for number, (name, variant) in enumerate(variants(config)):
        folder = out / f"{number}-{name.replace(' ', '-')}"
        log.info("%s", name)
        train(variant, folder)
        recall, steps = last_validation(folder)
        entries.append({"variant": name, "changes": dict(VARIANTS[name]), "steps": steps, "recall": recall})
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return entries


def last_validation(folder: Path) -> tuple[dict[str, dict[str, float]], int]:
    """What a run measured last, and after how many steps.

    Raises:
        InputError: it measured nothing.
    """
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    measured = [entry for entry in map(json.loads, filter(str.strip, lines)) if "validation" in entry]
    if not measured:
        raise InputError(f"The run in {folder} has validated nothing: set validate_every.")
    return measured[-1]["validation"], int(measured[-1]["step"])
