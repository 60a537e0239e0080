"""Parameters that several algorithms have."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterPoint,
    QgsProcessingParameterRasterLayer,
)
from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.engine.matchers.registry import offered
from astroloc_qgis.engine.photo.suffixes import name_patterns
from astroloc_qgis.processing_provider.values import USUAL_CENTRE_KM
from astroloc_qgis.qgis_adapters.text import tr

FARTHEST_KM = 20038.0
"""Half of the way around the Earth."""


def photo_parameter() -> Definition:
    """PHOTO: one photo."""
    return QgsProcessingParameterFile("PHOTO", tr("Photo"), fileFilter=f"{tr('Photos')} ({name_patterns()})")


def folder_parameter(name: str, description: str, *, optional: bool = False) -> Definition:
    """A folder that exists."""
    behaviour = Qgis.ProcessingFileParameterBehavior.Folder
    return QgsProcessingParameterFile(name, description, behavior=behaviour, optional=optional)


def index_parameter() -> Definition:
    """INDEX: the folder of an index."""
    return folder_parameter("INDEX", tr("Index (empty: the world, as it comes with the plugin)"), optional=True)


def reference_parameter(description: str, *, optional: bool) -> Definition:
    """REFERENCE: imagery."""
    return QgsProcessingParameterRasterLayer("REFERENCE", description, optional=optional)


def search_parameters() -> list[Definition]:
    """INDEX, REFERENCE and what limits the search."""
    return [
        index_parameter(),
        reference_parameter(tr("Reference imagery (empty: the index's own)"), optional=True),
        *nadir_parameters(),
        advanced(number("RADIUS_KM", tr("Search only as far from the nadir, km (0: no limit)"), 0, FARTHEST_KM)),
        advanced(QgsProcessingParameterPoint("CENTRE", tr("Centre of the photo, roughly"), optional=True)),
        advanced(number("CENTRE_KM", tr("Search only as far from the centre, km"), 1, FARTHEST_KM, USUAL_CENTRE_KM)),
        advanced(QgsProcessingParameterExtent("EXTENT", tr("Search only in this extent"), optional=True)),
    ]


def nadir_parameters() -> list[Definition]:
    """NADIR and ALTITUDE of the camera, and whether EXIF may propose them."""
    from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM

    return [
        QgsProcessingParameterPoint("NADIR", tr("Nadir: the point below the station, if known"), optional=True),
        advanced(number("ALTITUDE", tr("Height of the camera, km, if known"), *ALTITUDES_KM)),
        advanced(
            QgsProcessingParameterBoolean(
                "EXIF_NADIR", tr("Take the nadir from the photo's EXIF where none is given"), defaultValue=True
            )
        ),
    ]


def matching_parameters() -> list[Definition]:
    """MATCHER, THOROUGH, SECONDS and CRS."""
    return [
        advanced(enumeration("MATCHER", tr("Matcher (auto: several, cheap ones first)"), ["auto", *offered()], "auto")),
        advanced(QgsProcessingParameterBoolean("THOROUGH", tr("Search thoroughly (takes longer)"), defaultValue=False)),
        advanced(number("SECONDS", tr("Begin no attempt after this time of matching a photo, s"), 1, 86_400)),
        advanced(QgsProcessingParameterCrs("CRS", tr("CRS of rasters (empty: the reference's)"), optional=True)),
    ]


def footprint_sink(name: str = "FOOTPRINTS") -> Definition:
    """The layer of footprints."""
    polygons = Qgis.ProcessingSourceType.VectorPolygon
    return QgsProcessingParameterFeatureSink(name, tr("Footprints"), polygons)


def tie_point_sink() -> Definition:
    """TIE_POINTS: the layer of tie points."""
    points = Qgis.ProcessingSourceType.VectorPoint
    return QgsProcessingParameterFeatureSink(
        "TIE_POINTS", tr("Tie points"), points, optional=True, createByDefault=False
    )


def report_parameter() -> Definition:
    """REPORT: the report of the command line."""
    return advanced(file_destination("REPORT", tr("Report (JSON)"), tr("JSON files (*.json)")))


def html_parameter() -> Definition:
    """HTML: a page to read."""
    return file_destination("HTML", tr("Report to read (HTML)"), tr("HTML files (*.html)"))


def file_destination(name: str, description: str, pattern: str) -> Definition:
    """A file that is written where the user asks for it."""
    return QgsProcessingParameterFileDestination(
        name, description, fileFilter=pattern, optional=True, createByDefault=False
    )


def number(
    name: str, description: str, low: float, high: float, default: float | None = None, *, whole: bool = False
) -> Definition:
    """A number that may be left out."""
    kinds = Qgis.ProcessingNumberParameterType
    return QgsProcessingParameterNumber(
        name, description, type=kinds.Integer if whole else kinds.Double, defaultValue=default, optional=True,
        minValue=low, maxValue=high,
    )  # fmt: skip


def whole_number(name: str, description: str, low: int, high: int, default: int) -> Definition:
    """A whole number."""
    return QgsProcessingParameterNumber(
        name, description, type=Qgis.ProcessingNumberParameterType.Integer, defaultValue=default, minValue=low,
        maxValue=high,
    )  # fmt: skip


def enumeration(name: str, description: str, options: list[str], default: Any, *, several: bool = False) -> Definition:
    """One or several texts of a list, kept as texts."""
    return QgsProcessingParameterEnum(
        name, description, options=options, allowMultiple=several, defaultValue=default, usesStaticStrings=True
    )


def advanced(definition: Definition) -> Definition:
    """The same parameter, folded away in the dialog."""
    definition.setFlags(definition.flags() | Qgis.ProcessingParameterFlag.Advanced)
    return definition
