"""Located photos held against each other: which of them their neighbours and the orbit do not bear out.

Photos of one pass come from one camera on one orbit. A photo that disagrees with the others is not believed; of two
that contradict each other without a third neither is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.sequence.chain import Anchor, carry
from astroloc_qgis.engine.sequence.fixed_camera import FixedCamera, find_fixed_camera
from astroloc_qgis.engine.sequence.footprints import difference, middle_of
from astroloc_qgis.engine.sequence.neighbours import Link
from astroloc_qgis.engine.sequence.orbit_track import SPEEDS_KM_S

AGREES, CONTRADICTS = 0.08, 0.15
"""Differences of a footprint from the one that a link carries to it, as parts of the diagonal: up to the first they
agree, from the second on they contradict each other."""
HORIZON_KM = 2300.0
"""How far from its nadir a photo may look."""
MOST_ALLOWANCE = 0.15
"""Greatest radius of a carried place that two located photos are compared by, as a part of the diagonal."""


def doubts(
    footprints: Mapping[int, Array],
    anchors: Mapping[int, Anchor],
    links: Sequence[Link],
    size: tuple[int, int],
    at: Mapping[int, float],
    *,
    timed: bool,
    camera: FixedCamera | None,
    names: Sequence[str],
) -> dict[int, str]:
    """The located photos that are not believed, and why.

    Args:
        footprints: (4, 2) longitude, latitude of the located photos, by number.
        anchors: the same photos' homographies.
        links: between photos of the sequence.
        size: width and height of the photos.
        at: when each photo was taken.
        timed: whether that is in seconds.
        camera: of ``find_fixed_camera``.
        names: of all photos, for the sentences.
    """
    agreeing, against = _by_links(footprints, anchors, links, size)
    if timed:
        for first, second in combinations(sorted(footprints), 2):
            if not _may_follow(footprints[first], footprints[second], at[second] - at[first]):
                against[first].add(second)
                against[second].add(first)
    found: dict[int, str] = {}
    while True:
        opponents = {number: against[number] - set(found) for number in footprints if number not in found}
        balance = {
            number: len(agreeing[number] - set(found)) - len(others) for number, others in opponents.items() if others
        }
        least = min(balance.values(), default=1)
        if least > 0:
            break
        for number in (one for one, value in balance.items() if value == least):
            found[number] = f"its place contradicts that of {_listed(opponents[number], names)}"
    if camera is not None:
        for number in footprints:
            borne_out = agreeing[number] & camera.agreeing
            if number not in camera.agreeing and number not in found and not borne_out:
                others = len(camera.agreeing)
                found[number] = f"its place is not on the track of the {others} other photos of the sequence that agree"
    return found


def _by_links(
    footprints: Mapping[int, Array], anchors: Mapping[int, Anchor], links: Sequence[Link], size: tuple[int, int]
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """For each located photo those that links show to agree with it, and those that contradict it."""
    agreeing: dict[int, set[int]] = {number: set() for number in footprints}
    against: dict[int, set[int]] = {number: set() for number in footprints}
    for first in sorted(set(footprints) & set(anchors)):
        carried = carry({first: anchors[first]}, links, size)
        for second in footprints:
            if second == first or second not in carried:
                continue
            off = difference(carried[second].footprint, footprints[second])
            allowance = carried[second].relative_radius
            if allowance > MOST_ALLOWANCE:
                continue
            if off <= AGREES + allowance:
                agreeing[first].add(second)
                agreeing[second].add(first)
            elif off >= CONTRADICTS + 2 * allowance:
                against[first].add(second)
                against[second].add(first)
    return agreeing, against


def _may_follow(first: Array, second: Array, seconds: float) -> bool:
    """Whether one camera in orbit may have looked at both places, so many seconds apart."""
    apart = float(great_circle_km(middle_of(first), middle_of(second))[0])
    slow, fast = (abs(seconds) * speed for speed in (SPEEDS_KM_S[0] - 0.6, SPEEDS_KM_S[1]))
    return apart <= fast + 2 * HORIZON_KM and (abs(seconds) > 2400 or apart >= slow - 2 * HORIZON_KM)


def _listed(numbers: set[int], names: Sequence[str]) -> str:
    shown = [names[number] for number in sorted(numbers)]
    more = f" and {len(shown) - 3} others" if len(shown) > 3 else ""
    return (", ".join(shown[:3]) if more else " and ".join(shown[:3])) + more


def borne_out(
    weak: Mapping[int, Array], footprints: Mapping[int, Array], at: Mapping[int, float], *, timed: bool
) -> dict[int, tuple[int, ...]]:
    """Those of the photos with too weak a registration that agree with others on one fixed camera.

    Args:
        weak: (4, 2) longitude, latitude of the rejected registrations, by number.
        footprints: the same of the located photos.
        at: when each photo was taken.
        timed: whether that is in seconds.

    Returns:
        For each that is borne out, the numbers of the others.
    """
    camera = find_fixed_camera({**weak, **footprints}, at, timed=timed, nadirs={})
    if camera is None:
        return {}
    return {number: tuple(sorted(camera.agreeing - {number})) for number in sorted(camera.agreeing & set(weak))}


def agreement(prediction: Array, footprint: Array, radius: float) -> bool:
    """Whether a footprint found on the reference agrees with the one that the neighbours predict.

    Args:
        prediction: (4, 2) longitude, latitude.
        footprint: (4, 2) longitude, latitude.
        radius: of the prediction, as a part of the diagonal.
    """
    return bool(np.isfinite(footprint).all()) and difference(prediction, footprint) <= AGREES + radius
