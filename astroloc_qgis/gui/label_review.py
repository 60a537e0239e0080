"""The review list of labels: doubtful footprints come to the desk, and what is decided there goes into their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from qgis.PyQt.QtCore import QCoreApplication, QModelIndex, QObject, QTimer
from qgis.PyQt.QtWidgets import QFileDialog

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.engine.geometry.working_plane import plane_for
from astroloc_qgis.engine.labelling.deciding import Row, read_review, record, write_decided
from astroloc_qgis.engine.labelling.decisions import ACCEPTED, REJECTED, Decision, read_decisions
from astroloc_qgis.engine.labelling.label_files import CORNERS
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.placement import Placement, is_sound
from astroloc_qgis.gui.model.work import PhotoState, Work
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.desk_photo import photo_size
from astroloc_qgis.qgis_adapters.engine.photo_copies import is_readable_now
from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.text import tr

MOST = 200
"""Footprints that are put on the list at once, the most confident first."""
CLUE = "label"
"""The clue of a photo that it is on a review list: the "folder" of that, and its "file" there; of one whose size is not
known yet also its "corners", longitude and latitude, where it is placed once it is read."""
SUPPOSED = (3000, 2000)
"""The size by which the corners of a photo are judged whose own is not known yet."""

Decided = tuple[str, tuple[tuple[float, float], ...]]
"""A verdict and the corners that were accepted."""


class LabelReview(QObject):
    """Puts the doubtful footprints of ``label`` on the list, and writes down what the analyst decides of them.

    A decision is kept at once; the tables and layers that follow from it are written when QGIS has time, once for all
    decisions until then, and at the latest when it ends.

    Args:
        session: has the list of photos.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._written: dict[tuple[str, str], Decided] = {}
        self._unwritten: dict[Path, set[str]] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.write)
        session.photos.dataChanged.connect(self._on_changed)
        session.photo_read.connect(self._place)
        QCoreApplication.instance().aboutToQuit.connect(self.write)

    def write(self) -> None:
        """Put what was decided into the tables and layers of the labels, where that has not been done."""
        self._soon.stop()
        unwritten, self._unwritten = self._unwritten, {}
        for folder, files in unwritten.items():
            self._write_into(folder, files)

    def _write_into(self, folder: Path, files: set[str]) -> None:
        try:
            write_decided(folder, sorted(files))
        except InputError as error:
            self._session.messages.warning(str(error), error.details, about=CLUE)

    def _write_soon(self, folder: Path, files: Iterable[str]) -> None:
        self._unwritten.setdefault(folder, set()).update(files)
        self._soon.start()

    def ask(self) -> None:
        """Ask for the folder of the labels, and open it."""
        title = tr("Folder that label, or “Footprints from weakly labelled photos”, has written")
        folder = QFileDialog.getExistingDirectory(self._session.iface.mainWindow(), title)
        if folder:
            self.open(Path(folder))

    def open(self, folder: Path) -> None:
        """Put the footprints that are not decided yet on the list, and the first on the desk."""
        messages = self._session.messages
        self.write()
        try:
            rows, decided = read_review(folder), read_decisions(folder)
        except InputError as error:
            messages.warning(str(error), error.details)
            return
        late = [row["file"] for row in rows if (one := decided.get(row["file"])) and one.verdict != row["decision"]]
        if late:  # QGIS was killed before they were written
            self._write_soon(folder, late)
        open_rows = [row for row in rows if row[CORNERS[0]] and not row["decision"] and row["file"] not in late]
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
        item = next((one for one in self._session.photos.items if one.path == path), None)
        placed = None if item is None else item.desk.work.placement
        try:
            size = photo_size(path) if is_readable_now(path) else placed.size if placed else None
            work = work_of(folder, row, size)
        except (InputError, ValueError, np.linalg.LinAlgError):
            return None
        if item is None:
            return PhotoItem(path, work)
        item.desk.change(replace(work, nadir=work.nadir or item.nadir), tr("Doubtful footprint of a label"))
        return item

    def _on_changed(self, first: QModelIndex, last: QModelIndex, *_roles: object) -> None:
        items = self._session.photos.items
        for row in range(first.row(), min(last.row() + 1, len(items))):
            if CLUE in items[row].desk.work.clues:
                self._place(items[row])
                self._write_down(items[row])

    def _place(self, item: PhotoItem) -> None:
        """Place a photo at the corners that were kept until its size is known, if it is known now."""
        work = item.desk.work
        clue = work.clues.get(CLUE, {})
        if work.state is not PhotoState.NEEDS_REVIEW or work.placement is not None or "corners" not in clue:
            return
        try:
            if is_readable_now(item.path):
                placement = placement_of(np.array(clue["corners"]), work.nadir, photo_size(item.path))
                item.desk.note(placement=placement)
        except (InputError, ValueError, np.linalg.LinAlgError) as error:
            log_line(f"{item.path} cannot be placed at the corners of its label: {error}")

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
                record(folder, file, decision)
                self._write_soon(folder, [file])
        except InputError as error:
            self._session.messages.warning(str(error), error.details, about=CLUE)


def work_of(folder: Path, row: Row, size: tuple[int, int] | None) -> Work:
    """The work on a photo whose footprint was doubted.

    Args:
        folder: of the labels.
        row: of the review list, with corners.
        size: width and height of the photo, pixels; None where they are not known: it is placed once they are.

    Raises:
        ValueError: the corners are no numbers, or no placement of a photo.
    """
    corners = np.array([float(row[name]) for name in CORNERS]).reshape(4, 2)
    nadir = None
    if row.get("nadir_lat") and row.get("nadir_lon"):
        nadir = Nadir.at(float(row["nadir_lat"]), float(row["nadir_lon"]))
    placement = placement_of(corners, nadir, size or SUPPOSED)
    clue = {"folder": str(folder), "file": row["file"]}
    centre = (float(row["centre_lat"]), float(row["centre_lon"])) if row.get("centre_lat") else None
    confidence = float(row["confidence"] or 0)
    facts = {"confidence": confidence, "inliers": int(row["inliers"] or 0), "matcher": row["matcher"] or None}
    note = tr("confidence {confidence:.2f}").format(confidence=confidence)
    return Work(
        state=PhotoState.NEEDS_REVIEW, note=f"{note}, {row['why']}", nadir=nadir, centre=centre,
        placement=placement if size else None,
        facts={**facts, "reason": row["why"]},
        clues={CLUE: clue if size else {**clue, "corners": corners.tolist()}},
    )  # fmt: skip


def placement_of(corners: np.ndarray, nadir: Nadir | None, size: tuple[int, int]) -> Placement:
    """The placement of a photo by its corners.

    Args:
        corners: (4, 2) longitude, latitude in the photo's order.
        nadir: the sub-satellite point, if known.
        size: width and height of the photo, pixels.

    Raises:
        ValueError: the corners are those of no photo.
    """
    plane = plane_for(corners[0], nadir).proj
    ground = transform_points(corners, WGS84, plane)
    placement = Placement.of(homography_from_points(photo_corners(*size), ground), plane, size, "machine")
    if not is_sound(placement):
        raise ValueError("the corners are those of no photo")
    return placement


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
