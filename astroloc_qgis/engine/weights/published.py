"""Published weights that are in no package: their addresses, licences and sha256.

Those of matchers are ``PUBLISHED``, at the addresses that kornia 0.9.0 gives for its models (of two, the one of the
model's authors); those of retrieval models are ``DESCRIPTORS``. ``matchers fetch`` takes no file whose sha256 is not
known here, unless the user states it. ``models fetch`` shows the sha256 of the first download, records it, and holds
every later one to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

NOT_STATED = "not stated"
"""The licence of weights whose publisher names none."""


@dataclass(frozen=True)
class PublishedWeights:
    """A published file of weights.

    Attributes:
        url: of the file.
        licence: SPDX name, or ``NOT_STATED``.
        source: the page of its authors.
        sha256: of the file's bytes; None if it is not known.
        size: bytes; None if it is not known.
        name: of the file, where the address does not tell it.
        about: bytes that the file has if its numbers are float32, where its size is not known.
        hub: the repository on Hugging Face that has the file, "OWNER/NAME", where its address there is not known; its
            list of files is asked.
        by_hand: how to get the file where no server gives it over HTTP.
    """

    url: str
    licence: str
    source: str
    sha256: str | None = None
    size: int | None = None
    name: str = ""
    about: int = 0
    hub: str = ""
    by_hand: str = ""

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.name or urlsplit(self.url).path.rsplit("/", 1)[-1]

    @property
    def can_be_fetched(self) -> bool:
        """Whether a server gives the file over HTTP."""
        return bool(self.url or self.hub)

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or self.url

    @property
    def proof(self) -> str | None:
        """The sha256, or the part of it in the file's name (the convention of torch.hub: ``name-1a2b3c4d.pth``)."""
        named = re.search(r"-([0-9a-f]{8,64})\.[^.]+$", self.file)
        return self.sha256 or (named.group(1) if named else None)


_CTU = "https://cmp.felk.cvut.cz/~mishkdmy/models/"
_KORNIA = "https://github.com/kornia/kornia"

PUBLISHED: dict[str, PublishedWeights] = {
    "loftr-outdoor": PublishedWeights(f"{_CTU}loftr_outdoor.ckpt", "Apache-2.0", "https://github.com/zju3dv/LoFTR"),
    "dedode-detector-l-v2": PublishedWeights(
        "https://github.com/Parskatt/DeDoDe/releases/download/v2/dedode_detector_L_v2.pth",
        "MIT",
        "https://github.com/Parskatt/DeDoDe",
    ),
    "dedode-descriptor-b": PublishedWeights(
        "https://github.com/Parskatt/DeDoDe/releases/download/dedode_pretrained_models/dedode_descriptor_B.pth",
        "MIT",
        "https://github.com/Parskatt/DeDoDe",
    ),
    "dedodeb-lightglue": PublishedWeights(f"{_CTU}dedodeb_lightglue.pth", NOT_STATED, _KORNIA),
    "keynet": PublishedWeights(
        "https://github.com/axelBarroso/Key.Net-Pytorch/raw/main/model/weights/keynet_pytorch.pth",
        NOT_STATED,
        "https://github.com/axelBarroso/Key.Net-Pytorch",
    ),
    "affnet": PublishedWeights(
        "https://github.com/ducha-aiki/affnet/raw/master/pretrained/AffNet.pth",
        "MIT",
        "https://github.com/ducha-aiki/affnet",
    ),
    "orinet": PublishedWeights(
        "https://github.com/ducha-aiki/affnet/raw/master/pretrained/OriNet.pth",
        "MIT",
        "https://github.com/ducha-aiki/affnet",
    ),
    "hardnet": PublishedWeights(
        "https://github.com/DagnyT/hardnet/raw/master/pretrained/train_liberty_with_aug/"
        "checkpoint_liberty_with_aug.pth",
        "MIT",
        "https://github.com/DagnyT/hardnet",
    ),
    # Its name is misspelt where it is published.
    "keynet-lightglue": PublishedWeights(f"{_CTU}keynet_affnet_hardnet_lightlue.pth", NOT_STATED, _KORNIA),
    "doghardnet-lightglue": PublishedWeights(
        "https://github.com/cvg/LightGlue/releases/download/v0.1_arxiv/doghardnet_lightglue.pth",
        "Apache-2.0",
        "https://github.com/cvg/LightGlue",
    ),
}
"""The published weights of matchers by name."""

DESCRIPTORS: dict[str, PublishedWeights] = {
    "earthloc": PublishedWeights(
        "",
        NOT_STATED,
        "https://github.com/gmberton/EarthLoc",
        name="best_trained_model.pt",
        about=110_800_000,
        by_hand="its authors give best_trained_model.pt by rsync alone, with the command in the README of "
        "https://github.com/gmberton/EarthLoc (below rsync://vandaldata.polito.it/sf_xl/EarthLoc)",
    ),
    "earthloc2": PublishedWeights(
        "",
        NOT_STATED,
        "https://huggingface.co/pawlo2013/EarthLoc2",
        name="earthloc2.pt",
        about=353_400_000,
        hub="pawlo2013/EarthLoc2",
    ),
    "astroloc": PublishedWeights(
        "",
        NOT_STATED,
        "https://arxiv.org/abs/2502.07003",
        name="astroloc.pt",
        by_hand="its authors have not published them; a checkpoint of the same architecture can be given, and "
        "earthloc2 is one with public weights",
    ),
}
"""The published weights of retrieval models by name."""


def known_weights(name: str) -> PublishedWeights | None:
    """The published weights of a matcher or a retrieval model; None for no known name."""
    return PUBLISHED.get(name) or DESCRIPTORS.get(name)
