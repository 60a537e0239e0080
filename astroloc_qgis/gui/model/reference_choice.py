"""The reference imagery that photos are matched with: the index's own, a raster layer of the project, or a file."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.errors import InputError
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
