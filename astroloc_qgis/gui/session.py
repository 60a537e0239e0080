"""What the dock and the desk share: photos, engine, reference, index, results folder, messages, and their signals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.blue_marble import METHOD as FETCHES_IMAGERY
from astroloc_qgis.gui.blue_marble import BlueMarble
from astroloc_qgis.gui.messages import Messages
from astroloc_qgis.gui.model.index_choice import IndexChoice
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoModel
from astroloc_qgis.gui.model.project_store import ProjectStore
from astroloc_qgis.gui.model.reference_choice import FinerChoice, ReferenceChoice
from astroloc_qgis.gui.model.result_folders import result_folder
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_command
from astroloc_qgis.qgis_adapters.engine.jobs import Job, JobRunner
from astroloc_qgis.qgis_adapters.engine.process import START, EngineProcess
from astroloc_qgis.qgis_adapters.files import default_output_folder
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, INPUT, Failure

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class Session(QObject):
    """One run of the plugin: made by the plugin, handed to the dock and to the desk, which do not know each other.

    Args:
        iface: QGIS's interface for plugins.
        parent: owns the session.

    Attributes:
        iface: QGIS's interface for plugins.
        settings: what is remembered between sessions.
        messages: tells the user something in the message bar.
        photos: the list of photos.
        selected: the photos that are selected in the list, in their order.
        reference: the chosen reference imagery.
        finer: the finer imagery that a photo is refined on, if any.
        index: the chosen index.
        engine: the engine process.
        jobs: the queue of jobs for the engine.
        blue_marble: the world index's imagery, kept on this computer.
        project_store: keeps the photos with the project.
    """

    selection_changed = pyqtSignal()
    """Other photos are selected."""
    review_requested = pyqtSignal(object)
    """The desk opens on a photo (``PhotoItem``)."""
    localized = pyqtSignal(object)
    """A photo was localized, and its layers are on the map (``PhotoItem``)."""
    photo_read = pyqtSignal(object)
    """The photo on the desk was read (``PhotoItem``): its size is known, even if only the engine reads it."""
    nadir_changed = pyqtSignal()
    """The nadir of photos was changed on the desk."""
    busy_changed = pyqtSignal()
    """Jobs were queued, or all jobs are over."""

    def __init__(self, iface: QgisInterface, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.iface = iface
        self.settings = Settings()
        self.messages = Messages(iface.messageBar(), iface.mainWindow())
        self.photos = PhotoModel(self)
        self.selected: Sequence[PhotoItem] = ()
        self.reference = ReferenceChoice(self.settings, self)
        self.finer = FinerChoice(self.settings, self)
        self.index = IndexChoice(self.settings, self)
        self.engine = EngineProcess(lambda: engine_command(self.settings), self)
        self.jobs = JobRunner(self.engine, self)
        self.jobs.idle.connect(self.busy_changed)
        self.blue_marble = BlueMarble(self.jobs, lambda jobs: self.run(jobs), self)
        self.blue_marble.ended.connect(self._on_blue_marble)
        self.blue_marble.failed.connect(self.tell_failure)
        self.project_store = ProjectStore(iface, self.photos, self)
        self.project_store.failed.connect(self.messages.error)

    @property
    def busy(self) -> bool:
        """Whether the engine works on a job."""
        return self.jobs.busy

    @property
    def takes_photos(self) -> bool:
        """Whether photos can be localized: nothing is done, or imagery is fetched, which they wait for."""
        return self.jobs.methods <= {FETCHES_IMAGERY}

    def select(self, items: Sequence[PhotoItem]) -> None:
        """Tell which photos are selected in the list."""
        self.selected = items
        self.selection_changed.emit()

    def output_folder(self, photo: Path | None) -> Path:
        """Return where the results of ``photo`` go: never where those of another photo have the same names."""

        def usual(path: Path | None) -> Path:
            return Path(self.settings.output) if self.settings.output else default_output_folder(path)

        return usual(None) if photo is None else result_folder(photo, self.photos.items, usual)

    def imagery(self) -> str:
        """Return the imagery that photos are matched with: the chosen one, else the index's own.

        Raises:
            InputError: the reference cannot be read outside QGIS, or there is no index, or it is a service's.
        """
        if self.index.is_service and not self.reference.uri():
            raise InputError(tr("Choose the reference imagery: that of an index service is not read from here."))
        return self.reference.uri() or read_index_summary(self.index.path).imagery_uri

    def run(self, jobs: Iterable[Job]) -> None:
        """Run jobs after those that wait already."""
        self.jobs.run(jobs)
        self.busy_changed.emit()

    def cancel(self) -> None:
        """Stop the job under way and all that wait."""
        self.jobs.cancel()

    def _on_blue_marble(self, well: bool, sentence: str) -> None:
        if well:
            self.messages.success(sentence)
            self.reference.changed.emit()

    def tell_failure(self, failure: Failure) -> None:
        """Tell the user how a job failed."""
        if failure.kind == CANCELLED:
            if failure.message:
                self.messages.info(tr("Cancelled."))
        elif failure.kind in (INPUT, START):
            self.messages.warning(failure.message, failure.details, outcome=True)
        else:
            self.messages.error(failure.message, failure.details, outcome=True)

    def stop(self) -> None:
        """End the engine process and disconnect from the project (the plugin is being switched off)."""
        self.engine.stop()
        self.project_store.stop()
