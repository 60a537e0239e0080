"""*Localize folder of photos*: one after the other; a photo that fails costs one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
)

from astroloc_qgis.cli.nadir_table import read_nadirs
from astroloc_qgis.cli.report import unfinished_entry, write_json
from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.engine.photo.suffixes import HEIF_SUFFIXES, PLAIN_SUFFIXES, is_photo_name
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.html_report import page, photo_table
from astroloc_qgis.processing_provider.parameters import (
    folder_parameter,
    footprint_sink,
    html_parameter,
    matching_parameters,
    report_parameter,
    search_parameters,
    tie_point_sink,
)
from astroloc_qgis.processing_provider.photo_algorithm import nadir_of
from astroloc_qgis.processing_provider.results import say, temporary_folder
from astroloc_qgis.processing_provider.sinks import PhotoSinks
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.calling import EngineUnavailableError, WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

COUNTS = {"LOCALIZED": "localized", "NOT_LOCALIZED": "not_localized", "ERRORS": "error"}
"""The outputs that are numbers of photos, and the status of these."""


class LocalizeFolder(AstroLocAlgorithm):
    """Localizes all photos of a folder."""

    NAME = "localizefolder"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Localize folder of photos")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Localizes all photos of a folder, one after the other, into one layer of footprints: a row for each "
            "photo, with status, confidence, error, candidate and time. A photo that is not localized has a row "
            "without a geometry; a file that cannot be read has one with the status “error” and the reason. No photo "
            "stops the others.\n\n"
            "A table (CSV) can give the nadir of each photo, with the columns file, lat, lon and, if known, km. Where "
            "the photos follow each other, as in a pass over a coast, they help each other; then nothing is kept when "
            "the work is cancelled.\n\n"
            "GeoTIFFs, previews and tables of tie points are kept only where a folder for files is given."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        for definition in [
            folder_parameter("FOLDER", tr("Folder of photos")),
            QgsProcessingParameterBoolean("RECURSIVE", tr("Also the folders in it"), defaultValue=False),
            *search_parameters(),
            QgsProcessingParameterFile(
                "NADIRS", tr("Table with the nadir of each photo (CSV)"), optional=True, extension="csv"
            ),
            QgsProcessingParameterBoolean("SEQUENCE", tr("The photos follow each other"), defaultValue=False),
            *matching_parameters(),
            footprint_sink(),
            tie_point_sink(),
            QgsProcessingParameterFolderDestination(
                "FILES", tr("Folder for GeoTIFFs and all other files"), optional=True, createByDefault=False
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
        """The photos with their nadirs, and what the engine's method takes for all of them."""
        folder = values.folder("FOLDER", tr("Folder of photos"))
        photos = list(photos_in(folder, recursive=values.truth("RECURSIVE")))
        if not photos:
            sentence = tr("There is no photo ({suffixes}) in {folder}: choose another folder.")
            raise InputError(sentence.format(suffixes=", ".join((*PLAIN_SUFFIXES, *HEIF_SUFFIXES)), folder=folder))
        nadirs: Mapping[Path, Any] = {}
        if values.given("NADIRS"):
            nadirs = read_nadirs(values.file("NADIRS", tr("Table of nadirs")), photos)
        own = [{"photo": str(photo), **nadir_of(photo, values, nadirs.get(photo))} for photo in photos]
        common = {**values.search(), **values.matching()}
        return {"folder": folder, "photos": own, "common": common, "sequence": values.truth("SEQUENCE")}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Localize photo after photo, and write each as it is done."""
        sinks = PhotoSinks(self, "FOOTPRINTS", parameters, context)
        given = self.parameterAsString(parameters, "FILES", context)
        files = Path(given).absolute() if given else None
        entries: list[Mapping[str, Any]] = []
        with temporary_folder() as temporary, WaitingEngine(feedback.isCanceled) as engine:
            outs = result_folders([Path(one["photo"]) for one in self.inputs["photos"]], files or temporary)
            work = self._together if self.inputs["sequence"] and len(outs) > 1 else self._one_by_one
            try:
                for entry in work(engine, outs, feedback):
                    say(entry, feedback)
                    raster = entry["outputs"].get("geotiff") if files else None
                    sinks.add(entry, Path(raster) if raster else None)
                    if files is None:
                        for file in entry["outputs"].values():
                            Path(file).unlink(missing_ok=True)  # of a large folder they would fill the disk
                    entries.append(entry if files else {**entry, "outputs": {}})
            except Cancelled:
                feedback.pushWarning(tr("Cancelled: the layer has the photos that were done until then."))
        results = sinks.close()
        if files is not None:
            results["FILES"] = str(files)
        if report := self.parameterAsFileOutput(parameters, "REPORT", context):
            write_json(Path(report), entries)
            results["REPORT"] = report
        if html := self.parameterAsFileOutput(parameters, "HTML", context):
            title = tr("Photos of {folder}").format(folder=self.inputs["folder"].name)
            write_bytes(Path(html), page(title, photo_table(entries)).encode())
            results["HTML"] = html
        counts = {name: sum(entry["status"] == status for entry in entries) for name, status in COUNTS.items()}
        return {**results, **counts}

    def _one_by_one(
        self, engine: WaitingEngine, outs: Sequence[Path], feedback: QgsProcessingFeedback
    ) -> Iterator[Mapping[str, Any]]:
        photos = self.inputs["photos"]
        for number, (one, out) in enumerate(zip(photos, outs, strict=True)):
            feedback.setProgressText(f"{number + 1}/{len(photos)}: {Path(one['photo']).name}")
            tell = teller(feedback, "localize", number / len(photos), (number + 1) / len(photos))
            try:
                yield engine.ask("localize", {**self.inputs["common"], **one, "out": str(out)}, tell)
            except (Cancelled, EngineUnavailableError):
                raise
            except AstroLocError as error:
                if error.details:
                    feedback.pushDebugInfo(error.details)
                yield unfinished_entry(Path(one["photo"]), str(error), "error")
            feedback.setProgress(100 * (number + 1) / len(photos))

    def _together(
        self, engine: WaitingEngine, outs: Sequence[Path], feedback: QgsProcessingFeedback
    ) -> Iterator[Mapping[str, Any]]:
        common, photos = dict(self.inputs["common"]), self.inputs["photos"]
        area = {name: common.pop(name, None) for name in ("radius_km", "centre", "centre_km", "extent")}
        limits = {name: value for name, value in area.items() if value is not None}
        params = {f"{name}s": [one[name] for one in photos] for name in ("photo", "nadir", "nadir_source")}
        params |= {"outs": [str(out) for out in outs], "areas": [limits] * len(photos)}
        answer = engine.ask("localize_sequence", {**common, **params}, teller(feedback, "localize_sequence"))
        if answer.get("problem"):
            feedback.reportError(str(answer["problem"]))
        yield from answer["entries"]


def photos_in(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """The photos of a folder, by name."""
    for path in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        if is_photo_name(path) and path.is_file():
            yield path


def result_folders(photos: Sequence[Path], folder: Path) -> list[Path]:
    """Where the results of each photo go: into one folder, or one of its own inside it where two have one name."""
    taken: set[str] = set()
    found = []
    for photo in photos:
        name, place, number = photo_name(photo).casefold(), folder, 1
        while f"{place}/{name}" in taken:
            number += 1
            place = folder / f"{photo.parent.name or 'photos'}-{number}"
        taken.add(f"{place}/{name}")
        found.append(place)
    return found
