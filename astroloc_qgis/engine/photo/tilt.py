"""How far a photo looks away from straight down, as NASA says it."""

from __future__ import annotations

HIGH_OBLIQUE_DEG = 55.0
"""Tilt from which on NASA calls a photo high oblique: the horizon is probably in view."""
TILT_WORDS = {"NV": "near vertical", "LO": "low oblique", "HO": "high oblique"}
"""What NASA writes in place of degrees, and what it means."""
_PANORAMA = "PAN-"
"""How NASA's description of what a photo shows begins where it looks towards the horizon."""


def is_high_oblique(tilt: str, features: str = "") -> bool:
    """Whether the horizon is probably in view: only the ground below it can be georeferenced.

    Args:
        tilt: degrees from straight down, or one of ``TILT_WORDS``; "" where it is not known.
        features: what NASA says that the photo shows.
    """
    try:
        return float(tilt) > HIGH_OBLIQUE_DEG
    except ValueError:
        return tilt.upper() in ("HO", "HIGH OBLIQUE") or features.upper().startswith(_PANORAMA)
