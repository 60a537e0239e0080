"""Looks photos up in NASA's photo database, and fetches their pictures, in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qgis.PyQt.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError, Cancelled
from astroloc_qgis.engine.nasa.cache import RecordCache, usual_folder
from astroloc_qgis.engine.nasa.client import NasaClient, Transport
from astroloc_qgis.engine.nasa.errors import NasaError
from astroloc_qgis.engine.nasa.pictures import fetch_picture
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.engine.nasa.several import Lookup, look_up_all
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.progress import asking
from astroloc_qgis.gui.model.nasa_facts import with_record
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.nasa_access import KeyStore, QgisTransport
from astroloc_qgis.qgis_adapters.text import tr

WAIT_MS = 5000
"""How long the end of a thread is waited for."""


@dataclass
class Outcome:
    """What became of a batch so far.

    Attributes:
        asked: the number of photos.
        known: the numbers of those that NASA knows.
        unknown: the numbers of those that it does not have.
        problems: a sentence for each kind of trouble.
    """

    asked: int
    known: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Photos that were asked for."""
        return len(self.known) + len(self.unknown)


class NasaLookups(QObject):
    """One batch at a time.

    Args:
        session: has the list of photos and the messages.
        keys: has the user's key.
    """

    changed = pyqtSignal()
    """A batch has begun, gone on, or ended."""
    key_refused = pyqtSignal(str)
    """Another key is needed: a sentence."""
    fetched = pyqtSignal(object)
    """A picture has arrived (its path)."""
    _found = pyqtSignal(object, object)
    _broken = pyqtSignal(object)
    _over = pyqtSignal()

    def __init__(self, session: Session, keys: KeyStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.outcome: Outcome | None = None
        self._session, self._keys = session, keys
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._client: NasaClient | None = None
        self._last: tuple[list[str], Path | None, bool] | None = None
        self._stop = False
        self._fetching = False
        self._refused = ""
        self._found.connect(self._on_found)
        self._broken.connect(self._on_broken)
        self._over.connect(self._on_over)

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return self.outcome is not None

    def look_up(self, items: Sequence[PhotoItem], *, fresh: bool = False) -> None:
        """Fill in what NASA says of photos; those without a number are left out."""
        numbers = dict.fromkeys(number for item in items if (number := nasa_photo_number(item.path.name)))
        self._start(list(numbers), fresh=fresh)

    def fetch(self, numbers: Sequence[str], folder: Path) -> None:
        """Fetch the pictures of photos into a folder; ``fetched`` tells of each."""
        self._start(list(dict.fromkeys(numbers)), folder)

    def again(self) -> None:
        """Ask once more for what was asked for last."""
        if self._last is not None:
            numbers, folder, fresh = self._last
            self._start(numbers, folder, fresh=fresh)

    def cancel(self) -> None:
        """Stop after what is under way."""
        self._stop = True

    def stop(self) -> None:
        """Stop, and wait for the thread (the plugin is being switched off)."""
        self._stop = True
        self._pool.clear()
        self._pool.waitForDone(WAIT_MS)

    def _start(self, numbers: list[str], folder: Path | None = None, *, fresh: bool = False) -> None:
        if self.busy or not numbers:
            return
        try:
            client = self._make_client()
        except AstroLocError as error:
            self._session.messages.warning(str(error))
            return
        self._last = (numbers, folder, fresh)
        self._stop, self._fetching = False, folder is not None
        self.outcome = Outcome(len(numbers))
        self._pool.start(_Batch(self, client, numbers, folder, fresh))
        self.changed.emit()

    def _make_client(self) -> NasaClient:
        key = self._keys.read()
        if self._client is None or self._client.key != key:
            transport: Transport = QgisTransport(lambda: self._stop)
            self._client = NasaClient(key, transport, RecordCache(usual_folder()))
        return self._client

    def _on_found(self, one: Lookup, picture: Path | None) -> None:
        if self.outcome is None:
            return
        if one.record is not None:
            self.outcome.known.append(one.number)
            if picture is not None:
                self.fetched.emit(picture)
            self._fill_in(one.record)
        elif not one.problem:
            self.outcome.unknown.append(one.number)
        if one.problem and one.problem not in self.outcome.problems:
            self.outcome.problems.append(one.problem)
        self.changed.emit()

    def _fill_in(self, record: NasaRecord) -> None:
        for item in self._session.photos.items:
            if nasa_photo_number(item.path.name) == record.number:
                item.desk.change(with_record(item.desk.work, record), tr("Look up at NASA"))
        self._session.nadir_changed.emit()

    def _on_broken(self, error: AstroLocError) -> None:
        if isinstance(error, NasaError) and error.key:
            self._refused = str(error)
        elif self.outcome is not None:
            self.outcome.problems.append(str(error))

    def _on_over(self) -> None:
        outcome, self.outcome = self.outcome, None
        refused, self._refused = self._refused, ""
        self.changed.emit()
        if refused:
            self.key_refused.emit(refused)
        elif outcome is not None and not self._stop:
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        messages = self._session.messages
        known, unknown = len(outcome.known), outcome.unknown
        if outcome.problems:
            more = "\n".join(outcome.problems[1:])
            messages.warning(outcome.problems[0], more, about="nasa")
        elif unknown and not known:
            sentence = tr("NASA's photo database does not have {numbers}: check the number.")
            messages.warning(sentence.format(numbers=", ".join(unknown[:5])), about="nasa")
        elif known:
            text = (
                tr("Pictures fetched from NASA: {n} of {total}.")
                if self._fetching
                else tr("NASA knows {n} of {total} photos.")
            )
            missing = ", ".join(unknown[:5])
            text = f"{text} {tr('Not: {numbers}.')}" if missing else text
            messages.success(text.format(n=known, total=outcome.asked, numbers=missing))


class _Batch(QRunnable):
    """The work in the thread."""

    def __init__(
        self, lookups: NasaLookups, client: NasaClient, numbers: Sequence[str], folder: Path | None, fresh: bool
    ) -> None:
        super().__init__()
        self._lookups, self._client, self._numbers, self._folder = lookups, client, numbers, folder
        self._fresh = fresh

    def run(self) -> None:
        """Look up, and fetch (called by the pool)."""
        lookups = self._lookups
        try:
            with asking(self._go_on):
                for one in look_up_all(self._client, self._numbers, fresh=self._fresh):
                    self._go_on()
                    lookups._found.emit(*self._with_picture(one))
        except Cancelled:
            pass
        except AstroLocError as error:
            lookups._broken.emit(error)
        except Exception as error:  # noqa: BLE001 - a defect is told, and the next click works
            lookups._broken.emit(AstroLocError(f"{type(error).__name__}: {error}"))
        finally:
            lookups._over.emit()

    def _with_picture(self, one: Lookup) -> tuple[Lookup, Path | None]:
        if one.record is None or self._folder is None:
            return one, None
        try:
            return one, fetch_picture(self._client, one.record, self._folder, progress=self._progress)
        except NasaError as error:
            if error.key:
                raise
            return Lookup(one.number, problem=str(error)), None

    def _progress(self, _stage: str, _share: float) -> None:
        self._go_on()

    def _go_on(self) -> None:
        if self._lookups._stop:
            raise Cancelled
