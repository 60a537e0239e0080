"""*Export localization*: the photos of a footprint layer, written in the forms that other programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFolderDestination,
)

from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.engine.exports.registry import FORMS
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.parameters import advanced, enumeration, number
from astroloc_qgis.processing_provider.results import result_folders
from astroloc_qgis.processing_provider.values import WGS84, Values
from astroloc_qgis.processing_provider.warp_photo import RESAMPLINGS
from astroloc_qgis.qgis_adapters.engine.calling import EngineUnavailableError, WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

NEEDED = ("photo", "homography", "working_plane")
USUAL = ["geotiff", "footprint_gpkg", "sidecar"]
FACTS = ("confidence", "inliers", "matcher", "rmse_m", "status")


class ExportLocalization(AstroLocAlgorithm):
    """Writes localized photos in several forms."""

    NAME = "exportlocalization"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Export localization")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Writes localized photos in the forms that other programs read: GeoTIFF, cloud-optimised GeoTIFF, the "
            "untouched photo with tie points, VRT, world file, uncertainty, footprints as GeoPackage, GeoJSON, KML or "
            "Shapefile, control points, metadata, and a STAC item.\n\n"
            "The input is a layer of footprints that AstroLoc's algorithms wrote: a filter by confidence or place can "
            "stand between. Photos that are not localized are passed over. A layer of their tie points is needed for "
            "the uncertainty and for control points."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        polygons, points = Qgis.ProcessingSourceType.VectorPolygon, Qgis.ProcessingSourceType.VectorPoint
        for definition in [
            QgsProcessingParameterFeatureSource("FOOTPRINTS", tr("Footprints of localized photos"), [polygons]),
            QgsProcessingParameterFeatureSource("TIE_POINTS", tr("Their tie points"), [points], optional=True),
            enumeration("FORMS", tr("Forms"), list(FORMS), USUAL, several=True),
            QgsProcessingParameterCrs("CRS", tr("CRS of rasters"), defaultValue=WGS84),
            advanced(number("RESOLUTION", tr("Pixel size in units of the CRS (empty: the photo's own)"), 1e-8, 1e5)),
            advanced(enumeration("RESAMPLING", tr("Resampling"), RESAMPLINGS, "cubic")),
            advanced(enumeration("COMPRESSION", tr("Compression"), ["DEFLATE", "LZW", "ZSTD", "NONE"], "DEFLATE")),
            QgsProcessingParameterFolderDestination("FOLDER", tr("Folder for the files")),
        ]:
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputNumber("EXPORTED", tr("Photos that were written")))
        self.addOutput(QgsProcessingOutputNumber("ERRORS", tr("Photos that could not be written")))

    def read(self, values: Values) -> dict[str, Any]:
        """The photos with their placements, and the options of the engine's method."""
        forms = values.choices("FORMS")
        if not forms:
            raise InputError(tr("Choose at least one form to write."))
        source = values.algorithm.parameterAsSource(values.parameters, "FOOTPRINTS", values.context)
        if source is None:
            raise InputError(tr("The footprints {value} are no layer.").format(value=values.parameters["FOOTPRINTS"]))
        missing = [name for name in NEEDED if source.fields().lookupField(name) < 0]
        if missing:
            sentence = tr("The layer of footprints has no field {name}: take one that AstroLoc's algorithms wrote.")
            raise InputError(sentence.format(name=missing[0]))
        photos = [photo_of(feature) for feature in source.getFeatures() if _text(feature, "homography")]
        if not photos:
            raise InputError(tr("No photo of the layer of footprints is localized: there is nothing to export."))
        options = {
            "forms": forms, "crs": values.crs() or WGS84, "resolution": values.number("RESOLUTION"),
            "resampling": values.choice("RESAMPLING"), "compression": values.choice("COMPRESSION"),
        }  # fmt: skip
        return {"photos": photos, "options": options, "tie_points": tie_points_by_photo(values)}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Have the engine write photo after photo; one that fails stops no other."""
        folder = Path(self.parameterAsString(parameters, "FOLDER", context)).absolute()
        photos, done = self.inputs["photos"], 0
        outs = result_folders([Path(one["photo"]) for one in photos], folder)
        with WaitingEngine(feedback.isCanceled) as engine:
            for number_, (one, out) in enumerate(zip(photos, outs, strict=True)):
                name = Path(one["photo"]).name
                feedback.setProgressText(f"{number_ + 1}/{len(photos)}: {name}")
                ties = self.inputs["tie_points"].get(name, [])
                params = {**one, "out": str(out), "name": Path(name).stem, "options": self.inputs["options"]}
                tell = teller(feedback, "export", number_ / len(photos), (number_ + 1) / len(photos))
                try:
                    outputs = engine.ask("export", {**params, "tie_points": ties}, tell)["outputs"]
                except (Cancelled, EngineUnavailableError):
                    raise
                except AstroLocError as error:
                    feedback.reportError(f"{name}: {error}")
                else:
                    done += 1
                    feedback.pushInfo(f"{name}: {', '.join(outputs)}")
        return {"FOLDER": str(folder), "EXPORTED": done, "ERRORS": len(photos) - done}


def photo_of(feature: QgsFeature) -> dict[str, Any]:
    """A localized photo of a footprint layer, as the engine's method "export" takes it.

    Raises:
        InputError: its placement cannot be read.
    """
    try:
        homography = json.loads(_text(feature, "homography"))
    except ValueError as error:
        sentence = tr("The field homography of {photo} is damaged: localize the photo again.")
        raise InputError(sentence.format(photo=_text(feature, "photo"))) from error
    names = feature.fields().names()
    facts = {name: feature[name] for name in FACTS if name in names and _text(feature, name)}
    return {
        "photo": _text(feature, "photo"), "homography": homography, "plane": _text(feature, "working_plane"),
        "facts": facts,
    }  # fmt: skip


def tie_points_by_photo(values: Values) -> dict[str, list[dict[str, float]]]:
    """The inliers in a layer of tie points, by the name of their photo's file.

    Raises:
        InputError: the layer is none that AstroLoc's algorithms wrote.
    """
    if not values.given("TIE_POINTS"):
        return {}
    source = values.algorithm.parameterAsSource(values.parameters, "TIE_POINTS", values.context)
    needed = ("photo", "photo_x", "photo_y", "inlier")
    if source is None or any(source.fields().lookupField(name) < 0 for name in needed):
        raise InputError(tr("The layer of tie points is none that AstroLoc's algorithms wrote: choose another."))
    found: dict[str, list[dict[str, float]]] = {}
    for feature in _inliers(source.getFeatures()):
        point = feature.geometry().asPoint()
        one = {"x": feature["photo_x"], "y": feature["photo_y"], "lon": point.x(), "lat": point.y()}
        found.setdefault(Path(str(feature["photo"])).name, []).append(one)
    return found


def _inliers(features: Any) -> Iterator[QgsFeature]:
    for feature in features:
        if feature["inlier"] == 1 and not feature.geometry().isEmpty():
            yield feature


def _text(feature: QgsFeature, name: str) -> str:
    """The text of a field; "" for NULL."""
    value = feature[name]
    return "" if value is None or (hasattr(value, "isNull") and value.isNull()) else str(value)
