"""The layers that an algorithm writes: footprints and tie points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
)
from qgis.PyQt.QtCore import QMetaType

from astroloc_qgis.processing_provider.results import (
    FOOTPRINT_FIELDS,
    TIE_POINT_FIELDS,
    Entry,
    fields_of,
    footprint_feature,
    tie_point_features,
)
from astroloc_qgis.processing_provider.values import WGS84


class LayerSink:
    """One layer, EPSG:4326, made where the user asks for it.

    Args:
        algorithm: whose output.
        name: of the output.
        kinds: the fields.
        geometry: of the features.
        parameters: of the run.
        context: of the run.

    Raises:
        QgsProcessingException: it cannot be made.
    """

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        name: str,
        kinds: Mapping[str, QMetaType.Type],
        geometry: Qgis.WkbType,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
    ) -> None:
        crs = QgsCoordinateReferenceSystem(WGS84)
        self._name = name
        self._sink: QgsFeatureSink | None
        self._sink, self._place = algorithm.parameterAsSink(parameters, name, context, fields_of(kinds), geometry, crs)
        wanted = parameters.get(name) not in (None, "")
        if self._sink is None and wanted:
            raise QgsProcessingException(algorithm.invalidSinkError(parameters, name))

    def add(self, feature: QgsFeature) -> None:
        """Write a feature."""
        if self._sink is not None:
            self._sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert)

    @property
    def wanted(self) -> bool:
        """Whether the user asked for this layer."""
        return self._sink is not None

    def close(self) -> dict[str, Any]:
        """End writing; returns the layer as an output of the algorithm."""
        if self._sink is None:
            return {}
        self._sink.flushBuffer()
        self._sink = None
        return {self._name: self._place}


class PhotoSinks:
    """The footprints of photos and, of an algorithm that has such an output, their tie points.

    Args:
        algorithm: whose outputs.
        footprints: the name of that output.
        parameters: of the run.
        context: of the run.
    """

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        footprints: str,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
    ) -> None:
        self._footprints = LayerSink(algorithm, footprints, FOOTPRINT_FIELDS, Qgis.WkbType.Polygon, parameters, context)
        self._tie_points: LayerSink | None = None
        if algorithm.parameterDefinition("TIE_POINTS") is not None:
            self._tie_points = LayerSink(
                algorithm, "TIE_POINTS", TIE_POINT_FIELDS, Qgis.WkbType.Point, parameters, context
            )

    def add(self, entry: Entry, raster: Path | None = None) -> None:
        """Write a photo.

        Args:
            entry: the engine's; its files are still there.
            raster: where its GeoTIFF is kept, if it is.

        Raises:
            InputError: the engine's table of tie points cannot be read.
        """
        self._footprints.add(footprint_feature(entry, raster))
        if self._tie_points is not None and self._tie_points.wanted:
            for feature in tie_point_features(entry):
                self._tie_points.add(feature)

    def close(self) -> dict[str, Any]:
        """End writing; returns the outputs of the algorithm."""
        ties = {} if self._tie_points is None else self._tie_points.close()
        return {**self._footprints.close(), **ties}
