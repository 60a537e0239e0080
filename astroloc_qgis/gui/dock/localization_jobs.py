"""What the dock's buttons set going: jobs for the engine, and what their ends do to list, map and message bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.gui.dock.index_dialog import IndexDialog
from astroloc_qgis.gui.model.engine_report import work_from_report
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoState
from astroloc_qgis.gui.model.work import Placement, wrapped
from astroloc_qgis.qgis_adapters.desk_photo import photo_size
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_command
from astroloc_qgis.qgis_adapters.engine.jobs import Job, JobRunner
from astroloc_qgis.qgis_adapters.engine.process import START, EngineProcess
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary
from astroloc_qgis.qgis_adapters.layers import add_photo_layers, has_unsaved_edits, photo_layers, zoom_to
from astroloc_qgis.qgis_adapters.map_view import show_layers_now
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, INPUT, Failure, ProgressEvent

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.dock.dock import AstroLocDock


class Localization(QObject):
    """Runs what the dock asks for, and tells the dock how it goes.

    Args:
        iface: QGIS's interface for plugins.
        dock: whose choices are the parameters.
    """

    published = pyqtSignal(object)
    """A photo was localized, and its layers are on the map (``PhotoItem``)."""

    def __init__(self, iface: QgisInterface, dock: AstroLocDock) -> None:
        super().__init__(dock)
        self._iface = iface
        self._dock = dock
        self.engine = EngineProcess(lambda: engine_command(dock.settings), self)
        self.jobs = JobRunner(self.engine, self)
        self._running: PhotoItem | None = None
        self.jobs.started.connect(self._on_started)
        self.jobs.progressed.connect(self._on_progress)
        self.jobs.idle.connect(self._on_idle)

    @property
    def busy(self) -> bool:
        """Whether the engine works for us."""
        return self.jobs.busy

    def localize(self) -> None:
        """Localize the dock's photos, one after the other."""
        dock, project = self._dock, QgsProject.instance()
        items = dock.target_photos()
        try:
            imagery = dock.reference.uri()
            for item in items:
                if has_unsaved_edits(item.path, project):
                    sentence = tr("The footprint of {name} has edits that are not saved: save or discard them first.")
                    raise InputError(sentence.format(name=item.name))
        except InputError as error:
            dock.messages.warning(str(error), error.details)
            return
        for item in items:
            self._set_state(item, PhotoState.WAITING)
        self.jobs.run(self._photo_job(item, imagery) for item in items)
        dock.refresh()

    def build_index(self) -> None:
        """Ask what index to build of the reference, and build it."""
        dock = self._dock
        try:
            layer, imagery = dock.reference.layer(), dock.reference.uri()
            if layer is None or imagery is None:
                raise InputError(tr("Choose the reference imagery first: a raster layer, or a file."))
            if not layer.isValid():
                raise InputError(tr("QGIS cannot open the reference {file}.").format(file=imagery))
        except InputError as error:
            dock.messages.warning(str(error), error.details)
            return
        name = f"index-{layer.name()}" if not dock.reference.is_file else f"index-{Path(imagery).stem}"
        targets = dock.target_photos()
        folder = dock.output_folder(targets[0].path if targets else None) / name
        dialog = IndexDialog(layer, folder, dock)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.run_index_job({"imagery": imagery, **dialog.params()})
        dialog.deleteLater()

    def run_index_job(self, params: Mapping[str, Any]) -> None:
        """Build an index and choose it in the dock."""

        def done(result: Mapping[str, Any]) -> None:
            self._dock.index.choose(Path(result["index"]))
            self._dock.messages.success(tr("The index is ready: now photos can be localized."))

        self.jobs.run([Job(tr("Building the index"), "index_build", params, done, self._tell)])
        self._dock.refresh()

    def show(self, item: PhotoItem) -> None:
        """Show a localized photo on the map."""
        self._zoom(photo_layers(item.path, QgsProject.instance()))

    def _zoom(self, layers: list[QgsMapLayer]) -> None:
        try:
            zoom_to(layers, self._iface.mapCanvas(), QgsProject.instance())
        except InputError as error:
            self._dock.messages.warning(str(error), error.details)

    def cancel(self) -> None:
        """Stop everything that runs or waits."""
        self.jobs.cancel()

    def shut_down(self) -> None:
        """End the engine process."""
        self.engine.stop()

    def refine(self, item: PhotoItem, *, block: str | None = None) -> None:
        """Register a photo from where it lies on the desk, or from a block of the index.

        Args:
            item: the photo.
            block: "zoom/row/column"; by default the footprint as it is now.
        """
        dock, placement = self._dock, item.desk.work.placement
        try:
            imagery = dock.reference.uri() or read_index_summary(dock.index.path).imagery
            params = {**self._common(item), "imagery": imagery}
            if block is not None:
                params["block"] = block
            elif placement is not None and np.isfinite(placement.footprint()).all():
                params["footprint"] = corners_of_photo(placement)
            else:
                raise InputError(tr("Place the photo first: there is nothing to refine from yet."))
        except InputError as error:
            dock.messages.warning(str(error), error.details)
            return
        self._set_state(item, PhotoState.WAITING)
        self.jobs.run(
            [Job(item.name, "refine", params, self._publisher(item, refined=True), self._failure_teller(item))]
        )
        dock.refresh()

    def run(self, jobs: Iterable[Job]) -> None:
        """Run other jobs of the desk after those that wait already."""
        self.jobs.run(jobs)
        self._dock.refresh()

    def _common(self, item: PhotoItem) -> dict[str, Any]:
        dock = self._dock
        return {
            "photo": str(item.path),
            "out": str(dock.output_folder(item.path)),
            "nadir": list(item.nadir) if item.nadir else None,
            "matcher": dock.settings.matcher,
        }

    def _photo_job(self, item: PhotoItem, imagery: str | None) -> Job:
        params = {**self._common(item), "index": str(self._dock.index.path), "imagery": imagery}
        params |= item.desk.work.area
        return Job(item.name, "localize", params, self._publisher(item), self._failure_teller(item))

    def _publisher(self, item: PhotoItem, *, refined: bool = False) -> Callable[[Mapping[str, Any]], None]:
        def publish(report: Mapping[str, Any]) -> None:
            self._set_state(item, None)
            located = report["status"] == "localized"
            project = QgsProject.instance()
            try:
                layers = add_photo_layers(report, item.path, project) if located else None
                show_layers_now(self._iface)
                size = photo_size(item.path) if located and report.get("homography") else (0, 0)
                work = work_from_report(item.desk.work, report, size)
                item.desk.change(work, _what(located, refined))
            except AstroLocError as error:
                self._set_state(item, PhotoState.ERROR, str(error))
                self._dock.messages.error(str(error), error.details)
                return
            if layers is None:
                sentence = _why_not(item, refined)
                self._dock.messages.warning(sentence.format(name=item.name), str(report.get("reason", "")))
                return
            sentence = tr("{name} is on the map ({note}, {inliers} inliers).")
            note = item.desk.work.note
            self._dock.messages.success(sentence.format(name=item.name, note=note, inliers=report["inliers"]))
            self.published.emit(item)
            if not self._dock.desk.show_published(item):
                self._zoom([layers.raster])

        return publish

    def _failure_teller(self, item: PhotoItem) -> Callable[[Failure], None]:
        def tell(failure: Failure) -> None:
            if failure.kind == CANCELLED:
                self._set_state(item, None)
            else:
                self._set_state(item, PhotoState.ERROR, failure.message)
            self._tell(failure)

        return tell

    def _tell(self, failure: Failure) -> None:
        messages = self._dock.messages
        if failure.kind == CANCELLED:
            if failure.message:
                messages.info(tr("Cancelled."))
        elif failure.kind in (INPUT, START):
            messages.warning(failure.message, failure.details)
        else:
            messages.error(failure.message, failure.details)

    def _set_state(self, item: PhotoItem, state: PhotoState | None, note: str = "") -> None:
        self._dock.photos.photos.set_state(item, state, note)

    def _on_started(self, job: Job, number: int, total: int) -> None:
        self._dock.progress.begin(job.title, job.method, number, total)
        # An export leaves the photo's state as it is: only these two end with another.
        photo = job.params.get("photo") if job.method in ("localize", "refine") else None
        self._running = next((item for item in self._dock.photos.photos.items if str(item.path) == photo), None)
        if self._running is not None:
            self._set_state(self._running, PhotoState.RUNNING)

    def _on_progress(self, event: ProgressEvent) -> None:
        stage = self._dock.progress.update_progress(event)
        if self._running is not None:
            self._set_state(self._running, PhotoState.RUNNING, stage)

    def _on_idle(self) -> None:
        self._running = None
        self._dock.progress.hide()
        self._dock.refresh()


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


def _why_not(item: PhotoItem, refined: bool) -> str:
    """What to say of a photo that was not found, and what would help."""
    if refined:
        return tr("{name} stays where it is: the reference there does not match it well enough.")
    if item.nadir or item.desk.work.area:
        return tr("{name} was not localized: the reference shows no place that matches it well enough.")
    return tr("{name} was not localized: no place matches well enough. Its nadir, under Options, may help.")


def _what(located: bool, refined: bool) -> str:
    """What was done, for the history."""
    if refined:
        return tr("Refine from here") if located else tr("Refine from here: no match")
    return tr("Localize") if located else tr("Localize: not found")
