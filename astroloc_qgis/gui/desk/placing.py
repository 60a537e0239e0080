"""First placements of a photo: in the middle of the map, or from tie points alone."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import plane_for
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.model.placement import Placement, is_sound
from astroloc_qgis.gui.model.tie_points import fit_placement
from astroloc_qgis.gui.model.work import Work

SHARE = 0.5
"""The part of the map's shorter side that a photo placed by hand fills."""


def place_in_view(screen: Screen, size: tuple[int, int], nadir: Nadir | None) -> Placement | None:
    """The photo in the middle of the map, upright on the screen; None where the map shows no ground there.

    Args:
        screen: the map.
        size: width and height of the photo, pixels.
        nadir: of the photo, if known.
    """
    middle = np.array(screen.size) / 2
    lon, lat = screen.to_lonlat(middle[None])[0]
    if not np.isfinite((lon, lat)).all():
        return None
    plane = plane_for(np.array([lon, lat]), nadir).proj
    side = min(screen.size) * SHARE
    width, height = np.array(size) * (side / max(size)) * (1.3 if size[0] > size[1] else 1.0)
    corners = middle + np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    return _through(photo_corners(*size), screen.to_plane(corners, plane), plane, size)


def points_to_placement(work: Work, size: tuple[int, int] | None) -> Placement | None:
    """The placement that fits the tie points, also of a photo without placement; None where none fits."""
    if work.placement is not None:
        return fit_placement(work.placement, work.tie_points)
    used = [point for point in work.tie_points if point.on]
    if size is None or len(used) < 2:
        return None
    lonlat = np.array([[point.lon, point.lat] for point in used])
    plane = plane_for(lonlat[0], work.nadir).proj
    ground = transform_points(lonlat, WGS84, plane)
    photo = np.array([[point.x, -point.y] for point in used])  # a photo's rows run down, the plane's y runs up
    a, b, p, q = (complex(*xy) for xy in (photo[0], photo[1], ground[0], ground[1]))
    if abs(b - a) < 1e-9 or not np.isfinite(ground).all():
        return None
    turn = (q - p) / (b - a)
    rest = p - turn * a
    upright = np.array([[turn.real, turn.imag, rest.real], [turn.imag, -turn.real, rest.imag], [0.0, 0.0, 1.0]])
    return fit_placement(Placement.of(upright, plane, size, "tie points"), work.tie_points)


def _through(photo: Array, ground: Array, plane: str, size: tuple[int, int]) -> Placement | None:
    if not np.isfinite(ground).all():
        return None
    placement = Placement.of(homography_from_points(photo, ground), plane, size, "hand")
    return placement if is_sound(placement) else None
