"""The registry of models: what there is, what each is good for, and which files it needs.

Their files, with address, sha256, licence and size, are in ``published`` and ``packaged``.
"""

from __future__ import annotations

from dataclasses import dataclass

from astroloc_qgis.engine.weights.store import recorded_weights

DESCRIPTOR, MATCHER = "descriptor", "matcher"


@dataclass(frozen=True)
class KnownModel:
    """A model.

    Attributes:
        kind: ``DESCRIPTOR`` (finds the place in an index) or ``MATCHER`` (registers the photo to it).
        good_for: what it is good for, in a few words.
        files: names of its weights; empty where they come with the plugin or it has none.
        architecture: of a published descriptor ("earthloc", "astroloc"); empty for others.
        dimensions: numbers of a descriptor's vector; 0 for a matcher.
        preprocessing: what a picture is made into before a descriptor sees it.
    """

    kind: str
    good_for: str
    files: tuple[str, ...] = ()
    architecture: str = ""
    dimensions: int = 0
    preprocessing: str = ""


def _published(good_for: str, name: str, architecture: str, dimensions: int, side: str) -> KnownModel:
    text = f"squashed to a square of {side} px, ImageNet's mean and deviation"
    return KnownModel(DESCRIPTOR, good_for, (name,), architecture, dimensions, text)


MODELS: dict[str, KnownModel] = {
    "astroloc-lite": KnownModel(
        DESCRIPTOR,
        "nearly everything: small, quick on a CPU, comes with the plugin",
        dimensions=256,
        preprocessing="blocks at 224 px; photos at 192, 288 and 384 px, aspect kept",
    ),
    "earthloc": _published(
        "the numbers of EarthLoc's paper; imagery of 10 m such as Sentinel-2", "earthloc", "earthloc", 4096, "320"
    ),
    "earthloc2": _published(
        "the best public weights: finer imagery and a GPU; its published index of Sentinel-2",
        "earthloc2",
        "astroloc",
        3072,
        "518 (322 in some checkpoints)",
    ),
    "astroloc": _published(
        "a checkpoint of your own of AstroLoc's architecture, ViT-S, B or L",
        "astroloc",
        "astroloc",
        0,
        "the checkpoint's size, 518 or 322",
    ),
    "efficientnet-lite0-gem": KnownModel(
        DESCRIPTOR,
        "comparison: ImageNet's features, not trained on photos from space",
        ("efficientnet-lite0",),
        dimensions=112,
        preprocessing="224 px, aspect kept",
    ),
    "xfeat-vlad": KnownModel(
        DESCRIPTOR,
        "comparison: local features summed up",
        ("xfeat",),
        dimensions=4096,
        preprocessing="320 px, aspect kept",
    ),
    "sift": KnownModel(MATCHER, "the quickest, at any turn; tried first"),
    "orientation": KnownModel(MATCHER, "snow, haze and near infrared, at any turn; tried second"),
    "xfeat-lighterglue": KnownModel(MATCHER, "most of what SIFT leaves; tried third", ("xfeat", "xfeat-lighterglue")),
    "aliked-lightglue": KnownModel(
        MATCHER, "hard photos; slow on a CPU, tried last", ("aliked-n16", "aliked-lightglue")
    ),
    "disk-lightglue": KnownModel(MATCHER, "comparison", ("disk", "disk-lightglue")),
    "loftr": KnownModel(MATCHER, "comparison: matches without keypoints", ("loftr-outdoor",)),
    "dedode-lightglue": KnownModel(
        MATCHER, "comparison; wants a GPU", ("dedode-detector-l-v2", "dedode-descriptor-b", "dedodeb-lightglue")
    ),
    "keynet-hardnet-lightglue": KnownModel(
        MATCHER, "comparison", ("keynet", "affnet", "orinet", "hardnet", "keynet-lightglue")
    ),
    "dog-hardnet-lightglue": KnownModel(MATCHER, "comparison", ("hardnet", "doghardnet-lightglue")),
}
"""The models by name."""


def architecture_of(name: str) -> str | None:
    """The architecture that the weights of a published descriptor, or of one of the user's own, must have.

    Returns:
        "earthloc" or "astroloc"; None for a name that is neither.
    """
    if name in MODELS:
        return MODELS[name].architecture or None
    record = recorded_weights().get(name)
    return record.like if record and record.like in own_architectures() else None


def own_architectures() -> tuple[str, ...]:
    """The architectures that a checkpoint of the user's own may have."""
    return tuple(dict.fromkeys(model.architecture for model in MODELS.values() if model.architecture))


def own_descriptors() -> list[str]:
    """The names of the user's own checkpoints of a published descriptor's architecture."""
    return [name for name, record in recorded_weights().items() if record.like in own_architectures()]
