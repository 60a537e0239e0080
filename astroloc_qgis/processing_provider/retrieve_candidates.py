"""*Retrieve candidates*: the places of an index that resemble a photo most, as a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
)

from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.parameters import photo_parameter, search_parameters, whole_number
from astroloc_qgis.processing_provider.photo_algorithm import nadir_of
from astroloc_qgis.processing_provider.results import REAL, TEXT, WHOLE, feature_of
from astroloc_qgis.processing_provider.sinks import LayerSink
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.calling import WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

FIELDS = {
    "photo": TEXT, "rank": WHOLE, "score": REAL, "block": TEXT, "zoom": WHOLE, "row": WHOLE, "column": WHOLE,
    "turn": WHOLE,
}  # fmt: skip
"""The fields of a candidate, in order."""
MOST = 10_000


class RetrieveCandidates(AstroLocAlgorithm):
    """Ranks the blocks of an index by their similarity to a photo."""

    NAME = "retrievecandidates"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Retrieve candidates")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Ranks the places of an index by their similarity to a photo, without matching any of them: the first step "
            "of a localization. Each candidate is the outline of a block of imagery, with its rank, its score and the "
            "number of quarter turns of the photo that fit best."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        polygons = Qgis.ProcessingSourceType.VectorPolygon
        for definition in [
            photo_parameter(),
            *search_parameters(),
            whole_number("TOP", tr("Number of candidates"), 1, MOST, 100),
            QgsProcessingParameterFeatureSink("CANDIDATES", tr("Candidates"), polygons),
        ]:
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of candidates")))

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method."""
        photo = values.photo()
        found = {"photo": str(photo), **nadir_of(photo, values), **values.search()}
        return {**found, "top": int(values.number("TOP") or 1)}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Ask the engine, and write a polygon for each candidate."""
        sink = LayerSink(self, "CANDIDATES", FIELDS, Qgis.WkbType.Polygon, parameters, context)
        with WaitingEngine(feedback.isCanceled) as engine:
            answer = engine.ask("retrieve", self.inputs, teller(feedback, "retrieve"))
        name = str(Path(self.inputs["photo"]))
        for found in answer["candidates"]:
            block = f"{found['zoom']}/{found['row']}/{found['column']}"
            feature = feature_of(FIELDS, {**found, "photo": name, "block": block})
            ring = [QgsPointXY(lon, lat) for lon, lat in _unwrapped(found["corners"])]
            feature.setGeometry(QgsGeometry.fromPolygonXY([ring]))
            sink.add(feature)
        return {**sink.close(), "COUNT": len(answer["candidates"])}


def _unwrapped(corners: list[list[float]]) -> list[list[float]]:
    """Corners whose longitudes go on past the antimeridian, so that the polygon stays one."""
    first = corners[0][0]
    return [[first + (lon - first + 180) % 360 - 180, lat] for lon, lat in corners]
