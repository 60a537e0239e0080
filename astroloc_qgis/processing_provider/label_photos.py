"""*Footprints from weakly labelled photos*: photos of roughly known centre become footprints to train on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsProcessingContext,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFolderDestination,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.processing_provider.algorithm import Parameters
from astroloc_qgis.processing_provider.batch_algorithm import (
    BatchAlgorithm,
    Entry,
    running_parameters,
    table_parameter,
)
from astroloc_qgis.processing_provider.parameters import (
    FARTHEST_KM,
    advanced,
    footprint_sink,
    html_parameter,
    index_parameter,
    matching_parameters,
    number,
    reference_parameter,
    report_parameter,
)
from astroloc_qgis.processing_provider.results import REAL, TEXT, WHOLE, feature_of, ring_geometry
from astroloc_qgis.processing_provider.sinks import LayerSink
from astroloc_qgis.processing_provider.values import USUAL_CENTRE_KM, Values
from astroloc_qgis.qgis_adapters.text import tr

REVIEW_FIELDS = {
    "photo": TEXT, "name": TEXT, "confidence": REAL, "inliers": WHOLE, "matcher": TEXT, "off_km": REAL, "why": TEXT,
}  # fmt: skip
"""The fields of a doubtful footprint, in order."""
LEAST, USUAL, MOST = 0.9, 0.99, 0.9999
"""Confidence that a label needs."""


class LabelPhotos(BatchAlgorithm):
    """Makes footprints of photos whose centres are roughly known."""

    NAME = "footprintsfromweaklabels"
    METHOD = "label"
    FOLDER = "RESULTS"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Footprints from weakly labelled photos")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Makes footprints to train on of photos of which no more is known than a point in their middle, good to a "
            "degree or two. The table (CSV) has a row a photo, with the columns photo (or number), centre lat, centre "
            "lon and, if known, radius, nadir lat, nadir lon and time; NASA's names of these columns are known too.\n\n"
            "A footprint is accepted where its confidence is high, the photo's middle lies within the radius of the "
            "given centre, and all four corners see ground. All else that was looked at goes to the review list.\n\n"
            "The folder gets photos.csv, which training takes, a GeoPackage, the review list, and a report to read. "
            "After cancelling, or after any other end, the same run with that folder goes on where it was."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        polygons = Qgis.ProcessingSourceType.VectorPolygon
        for definition in [
            table_parameter(tr("Table of photos with their centres (CSV)"), optional=False),
            index_parameter(),
            reference_parameter(tr("Reference imagery (empty: the index's own)"), optional=True),
            number(
                "CENTRE_KM", tr("How far off a centre may be where the table has no radius, km (0: anywhere)"), 0,
                FARTHEST_KM, USUAL_CENTRE_KM,
            ),
            number("CONFIDENCE", tr("Confidence that a footprint needs"), LEAST, MOST, USUAL),
            advanced(
                QgsProcessingParameterBoolean(
                    "EXIF_NADIR", tr("Take the nadir from the photo's EXIF where none is given"), defaultValue=True
                )
            ),
            *[each for each in matching_parameters() if each.name() != "CRS"],
            *running_parameters(),
            footprint_sink(),
            QgsProcessingParameterFeatureSink(
                "REVIEW", tr("Doubtful footprints"), polygons, optional=True, createByDefault=False
            ),
            QgsProcessingParameterFolderDestination(self.FOLDER, tr("Folder for photos.csv and all other files")),
            html_parameter(),
            report_parameter(),
        ]:  # fmt: skip
            self.addParameter(definition)
        for name, text in (
            ("LOCALIZED", tr("Footprints that are accepted")),
            ("NOT_LOCALIZED", tr("Photos for review")),
            ("ERRORS", tr("Files that cannot be read")),
            ("DOUBTFUL", tr("Doubtful footprints")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))
        for name, text in (
            ("LABELS", tr("Table to train on")),
            ("REVIEW_LIST", tr("Review list")),
            ("GEOPACKAGE", tr("GeoPackage")),
        ):
            self.addOutput(QgsProcessingOutputFile(name, text))

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method, without its folders."""
        from astroloc_qgis.engine.labelling.weak_labels import weakly_labelled_photos

        table = values.file("TABLE", tr("Table of photos"))
        photos = weakly_labelled_photos(table)
        if all(photo.problem for photo in photos):
            raise InputError(photos[0].problem)
        found = {name: value for name, value in values.matching().items() if name != "crs"}
        return {
            **found, **self.running(values), "table": str(table), "index": str(values.index()[0]),
            "imagery": values.imagery(), "centre_km": values.number("CENTRE_KM"), "least": values.number("CONFIDENCE"),
            "exif_nadir": values.truth("EXIF_NADIR"),
        }  # fmt: skip

    def begin(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        """Make the layer of doubtful footprints."""
        self._review = LayerSink(self, "REVIEW", REVIEW_FIELDS, Qgis.WkbType.Polygon, parameters, context)

    def take(self, entry: Entry) -> None:
        """Write a footprint that is not believed."""
        feature = None if entry["status"] != "not_localized" else review_feature(entry)
        if feature is not None:
            self._review.add(feature)

    def finish(self, answer: Mapping[str, Any], /) -> Parameters:
        """The layer of doubtful footprints, and the files."""
        files = answer["files"]
        return {
            **self._review.close(), "DOUBTFUL": answer["doubtful"], "LABELS": files["labels"],
            "REVIEW_LIST": files["review"], "GEOPACKAGE": files["footprints"],
        }  # fmt: skip


def review_feature(entry: Entry) -> QgsFeature | None:
    """The footprint of a photo that is not believed, EPSG:4326; None where nothing was found."""
    label = entry.get("label") or {}
    if not label.get("footprint"):
        return None
    photo = Path(entry["photo"])
    values = {name: entry.get(name) for name in ("photo", "confidence", "inliers", "matcher")}
    values |= {"name": photo.stem, "off_km": label.get("off_km"), "why": entry["reason"]}
    feature = feature_of(REVIEW_FIELDS, values)
    feature.setGeometry(ring_geometry(label["footprint"]))
    return feature
