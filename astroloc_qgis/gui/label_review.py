"""The review list of labels: doubtful footprints come to the desk, and what is decided there goes into their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from qgis.PyQt.QtCore import QModelIndex, QObject
from qgis.PyQt.QtWidgets import QFileDialog

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.engine.geometry.working_plane import plane_for
from astroloc_qgis.engine.labelling.deciding import Row, decide, read_review
from astroloc_qgis.engine.labelling.decisions import ACCEPTED, REJECTED, Decision, read_decisions
from astroloc_qgis.engine.labelling.label_files import CORNERS
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.placement import Placement, is_sound
from astroloc_qgis.gui.model.work import PhotoState, Work
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_photo import photo_size
from astroloc_qgis.qgis_adapters.text import tr

MOST = 200
"""Footprints that are put on the list at once, the most confident first."""
CLUE = "label"
"""The clue of a photo that it is on a review list: the "folder" of that, and its "file" there."""

Decided = tuple[str, tuple[tuple[float, float], ...]]
"""A verdict and the corners that were accepted."""


class LabelReview(QObject):
    """Puts the doubtful footprints of ``label`` on the list, and writes down what the analyst decides of them.

    Args:
        session: has the list of photos.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._written: dict[tuple[str, str], Decided] = {}
        session.photos.dataChanged.connect(self._on_changed)

    def ask(self) -> None:
        """Ask for the folder of the labels, and open it."""
        title = tr("Folder that label, or “Footprints from weakly labelled photos”, has written")
        folder = QFileDialog.getExistingDirectory(self._session.iface.mainWindow(), title)
        if folder:
            self.open(Path(folder))

    def open(self, folder: Path) -> None:
        """Put the footprints that are not decided yet on the list, and the first on the desk."""
        messages = self._session.messages
        try:
            rows = read_review(folder)
        except InputError as error:
            messages.warning(str(error), error.details)
            return
        open_rows = [row for row in rows if row[CORNERS[0]] and not row["decision"]]
        found = [item for row in open_rows[:MOST] if (item := self._item(folder, row)) is not None]
        if not found:
            messages.info(tr("No doubtful footprint in {folder} waits for a decision.").format(folder=folder))
            return
        known = {item.path for item in self._session.photos.items}
        self._session.photos.append([item for item in found if item.path not in known])
        sentence = tr("{n} doubtful footprints are on the list: accept or reject each on the desk.")
        if len(open_rows) > len(found):
            sentence += " " + tr("{rest} more wait for another time.")
        messages.success(sentence.format(n=len(found), rest=len(open_rows) - len(found)))
        first = found[0].path
        self._session.review_requested.emit(next(one for one in self._session.photos.items if one.path == first))

    def _item(self, folder: Path, row: Row) -> PhotoItem | None:
        """The photo of a row of the review list; one that is on the list already is taken. None where it is gone."""
        path = (folder / row["file"]).resolve()
        try:
            work = work_of(folder, row, photo_size(path))
        except (InputError, ValueError, np.linalg.LinAlgError):
            return None
        for item in self._session.photos.items:
            if item.path == path:
                item.desk.change(replace(work, nadir=work.nadir or item.nadir), tr("Doubtful footprint of a label"))
                return item
        return PhotoItem(path, work)

    def _on_changed(self, first: QModelIndex, last: QModelIndex, *_roles: object) -> None:
        items = self._session.photos.items
        for row in range(first.row(), min(last.row() + 1, len(items))):
            if CLUE in items[row].desk.work.clues:
                self._write_down(items[row])

    def _write_down(self, item: PhotoItem) -> None:
        """Write down what was decided of a photo, where that is something else than its files say."""
        work = item.desk.work
        folder, file = Path(work.clues[CLUE]["folder"]), str(work.clues[CLUE]["file"])
        corners, verdict = corners_of(work), verdict_of(work)
        if verdict == ACCEPTED and corners is None:
            sentence = tr("{name} cannot become a label: the horizon is in view, so that not all corners see ground.")
            self._session.messages.warning(sentence.format(name=item.name), about=CLUE)
            verdict = ""
        decision = None if not verdict else Decision.now(verdict, corners if verdict == ACCEPTED else None)
        place = str(folder), file
        try:
            if place not in self._written:
                self._written[place] = _decided(read_decisions(folder).get(file))
            if self._written[place] != _decided(decision):
                self._written[place] = _decided(decision)
                decide(folder, file, decision)
        except InputError as error:
            self._session.messages.warning(str(error), error.details, about=CLUE)


def work_of(folder: Path, row: Row, size: tuple[int, int]) -> Work:
    """The work on a photo whose footprint was doubted.

    Args:
        folder: of the labels.
        row: of the review list, with corners.
        size: width and height of the photo, pixels.

    Raises:
        ValueError: the corners are no numbers, or no placement of a photo.
    """
    corners = np.array([float(row[name]) for name in CORNERS]).reshape(4, 2)
    nadir = None
    if row.get("nadir_lat") and row.get("nadir_lon"):
        nadir = Nadir.at(float(row["nadir_lat"]), float(row["nadir_lon"]))
    plane = plane_for(corners[0], nadir).proj
    ground = transform_points(corners, WGS84, plane)
    placement = Placement.of(homography_from_points(photo_corners(*size), ground), plane, size, "machine")
    if not is_sound(placement):
        raise ValueError(f"the corners of {row['file']} are those of no photo")
    centre = (float(row["centre_lat"]), float(row["centre_lon"])) if row.get("centre_lat") else None
    confidence = float(row["confidence"] or 0)
    facts = {"confidence": confidence, "inliers": int(row["inliers"] or 0), "matcher": row["matcher"] or None}
    note = tr("confidence {confidence:.2f}").format(confidence=confidence)
    return Work(
        state=PhotoState.NEEDS_REVIEW, note=f"{note}, {row['why']}", nadir=nadir, centre=centre, placement=placement,
        facts={**facts, "reason": row["why"]},
        clues={CLUE: {"folder": str(folder), "file": row["file"]}},
    )  # fmt: skip


def _decided(decision: Decision | None) -> Decided:
    """What counts of a decision: all but its time."""
    return ("", ()) if decision is None else (decision.verdict, decision.footprint)


def verdict_of(work: Work) -> str:
    """What was decided: "" for nothing yet."""
    if work.state in (PhotoState.ACCEPTED, PhotoState.EXPORTED) and work.placement is not None:
        return ACCEPTED
    return REJECTED if work.state is PhotoState.NOT_LOCALIZED else ""


def corners_of(work: Work) -> np.ndarray | None:
    """(4, 2) longitude, latitude of a photo's own corners; None where one of them sees no ground."""
    if work.placement is None:
        return None
    corners = work.placement.to_lonlat(photo_corners(*work.placement.size))
    whole = np.allclose(work.placement.anchors(), photo_corners(*work.placement.size))
    return corners if whole and np.isfinite(corners).all() else None
