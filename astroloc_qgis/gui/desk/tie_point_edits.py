"""Edits of the tie points of the photo on the desk, by mouse, in the table, or from a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.placing import points_to_placement
from astroloc_qgis.gui.model.tie_points import TiePoint, fit_placement
from astroloc_qgis.qgis_adapters.text import tr


class TiePointEdits(QObject):
    """Adds, moves, switches and deletes tie points; the photo follows them.

    Args:
        current: the photo on the desk.
    """

    pending_changed = pyqtSignal()
    """Another point of the photo waits for its place, or no point waits."""
    grown = pyqtSignal()
    """Tie points were added."""

    def __init__(self, current: CurrentPhoto) -> None:
        super().__init__(current)
        self._current = current
        self._pending: tuple[float, float] | None = None

    @property
    def pending(self) -> tuple[float, float] | None:
        """The point of the photo, in its pixels, that waits for its place on the ground."""
        return self._pending

    def set_pending(self, photo_xy: tuple[float, float] | None) -> None:
        """Set the point of the photo that waits for its place on the ground; None for no point."""
        self._pending = photo_xy
        self.pending_changed.emit()

    def add(self, lon: float, lat: float) -> None:
        """Add a tie point: the waiting point of the photo and its place on the ground."""
        if (desk := self._current.desk) is None or self._pending is None:
            return
        x, y = self._pending
        self.set_pending(None)
        self._change((*desk.work.tie_points, TiePoint(x, y, lon, lat)), tr("Add a tie point"))
        self.grown.emit()

    def append(self, points: tuple[TiePoint, ...], what: str) -> None:
        """Add tie points from another source, and fit the photo to them.

        Args:
            points: new ones.
            what: it is called in the history.
        """
        if (desk := self._current.desk) is not None:
            self._change((*desk.work.tie_points, *points), what)
            self.grown.emit()

    def move_on_ground(self, number: int, lon: float, lat: float, *, final: bool) -> None:
        """Move a tie point's place on the ground; while it is being dragged nothing is kept (``final`` False)."""
        self._replace(number, final, lon=lon, lat=lat)

    def move_in_photo(self, number: int, x: float, y: float, *, final: bool) -> None:
        """Move a tie point in the photo; while it is being dragged nothing is kept (``final`` False)."""
        self._replace(number, final, x=x, y=y)

    def toggle(self, number: int) -> None:
        """Switch a tie point on or off."""
        if (desk := self._current.desk) is not None:
            points = list(desk.work.tie_points)
            points[number] = replace(points[number], on=not points[number].on)
            self._change(tuple(points), tr("Switch a tie point"))

    def delete(self, numbers: list[int]) -> None:
        """Delete tie points."""
        if (desk := self._current.desk) is not None:
            gone = set(numbers)
            points = tuple(point for number, point in enumerate(desk.work.tie_points) if number not in gone)
            self._change(points, tr("Delete tie points"))

    def _replace(self, number: int, final: bool, **fields: Any) -> None:
        desk = self._current.desk
        if desk is None or number >= len(desk.work.tie_points):
            return
        points = list(desk.work.tie_points)
        points[number] = replace(points[number], by_hand=True, **fields)
        if final:
            self._change(tuple(points), tr("Move a tie point"))
        elif desk.work.placement is not None:
            desk.preview(fit_placement(desk.work.placement, tuple(points)))

    def _change(self, points: tuple[TiePoint, ...], what: str) -> None:
        if (desk := self._current.desk) is None:
            return
        changed = desk.work.with_tie_points(points)
        if changed.placement is None and (first := points_to_placement(changed, self._current.size)) is not None:
            changed = changed.moved_to(first)
        desk.change(changed, what)
