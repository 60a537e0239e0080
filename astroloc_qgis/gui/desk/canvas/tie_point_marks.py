"""How tie points are drawn on the map and in the photo, and which one is under the mouse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.gui.model.tie_points import TiePoint

CASING, OFF, FOUND, OWN = (
    QColor(0, 0, 0, 170),
    QColor(150, 150, 150),
    QColor(60, 200, 255),
    QColor(255, 120, 40),
)
"""Colours: outlines of marks, points that are off, points of the machine, points set by hand."""
REACH = 8
"""How far from the mouse a tie point is grabbed, pixels."""
STILL = 4
"""A mouse that moved less than this (pixels, both ways together) between press and release has clicked, not dragged."""


def colour_of(point: TiePoint) -> QColor:
    """The colour of a tie point."""
    return OFF if not point.on else OWN if point.by_hand else FOUND


def draw_point(painter: QPainter, at: QPointF, point: TiePoint) -> None:
    """Draw a tie point."""
    painter.setPen(QPen(CASING, 1))
    painter.setBrush(colour_of(point))
    size = 4.5 if point.by_hand else 2.5
    painter.drawEllipse(at, size, size)


def draw_cross(painter: QPainter, at: QPointF) -> None:
    """Draw the point of the photo that waits for its place on the ground."""
    for colour, width in ((CASING, 4.0), (OWN, 2.0)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(at - QPointF(9, 0), at + QPointF(9, 0))
        painter.drawLine(at - QPointF(0, 9), at + QPointF(0, 9))


def nearest_point(points: Sequence[TiePoint], at: Array, mouse: Array, reach: float) -> int | None:
    """The number of the tie point under the mouse; those set by hand come first.

    Args:
        points: the tie points.
        at: (N, 2) where they are drawn; NaN where they are not.
        mouse: (2,) where the mouse is.
        reach: how far from the mouse a point may be.
    """
    if not points:
        return None
    with np.errstate(invalid="ignore"):
        away = np.nan_to_num(np.hypot(*(at - mouse).T), nan=np.inf)
    near = [number for number in np.argsort(away) if away[number] <= reach]
    return int(min(near, key=lambda number: (not points[number].by_hand, away[number]))) if near else None
