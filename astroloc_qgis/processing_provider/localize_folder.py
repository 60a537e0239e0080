"""*Localize folder of photos*: a batch of the photos of a folder or a table; a photo that fails costs one row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
)

from astroloc_qgis.engine.batch.rows import KINDS
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.suffixes import HEIF_SUFFIXES, PLAIN_SUFFIXES
from astroloc_qgis.processing_provider.batch_algorithm import BatchAlgorithm, running_parameters, table_parameter
from astroloc_qgis.processing_provider.parameters import (
    advanced,
    enumeration,
    folder_parameter,
    footprint_sink,
    html_parameter,
    matching_parameters,
    report_parameter,
    search_parameters,
    tie_point_sink,
)
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.text import tr


class LocalizeFolder(BatchAlgorithm):
    """Localizes all photos of a folder or a table."""

    NAME = "localizefolder"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Localize folder of photos")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Localizes all photos of a folder, or those that a table names, into one layer of footprints: a row for "
            "each photo, with status, confidence, error, candidate and time. A photo that is not localized has a row "
            "without a geometry; a file that cannot be read has one with the status “error” and the reason. No photo "
            "stops the others, and several are done at once where the computer has the cores.\n\n"
            "A table (CSV) can give nadir, centre, time, tilt and more of each photo, in AstroLoc's or NASA's columns. "
            "With a folder, it is looked up by the photos' names or numbers; without one, it names the photos. Photos "
            "that follow each other, as in a pass over a coast, can help each other.\n\n"
            "Where a folder for files is given, GeoTIFFs are kept in it, with a GeoPackage, a report to read, and a "
            "journal: after cancelling, or after any other end, the same run with that folder goes on where it was."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        for definition in [
            folder_parameter("FOLDER", tr("Folder of photos"), optional=True),
            QgsProcessingParameterBoolean("RECURSIVE", tr("Also the folders in it"), defaultValue=False),
            table_parameter(
                tr("Table of what is known of the photos, or that names them without a folder (CSV)"), optional=True
            ),
            *search_parameters(),
            QgsProcessingParameterBoolean("SEQUENCE", tr("The photos follow each other"), defaultValue=False),
            *matching_parameters(),
            advanced(
                enumeration("KEEP", tr("Kinds of files to keep in the folder"), list(KINDS), ["geotiff"], several=True)
            ),
            *running_parameters(),
            footprint_sink(),
            tie_point_sink(),
            QgsProcessingParameterFolderDestination(
                self.FOLDER,
                tr("Folder for files, in which the batch goes on after any end"),
                optional=True,
                createByDefault=False,
            ),
            html_parameter(),
            report_parameter(),
        ]:
            self.addParameter(definition)
        for name, text in (
            ("LOCALIZED", tr("Photos that are localized")),
            ("NOT_LOCALIZED", tr("Photos that are not localized")),
            ("ERRORS", tr("Files that cannot be read")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method, without its folders."""
        folder = values.folder("FOLDER", tr("Folder of photos")) if values.given("FOLDER") else None
        table = values.file("TABLE", tr("Table of photos")) if values.given("TABLE") else None
        recursive = values.truth("RECURSIVE")
        check_photos(folder, table, recursive=recursive)
        files = values.given(self.FOLDER)
        keep = values.choices("KEEP") if files else []
        if values.given("TIE_POINTS"):
            keep = [*dict.fromkeys([*keep, "tie_points"])]
        nadir = values.nadir()
        return {
            **values.search(), **values.matching(), **self.running(values), "recursive": recursive, "keep": keep,
            "folder": None if folder is None else str(folder), "table": None if table is None else str(table),
            "nadir": None if nadir is None else list(nadir.numbers), "exif_nadir": values.truth("EXIF_NADIR"),
            "sequence": values.truth("SEQUENCE"), "title": (folder or table or Path()).name,
        }  # fmt: skip


def check_photos(folder: Path | None, table: Path | None, *, recursive: bool) -> None:
    """See that there are photos.

    Raises:
        InputError: no folder and no table is given, there is no photo in them, or the table is none.
    """
    from astroloc_qgis.engine.batch.sources import photos_in_folder
    from astroloc_qgis.engine.batch.table import read_table, with_table

    if folder is None and table is None:
        raise InputError(tr("Give a folder of photos, or a table that names them."))
    photos = [] if folder is None else photos_in_folder(folder, folder / "nothing", recursive=recursive)
    if folder is not None and not photos:
        sentence = tr("There is no photo ({suffixes}) in {folder}: choose another folder.")
        raise InputError(sentence.format(suffixes=", ".join((*PLAIN_SUFFIXES, *HEIF_SUFFIXES)), folder=folder))
    if table is not None:
        read_table(table) if folder is None else with_table(photos, table)
