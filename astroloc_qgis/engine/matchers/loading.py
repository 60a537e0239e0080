"""Networks of the matchers: which architecture each file of weights belongs to, and loading that checks the fit.

Each matcher's module lists the architectures of its weights in ``ARCHITECTURES``. The layers are kornia's; its own
loading is not used because it fetches files at run time and trusts them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry
from astroloc_qgis.engine.weights.lookup import load_state_dict


def _same(key: str) -> str:
    return key


def _unchanged(model: nn.Module) -> nn.Module:
    return model


@dataclass(frozen=True)
class Architecture:
    """The model that a file of weights belongs to.

    Attributes:
        build: makes the model with random weights.
        rename: maps the file's name of a tensor to the model's.
        may_lack: tensors that the model computes by itself.
        may_have_more: whether tensors that the model does not use are accepted, as kornia does for the published file.
        empty: whether the model is built without numbers, because drawing random ones takes long.
        optimise: changes the loaded model to one that computes the same faster.
    """

    build: Callable[[], nn.Module]
    rename: Callable[[str], str] = _same
    may_lack: tuple[str, ...] = ()
    may_have_more: bool = False
    empty: bool = False
    optimise: Callable[[nn.Module], nn.Module] = _unchanged


def architecture_of(weights: str) -> Architecture:
    """The architecture of some weights, as the first matcher that uses them declares it.

    Args:
        weights: a name in ``engine.weights``.

    Raises:
        InputError: no matcher uses weights of that name.
    """
    module = registry.user_of(weights).module
    found: Architecture = importlib.import_module(f"{__package__}.{module}").ARCHITECTURES[weights]
    return found


def load(name: str, device: str = "cpu") -> nn.Module:
    """The model of some weights, in evaluation mode.

    Args:
        name: of the weights.
        device: torch device.

    Raises:
        InputError: no matcher uses weights of that name, they are not on this machine, or they do not fit.
    """
    return architecture_of(name).optimise(fitted(name, load_state_dict(name))).to(device)


def fitted(name: str, state: dict[str, torch.Tensor]) -> nn.Module:
    """The model called ``name`` with a state dict in it, on the CPU, in evaluation mode, as kornia computes it.

    Raises:
        InputError: a tensor is missing, too many, or of another shape, or no matcher uses weights of that name.
    """
    architecture = architecture_of(name)
    with torch.device("meta" if architecture.empty else "cpu"):
        model = architecture.build()
    wanted = model.state_dict()
    given = {architecture.rename(key): tensor for key, tensor in state.items()}
    odd = [
        f"{key} is {tuple(given[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in given and given[key].shape != tensor.shape
    ]
    # Files older than PyTorch 0.4.1 do not count the batches seen in training, which nothing reads in evaluation.
    for key in [key for key in wanted if key.endswith("num_batches_tracked")]:
        given.setdefault(key, torch.zeros((), dtype=torch.int64))
    absent = [key for key in wanted if key not in given and key not in architecture.may_lack]
    surplus = [] if architecture.may_have_more else [key for key in given if key not in wanted]
    problems = odd + [f"{key} is missing" for key in absent] + [f"{key} is too many" for key in surplus]
    if problems:
        raise InputError(
            f"The weights do not fit the model '{name}': {problems[0]}"
            f"{f' (and {len(problems) - 1} more)' if len(problems) > 1 else ''}; name a file made for this model.",
            "\n".join(problems),
        )
    nn.Module.load_state_dict(model, given, strict=False, assign=architecture.empty)
    return model.eval().requires_grad_(False)
