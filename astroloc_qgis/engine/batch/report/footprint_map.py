"""A map of footprints over a simple outline of the land, as SVG without any outside help."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.batch.report.land_outline import land_outline

WIDTH_PX = 1000
LEAST_SPAN_DEG = 12.0
"""The map shows so much of the world at least."""
_MARGIN, _WORLD_FROM_DEG = 0.25, 120.0

Ring = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """A footprint on the map.

    Attributes:
        ring: (N, 2) longitude, latitude, without a jump at 180 degrees.
        title: shown over it, any text.
        anchor: of its row in the table; "" for none.
        confidence: 0 to 1.
    """

    ring: Ring
    title: str
    anchor: str
    confidence: float


@dataclass(frozen=True)
class _View:
    """A part of the world in an equidistant projection that is true to scale in its middle latitude.

    Attributes:
        west, south, east, north: degrees.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def stretch(self) -> float:
        """Pixels along a degree of longitude for one along a degree of latitude."""
        return max(0.3, math.cos(math.radians((self.south + self.north) / 2))) if self.is_part else 1.0

    @property
    def is_part(self) -> bool:
        return self.east - self.west < 360

    @property
    def scale(self) -> float:
        """Pixels along a degree of latitude."""
        return WIDTH_PX / ((self.east - self.west) * self.stretch)

    @property
    def height(self) -> float:
        return (self.north - self.south) * self.scale

    def pixels(self, lonlat: Ring) -> Ring:
        """(N, 2) x, y in pixels of the map."""
        x = (lonlat[:, 0] - self.west) * self.scale * self.stretch
        return np.column_stack([x, (self.north - lonlat[:, 1]) * self.scale])


def draw_map(footprints: Sequence[Shown]) -> str:
    """An SVG of footprints; of none, of the world.

    Texts are escaped; each footprint is a link to its row.
    """
    view = _view([footprint.ring for footprint in footprints])
    width, height = WIDTH_PX, round(view.height)
    shapes = "".join(_shape(view, footprint) for footprint in sorted(footprints, key=_area, reverse=True))
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Map of the footprints">'
        f'<rect class="sea" width="{width}" height="{height}"/>{_land(view)}{_graticule(view)}{shapes}</svg>'
    )


def _view(rings: Sequence[Ring]) -> _View:
    if not rings:
        return _View(-180, -65, 180, 80)
    every = np.concatenate(rings)
    (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
    if east - west > _WORLD_FROM_DEG or north - south > _WORLD_FROM_DEG / 2:
        return _View(-180, min(-65.0, south), 180, max(80.0, north))
    tall = max((north - south) * (1 + 2 * _MARGIN), LEAST_SPAN_DEG / 2)
    middle = (south + north) / 2
    wide = max((east - west) * (1 + 2 * _MARGIN), LEAST_SPAN_DEG, 1.4 * tall / max(0.3, math.cos(math.radians(middle))))
    tall = max(tall, wide / 3)
    centre = (west + east) / 2
    return _View(centre - wide / 2, max(-90.0, middle - tall / 2), centre + wide / 2, min(90.0, middle + tall / 2))


def _land(view: _View) -> str:
    rings = []
    for ring in land_outline():
        for shift in (-360.0, 0.0, 360.0):
            moved = ring + np.array([shift, 0.0])
            (west, south), (east, north) = moved.min(axis=0), moved.max(axis=0)
            if west < view.east and east > view.west and south < view.north and north > view.south:
                rings.append(_path(view.pixels(moved)))
    return f'<path class="land" fill-rule="evenodd" d="{"".join(rings)}"/>' if rings else ""


def _graticule(view: _View) -> str:
    span = view.east - view.west
    step = next(step for step in (1, 2, 5, 10, 30, 400) if span / step <= 14)
    lines = []
    for lon in range(math.ceil(view.west / step) * step, math.floor(view.east) + 1, step):
        x = (lon - view.west) * view.scale * view.stretch
        lines.append(f'<path class="grid" d="M{x:.1f} 0V{view.height:.1f}"/>')
        lines.append(f'<text class="tick" x="{x + 3:.1f}" y="{view.height - 4:.1f}">{_degrees(lon, "E", "W")}</text>')
    for lat in range(math.ceil(view.south / step) * step, math.floor(view.north) + 1, step):
        y = (view.north - lat) * view.scale
        lines.append(f'<path class="grid" d="M0 {y:.1f}H{WIDTH_PX}"/>')
        lines.append(f'<text class="tick" x="3" y="{y - 3:.1f}">{_degrees(lat, "N", "S")}</text>')
    return "".join(lines)


def _degrees(value: int, positive: str, negative: str) -> str:
    value = (value + 180) % 360 - 180 if positive == "E" else value
    return f"{abs(value)}°{'' if not value else positive if value > 0 else negative}"


def _shape(view: _View, footprint: Shown) -> str:
    """A footprint, with a dot where it is small; twice where it crosses the edge of a map of the world."""
    shapes = []
    for shift in (-360.0, 0.0, 360.0):
        ring = footprint.ring + np.array([shift, 0.0])
        if ring[:, 0].max() < view.west or ring[:, 0].min() > view.east:
            continue
        points = view.pixels(ring)
        x, y = points.mean(axis=0)
        dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' if np.ptp(points, axis=0).max() < 12 else ""
        shapes.append(f'<path d="{_path(points)}"/>{dot}')
    sure = "sure" if footprint.confidence >= 0.95 else "less"
    group = f'<g class="footprint {sure}"><title>{escape(footprint.title)}</title>{"".join(shapes)}</g>'
    return f'<a href="#{escape(footprint.anchor)}">{group}</a>' if footprint.anchor else group


def _area(footprint: Shown) -> float:
    (west, south), (east, north) = footprint.ring.min(axis=0), footprint.ring.max(axis=0)
    return float((east - west) * (north - south))


def _path(points: Iterable[Sequence[float]] | Ring) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"
