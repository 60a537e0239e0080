"""The plan of an install and its stages, in the user's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astroloc_qgis.gui.setup.engine_setup import size
from astroloc_qgis.installer.builds import choice
from astroloc_qgis.qgis_adapters.text import tr

IMAGERY = "imagery"
"""The stage in which Blue Marble is fetched, after those of the installer."""


def torch_text(plan: Mapping[str, Any]) -> str:
    """Which torch is installed."""
    if plan["build"] == choice.CPU:
        return tr("the small one, for the processor alone")
    if plan["build"] == choice.OWN:
        return tr("the one of your choice, whose bytes are not checked")
    return tr("the one with CUDA, for NVIDIA cards") if plan["system"].startswith("linux") else tr("the usual one")


def download_text(plan: Mapping[str, Any]) -> str:
    """How much is downloaded, at most, and where that could be more."""
    text = tr("{size} at most").format(size=size(plan["download_bytes"]))
    if not plan["fallback"]:
        return text
    other = tr("; if PyTorch's own index is out of reach, PyPI's torch with CUDA: {size}, {disk} on the disk")
    sizes = (size(plan["fallback"][key]) for key in ("download_bytes", "disk_bytes"))
    return text + other.format(**dict(zip(("size", "disk"), sizes, strict=True)))


def up_to_date_text(change: Mapping[str, Any]) -> str:
    """That the engine is installed, and whether another build would suit this computer more."""
    if not change or not change["better"]:
        return tr("The engine is installed and up to date.")
    if change["build"] == choice.PYPI:
        return tr(
            "The engine is installed. It works on the processor, and a graphics card that is faster was found "
            "({card}): change to CUDA to use it."
        ).format(card=change["card"] or "NVIDIA")
    return tr(
        "The engine is installed, with CUDA that nothing here uses: the small torch takes {size} on the disk."
    ).format(size=size(change["disk_bytes"]))


def stage_texts(*, with_imagery: bool = False) -> dict[str, str]:
    """The stages of an install, in order, by their names; with Blue Marble's where that is fetched too."""
    stages = {
        "check": tr("checking the disk"),
        "python": tr("making the environment"),
        "tools": tr("fetching the installer"),
        "packages": tr("installing the packages"),
        "weights": tr("installing the model weights"),
        "proof": tr("seeing whether it works"),
    }
    return stages | {IMAGERY: tr("fetching Blue Marble")} if with_imagery else stages
