"""The dialog for a new index: zooms, extent, which blocks, model, how vectors are kept, folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.gui import QgsExtentWidget
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from astroloc_qgis.engine.descriptors.registry import DEFAULT, offered
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.gui.indexes.estimate_text import estimate_text, kind_texts
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.text import tr

_IS_SHIPPED = shipped("models", f"{DEFAULT}.npz").is_file()
MODELS = tuple(name for name in offered() if name != DEFAULT or _IS_SHIPPED)
"""The engine's descriptors; the default first, where it came with the plugin."""
BLOCK_TILES = 4
WORLD_M = 2 * math.pi * 6378137.0
FEWEST_BLOCK_PIXELS = 128
"""The fewest pixels along a block's side in the reference that a descriptor can use."""
ZOOM_LIMITS = (9, 14)
WGS84 = "EPSG:4326"
WIDTH = 500


def suggest_zooms(side_m: float, resolution_m: float) -> list[int]:
    """Return up to three zooms whose blocks fit into the reference and have enough pixels in it.

    Args:
        side_m: the longer side of the reference, in Web Mercator metres.
        resolution_m: the size of its pixels, in Web Mercator metres.
    """
    coarsest, finest = ZOOM_LIMITS

    def block_m(zoom: int) -> float:
        return WORLD_M * BLOCK_TILES / 2**zoom

    while coarsest < finest and block_m(coarsest) > 1.05 * side_m:
        coarsest += 1
    zooms = range(coarsest, min(coarsest + 2, finest) + 1)
    detailed = [zoom for zoom in zooms if block_m(zoom) / resolution_m >= FEWEST_BLOCK_PIXELS]
    return detailed or [coarsest]


@dataclass(frozen=True)
class Suggestion:
    """What an index is suggested to be of.

    Attributes:
        extent: west, south, east, north in degrees.
        zooms: of its blocks.
        imagery: name of what is indexed, for the user.
    """

    extent: tuple[float, float, float, float]
    zooms: Sequence[int]
    imagery: str


class IndexDialog(QDialog):
    """Zooms, extent, model and folder of a new index.

    Args:
        reference: the imagery, to suggest zooms and extent from; or the suggestion itself.
        folder: where the index is suggested to go.
        parent: a window.
        imagery: what is indexed, as the engine opens it: earlier builds of such imagery tell the time.
    """

    def __init__(
        self, reference: QgsRasterLayer | Suggestion, folder: Path, parent: QWidget | None = None, imagery: str = ""
    ) -> None:
        super().__init__(parent)
        self._imagery = imagery
        self.setWindowTitle(tr("Build index"))
        self.about = QLabel(
            tr(
                "An index is what photos are looked up in: the reference imagery, described block by block. "
                "Building takes seconds for a region and many minutes for a continent; it can be stopped and resumed."
            )
        )
        self.about.setWordWrap(True)
        self.zooms = QLineEdit(self)
        self.zooms.setToolTip(
            tr("Sizes of the blocks: 9 is about 313 km at the equator, 10 is 156 km, 11 is 78 km, and so on to 14")
        )
        self.extent = QgsExtentWidget(self)
        self.extent.setNullValueAllowed(False)
        self.model = QComboBox(self)
        self.model.addItems(MODELS)
        self.model.setToolTip(tr("How blocks and photos are described; the first is right for nearly everything"))
        self.blocks = QComboBox(self)
        self.blocks.addItem(tr("Everything with data"), False)
        self.blocks.addItem(tr("Land and coasts"), True)
        self.blocks.setToolTip(tr("Open sea shows nothing that a photo could be recognised by"))
        self.kind = QComboBox(self)
        for kind, words in kind_texts().items():
            self.kind.addItem(words, kind)
        self.kind.setToolTip(tr("Smaller ones find a little less; exact is right up to a few hundred thousand blocks"))
        self.keep_units = QCheckBox(tr("Keep what an update needs (1 kB a block)"), self)
        self.keep_units.setToolTip(
            tr("With it, “index update” on the command line describes only blocks whose imagery or area has changed")
        )
        self.folder = folder_widget(path=str(folder), parent=self)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel, self)
        self.buttons.button(standard.Ok).setText(tr("Build"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.estimate = QLabel(self)
        self.estimate.setWordWrap(True)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.hide()
        form = QFormLayout(self)
        form.addRow(self.about)
        if isinstance(reference, Suggestion):
            form.addRow(tr("Imagery"), QLabel(reference.imagery, self))
        form.addRow(tr("&Zooms"), self.zooms)
        form.addRow(tr("&Extent"), self.extent)
        form.addRow(tr("&Blocks"), self.blocks)
        form.addRow(tr("&Model"), self.model)
        form.addRow(tr("&Storage"), self.kind)
        form.addRow("", self.keep_units)
        form.addRow(tr("&Folder"), self.folder)
        form.addRow(tr("Estimate"), self.estimate)
        form.addRow(self.problem)
        form.addRow(self.buttons)
        if isinstance(reference, Suggestion):
            self._fill(QgsRectangle(*reference.extent), reference.zooms)
        else:
            self._suggest(reference)
        self.zooms.textChanged.connect(self._show_estimate)
        self.model.currentTextChanged.connect(self._show_estimate)
        self.blocks.currentIndexChanged.connect(self._show_estimate)
        self.kind.currentIndexChanged.connect(self._show_estimate)
        self.extent.extentChanged.connect(self._show_estimate)
        self.folder.fileChanged.connect(self._show_estimate)
        self._show_estimate()
        self.resize(WIDTH, form.totalHeightForWidth(WIDTH))

    def params(self) -> Mapping[str, Any]:
        """Return what the fields say, as the engine takes it; the extent is west, south, east, north in degrees.

        Raises:
            InputError: a field makes no sense; the sentence says which.
        """
        words = self.zooms.text().replace(",", " ").split()
        try:
            zooms = sorted({int(word) for word in words})
        except ValueError as error:
            raise InputError(tr("The zooms “{}” are not whole numbers.").format(self.zooms.text())) from error
        if not zooms or zooms[0] < 1 or zooms[-1] > ZOOM_LIMITS[1]:
            raise InputError(tr("Give at least one zoom, from 1 to {}.").format(ZOOM_LIMITS[1]))
        box = self.extent.outputExtent()
        if box.isEmpty():
            raise InputError(tr("Give an extent that is not empty."))
        if not self.folder.filePath():
            raise InputError(tr("Choose a folder for the index."))
        extent = [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]
        return {
            "zooms": zooms,
            "extent": extent,
            "land_only": self.blocks.currentData(),
            "model": self.model.currentText(),
            "kind": self.kind.currentData(),
            "keep_units": self.keep_units.isChecked(),
            "out": self.folder.filePath(),
        }

    def accept(self) -> None:
        """Close, if all fields are valid."""
        try:
            self.params()
        except InputError as error:
            self.problem.setText(str(error))
            self.problem.show()
        else:
            super().accept()

    def _show_estimate(self, *_changed: object) -> None:
        try:
            text, more = estimate_text(self.params(), self._imagery)
        except InputError as error:
            text, more = str(error), ""
        self.estimate.setText(text)
        self.estimate.setToolTip(more)

    def _suggest(self, reference: QgsRasterLayer) -> None:
        project = QgsProject.instance()
        geographic = _extent_in(reference, QgsCoordinateReferenceSystem(WGS84), project)
        mercator = _extent_in(reference, QgsCoordinateReferenceSystem("EPSG:3857"), project)
        resolution = mercator.width() / max(1, reference.width())
        zooms = suggest_zooms(max(mercator.width(), mercator.height()), max(resolution, 1e-6))
        self._fill(geographic, zooms)

    def _fill(self, geographic: QgsRectangle, zooms: Sequence[int]) -> None:
        wgs84 = QgsCoordinateReferenceSystem(WGS84)
        self.extent.setOriginalExtent(geographic, wgs84)
        self.extent.setCurrentExtent(geographic, wgs84)
        self.extent.setOutputCrs(wgs84)
        self.extent.setOutputExtentFromOriginal()
        self.zooms.setText(", ".join(map(str, zooms)))


def _extent_in(layer: QgsRasterLayer, crs: QgsCoordinateReferenceSystem, project: QgsProject) -> QgsRectangle:
    transform = QgsCoordinateTransform(layer.crs(), crs, project)
    transform.setBallparkTransformsAreAppropriate(True)
    return transform.transformBoundingBox(layer.extent())
