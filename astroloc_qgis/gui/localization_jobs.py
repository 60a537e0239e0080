"""Jobs that localize photos or refine their placement, and what follows on the list, the map and the message bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.gui.model.engine_report import by_neighbours, work_from_report
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoState
from astroloc_qgis.gui.model.placement import Placement, wrapped
from astroloc_qgis.gui.model.places import numbers_of
from astroloc_qgis.gui.model.stages import NEIGHBOURS, stage_texts
from astroloc_qgis.gui.reference_under import show_under_if_wanted
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.layers import has_unsaved_edits
from astroloc_qgis.qgis_adapters.map_view import add_photo_to_map
from astroloc_qgis.qgis_adapters.released_files import ReleasedFile, release_files, restore_files
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, INPUT, Failure, ProgressEvent

METHODS = ("localize", "localize_sequence", "refine")
"""The engine's methods that change the state of a photo (an export does not)."""


class LocalizationJobs(QObject):
    """Queues jobs that localize and refine photos, and shows their progress in the list.

    Args:
        session: has the queue, and the choices that are the parameters.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._items: dict[str, PhotoItem] = {}
        self._running: PhotoItem | None = None
        self._unplaced: list[str] = []
        self._released: list[ReleasedFile] = []
        self._stages: Mapping[str, str] = {}
        session.jobs.started.connect(self._on_started)
        session.jobs.progressed.connect(self._on_progress)
        session.jobs.idle.connect(self._on_idle)

    def localize(self, items: Sequence[PhotoItem]) -> None:
        """Localize photos, one after the other, or together where the settings say that they follow each other.

        Those whose footprints have unsaved edits are named and left out.
        """
        session, project = self._session, QgsProject.instance()
        session.messages.forget_outcomes()
        try:
            imagery, _ = session.reference.uri(), session.finer.uri()
        except InputError as error:
            session.messages.warning(str(error), error.details)
            return
        unsaved = [item for item in items if has_unsaved_edits(item.path, project)]
        if unsaved:
            sentence = tr("The footprint of {name} has edits that are not saved: save or discard them first.")
            session.messages.warning(sentence.format(name=", ".join(item.name for item in unsaved)))
        ready = [item for item in items if item not in unsaved]
        for item in ready:
            self._set_state(item, PhotoState.WAITING)
        together = bool(session.settings.sequence) and len(ready) > 1
        session.run(
            [self.sequence_job(ready, imagery)] if together else [self.photo_job(one, imagery) for one in ready]
        )

    def refine(self, item: PhotoItem, *, block: str | None = None) -> None:
        """Register a photo from its present placement, or from a block of the index.

        Args:
            item: the photo.
            block: "zoom/row/column"; by default the footprint as it is now.
        """
        session, placement = self._session, item.desk.work.placement
        session.messages.forget_outcomes()
        try:
            params = {**self._common(item), "imagery": session.imagery()}
            if block is not None:
                params["block"] = block
            elif placement is not None and np.isfinite(placement.footprint()).all():
                params["footprint"] = corners_of_photo(placement)
            else:
                raise InputError(tr("Place the photo first: there is nothing to refine from yet."))
        except InputError as error:
            session.messages.warning(str(error), error.details)
            return
        self._set_state(item, PhotoState.WAITING)
        publish, tell = self._publisher(item, refined=True), self._failure_teller(item)
        session.run([Job(item.name, "refine", params, publish, tell)])

    def verify(self, item: PhotoItem, starts: Sequence[Sequence[Sequence[float]]]) -> None:
        """Register a photo from an outline that somebody claims; where that fails, the photo stays as it is.

        Args:
            item: the photo.
            starts: four longitude, latitude corners in the photo's corner order, in each order that they may have; the
                first that the reference confirms counts.
        """
        session = self._session
        try:
            params = {**self._common(item), "imagery": session.imagery(), "footprint": starts[0]}
        except InputError as error:
            session.messages.warning(str(error), error.details)
            return
        publish = self._publisher(item, refined=True)

        def done(report: Mapping[str, Any]) -> None:
            if report["status"] == "localized":
                publish(report)
            elif len(starts) > 1:
                self.verify(item, starts[1:])
            else:
                self._set_state(item, None)
                sentence = tr(
                    "NASA's outline of {name} is not confirmed: the reference there does not match the photo."
                )
                session.messages.warning(sentence.format(name=item.name), str(report.get("reason", "")))

        self._set_state(item, PhotoState.WAITING)
        session.run([Job(item.name, "refine", params, done, self._failure_teller(item))])

    def photo_job(self, item: PhotoItem, imagery: str | None) -> Job:
        """The job that localizes one photo.

        Args:
            item: the photo.
            imagery: what it is matched with; None for the index's own imagery.
        """
        params = {**self._common(item), "index": self._session.index.place, "imagery": imagery}
        params |= item.desk.work.search
        return Job(item.name, "localize", params, self._publisher(item), self._failure_teller(item))

    def sequence_job(self, items: Sequence[PhotoItem], imagery: str | None) -> Job:
        """The job that localizes photos that follow each other.

        Args:
            items: the photos, two or more.
            imagery: what they are matched with; None for the index's own imagery.
        """
        each = [self._common(item) for item in items]
        params = {name: each[0][name] for name in ("matcher", "thorough", "seconds", "finer")}
        for name in ("photo", "out", "nadir", "nadir_source"):
            params[f"{name}s"] = [one[name] for one in each]
        params["areas"] = [item.desk.work.search for item in items]
        params |= {"index": self._session.index.place, "imagery": imagery}
        tellers = [(self._publisher(item), self._failure_teller(item)) for item in items]

        def publish(answer: Mapping[str, Any]) -> None:
            if answer.get("problem"):
                self._session.messages.warning(str(answer["problem"]))
            for (done, failed), entry in zip(tellers, answer["entries"], strict=True):
                if entry["status"] == "error":
                    failed(Failure(None, INPUT, str(entry["reason"])))
                else:
                    done(entry)

        def tell(failure: Failure) -> None:
            for item in items:
                self._show_failure(item, failure)
            self._session.tell_failure(failure)

        title = tr("{n} photos that follow each other").format(n=len(items))
        return Job(title, "localize_sequence", params, publish, tell)

    def _common(self, item: PhotoItem) -> dict[str, Any]:
        return {
            "photo": str(item.path),
            "out": str(self._session.output_folder(item.path)),
            "nadir": numbers_of(item.nadir),
            "nadir_source": item.nadir.source if item.nadir else None,
            "matcher": self._session.settings.matcher,
            "thorough": bool(self._session.settings.thorough),
            "seconds": int(self._session.settings.seconds) or None,
            "finer": self._session.finer.uri(),
        }

    def _publisher(self, item: PhotoItem, *, refined: bool = False) -> Callable[[Mapping[str, Any]], None]:
        session = self._session

        def publish(report: Mapping[str, Any]) -> None:
            self._set_state(item, None)
            located = report["status"] == "localized"
            project = QgsProject.instance()
            try:
                if located:
                    below = partial(show_under_if_wanted, session)
                    add_photo_to_map(session.iface, report, item.path, project, below)
                width, height = report["photo_size"] if located and report.get("homography") else (0, 0)
                work = work_from_report(item.desk.work, report, (width, height))
                item.desk.change(work, _what(located, refined))
            except AstroLocError as error:
                self._set_state(item, PhotoState.ERROR, str(error))
                session.messages.error(str(error), error.details)
                return
            if not located:
                self._tell_unplaced(item, _why_not(item, refined, report), refined, str(report.get("reason", "")))
                return
            words = {"name": item.name, "note": item.desk.work.note, "inliers": report["inliers"]}
            if (km := _far_from_nadir(report)) is not None:
                sentence = tr(
                    "{name} is on the map ({note}, {inliers} inliers), but {km} km from its nadir: check the nadir."
                )
                session.messages.warning(sentence.format(**words, km=f"{km:,.0f}"), str(report.get("reason", "")))
            elif by_neighbours(report):
                session.messages.success(tr("{name} is on the map ({note}).").format(**words))
            else:
                sentence = tr("{name} is on the map ({note}, {inliers} inliers).")
                session.messages.success(sentence.format(**words))
            session.localized.emit(item)

        return publish

    def _tell_unplaced(self, item: PhotoItem, sentence: str, refined: bool, reason: str) -> None:
        """Tell that a photo was not localized; of several in a row, in one message."""
        if refined:
            self._session.messages.warning(sentence, reason, outcome=True)
            return
        self._unplaced.append(f"{sentence}\n{reason}".strip())
        if len(self._unplaced) > 1:
            sentence = tr("{n} photos were not localized; {name} was the last. The list shows which.")
            sentence, reason = sentence.format(n=len(self._unplaced), name=item.name), "\n\n".join(self._unplaced)
        self._session.messages.warning(sentence, reason, about="not localized", outcome=True)

    def _failure_teller(self, item: PhotoItem) -> Callable[[Failure], None]:
        def tell(failure: Failure) -> None:
            self._show_failure(item, failure)
            self._session.tell_failure(failure)

        return tell

    def _show_failure(self, item: PhotoItem, failure: Failure) -> None:
        cancelled = failure.kind == CANCELLED
        self._set_state(item, None if cancelled else PhotoState.ERROR, "" if cancelled else failure.message)

    def _set_state(self, item: PhotoItem, state: PhotoState | None, note: str = "") -> None:
        self._session.photos.set_state(item, state, note)

    def _on_started(self, job: Job, _number: int, _total: int) -> None:
        photos = job.params.get("photos", [job.params.get("photo")]) if job.method in METHODS else []
        self._stages = stage_texts(job.method)
        known = {str(item.path): item for item in self._session.photos.items}
        self._items = {photo: known[photo] for photo in photos if photo in known}
        self._running = next(iter(self._items.values()), None)
        self._restore_files()
        if self._running is not None:
            self._set_state(self._running, PhotoState.RUNNING)
        for item in self._items.values():
            self._released += release_files(item.path, QgsProject.instance())

    def _on_progress(self, event: ProgressEvent) -> None:
        note = self._stages.get(event.stage, event.stage)
        if event.stage == NEIGHBOURS:
            for item in self._items.values():
                if item.state is not PhotoState.RUNNING or item.note != note:
                    self._set_state(item, PhotoState.RUNNING, note)
            return
        following = self._items.get(event.text, self._running)
        if self._running is not None and following is not self._running:
            self._set_state(self._running, PhotoState.WAITING, tr("for the other photos"))
        self._running = following
        if self._running is not None:
            self._set_state(self._running, PhotoState.RUNNING, note)

    def _on_idle(self) -> None:
        self._items, self._running = {}, None
        self._unplaced.clear()
        self._restore_files()

    def _restore_files(self) -> None:
        """Give the layers of the photo before their files back; where it was localized, others are in their place."""
        released, self._released = self._released, []
        restore_files(released, QgsProject.instance())


def corners_of_photo(placement: Placement) -> list[list[float]]:
    """Four longitude, latitude corners as the engine takes them: the photo's own, in its corner order.

    Raises:
        InputError: one of them sees no ground.
    """
    width, height = placement.size
    corners = placement.to_lonlat(np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]]))
    if not np.isfinite(corners).all():
        raise InputError(tr("A corner of the photo sees no ground: it cannot be refined from here."))
    return wrapped(corners)


def _far_from_nadir(report: Mapping[str, Any]) -> float | None:
    """How far from its nadir a photo was found, kilometres; None where that agrees with the nadir, or none is known."""
    nadir = report.get("nadir") or {}
    distance = nadir.get("distance_km")
    return None if distance is None or nadir.get("used") else float(distance)


def _why_not(item: PhotoItem, refined: bool, report: Mapping[str, Any] | None = None) -> str:
    """The message for a photo that was not localized, with advice."""
    search = item.desk.work.search
    searched = (report or {}).get("searched") or ()
    if refined and item.desk.work.placement is None:
        sentence = tr("{name} was not localized there: the reference shows no match at this place.")
    elif refined:
        sentence = tr("{name} stays where it is: the reference there does not match it well enough.")
    elif "centre" in search:
        sentence = tr(
            "{name} was not localized: no place within {km} km of its centre matches it well enough. "
            "The desk can search farther (Photo, Search)."
        )
    elif len(searched) > 1:
        sentence = tr("{name} was not localized: no place about its nadir matches it well enough, nor any elsewhere.")
    elif item.nadir or search:
        sentence = tr("{name} was not localized: the reference shows no place that matches it well enough.")
    else:
        sentence = tr("{name} was not localized: no place matches well enough. Its nadir, under Options, may help.")
    return sentence.format(name=item.name, km=f"{search.get('centre_km', 0):g}")


def _what(located: bool, refined: bool) -> str:
    """The entry in the history."""
    if refined:
        return tr("Refine from here") if located else tr("Refine from here: no match")
    return tr("Localize") if located else tr("Localize: not found")
