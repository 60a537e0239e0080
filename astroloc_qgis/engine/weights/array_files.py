"""Weight files of our own models: named half-precision arrays in an .npz, with a JSON description beside it."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.weights.checksum import file_sha256

MOST_BYTES = 10_000_000
"""Largest weight file that may ship with the plugin."""


def astroloc_lite_path() -> Path:
    """Path of the shipped weights of the model "astroloc-lite"."""
    return shipped("models", "astroloc-lite.npz")


def astroloc_lite_sha256() -> str:
    """Hex sha256 of the shipped weights of "astroloc-lite", as the JSON beside them records it.

    Raises:
        InputError: the JSON is missing or damaged.
    """
    return recorded_sha256(astroloc_lite_path())


def recorded_sha256(path: Path) -> str:
    """Hex sha256 of a weight file, as the JSON beside it records it.

    Raises:
        InputError: the JSON is missing or damaged.
    """
    return str(_record(path)["sha256"])


@functools.cache
def read_weights(path: Path) -> Mapping[str, NDArray[np.float32]]:
    """Read a weight file, checked against the sha256 in the JSON beside it.

    Raises:
        InputError: the file is missing, damaged, or not the one that the JSON describes.
    """
    expected = recorded_sha256(path)
    try:
        digest = file_sha256(path)
        if digest != expected:
            raise InputError(
                f"The weight file {path} is not the expected one (sha256 {digest[:12]}…, expected {expected[:12]}…): "
                "install the plugin again."
            )
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name].astype(np.float32) for name in stored.files}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"The weight file {path} cannot be read: install the plugin again.", str(error)) from error


def write_weights(path: Path, state: Mapping[str, NDArray[np.float32]], record: Mapping[str, Any]) -> str:
    """Write a model's weights in half precision, and the JSON beside them.

    Args:
        path: of the .npz.
        state: its arrays by name.
        record: how the model was made; goes into the JSON, with the sha256.

    Returns:
        The file's sha256; the same weights give the same file.

    Raises:
        InputError: a weight exceeds the range of half precision, or the file would be too large to ship.
    """
    with np.errstate(over="ignore"):  # reported below, with the weight's name
        halves = {name: array.astype(np.float16) for name, array in state.items()}
    for name, array in halves.items():
        if not np.isfinite(array).all():
            raise InputError(f"The weight '{name}' does not fit half precision: the model is not fit to ship.")
    buffer = io.BytesIO()
    np.savez(buffer, **halves)
    if buffer.tell() > MOST_BYTES:
        raise InputError(f"The weights would take {buffer.tell():,} bytes, more than the {MOST_BYTES:,} that may ship.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(buffer.getvalue())
    digest = file_sha256(temporary)
    temporary.replace(path)
    text = json.dumps({**record, "sha256": digest, "bytes": buffer.tell()}, indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return digest


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return {"sha256": str(record["sha256"]), **record}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The weights {path} have no whole description beside them: install the plugin again.", str(error)
        ) from error
