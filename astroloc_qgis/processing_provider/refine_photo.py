"""*Refine from footprint*: georeference a photo whose place is roughly known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsProcessingParameterFeatureSource,
    QgsProject,
)
from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.processing_provider.parameters import nadir_parameters, reference_parameter
from astroloc_qgis.processing_provider.photo_algorithm import PhotoAlgorithm
from astroloc_qgis.processing_provider.values import WGS84, Values
from astroloc_qgis.qgis_adapters.text import tr


class RefinePhoto(PhotoAlgorithm):
    """Registers a photo to imagery, beginning at a footprint."""

    NAME = "refinefromfootprint"
    METHOD = "refine"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Refine from footprint")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Georeferences a photo whose place is roughly known. The footprint is a polygon of four corners; its first "
            "corner is the photo's top left, and the others follow clockwise as in the photo. The footprints that "
            "AstroLoc writes are such polygons, also after they were moved by hand.\n\n"
            "Of a layer with several polygons, the one is taken whose field “photo” names the photo."
        )

    def own_parameters(self) -> list[Definition]:
        """The footprint, the imagery and the nadir."""
        polygons = Qgis.ProcessingSourceType.VectorPolygon
        return [
            QgsProcessingParameterFeatureSource("START", tr("Footprint to begin with"), [polygons]),
            reference_parameter(tr("Reference imagery"), optional=False),
            *nadir_parameters(),
        ]

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method."""
        common = self.photo_and_matching(values)
        return {**common, "imagery": values.imagery(), "footprint": footprint_of(Path(common["photo"]), values)}


def footprint_of(photo: Path, values: Values) -> list[list[float]]:
    """Four longitude, latitude corners of the footprint of a photo, in the photo's corner order.

    Raises:
        InputError: there is no such polygon, or not one alone, or it has not four corners.
    """
    source = values.algorithm.parameterAsSource(values.parameters, "START", values.context)
    if source is None:
        raise InputError(tr("The footprint {value} is no layer.").format(value=values.parameters["START"]))
    transform = QgsCoordinateTransform(source.sourceCrs(), QgsCoordinateReferenceSystem(WGS84), QgsProject.instance())
    found = [feature for feature in source.getFeatures(QgsFeatureRequest()) if not feature.geometry().isEmpty()]
    named = [feature for feature in found if _names(feature, photo)]
    found = named if len(found) > 1 and named else found
    if len(found) != 1:
        sentence = tr(
            "The layer of footprints has {n} polygons for {photo}: give one alone, or name the photo in a field "
            "“photo”."
        )
        raise InputError(sentence.format(n=len(found), photo=photo.name))
    geometry = found[0].geometry()
    geometry.transform(transform)
    ring = [[point.x(), point.y()] for point in geometry.vertices()][:-1]
    if len(ring) != 4:
        sentence = tr("The polygon for {photo} has {n} corners: the footprint of a photo has four.")
        raise InputError(sentence.format(photo=photo.name, n=len(ring)))
    return _clockwise(ring)


def _names(feature: QgsFeature, photo: Path) -> bool:
    number = feature.fields().lookupField("photo")
    return number >= 0 and Path(str(feature.attribute(number))).name == photo.name


def _clockwise(ring: list[list[float]]) -> list[list[float]]:
    """The corners from the first one on, clockwise on the ground, whichever way the layer keeps its rings."""
    first = ring[0][0]
    ring = [[first + (lon - first + 180) % 360 - 180, lat] for lon, lat in ring]  # on past the antimeridian
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    ordered = ring if area < 0 else [ring[0], *ring[:0:-1]]
    return [[(lon + 180) % 360 - 180, lat] for lon, lat in ordered]
