"""Files in the safetensors format: a JSON header with the tensors' types, shapes and places, then their bytes."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from astroloc_qgis.engine.errors import InputError

if TYPE_CHECKING:
    import torch

_MOST_HEADER = 100_000_000
"""Bytes that the format allows a header to have."""
_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32"}


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as one of this format does."""
    try:
        with path.open("rb") as stream:
            start = stream.read(9)
    except OSError:
        return False
    return len(start) == 9 and start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] <= _MOST_HEADER


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read all tensors by name.

    Raises:
        InputError: the file is truncated or damaged, or holds a type that no model here has.
    """
    import torch

    try:
        content = path.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        header.pop("__metadata__", None)
        data = bytearray(content[8 + length :])
        del content
        tensors = {}
        for name, entry in header.items():
            kind, shape, (start, end) = getattr(torch, _TYPES[entry["dtype"]]), entry["shape"], entry["data_offsets"]
            if not 0 <= start <= end <= len(data) or end - start != math.prod(shape) * kind.itemsize:
                raise ValueError(f"{name} is not whole")
            flat = torch.frombuffer(data, dtype=kind, count=math.prod(shape), offset=start) if end > start else None
            tensors[str(name)] = torch.empty(shape, dtype=kind) if flat is None else flat.reshape(shape)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise InputError(
            f"The file {path} cannot be read as weights: it is a damaged or truncated file of safetensors.", repr(error)
        ) from error
    return tensors
