"""Which model each file of weights belongs to, and that it fits it exactly.

The layers are kornia's; its own loading is not used because it fetches files at run time and trusts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from kornia.feature import ALIKED, DISK, HardNet, KeyNet, LAFAffNetShapeEstimator, LightGlue, LoFTR, OriNet
from kornia.feature.dedode.dedode_models import get_descriptor, get_detector
from kornia.feature.xfeat import XFeatModel
from torch import nn

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers.lightglue import current_name
from astroloc_qgis.engine.weights.packaged import load_state_dict


def _same(key: str) -> str:
    return key


@dataclass(frozen=True)
class Architecture:
    """A model that a file of weights belongs to.

    Attributes:
        build: the model with random weights.
        rename: the file's name of a tensor -> the model's.
        may_lack: tensors that the model computes by itself.
        may_have_more: whether kornia, too, ignores tensors of the published file that the model has no use for.
        empty: whether to build it without numbers first: it draws 140 million that nothing reads otherwise.
    """

    build: Callable[[], nn.Module]
    rename: Callable[[str], str] = _same
    may_lack: tuple[str, ...] = ()
    may_have_more: bool = False
    empty: bool = False


def _lightglue(**configuration: Any) -> Architecture:
    return Architecture(lambda: lightglue(configuration), current_name, ("confidence_thresholds",), True)


def lightglue(configuration: dict[str, Any]) -> LightGlue:
    """kornia's LightGlue with random weights."""
    return LightGlue(None, **configuration)


LIGHTERGLUE = {"input_dim": 64, "descriptor_dim": 96, "n_layers": 6, "num_heads": 1}
KEYNET_LIGHTGLUE = {"input_dim": 128, "width_confidence": -1, "depth_confidence": -1, "add_laf": True}
DOG_LIGHTGLUE = {
    "input_dim": 128,
    "width_confidence": -1,
    "depth_confidence": -1,
    "add_scale_ori": True,
    "scale_coef": 1 / 6,
}
"""kornia's configurations of LightGlue for those features; the scale is OpenCV's, a sixth of the frame's."""

ARCHITECTURES: dict[str, Architecture] = {
    "xfeat": Architecture(XFeatModel),
    "xfeat-lighterglue": _lightglue(**LIGHTERGLUE),
    "aliked-n16": Architecture(lambda: ALIKED("aliked-n16"), may_lack=("dkd.hw_grid",)),
    "aliked-lightglue": _lightglue(input_dim=128),
    "disk": Architecture(DISK),
    "disk-lightglue": _lightglue(input_dim=128),
    "loftr-outdoor": Architecture(lambda: LoFTR(None), rename=lambda key: key.removeprefix("matcher.")),
    "dedode-detector-l-v2": Architecture(lambda: get_detector("L"), empty=True),
    "dedode-descriptor-b": Architecture(lambda: get_descriptor("B"), empty=True),
    "dedodeb-lightglue": _lightglue(input_dim=256),
    "keynet": Architecture(lambda: KeyNet(pretrained=False)),
    "affnet": Architecture(lambda: LAFAffNetShapeEstimator(False, preserve_orientation=False), may_have_more=True),
    "orinet": Architecture(lambda: OriNet(pretrained=False), may_have_more=True),
    "hardnet": Architecture(lambda: HardNet(pretrained=False)),
    "keynet-lightglue": _lightglue(**KEYNET_LIGHTGLUE),
    "doghardnet-lightglue": _lightglue(**DOG_LIGHTGLUE),
}
"""By the name of the weights."""


def load(name: str, device: str = "cpu") -> nn.Module:
    """The model of those weights, in evaluation mode.

    Raises:
        InputError: the weights are not on this machine, or do not fit.
        KeyError: no weights have that name (a defect of the caller).
    """
    return fitted(name, load_state_dict(name)).to(device)


def fitted(name: str, state: dict[str, torch.Tensor]) -> nn.Module:
    """The model called ``name`` with a state dict in it, on the CPU, in evaluation mode.

    Raises:
        InputError: a tensor is missing, too many, or of another shape.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"No matcher has weights called '{name}': choose one of {', '.join(ARCHITECTURES)}.")
    architecture = ARCHITECTURES[name]
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
