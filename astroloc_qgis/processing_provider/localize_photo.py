"""*Localize photo*: find one photo and georeference it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.processing_provider.parameters import search_parameters
from astroloc_qgis.processing_provider.photo_algorithm import PhotoAlgorithm
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.text import tr


class LocalizePhoto(PhotoAlgorithm):
    """Finds a photo with an index."""

    NAME = METHOD = "localize"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Localize photo")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Finds the place that an astronaut photo shows, and georeferences it. The photo is looked up in an index "
            "of satellite imagery, and each likely place is matched with the imagery point by point. A photo that "
            "cannot be placed is reported as not localized, and is not guessed: its footprint then has no geometry.\n\n"
            "The nadir is the point on Earth below the station when the photo was taken. It is not necessary, but the "
            "search about it is faster and surer.\n\n"
            "The engine works in a process of its own, set up with the button in AstroLoc's dock."
        )

    def own_parameters(self) -> list[Definition]:
        """Where it is searched."""
        return search_parameters()

    def read(self, values: Values) -> dict[str, Any]:
        """The parameters of the engine's method."""
        return {**self.photo_and_matching(values), **values.search()}
