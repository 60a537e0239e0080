"""The export of a checkpoint: the weights that ship, a record of the run, and its curves.

Our own network becomes an .npz in half precision; a published one a PyTorch file as its authors publish theirs.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.checkpoint import load_checkpoint, save_checkpoint
from astroloc_qgis.engine.training.config import ASTROLOC, EARTHLOC, LITE, read_json_object
from astroloc_qgis.engine.training.network.output_renormalisation import folded
from astroloc_qgis.engine.training.network.published import checkpoint_of
from astroloc_qgis.engine.training.network.whitening import whitened
from astroloc_qgis.engine.training.records import LOG
from astroloc_qgis.engine.training.refit import REFIT
from astroloc_qgis.engine.weights.array_files import write_weights
from astroloc_qgis.engine.weights.checksum import file_sha256

PROVENANCE = "provenance.json"
"""File of a run that says what it was made from."""
MODELS = {LITE: "astroloc-lite", EARTHLOC: EARTHLOC, ASTROLOC: ASTROLOC}
"""The model that a network of training is a set of weights of."""
_PYTORCH = (".pt", ".pth")
_SMOOTH = 25
"""Steps averaged in a line of the curve."""


def export_model(
    run: Path, out: Path, *, checkpoint: str = "checkpoint.pt", about: dict[str, Any] | None = None
) -> str:
    """Write ``out`` with ``.json``, ``.curve.csv`` and ``.log.jsonl`` beside it; whitened as the settings say.

    The record (``.json``) is made of the run alone: its provenance, steps and settings, and the checksum.

    Args:
        run: folder of a training run, finished or not.
        out: the weight file to write: .npz, or .pt or .pth for a published network.
        checkpoint: file name of the checkpoint.
        about: further entries of the record: command, data, measured recall.

    Returns:
        sha256 of the weights.

    Raises:
        InputError: no such run, or weights that cannot ship.
    """
    stored = load_checkpoint(run / checkpoint)
    config = stored.get("config", {})
    network = config.get("network", LITE)
    own = read_json_object(run / PROVENANCE) if (run / PROVENANCE).is_file() else {}
    record = {"model": MODELS[network], "steps": stored["step"], **own, **(about or {}), "config": config}
    if network == LITE:
        if out.suffix.lower() != ".npz":
            raise InputError(f"The weights of {MODELS[network]} are an .npz: give {out.name} a name that ends in it.")
        digest = write_weights(out, _own_arrays(run, stored), record)
    else:
        if out.suffix.lower() not in _PYTORCH:
            raise InputError(
                f"The weights of {network} are a PyTorch file: give {out.name} a name that ends in {_PYTORCH[0]}."
            )
        digest = _write_checkpoint(out, checkpoint_of(stored["network"]), record)
    entries = _entries(run / LOG)
    write_curve(entries, out.with_suffix(".curve.csv"))
    lines = [json.dumps(entry) for _, entry in sorted(entries.items())]
    out.with_suffix(".log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return digest


def _own_arrays(run: Path, stored: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Our own network's weights as they ship: folded, the last layer fitted again, whitened, as the run says."""
    state, descriptors = folded(stored["network"]), stored.get("descriptors")
    if (run / REFIT).is_file():
        refitted = load_checkpoint(run / REFIT)
        if refitted["step"] == stored["step"]:
            state, descriptors = refitted["network"], refitted["descriptors"]
    if share := stored.get("config", {}).get("whiten", 0.0):
        state = whitened(state, descriptors, share)
    return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}


def _write_checkpoint(path: Path, state: dict[str, torch.Tensor], record: dict[str, Any]) -> str:
    """Write a state dict of tensors, and the record beside it; returns the sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, state)
    digest = file_sha256(path)
    text = json.dumps({**record, "sha256": digest, "bytes": path.stat().st_size}, indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return digest


def _entries(log: Path) -> dict[tuple[int, bool], dict[str, Any]]:
    """The entries of a run's log by step and whether they are a validation; what a killed run did twice counts once.

    Raises:
        InputError: the log cannot be read.
    """
    try:
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"The log {log} cannot be read.", str(error)) from error
    return {(entry["step"], "validation" in entry): entry for entry in entries}


def write_curve(entries: dict[tuple[int, bool], dict[str, Any]], out: Path) -> None:
    """Reduce a run's log to a table: the mean loss of every 25 steps, and each validation."""
    losses = {entry["step"]: entry["loss"] for entry in entries.values() if "loss" in entry}
    measured = {entry["step"]: entry["validation"] for entry in entries.values() if "validation" in entry}
    with out.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["step", "loss", "overlap_r1", "overlap_r10", "overlap_r100", "iou20_r1", "iou20_r10"])
        for step in sorted({step for step in losses if step % _SMOOTH == 0} | set(measured)):
            some = [losses[at] for at in range(step - _SMOOTH + 1, step + 1) if at in losses]
            found = measured.get(step)
            values = [found[kind][rank] for kind, rank in _COLUMNS] if found else [""] * len(_COLUMNS)
            table.writerow([step, round(sum(some) / len(some), 4) if some else "", *values])


_COLUMNS = (("overlap", "1"), ("overlap", "10"), ("overlap", "100"), ("iou20", "1"), ("iou20", "10"))
