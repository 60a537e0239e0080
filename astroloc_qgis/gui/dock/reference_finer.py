"""Chooses the finer imagery of the second stage: none, a service of the catalogue, a raster layer, or a file."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QMessageBox, QVBoxLayout, QWidget

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE, SERVICES, Service
from astroloc_qgis.gui.model.reference_choice import FILE, LAYER, FinerChoice
from astroloc_qgis.qgis_adapters.layers import all_photo_layers
from astroloc_qgis.qgis_adapters.text import tr

ANOTHER_FILE = "another file"
FINEST = "sentinel-2-2016"
"""The service that is proposed where finer imagery is needed: the finest that is free for all uses."""


class FinerChooser(QWidget):
    """A box: no finer imagery, the services, the project's raster layers, a file.

    Args:
        finer: the choice that this shows and changes.
        parent: a window.
    """

    def __init__(self, finer: FinerChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finer = finer
        self.box = QComboBox(self)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        self.box.setAccessibleName(tr("Finer reference"))
        self.box.setToolTip(
            tr(
                "Once a photo is found, it is refined on this imagery, if it shows more than the reference does. "
                "Where that fails, its place stays as it was found."
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        self.setFocusProxy(self.box)
        self._fill()
        self.box.activated.connect(self._on_activated)
        project = QgsProject.instance()
        project.layersAdded.connect(self._fill)
        project.layersRemoved.connect(self._fill)

    def stop(self) -> None:
        """Stop listening to the project."""
        QgsProject.instance().layersAdded.disconnect(self._fill)
        QgsProject.instance().layersRemoved.disconnect(self._fill)

    def choose(self, name: str) -> bool:
        """Choose imagery by its name (``FinerChoice``), once its licence was accepted; returns whether it was."""
        service = SERVICES.get(name)
        if service is not None and self._finer.must_ask(service):
            if not self._ask(service):
                self._show()
                return False
            self._finer.accept_licence(service)
        self._finer.choose(name)
        self._fill()
        return True

    def _fill(self, *_: object) -> None:
        self.box.clear()
        self.box.addItem(tr("None"), "")
        for service in SERVICES.values():
            if service is not BLUE_MARBLE:
                self._add(service.title, service.key, f"{service.attribution}\n{service.licence}")
        photos = {layer.id() for layer in all_photo_layers(QgsProject.instance())}
        for name, layer in QgsProject.instance().mapLayers().items():
            if isinstance(layer, QgsRasterLayer) and name not in photos:
                self._add(layer.name(), f"{LAYER}{name}", tr("A layer of the project"))
        if self._finer.name.startswith(FILE):
            path = Path(self._finer.name.removeprefix(FILE))
            self._add(path.name, self._finer.name, str(path))
        self.box.addItem(tr("A file…"), ANOTHER_FILE)
        if self.box.findData(self._finer.name) < 0:  # its layer has gone
            self._finer.choose("")
        self._show()

    def _add(self, text: str, name: str, tip: str) -> None:
        self.box.addItem(text, name)
        self.box.setItemData(self.box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _show(self) -> None:
        self.box.setCurrentIndex(max(0, self.box.findData(self._finer.name)))

    def _on_activated(self, number: int) -> None:
        name = str(self.box.itemData(number) or "")
        if name == ANOTHER_FILE:
            path, _ = QFileDialog.getOpenFileName(self, tr("Finer reference"))
            if not path:
                self._show()
                return
            name = f"{FILE}{path}"
        self.choose(name)

    def _ask(self, service: Service) -> bool:
        """Show the licence of a service; returns whether the user goes on."""
        text = tr(
            "{title}\n\nLicence: {licence}\n{url}\n\nCredit, wherever you show it: {attribution}\n\n"
            "Its tiles are fetched from this service about each photo; no photo is sent."
        ).format(title=service.title, licence=service.licence, url=service.licence_url, attribution=service.attribution)
        buttons = QMessageBox.StandardButton
        return QMessageBox.question(self, tr("Use this imagery?"), text, buttons.Yes | buttons.No) == buttons.Yes
