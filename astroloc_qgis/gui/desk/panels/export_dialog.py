"""The export dialog: which photos, in which forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject
from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.registry import FORMS
from astroloc_qgis.gui.desk.file_names import DEFAULT, FIELDS, file_names
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.work import PhotoState
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.desk_settings import DeskSettings
from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import tr

USUAL = ("geotiff", "footprint_gpkg", "sidecar")
REPORT = "report"


class ExportDialog(QDialog):
    """Forms, raster options, photos, folder and names.

    Args:
        items: the photos that lie somewhere.
        current: the one on the desk.
        folder: where files go by default.
        parent: a window.
    """

    def __init__(
        self, items: Sequence[PhotoItem], current: PhotoItem | None, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export photos"))
        self._items, self._current = list(items), current
        self._settings = DeskSettings()
        self.photos = QComboBox(self)
        accepted = [item for item in items if item.desk.work.state in (PhotoState.ACCEPTED, PhotoState.EXPORTED)]
        self._choices: list[list[PhotoItem]] = []
        for text, chosen in (
            (
                tr("{name}").format(name=current.name if current else ""),
                [current] if current in items and current else [],
            ),
            (tr("All accepted photos ({n})").format(n=len(accepted)), accepted),
            (tr("All photos that lie somewhere ({n})").format(n=len(items)), list(items)),
        ):
            if chosen:
                self.photos.addItem(text)
                self._choices.append(chosen)
        self.photos.setToolTip(tr("Which photos are written"))
        self.forms: dict[str, QCheckBox] = {}
        forms = QGroupBox(tr("What"), self)
        grid = QGridLayout(forms)
        for number, (form, (text, tip)) in enumerate(_shown_forms().items()):
            box = QCheckBox(text, forms)
            box.setToolTip(tip)
            box.setChecked(form in USUAL)
            box.toggled.connect(self._check)
            self.forms[form] = box
            grid.addWidget(box, number % 5, number // 5)
        raster = QGroupBox(tr("Rasters"), self)
        form_layout = QFormLayout(raster)
        self.crs = QgsProjectionSelectionWidget(self)
        self.crs.setCrs(QgsProject.instance().crs() if QgsProject.instance().crs().isValid() else _wgs84())
        self.crs.setToolTip(tr("The coordinate reference system of GeoTIFF, COG and uncertainty"))
        self.resolution = QDoubleSpinBox(self)
        self.resolution.setDecimals(8)
        self.resolution.setRange(0.0, 100_000.0)
        self.resolution.setSpecialValueText(tr("the photo's own"))
        self.resolution.setToolTip(tr("Size of a pixel in units of the coordinate reference system"))
        self.resampling = _combo(
            {"cubic": tr("cubic"), "bilinear": tr("bilinear"), "nearest": tr("nearest"), "lanczos": tr("Lanczos")},
            tr("How pixels are computed; nearest keeps values as they are"),
        )
        self.compression = _combo(
            {"DEFLATE": "Deflate", "LZW": "LZW", "ZSTD": "ZSTD", "NONE": tr("none")},
            tr("All are lossless; Deflate is read everywhere"),
        )
        self.depth = _combo(
            {"keep": tr("as in the photo"), "8": tr("8 bits")}, tr("A photo of 16 bits can be stretched to 8")
        )
        self.transparency = _combo(
            {"alpha": tr("alpha band"), "nodata": tr("nodata (0)")}, tr("How a raster says where there is no photo")
        )
        self.overviews = QCheckBox(tr("Overviews"), self)
        self.overviews.setChecked(True)
        self.overviews.setToolTip(tr("Smaller copies inside the GeoTIFF: it draws fast at any scale"))
        for label, widget in (
            (tr("CRS"), self.crs),
            (tr("Pixel size"), self.resolution),
            (tr("Resampling"), self.resampling),
            (tr("Compression"), self.compression),
            (tr("Depth"), self.depth),
            (tr("Outside the photo"), self.transparency),
            ("", self.overviews),
        ):
            form_layout.addRow(label, widget)
        self.folder = folder_widget(path=self._settings.export_folder or str(folder / "export"), parent=self)
        self.name = QLineEdit(DEFAULT, self)
        self.name.setToolTip(tr("Fields: {fields}").format(fields=", ".join(f"{{{field}}}" for field in FIELDS)))
        self.example = QLabel(self)
        self.example.setWordWrap(True)
        self.buttons = QDialogButtonBox(self)
        self.ok = self.buttons.addButton(tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Help)
        self.buttons.accepted.connect(self._on_accept)
        self.buttons.rejected.connect(self.reject)
        self.buttons.helpRequested.connect(show_help)
        top = QFormLayout()
        top.addRow(tr("Photos"), self.photos)
        bottom = QFormLayout()
        bottom.addRow(tr("Folder"), self.folder)
        bottom.addRow(tr("Names"), self.name)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(forms)
        layout.addWidget(raster)
        layout.addLayout(bottom)
        layout.addWidget(self.example)
        layout.addWidget(self.buttons)
        self._remember()
        self.name.textChanged.connect(self._check)
        self.photos.currentIndexChanged.connect(self._check)
        self.folder.fileChanged.connect(self._check)
        self._check()
        self.ok.setDefault(True)

    def chosen(self) -> list[PhotoItem]:
        """Return the photos to export."""
        index = self.photos.currentIndex()
        return self._choices[index] if 0 <= index < len(self._choices) else []

    def names(self) -> list[str]:
        """Return the name of each photo's files.

        Raises:
            InputError: the template gives none.
        """
        return file_names(self.name.text(), [(item.path, item.desk.work) for item in self.chosen()])

    def options(self) -> dict[str, Any]:
        """Return the options as the engine takes them."""
        crs = self.crs.crs()
        return {
            "forms": [form for form, box in self.forms.items() if box.isChecked() and form != REPORT],
            "crs": crs.authid() if crs.authid().startswith("EPSG:") else crs.toWkt(Qgis.CrsWktVariant.Preferred),
            "resolution": self.resolution.value() or None,
            "resampling": self.resampling.currentData(),
            "compression": self.compression.currentData(),
            "depth": self.depth.currentData(),
            "transparency": self.transparency.currentData(),
            "overviews": self.overviews.isChecked(),
        }

    @property
    def with_report(self) -> bool:
        """Whether a report is to be written."""
        return bool(self.forms[REPORT].isChecked())

    def _check(self) -> None:
        try:
            names = self.names()
            if not self.folder.filePath():
                raise InputError(tr("Choose a folder."))
            if not any(box.isChecked() for box in self.forms.values()):
                raise InputError(tr("Choose at least one thing to write."))
        except InputError as error:
            self.example.setText(str(error))
            self.ok.setEnabled(False)
            return
        more = tr(" and {n} more").format(n=len(names) - 1) if len(names) > 1 else ""
        self.example.setText(tr("For example {name}.tif").format(name=names[0]) + more)
        self.ok.setEnabled(True)

    def _on_accept(self) -> None:
        boxes = (self.resampling, self.compression, self.depth, self.transparency)
        kept = {
            "forms": [form for form, box in self.forms.items() if box.isChecked()],
            "choices": [box.currentData() for box in boxes],
            "overviews": self.overviews.isChecked(),
            "name": self.name.text(),
        }
        self._settings.export = json.dumps(kept)
        self._settings.export_folder = self.folder.filePath()
        self.accept()

    def _remember(self) -> None:
        """Show the choices of the last export."""
        try:
            kept = json.loads(self._settings.export or "{}")
            for form, box in self.forms.items():
                if "forms" in kept:
                    box.setChecked(form in kept["forms"])
            boxes = (self.resampling, self.compression, self.depth, self.transparency)
            for combo, value in zip(boxes, kept.get("choices", ()), strict=False):
                combo.setCurrentIndex(max(0, combo.findData(value)))
            self.overviews.setChecked(bool(kept.get("overviews", True)))
            self.name.setText(str(kept.get("name", DEFAULT)))
        except (ValueError, TypeError, AttributeError):  # settings of another version: keep the defaults
            self._settings.export = ""


def show_help() -> None:
    """Open the desk's page of help."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(resource("help", "desk.html"))))


def _combo(entries: dict[str, str], tip: str) -> QComboBox:
    box = QComboBox()
    for value, text in entries.items():
        box.addItem(text, value)
    box.setToolTip(tip)
    return box


def _wgs84() -> QgsCoordinateReferenceSystem:
    return QgsCoordinateReferenceSystem("EPSG:4326")


def _shown_forms() -> dict[str, tuple[str, str]]:
    """Name -> label and tooltip of every form of the engine's registry, and of the report, which is the desk's own."""
    texts = _texts()
    forms = {name: texts.get(name, (form.label or name, form.label or name)) for name, form in FORMS.items()}
    return {**forms, REPORT: texts[REPORT]}


def _texts() -> dict[str, tuple[str, str]]:
    return {
        "geotiff": (tr("GeoTIFF"), tr("The photo warped to the map, tiled and compressed")),
        "cog": (tr("Cloud-optimised GeoTIFF"), tr("The same for the web: read in parts over a network")),
        "gcp_photo": (tr("Untouched photo"), tr("The photo's own pixels, with its tie points in the file's header")),
        "world_file": (tr("World file"), tr("Six numbers beside the GeoTIFF, for programs that read no tags")),
        "vrt": (tr("VRT"), tr("A small file that makes GDAL and QGIS warp the photo as they open it")),
        "uncertainty": (tr("Uncertainty"), tr("A raster of the error in metres; it needs six tie points")),
        "footprint_gpkg": (tr("Footprint: GeoPackage"), tr("The outline on the ground, with attributes")),
        "footprint_geojson": (tr("Footprint: GeoJSON"), tr("The outline for the web")),
        "footprint_kml": (tr("Footprint: KML"), tr("The outline for globes")),
        "footprint_shapefile": (tr("Footprint: Shapefile"), tr("The outline for older programs")),
        "points": (tr("Control points (.points)"), tr("The tie points as QGIS's Georeferencer reads them")),
        "sidecar": (tr("Metadata (JSON)"), tr("Everything that is needed to do it again")),
        "stac": (tr("STAC item"), tr("For catalogues of imagery")),
        REPORT: (tr("Report (PDF)"), tr("One page with map, photo, tie points and errors")),
    }
