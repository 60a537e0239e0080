"""*Build imagery index* and *Check index*."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from astroloc_qgis.engine.descriptors.registry import DEFAULT, offered
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.html_report import facts, page
from astroloc_qgis.processing_provider.parameters import (
    advanced,
    enumeration,
    html_parameter,
    index_parameter,
    reference_parameter,
    whole_number,
)
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.calling import WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

FINEST_ZOOM = 14


class BuildIndex(AstroLocAlgorithm):
    """Describes imagery into an index."""

    NAME = "buildindex"
    GROUP = "index"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Build imagery index")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Describes satellite imagery block by block into an index, in which photos are looked up. Building takes "
            "seconds for a region and many minutes for a continent. A build that is cancelled or killed goes on where "
            "it was when it is run again with the same folder.\n\n"
            "The zooms are the sizes of the blocks: 9 is about 313 km at the equator, 10 is 156 km, 11 is 78 km, and "
            "so on to 14. The photos that are looked up should be about as large as the blocks."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        for definition in [
            reference_parameter(tr("Imagery"), optional=False),
            QgsProcessingParameterString("ZOOMS", tr("Zooms"), defaultValue="9,10,11"),
            QgsProcessingParameterExtent("EXTENT", tr("Extent (empty: all of the imagery)"), optional=True),
            advanced(enumeration("MODEL", tr("Model that describes the blocks"), list(offered()), DEFAULT)),
            advanced(whole_number("STRIDE", tr("Tiles from one block to the next"), 1, 4, 2)),
            advanced(QgsProcessingParameterString("TITLE", tr("Title"), optional=True)),
            QgsProcessingParameterFolderDestination("INDEX", tr("Folder of the index")),
        ]:
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputNumber("BLOCKS", tr("Blocks")))

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method, without the folder."""
        zooms = zooms_of(values.text("ZOOMS"))
        imagery, extent = values.imagery(), values.extent()
        if extent is None:
            layer = values.algorithm.parameterAsRasterLayer(values.parameters, "REFERENCE", values.context)
            extent = _extent_of(layer, values)
        stride, title = int(values.number("STRIDE") or 2), values.text("TITLE")
        found = {"imagery": imagery, "zooms": zooms, "extent": extent, "model": values.choice("MODEL")}
        return {**found, "stride": stride, "title": title or None}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Have the engine build it."""
        folder = str(Path(self.parameterAsString(parameters, "INDEX", context)).absolute())
        with WaitingEngine(feedback.isCanceled) as engine:
            answer = engine.ask("index_build", {**self.inputs, "out": folder}, teller(feedback, "index_build"))
        blocks = sum(answer["info"]["counts"].values())
        feedback.pushInfo(tr("The index has {n} blocks.").format(n=blocks))
        return {"INDEX": folder, "BLOCKS": blocks}


class CheckIndex(AstroLocAlgorithm):
    """Checks that an index is whole and fits this AstroLoc."""

    NAME = "checkindex"
    GROUP = "index"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Check index")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Compares all files of an index with their checksums, opens it, and says what it holds: its model, zooms, "
            "number of blocks, imagery and credit. An index that is damaged, or that was built with a model that this "
            "AstroLoc does not have, is refused with the reason."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        self.addParameter(index_parameter())
        self.addParameter(html_parameter())
        self.addOutput(QgsProcessingOutputNumber("BLOCKS", tr("Blocks")))
        for name, text in (("MODEL", tr("Model")), ("IMAGERY", tr("Imagery")), ("TITLE", tr("Title"))):
            self.addOutput(QgsProcessingOutputString(name, text))

    def read(self, values: Values) -> dict[str, Any]:
        """The folder and what its description says."""
        folder, summary = values.index()
        return {"folder": folder, "summary": summary}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Have the engine check it."""
        folder: Path = self.inputs["folder"]
        with WaitingEngine(feedback.isCanceled) as engine:
            info = engine.ask("index_check", {"index": str(folder)})["info"]
        summary = self.inputs["summary"]
        shown = _facts(info, summary.imagery)
        for name, value in shown.items():
            feedback.pushInfo(f"{name}: {value}")
        results = {"BLOCKS": summary.blocks, "MODEL": summary.model, "IMAGERY": summary.imagery, "TITLE": summary.title}
        if html := self.parameterAsFileOutput(parameters, "HTML", context):
            write_bytes(Path(html), page(tr("Index {name}").format(name=summary.title), facts(shown)).encode())
            results["HTML"] = html
        return results


def zooms_of(text: str) -> list[int]:
    """Zooms as they are written, "9,10,11".

    Raises:
        InputError: they are none.
    """
    try:
        zooms = sorted({int(word) for word in text.replace(",", " ").split()})
    except ValueError as error:
        raise InputError(tr("The zooms “{}” are not whole numbers.").format(text)) from error
    if not zooms or zooms[0] < 1 or zooms[-1] > FINEST_ZOOM:
        raise InputError(tr("Give at least one zoom, from 1 to {}.").format(FINEST_ZOOM))
    return zooms


def _extent_of(layer: Any, values: Values) -> list[float]:
    """West, south, east, north of a layer, degrees."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform

    transform = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), values.context.project())
    transform.setBallparkTransformsAreAppropriate(True)
    box = transform.transformBoundingBox(layer.extent())
    return [
        max(box.xMinimum(), -180.0), max(box.yMinimum(), -85.0), min(box.xMaximum(), 180.0), min(box.yMaximum(), 85.0)
    ]  # fmt: skip


def _facts(info: Mapping[str, Any], imagery: str) -> dict[str, object]:
    counts = ", ".join(
        tr("{n} at zoom {zoom}").format(n=count, zoom=zoom)
        for zoom, count in sorted(info["counts"].items(), key=lambda pair: int(pair[0]))
    )
    return {
        tr("Title"): info["title"],
        tr("Blocks"): counts,
        tr("Model"): info["model"],
        tr("Imagery"): imagery,
        tr("Credit"): info["attribution"],
        tr("Licence"): info["licence"],
        tr("Extent"): ", ".join(f"{value:.4f}" for value in info["extent"]),
        tr("Made"): info["created"],
    }
