"""The matchers by name; each is loaded when it is first used.

A new matcher is one file in this package and one entry in ``MATCHERS``. A matcher of the user's own is one of these
with another checkpoint: ``matchers add NAME FILE --like WEIGHTS``.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.lookup import substitute_weights, weights_present
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import DESCRIPTORS
from astroloc_qgis.engine.weights.store import recorded_weights

if TYPE_CHECKING:
    from astroloc_qgis.engine.matchers.base import Matcher


@dataclass(frozen=True)
class KnownMatcher:
    """What is known of a matcher without loading it.

    Attributes:
        module: name of its module in this package.
        kind: name of its class there; called with ``device``.
        licence: of the weights, or of the algorithm where it has none.
        weights: names of the weights it loads; the module lists their architectures in ``ARCHITECTURES``.
        cost: time to describe two pictures of 768 x 512 pixels and match them, as a multiple of SIFT's on one thread of
            a CPU (``matchers list --measure`` measures it again).
        any_rotation: whether it matches pictures rotated against each other by any angle.
        substitutes: names of known weights and of the user's own that replace them.
    """

    module: str
    kind: str
    licence: str
    weights: tuple[str, ...] = ()
    cost: float = 1.0
    any_rotation: bool = False
    substitutes: tuple[tuple[str, str], ...] = ()


MATCHERS = {
    "sift": KnownMatcher("sift", "Sift", "Apache-2.0", any_rotation=True),
    "orientation": KnownMatcher("orientation_correlation", "OrientationCorrelation", "GPL-2.0-or-later", cost=1.0),
    "xfeat-lighterglue": KnownMatcher(
        "xfeat_lighterglue", "XFeatLighterGlue", "Apache-2.0", ("xfeat", "xfeat-lighterglue"), cost=1.6
    ),
    "aliked-lightglue": KnownMatcher(
        "aliked_lightglue",
        "AlikedLightGlue",
        "BSD-3-Clause (ALIKED), Apache-2.0 (LightGlue)",
        ("aliked-n16", "aliked-lightglue"),
        cost=6,
    ),
    "disk-lightglue": KnownMatcher(
        "disk_lightglue", "DiskLightGlue", "Apache-2.0", ("disk", "disk-lightglue"), cost=14
    ),
    "loftr": KnownMatcher("loftr", "Loftr", "Apache-2.0", ("loftr-outdoor",), cost=22),
    "dedode-lightglue": KnownMatcher(
        "dedode_lightglue",
        "DedodeLightGlue",
        "MIT (DeDoDe), not stated (LightGlue for it)",
        ("dedode-detector-l-v2", "dedode-descriptor-b", "dedodeb-lightglue"),
        cost=65,
    ),
    "keynet-hardnet-lightglue": KnownMatcher(
        "keynet_hardnet",
        "KeyNetHardNetLightGlue",
        "MIT (AffNet, OriNet, HardNet), not stated (Key.Net, LightGlue for it)",
        ("keynet", "affnet", "orinet", "hardnet", "keynet-lightglue"),
        cost=27,
    ),
    "dog-hardnet-lightglue": KnownMatcher(
        "dog_hardnet",
        "DogHardNetLightGlue",
        "MIT (HardNet), Apache-2.0 (LightGlue)",
        ("hardnet", "doghardnet-lightglue"),
        cost=23,
    ),
}
"""The matchers by name."""


def names() -> list[str]:
    """The names that ``create`` accepts, the user's own last; the weights of some may be missing."""
    own = (name for name, record in recorded_weights().items() if record.like and record.like not in DESCRIPTORS)
    return [*MATCHERS, *own]


def offered() -> list[str]:
    """The names of the matchers that need no weights but those installed with the engine, learned matchers first."""
    found = [name for name, matcher in MATCHERS.items() if all(needed in WEIGHTS for needed in matcher.weights)]
    return sorted(found, key=lambda name: not MATCHERS[name].weights)


def ready(name: str) -> bool:
    """Whether a matcher's weights are on this machine."""
    return all(weights_present(needed) for needed in known(name).weights)


def device_of(name: str, device: str) -> str:
    """The device that a matcher computes on where a job has this device: the CPU for one without weights, so a network.

    Raises:
        InputError: no matcher has that name.
    """
    return device if is_learned(name) else "cpu"


def is_learned(name: str) -> bool:
    """Whether a matcher has weights, so a network; arguments as for ``known``."""
    return bool(known(name).weights)


def check_name(name: str) -> None:
    """Refuse a name that no matcher has.

    Raises:
        InputError: says which names there are.
    """
    known(name)


def known(name: str) -> KnownMatcher:
    """What is known of a matcher.

    Raises:
        InputError: no matcher has that name.
    """
    if name in MATCHERS:
        return MATCHERS[name]
    record = recorded_weights().get(name)
    if record is None or record.like is None or record.like in DESCRIPTORS:
        raise InputError(f"There is no matcher '{name}': choose one of {', '.join(names())}, or auto.")
    return like(name, record.like, record.licence)


def like(name: str, replaced: str, licence: str) -> KnownMatcher:
    """The first matcher that uses certain weights, with others in their place.

    Args:
        name: of the weights used.
        replaced: name of the known weights that they replace.
        licence: of the weights used.

    Raises:
        InputError: no matcher uses the weights that are to be replaced.
    """
    base = user_of(replaced)
    own = tuple(name if used == replaced else used for used in base.weights)
    text = f"{licence} ({name}); else {base.licence}"
    return replace(base, licence=text, weights=own, substitutes=((replaced, name),))


def user_of(weights_name: str) -> KnownMatcher:
    """The first matcher that uses certain weights.

    Raises:
        InputError: no matcher uses them.
    """
    for base in MATCHERS.values():
        if weights_name in base.weights:
            return base
    used = ", ".join(dict.fromkeys(each for matcher in MATCHERS.values() for each in matcher.weights))
    raise InputError(f"No matcher has weights called '{weights_name}': choose one of {used}.")


@lru_cache(maxsize=8)
def create(name: str, device: str = "cpu") -> Matcher:
    """The matcher of that name with its weights loaded; later calls return the same object.

    Raises:
        InputError: no matcher has that name, or its weights are not on this machine (the message says how to get
            them).
    """
    entry = known(name)
    maker = getattr(importlib.import_module(f"{__package__}.{entry.module}"), entry.kind)
    with substitute_weights(dict(entry.substitutes)):
        matcher: Matcher = maker(device=device)
    if entry.substitutes:
        matcher.name, matcher.licence = name, entry.licence
    return matcher
