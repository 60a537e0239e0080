"""Chooses the reference imagery: the index's own, a raster layer of the project, or a file."""

from __future__ import annotations

from qgis.core import Qgis, QgsProject
from qgis.gui import QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from astroloc_qgis.gui.model.reference_choice import ReferenceChoice
from astroloc_qgis.qgis_adapters.layers import all_photo_layers
from astroloc_qgis.qgis_adapters.text import tr

SCOPE, KEY = "AstroLoc", "/reference"
"""Where a project keeps which of its layers is the reference."""


class ReferenceChooser(QWidget):
    """A box with the project's raster layers; the first entry is the index's own imagery, the last a file.

    A layer that was chosen is remembered by its project, a file by the profile.

    Args:
        reference: the choice that this shows and changes.
        parent: a window.
    """

    def __init__(self, reference: ReferenceChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reference = reference
        self.layers = QgsMapLayerComboBox(self)
        self.layers.setFilters(Qgis.LayerFilter.RasterLayer)
        self.layers.setAllowEmptyLayer(True, tr("The index's own imagery"))
        self.layers.setAdditionalItems([tr("A file…")])
        self.layers.setCurrentIndex(0)
        self.layers.setSizeAdjustPolicy(self.layers.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.layers.setMinimumContentsLength(12)
        self.layers.setAccessibleName(tr("Reference imagery"))
        self.layers.setToolTip(
            tr("The imagery to match the photo with: a raster layer of the project, a file, or what the index names")
        )
        self.file = QgsFileWidget(self)
        self.file.setStorageMode(QgsFileWidget.StorageMode.GetFile)
        self.file.setDialogTitle(tr("Reference imagery"))
        self.file.lineEdit().setPlaceholderText(tr("Any raster that GDAL opens"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.layers)
        layout.addWidget(self.file)
        self.setFocusProxy(self.layers)
        if reference.is_file:
            self.file.setFilePath(reference.file)
            self.layers.setCurrentIndex(self.layers.count() - 1)
        self._update()
        self.layers.currentIndexChanged.connect(self._update)
        self.file.fileChanged.connect(self._update)
        project = QgsProject.instance()
        project.layersAdded.connect(self._leave_out_photos)
        self.layers.activated.connect(self._on_activated)
        project.readProject.connect(self._recall)
        self._recall()

    @property
    def is_file(self) -> bool:
        """Whether a file is to be used."""
        return bool(self.layers.currentText() == tr("A file…") and self.layers.currentLayer() is None)

    def set_file(self, path: str) -> None:
        """Choose a file."""
        self.layers.setCurrentIndex(self.layers.count() - 1)
        self.file.setFilePath(path)

    def stop(self) -> None:
        """Stop listening to the project."""
        QgsProject.instance().layersAdded.disconnect(self._leave_out_photos)
        QgsProject.instance().readProject.disconnect(self._recall)

    def _update(self) -> None:
        self.file.setVisible(self.is_file)
        if self.is_file:
            self._reference.choose_file(str(self.file.filePath()))
        else:
            layer = self.layers.currentLayer()
            self._reference.choose_layer(layer.id() if layer else "")

    def _on_activated(self) -> None:
        """The user chose an entry of the box (also the one that was chosen before)."""
        self._remember()
        if self.is_file:
            before = str(self.file.filePath())
            path, _ = QFileDialog.getOpenFileName(self, tr("Reference imagery"), before)
            if path:
                self.file.setFilePath(path)
            else:
                self.file.lineEdit().setFocus()  # an address of imagery is typed

    def _remember(self) -> None:
        layer = self.layers.currentLayer()
        QgsProject.instance().writeEntry(SCOPE, KEY, layer.id() if layer else "")

    def _recall(self) -> None:
        """Choose the layer that the project remembers, if it still has it."""
        name, _ = QgsProject.instance().readEntry(SCOPE, KEY, "")
        if layer := QgsProject.instance().mapLayer(name):
            self.layers.setLayer(layer)

    def _leave_out_photos(self) -> None:
        """A photo is not a reference for another one."""
        self.layers.setExceptedLayerList(all_photo_layers(QgsProject.instance()))
