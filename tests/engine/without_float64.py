"""A stand-in for Metal's lack of float64."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class WithoutFloat64(TorchDispatchMode):
    """Refuses every tensor of float64, as Metal does."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if any(isinstance(part, torch.Tensor) and part.dtype == torch.float64 for part in tree_leaves(found)):
            raise TypeError(f"Cannot convert a MPS Tensor to float64 dtype: {func}")
        return found
