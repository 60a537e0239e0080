"""The ablation study: short runs of the same length and seed, each without one part of the method."""

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
"""Changes of each variant to the configuration of the whole method. The last variant leaves nothing out: its difference
from the first is chance, that of the photos measured included."""


def variants(config: TrainingConfig) -> Iterator[tuple[str, TrainingConfig]]:
    """The whole method, then the method without each of its parts, then the whole method again.

    Args:
        config: configuration of the whole method.

    Raises:
        InputError: the configuration lacks a part that a variant leaves out.
    """
    lacking = {
        "a tile loss": config.tile_loss <= 0,
        "year-wise augmentation": not config.yearwise,
        "the overlap mask": not config.overlap_mask,
        "cluster mining": not config.cluster_mining,
        "relevance weights": not config.relevance,
    }
    if absent := [part for part, lacks in lacking.items() if lacks]:
        raise InputError(f"The configuration of the whole method lacks {absent[0]}: switch it on.")
    for name, changes in VARIANTS.items():
        yield name, dataclasses.replace(config, **changes)


def run_ablation(
    config: TrainingConfig, out: Path, train: Callable[[TrainingConfig, Path], Any], results: Path
) -> list[dict[str, Any]]:
    """Train every variant, or resume an interrupted study, and collect the recall on the validation region.

    Args:
        config: configuration of the whole method.
        out: folder; each variant trains in a subfolder.
        train: trains a configuration in a folder to its end; a finished run takes no time.
        results: JSON file, written after each variant.

    Returns:
        A list of ``variant``, ``changes``, ``steps`` and ``recall`` (``overlap`` and ``iou20`` by candidates).

    Raises:
        InputError: as ``variants`` and ``train``; or a run without a validation.
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
    """The last validation of a run, and its step.

    Raises:
        InputError: the run has no validation.
    """
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    measured = [entry for entry in map(json.loads, filter(str.strip, lines)) if "validation" in entry]
    if not measured:
        raise InputError(f"The run in {folder} has validated nothing: set validate_every.")
    return measured[-1]["validation"], int(measured[-1]["step"])
