"""What *Localize photo* and *Refine from footprint* share: one photo in; its footprint, tie points and rasters out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterRasterDestination,
)
from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.cli.report import write_json
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.parameters import (
    footprint_sink,
    matching_parameters,
    photo_parameter,
    report_parameter,
    tie_point_sink,
)
from astroloc_qgis.processing_provider.results import place_file, say, temporary_folder
from astroloc_qgis.processing_provider.sinks import PhotoSinks
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.calling import WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

RASTERS = {"RASTER": "geotiff", "UNCERTAINTY": "uncertainty"}
"""The outputs that are rasters, and what the engine calls these files."""


class PhotoAlgorithm(AstroLocAlgorithm):
    """One request to the engine about one photo. ``read`` gives its parameters, all but ``out``.

    Attributes:
        METHOD: the engine's method.
    """

    METHOD = ""

    def own_parameters(self) -> list[Definition]:
        """The parameters between the photo and the matching."""
        raise NotImplementedError

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        definitions = [photo_parameter(), *self.own_parameters(), *matching_parameters()]
        definitions += [footprint_sink("FOOTPRINT"), tie_point_sink()]
        definitions += [
            QgsProcessingParameterRasterDestination("RASTER", tr("Georeferenced photo"), optional=True),
            QgsProcessingParameterRasterDestination(
                "UNCERTAINTY", tr("Uncertainty in metres"), optional=True, createByDefault=False
            ),
            report_parameter(),
        ]
        for definition in definitions:
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputString("STATUS", tr("Status")))
        self.addOutput(QgsProcessingOutputString("REASON", tr("Reason")))
        self.addOutput(QgsProcessingOutputNumber("CONFIDENCE", tr("Confidence")))

    def photo_and_matching(self, values: Values) -> dict[str, Any]:
        """The photo, its nadir, and how it is matched, as the engine takes them.

        Raises:
            InputError: one of them is wrong.
        """
        photo = values.photo()
        for name in RASTERS:
            values.check_raster(name)
        return {"photo": str(photo), **nadir_of(photo, values), **values.matching()}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Ask the engine, and hand its files on."""
        sinks = PhotoSinks(self, "FOOTPRINT", parameters, context)
        results: dict[str, Any] = {}
        with temporary_folder() as out, WaitingEngine(feedback.isCanceled) as engine:
            params = {**self.inputs, "out": str(out)}
            entry = dict(engine.ask(self.METHOD, params, teller(feedback, self.METHOD)))
            say(entry, feedback)
            for name, kind in RASTERS.items():
                file = entry["outputs"].get(kind)
                if file and parameters.get(name) not in (None, ""):
                    target = self.parameterAsOutputLayer(parameters, name, context)
                    results[name] = str(place_file(Path(file), Path(target).absolute(), keep=True))
            raster = results.get("RASTER")
            sinks.add(entry, None if raster is None else Path(raster))
            entry["outputs"] = {kind: results[name] for name, kind in RASTERS.items() if name in results}
        if report := self.parameterAsFileOutput(parameters, "REPORT", context):
            write_json(Path(report), [entry])
            results["REPORT"] = report
        facts = {"STATUS": entry["status"], "REASON": entry.get("reason") or "", "CONFIDENCE": entry["confidence"]}
        return {**sinks.close(), **results, **facts}


def nadir_of(photo: Path, values: Values, given: Any = None) -> dict[str, Any]:
    """The nadir of a photo as the engine takes it: the given one, else what its EXIF proposes; null without any.

    Args:
        photo: the file.
        values: of the run.
        given: this photo's own nadir, where a table has one.

    Raises:
        InputError: the nadir is no place on Earth.
    """
    from astroloc_qgis.engine.photo.exif import read_exif

    nadir = given or values.nadir()
    if nadir is None and values.truth("EXIF_NADIR"):
        nadir = read_exif(photo).nadir
    if nadir is None:
        return {"nadir": None, "nadir_source": None}
    return {"nadir": list(nadir.numbers), "nadir_source": nadir.source}
