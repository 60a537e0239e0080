"""The imagery that photos are matched with: the reference, and the finer imagery of a second stage."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import SERVICES, Service
from astroloc_qgis.qgis_adapters.reference import imagery_uri
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


class ReferenceChoice(QObject):
    """Which imagery is chosen; a file is remembered by the profile.

    Args:
        settings: where a chosen file is kept.
        parent: owns this.
    """

    changed = pyqtSignal()
    """Other imagery is chosen."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.file = settings.reference
        """The file; empty while none is named."""
        self.is_file = bool(self.file)
        """Whether a file is the reference."""
        self._layer_id = ""

    def choose_layer(self, layer_id: str) -> None:
        """Choose a raster layer of the project; "" chooses the index's own imagery."""
        self.is_file = False
        self._layer_id = layer_id
        self._settings.reference = ""
        self.changed.emit()

    def choose_file(self, path: str) -> None:
        """Choose a file; "" waits for one to be named."""
        self.is_file = True
        if path != self.file:
            self.file = self._settings.reference = path
        self.changed.emit()

    def uri(self) -> str | None:
        """Return what the engine opens, None for the index's own imagery.

        Raises:
            InputError: no file is named yet, or the layer cannot be read outside QGIS.
        """
        if self.is_file:
            if not self.file:
                raise InputError(tr("Choose the file of the reference imagery."))
            return self.file
        layer = self.layer()
        return imagery_uri(layer) if isinstance(layer, QgsRasterLayer) else None

    def layer(self) -> QgsRasterLayer | None:
        """Return the reference as a layer, to look at its extent and resolution; None for the index's own imagery."""
        if self.is_file:
            return QgsRasterLayer(self.file, "reference") if self.file else None
        return QgsProject.instance().mapLayer(self._layer_id)


LAYER, FILE = "layer:", "file:"
"""What a chosen layer's id, or a chosen file's path, follows."""


class FinerChoice(QObject):
    """Which finer imagery is chosen: none, a service of the catalogue, a raster layer of the project, or a file.

    A service and a file are remembered by the profile, a layer for the session.

    Args:
        settings: where the choice and the licences that were shown are kept.
        parent: owns this.
    """

    changed = pyqtSignal()
    """Other imagery is chosen."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        remembered = settings.finer
        self.name = remembered if remembered in SERVICES or remembered.startswith(FILE) else ""
        """A service's key, or ``LAYER`` or ``FILE`` with what follows it; "" for none."""

    def choose(self, name: str) -> None:
        """Choose finer imagery, by its name as in ``name``."""
        self.name = name
        if not name.startswith(LAYER):
            self._settings.finer = name
        self.changed.emit()

    def uri(self) -> str | None:
        """Return what the engine opens: of a service its key, for the engine knows the day of each photo.

        Raises:
            InputError: the layer is not in the project any more, or cannot be read outside QGIS.
        """
        if not self.name:
            return None
        if self.name in SERVICES:
            return self.name
        if self.name.startswith(FILE):
            return self.name.removeprefix(FILE)
        layer = QgsProject.instance().mapLayer(self.name.removeprefix(LAYER))
        if not isinstance(layer, QgsRasterLayer):
            raise InputError(tr("The finer reference is not in the project any more: choose another one."))
        return imagery_uri(layer)

    def must_ask(self, service: Service) -> bool:
        """Whether the licence of a service is yet to be shown."""
        return service.ask and service.key not in self._settings.licences.split()

    def accept_licence(self, service: Service) -> None:
        """Remember that the user has seen and accepted a licence."""
        self._settings.licences = " ".join(sorted({*self._settings.licences.split(), service.key}))
