"""A model that localizes a folder, widens the footprints, and joins the places that lie in them."""

from __future__ import annotations

import numpy as np
from qgis.core import (
    Qgis,
    QgsFeature,
    QgsGeometry,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFile,
    QgsVectorLayer,
)


def corners_of(feature) -> np.ndarray:
    """(4, 2) the first corners of a footprint."""
    return np.array([[point.x(), point.y()] for point in feature.geometry().vertices()])[:4]


def places(truth):
    """A layer with a point in the middle of the photo, and one elsewhere."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326&field=place:string", "places", "memory")
    lon, lat = truth.mean(axis=0)
    for name, x in (("here", lon), ("far away", lon + 30)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([name])
        feature.setGeometry(QgsGeometry.fromWkt(f"Point({x} {lat})"))
        layer.dataProvider().addFeature(feature)
    return layer


def chain(common, layer):
    """A model: localize a folder, widen the footprints, join the places that lie in them."""
    model = QgsProcessingModelAlgorithm("chain", "tests")
    folder = QgsProcessingParameterFile("FOLDER", behavior=Qgis.ProcessingFileParameterBehavior.Folder)
    model.addModelParameter(folder, QgsProcessingModelParameter("FOLDER"))
    source = QgsProcessingModelChildParameterSource
    steps = {
        "localize": ("astroloc:localizefolder", {**common, "FOLDER": source.fromModelParameter("FOLDER")}),
        "widen": (
            "native:buffer",
            {"INPUT": source.fromChildOutput("localize", "FOOTPRINTS"), "DISTANCE": 0.01, "DISSOLVE": False},
        ),
        "join": (
            "native:joinattributesbylocation",
            {
                "INPUT": source.fromChildOutput("widen", "OUTPUT"), "JOIN": layer, "PREDICATE": [0],
                "JOIN_FIELDS": ["place"], "METHOD": 0, "DISCARD_NONMATCHING": False,
            },
        ),
    }  # fmt: skip
    for child_id, (algorithm, parameters) in steps.items():
        child = QgsProcessingModelChildAlgorithm(algorithm)
        child.setChildId(child_id)
        child.setDescription(child_id)
        for name, value in parameters.items():
            one = value if isinstance(value, source) else source.fromStaticValue(value)
            child.addParameterSources(name, [one])
        if child_id == "join":
            output = QgsProcessingModelOutput("JOINED", "JOINED")
            output.setChildId("join")
            output.setChildOutputName("OUTPUT")
            child.setModelOutputs({"JOINED": output})
        model.addChildAlgorithm(child)
    model.updateDestinationParameters()
    return model
