"""Published weights that are in no package: their addresses, licences and sha256.

The addresses are those that kornia 0.9.0 gives for its models (of two, the one of the model's authors). A file whose
sha256 is not known here is not downloaded unverified: the user states the expected sha256, or adds the file.
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
    """

    url: str
    licence: str
    source: str
    sha256: str | None = None
    size: int | None = None

    @property
    def file(self) -> str:
        """Name of the file."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]

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
"""The published weights by name."""
