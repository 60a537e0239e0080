"""AstroLoc's algorithms in the toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

import astroloc_qgis
from astroloc_qgis.processing_provider.benchmarks import BenchmarkMatchers, BenchmarkRetrieval
from astroloc_qgis.processing_provider.export_localization import ExportLocalization
from astroloc_qgis.processing_provider.index_algorithms import BuildIndex, CheckIndex
from astroloc_qgis.processing_provider.label_photos import LabelPhotos
from astroloc_qgis.processing_provider.localize_folder import LocalizeFolder
from astroloc_qgis.processing_provider.localize_photo import LocalizePhoto
from astroloc_qgis.processing_provider.refine_photo import RefinePhoto
from astroloc_qgis.processing_provider.retrieve_candidates import RetrieveCandidates
from astroloc_qgis.processing_provider.warp_photo import WarpPhoto
from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import tr

ALGORITHMS = (
    LocalizePhoto,
    LocalizeFolder,
    RefinePhoto,
    RetrieveCandidates,
    WarpPhoto,
    ExportLocalization,
    BuildIndex,
    CheckIndex,
    LabelPhotos,
    BenchmarkMatchers,
    BenchmarkRetrieval,
)


class AstroLocProvider(QgsProcessingProvider):
    """The group *AstroLoc* of the toolbox."""

    def id(self) -> str:
        """The part of an algorithm's name before the colon."""
        return "astroloc"

    def name(self) -> str:
        """Its name in the toolbox."""
        return tr("AstroLoc")

    def longName(self) -> str:
        """Its name with the version."""
        return f"{tr('AstroLoc')} {astroloc_qgis.__version__}"

    def versionInfo(self) -> str:
        """The version of the plugin."""
        return astroloc_qgis.__version__

    def icon(self) -> QIcon:
        """The plugin's icon."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """The file of the plugin's icon."""
        return str(resource("icons", "astroloc.svg"))

    def loadAlgorithms(self) -> None:
        """Make the algorithms (called by QGIS)."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        """The engine writes GeoTIFFs."""
        return ["tif", "tiff"]
