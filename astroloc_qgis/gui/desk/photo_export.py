"""The export of photos: the dialog, its jobs, and the report of each photo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osgeo import gdal
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.export_jobs import export_jobs
from astroloc_qgis.gui.desk.panels.export_dialog import ExportDialog
from astroloc_qgis.gui.desk.photo_report import write_photo_report
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.text import tr


class PhotoExport(QObject):
    """Writes photos in the forms that the analyst chooses.

    Args:
        session: has the photos and the queue of jobs.
        current: the photo on the desk.
        canvas: the map.
    """

    def __init__(self, session: Session, current: CurrentPhoto, canvas: QgsMapCanvas) -> None:
        super().__init__(current)
        self._session, self._current, self._canvas = session, current, canvas

    def exportable(self) -> list[PhotoItem]:
        """Return the photos that have a placement."""
        return [item for item in self._session.photos.items if item.desk.work.placement is not None]

    def export(self) -> None:
        """Show the export dialog, and export."""
        items = self.exportable()
        if not items:
            self._session.messages.info(tr("Nothing to export yet: localize a photo, or place one by hand."))
            return
        current = self._current.item
        folder = self._session.output_folder(current.path if current else items[0].path)
        dialog = ExportDialog(items, current, folder, self._session.iface.mainWindow())
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.run(dialog)
        dialog.deleteLater()

    def run(self, dialog: ExportDialog) -> None:
        """Export as chosen in the dialog."""
        folder, options, names = Path(dialog.folder.filePath()), dialog.options(), dialog.names()
        chosen, with_report = dialog.chosen(), dialog.with_report
        messages = self._session.messages
        left = [len(chosen)]

        def finished(item: PhotoItem, outputs: dict[str, Path]) -> None:
            left[0] -= 1
            if with_report:
                name = names[chosen.index(item)]
                try:
                    with _no_files_beside_rasters():
                        raster = outputs.get("geotiff") or outputs.get("cog")
                        write_photo_report(item, folder / f"{name}.pdf", raster, self._canvas)
                except AstroLocError as error:
                    messages.warning(str(error), error.details)
            if left[0] == 0:
                sentence = (
                    tr("{n} photos are exported to {folder}.") if len(chosen) > 1 else tr("{name} is in {folder}.")
                )
                messages.success(sentence.format(n=len(chosen), name=item.name, folder=folder))

        if not options["forms"]:
            options["forms"] = ["sidecar"]  # a report alone: its facts are kept beside it
        self._session.run(export_jobs(self._session, chosen, folder, names, options, finished))


@contextmanager
def _no_files_beside_rasters() -> Iterator[None]:
    """Keep GDAL from writing the statistics that QGIS draws a raster with into an .aux.xml beside it."""
    before = gdal.GetConfigOption("GDAL_PAM_ENABLED")
    gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")
    try:
        yield
    finally:
        gdal.SetConfigOption("GDAL_PAM_ENABLED", before)
