"""The desk's way out: the export dialog, its jobs, the report, and pictures of the candidates on the way in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from osgeo import gdal
from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QObject, QStandardPaths
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.gui.desk.exporting import export_jobs
from astroloc_qgis.gui.desk.panels.candidate_panel import place_name
from astroloc_qgis.gui.desk.panels.details_panel import describe
from astroloc_qgis.gui.desk.panels.export_dialog import ExportDialog
from astroloc_qgis.gui.model.photo_list import PhotoItem, state_texts
from astroloc_qgis.qgis_adapters.desk_layers import footprint_layer, raster_layers
from astroloc_qgis.qgis_adapters.desk_report import write_report
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary
from astroloc_qgis.qgis_adapters.layers import all_photo_layers
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.desk.desk import Desk
    from astroloc_qgis.gui.dock.dock import AstroLocDock


class DeskExport(QObject):
    """Writes what is handed on.

    Args:
        desk: the desk.
        main: the dock with the list of photos.
        iface: QGIS's interface for plugins.
    """

    def __init__(self, desk: Desk, main: AstroLocDock, iface: QgisInterface) -> None:
        super().__init__(desk)
        self._desk, self._main, self._iface = desk, main, iface
        self._asked: set[str] = set()

    def exportable(self) -> list[PhotoItem]:
        """Return the photos that lie somewhere."""
        return [item for item in self._main.photos.photos.items if item.desk.work.placement is not None]

    def export(self) -> None:
        """Ask what is to be written, and write it."""
        items = self.exportable()
        if not items:
            self._main.messages.info(tr("Nothing to export yet: localize a photo, or place one by hand."))
            return
        current = self._desk.item
        folder = self._main.output_folder(current.path if current else items[0].path)
        dialog = ExportDialog(items, current, folder, self._iface.mainWindow())
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.run(dialog)
        dialog.deleteLater()

    def run(self, dialog: ExportDialog) -> None:
        """Do what a dialog asks for."""
        folder, options, names = Path(dialog.folder.filePath()), dialog.options(), dialog.names()
        chosen, with_report = dialog.chosen(), dialog.with_report
        left = [len(chosen)]

        def finished(item: PhotoItem, outputs: dict[str, Path]) -> None:
            left[0] -= 1
            if with_report:
                try:
                    name = names[chosen.index(item)]
                    with _no_files_beside_rasters():
                        self.report(item, folder / f"{name}.pdf", outputs.get("geotiff") or outputs.get("cog"))
                except AstroLocError as error:
                    self._main.messages.warning(str(error), error.details)
            if left[0] == 0:
                sentence = (
                    tr("{n} photos are exported to {folder}.") if len(chosen) > 1 else tr("{name} is in {folder}.")
                )
                self._main.messages.success(sentence.format(n=len(chosen), name=item.name, folder=folder))

        if not options["forms"]:
            options["forms"] = ["sidecar"]  # a report alone: what it tells is kept beside it
        self._main.localization.run(export_jobs(self._main, chosen, folder, names, options, finished))

    def report(self, item: PhotoItem, path: Path, raster: Path | None) -> Path:
        """Write the one-page report of a photo.

        Args:
            item: the photo.
            path: ".pdf".
            raster: its georeferenced raster, for the map; by default the one on the map.

        Raises:
            AstroLocError: it cannot be written.
        """
        work, project = item.desk.work, QgsProject.instance()
        placement = work.placement
        if placement is None:
            raise AstroLocError(tr("{name} lies nowhere: there is nothing to report.").format(name=item.name))
        crs = self._desk.canvas.mapSettings().destinationCrs()
        corners = transform_points(placement.footprint(), WGS84, self._desk.live.screen.crs)
        extent = QgsRectangle(*corners.min(axis=0), *corners.max(axis=0))
        extent.scale(1.25)
        ours = {layer.id() for layer in all_photo_layers(project)}
        own: list[QgsMapLayer] = [layer for layer in [footprint_layer(item.path, project)] if layer is not None]
        shown = QgsRasterLayer(str(raster), item.name) if raster is not None else None
        own += [shown] if shown is not None and shown.isValid() else raster_layers(item.path, project)
        below = [layer for layer in self._desk.canvas.layers() if layer.id() not in ours]
        pixels, metres = work.residuals()
        points = [
            (point.lon, point.lat, point.on, float(np.hypot(*px)), float(np.hypot(*m)))
            for point, px, m in zip(work.tie_points, pixels, metres, strict=True)
        ]
        return write_report(
            path,
            title=item.name,
            photo=item.path,
            layers=[*own, *below],
            extent=extent,
            crs=crs,
            facts=self._facts(item),
            tie_points=points,
            note=describe(item.path, placement.size) + tr("  ·  written by AstroLoc for QGIS"),
        )

    def ask_for_pictures(self) -> None:
        """Have pictures of the candidates drawn, where there are none yet and the engine has nothing else to do."""
        panel = self._desk.dock.candidates
        wanted = [block for block in panel.without_picture() if block not in self._asked]
        if not wanted or self._main.localization.busy or not self._desk.is_open:
            return
        try:
            imagery = self._main.reference.uri() or read_index_summary(self._main.index.path).imagery
        except AstroLocError:
            return
        self._asked |= set(wanted)
        cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
        folder = cache / "astroloc_qgis" / "candidates" / hashlib.sha256(imagery.encode()).hexdigest()[:16]
        params = {"imagery": imagery, "blocks": wanted, "folder": str(folder)}

        def done(result: Mapping[str, Any]) -> None:
            panel.add_pictures(result["pictures"])

        job = Job(tr("Pictures of the candidates"), "candidate_pictures", params, done, lambda _failure: None)
        self._main.localization.run([job])

    def _facts(self, item: PhotoItem) -> list[tuple[str, str]]:
        work = item.desk.work
        placement = work.placement
        facts = [(tr("State"), state_texts()[work.state])]
        if placement is None:
            return facts
        lon, lat = placement.to_lonlat(placement.centre[None])[0]
        facts.append((tr("Centre"), place_name(float(lon), float(lat))))
        names = ("TL", "TR", "BR", "BL")
        facts += [(name, f"{y:.5f}, {x:.5f}") for name, (x, y) in zip(names, placement.footprint(), strict=True)]
        used = [number for number, point in enumerate(work.tie_points) if point.on]
        if used:
            pixels, metres = work.residuals()
            rms = [float(np.sqrt(np.nanmean((values[used] ** 2).sum(axis=1)))) for values in (pixels, metres)]
            facts.append((tr("RMS error"), f"{rms[0]:.2f} px, {rms[1]:.1f} m"))
        if work.nadir:
            facts.append((tr("Nadir"), place_name(work.nadir[1], work.nadir[0])))
        if placement.basis == "machine":
            facts += [
                (text, f"{work.facts[name]}")
                for name, text in (
                    ("confidence", tr("Confidence")),
                    ("inliers", tr("Inliers")),
                    ("matcher", tr("Matcher")),
                )
                if work.facts.get(name) is not None
            ]
        else:
            basis = tr("tie points") if placement.basis == "tie points" else tr("by hand")
            facts.append((tr("Placed by"), basis))
        facts.append((tr("Written"), f"{np.datetime64('now')}Z".replace("T", " ")))
        return facts


@contextmanager
def _no_files_beside_rasters() -> Iterator[None]:
    """Keep GDAL from writing the statistics that QGIS draws a raster with into an .aux.xml beside it."""
    before = gdal.GetConfigOption("GDAL_PAM_ENABLED")
    gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")
    try:
        yield
    finally:
        gdal.SetConfigOption("GDAL_PAM_ENABLED", before)
