"""The conditions of a photo: ordinary ones, or, in moderate shares, those under which real photos are missed.

``appearance`` makes an ordinary photo, and the benchmarks' photos are of this kind. Training also shows near infrared,
snow, a low sun, dim light, thick haze, smoke, broken clouds, and what stands in front of the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.air import smoke, veil
from astroloc_qgis.engine.simulation.appearance import STEPS, jpeg, sea_colour, season
from astroloc_qgis.engine.simulation.clouds import with_broken_clouds
from astroloc_qgis.engine.simulation.light import dim, low_sun
from astroloc_qgis.engine.simulation.near_infrared import near_infrared
from astroloc_qgis.engine.simulation.places import water
from astroloc_qgis.engine.simulation.snow import snow
from astroloc_qgis.engine.simulation.surroundings import as_described, with_surroundings

CONDITIONS = {
    "snow": 0.08,
    "near infrared": 0.08,
    "low sun": 0.06,
    "broken clouds": 0.07,
    "veil": 0.05,
    "smoke": 0.04,
    "dim": 0.03,
    "surroundings": 0.08,
}
"""Each condition's share of the photos; they are drawn independently, so two in three photos have none."""
_SEASON, _JPEG = 0.45, 0.8
_IN_PLACE_OF = {"clouds": ("broken clouds", with_broken_clouds), "haze": ("veil", veil)}
_AFTER = {"haze": ("smoke", smoke), "tone": ("dim", dim)}


def draw_conditions(rng: np.random.Generator) -> set[str]:
    """Draw the conditions of a photo; the empty set is an ordinary one."""
    draws = rng.random(len(CONDITIONS))
    return {name for (name, share), drawn in zip(CONDITIONS.items(), draws, strict=True) if drawn < share}


def photo_appearance(
    ground: NDArray[np.uint8], rng: np.random.Generator, conditions: set[str] | None = None
) -> NDArray[np.uint8]:
    """Give a view of the mosaic the appearance of a photo, under any conditions.

    Args:
        ground: (H, W, 3) uint8 RGB.
        rng: generator of everything random; the same seed gives the same photo.
        conditions: names of ``CONDITIONS``; None to draw them.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    drawn = draw_conditions(rng) if conditions is None else conditions
    sea = water(ground.astype(np.int16)).astype(np.float32)
    image = ground.astype(np.float32) / 255
    if rng.random() < _SEASON:
        image = season(image, rng)
    if "snow" in drawn:
        image = snow(image, sea, rng)
    image = near_infrared(image, sea, rng) if "near infrared" in drawn else sea_colour(image, sea, rng)
    if "low sun" in drawn:
        image = low_sun(image, rng)
    for name, probability, step in STEPS:
        instead, other = _IN_PLACE_OF.get(name, ("", step))
        if instead in drawn:
            image = other(image, rng)
        elif rng.random() < probability:
            image = step(image, rng)
        after, further = _AFTER.get(name, ("", step))
        if after in drawn:
            image = further(image, rng)
        if name == "tone" and "surroundings" in drawn:
            image = with_surroundings(image, rng)
    photo = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    photo = jpeg(photo, rng) if rng.random() < _JPEG else photo
    return as_described(photo) if "surroundings" in drawn else photo
