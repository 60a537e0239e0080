"""QGIS's side of NASA's photo database: requests through QGIS's network, the key in its authentication database."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from qgis.core import QgsApplication, QgsAuthManager, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QEventLoop, QTimer, QUrl
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.nasa.addresses import KEY_VARIABLE
from astroloc_qgis.engine.nasa.client import Answer, Receive
from astroloc_qgis.engine.nasa.errors import BrokenOffError, TooSlowError, UnreachableError

KEY_SETTING = "astroloc/nasa_key"
"""The name of the key in QGIS's authentication database, where it is encrypted."""
LOOK_MS = 100
"""Time between two looks at whether the request is still wanted."""
SHARE_OF_QGIS = 0.9
"""Our time limit as a share of QGIS's own, at most: QGIS writes the addresses that time out into its log."""


class KeyStore:
    """The user's key; where QGIS's authentication database cannot be used, it is kept until QGIS ends.

    Attributes:
        session: the key of this session.
    """

    def __init__(self) -> None:
        self.session = ""

    @property
    def keeps(self) -> bool:
        """Whether QGIS's authentication database can be used."""
        return _manager() is not None

    @property
    def needs_master_password(self) -> bool:
        """Whether QGIS will ask for a new master password, with a window of its own, before it keeps a key."""
        manager = _manager()
        return manager is not None and not manager.masterPasswordHashInDatabase()

    @property
    def has_key(self) -> bool:
        """Whether there is a key; asks for no password."""
        manager = _manager()
        kept = manager is not None and manager.existsAuthSetting(KEY_SETTING)
        return bool(kept or self.session or os.environ.get(KEY_VARIABLE))

    def read(self) -> str:
        """The key, "" for none; QGIS may ask for its master password. On the main thread only."""
        if not self.session:
            manager = _manager()
            if manager is not None and manager.existsAuthSetting(KEY_SETTING):
                self.session = str(manager.authSetting(KEY_SETTING, "", True) or "")
        return self.session or os.environ.get(KEY_VARIABLE, "").strip()

    def store(self, key: str, *, keep: bool = True) -> bool:
        """Take a key, "" for none.

        Args:
            key: the key.
            keep: whether QGIS's authentication database keeps it; else it is forgotten when QGIS ends, and so is the
                one that was kept before.

        Returns:
            Whether it holds beyond this session.
        """
        self.session, manager = key, _manager()
        if manager is None:
            return False
        if not keep or not key:
            gone = not manager.existsAuthSetting(KEY_SETTING) or manager.removeAuthSetting(KEY_SETTING)
            return bool(gone and not key)
        return bool(manager.storeAuthSetting(KEY_SETTING, key, True))


def _manager() -> QgsAuthManager | None:
    manager = QgsApplication.authManager()
    return None if manager is None or manager.isDisabled() else manager


class QgisTransport:
    """Makes requests through QGIS's network: its proxy, its certificates (a ``Transport``); in any thread.

    The addresses, which hold the key, stay out of QGIS's cache and its log.

    Args:
        stopped: whether the requests are no longer wanted.
    """

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def __call__(self, url: str, headers: Mapping[str, str], timeout_s: float, receive: Receive | None) -> Answer:
        """Make one GET request.

        Raises:
            UnreachableError, BrokenOffError, TooSlowError: there is no complete answer.
            Cancelled: the request is no longer wanted.
        """
        if self._stopped():
            raise Cancelled
        request = QNetworkRequest(QUrl.fromEncoded(url.encode("ascii")))
        for name, value in headers.items():
            request.setRawHeader(name.encode(), value.encode())
        request.setAttribute(
            QNetworkRequest.Attribute.CacheLoadControlAttribute, QNetworkRequest.CacheLoadControl.AlwaysNetwork
        )
        request.setAttribute(QNetworkRequest.Attribute.CacheSaveControlAttribute, False)
        reply = QgsNetworkAccessManager.instance().get(request)
        try:
            return _Exchange(reply, timeout_s, receive, self._stopped).run()
        finally:
            reply.abort()
            reply.deleteLater()


class _Exchange:
    """One request on its way, in an event loop of its own."""

    def __init__(
        self, reply: QNetworkReply, timeout_s: float, receive: Receive | None, stopped: Callable[[], bool]
    ) -> None:
        self._reply, self._receive, self._stopped = reply, receive, stopped
        self._loop, self._body, self._begun = QEventLoop(), bytearray(), Answer(0)
        self._received = 0
        self._problem: BaseException | None = None
        self._silence, self._look = QTimer(), QTimer()
        self._silence.setSingleShot(True)
        self._silence.setInterval(round(min(1000 * timeout_s, SHARE_OF_QGIS * QgsNetworkAccessManager.timeout())))
        self._silence.timeout.connect(lambda: self._end(TooSlowError()))
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(lambda: self._end(Cancelled()) if stopped() else None)
        reply.readyRead.connect(self._take)
        reply.finished.connect(self._loop.quit)

    def run(self) -> Answer:
        """Wait for the answer."""
        self._silence.start()
        self._look.start()
        if not self._reply.isFinished():
            self._loop.exec()
        self._silence.stop()
        self._look.stop()
        if self._problem is None:
            self._take()
        if self._problem is not None:
            raise self._problem
        error, begun = self._reply.error(), self._beginning()
        if error == QNetworkReply.NetworkError.RemoteHostClosedError:
            raise BrokenOffError(self._reply.errorString())
        if error == QNetworkReply.NetworkError.TimeoutError:
            raise TooSlowError
        if not begun.status:
            raise UnreachableError(self._reply.errorString())
        length = begun.headers.get("content-length", "")
        if length.isdigit() and "content-encoding" not in begun.headers and self._received < int(length):
            raise BrokenOffError(f"{int(length) - self._received} bytes are missing")
        return Answer(begun.status, begun.headers, bytes(self._body))

    def _take(self) -> None:
        """Take what has arrived."""
        self._silence.start()
        piece = bytes(self._reply.readAll())
        if not piece or self._problem is not None:
            return
        self._received += len(piece)
        begun = self._beginning()
        if self._receive is None or begun.status != 200:
            self._body += piece
            return
        try:
            self._receive(begun, piece)
        except Exception as error:  # noqa: BLE001 - raised again outside of Qt's slot
            self._end(error)

    def _beginning(self) -> Answer:
        """Status and headers; the same object for the whole answer."""
        status = self._reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        if not self._begun.status and status:
            pairs = self._reply.rawHeaderPairs()
            headers = {bytes(name).decode("latin-1").lower(): bytes(value).decode("latin-1") for name, value in pairs}
            self._begun = Answer(int(status), headers)
        return self._begun

    def _end(self, problem: BaseException) -> None:
        if self._problem is None:
            self._problem = problem
            self._loop.quit()
