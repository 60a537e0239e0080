"""The values of an algorithm's parameters, read and checked; what is wrong is told in one sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.index_folder import IndexSummary, read_index_summary, world_index
from astroloc_qgis.qgis_adapters.reference import imagery_uri
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from astroloc_qgis.engine.geometry.nadir import Nadir

WGS84 = "EPSG:4326"
USUAL_CENTRE_KM = 300.0
_TRUTHS = frozenset({"", "true", "false", "yes", "no", "1", "0"})
RASTERS = (".tif", ".tiff")
"""The endings of the rasters that are written."""


def is_acceptable(definition: QgsProcessingParameterDefinition, value: Any, context: QgsProcessingContext) -> bool:
    """Whether a parameter can have a value.

    QGIS itself takes a text that is no number for one that is not given, and any text for true.

    Args:
        definition: of the parameter.
        value: what was given.
        context: of the run.
    """
    if definition.type() == "number" and isinstance(value, str) and value.strip():
        try:
            if not math.isfinite(float(value)):
                return False
        except ValueError:
            return False
    if definition.type() == "boolean" and isinstance(value, str) and value.strip().lower() not in _TRUTHS:
        return False
    return bool(definition.checkValueIsAcceptable(value, context))


def refusal(definition: QgsProcessingParameterDefinition, value: Any) -> str:
    """The sentence for a value that a parameter cannot take.

    Args:
        definition: of the parameter.
        value: what was given.
    """
    hints = {
        "file": tr("name a file or folder"),
        "raster": tr("give a raster layer, or a file that QGIS opens as one"),
        "source": tr("give a vector layer"),
        "point": tr("write it as “longitude,latitude [EPSG:4326]”"),
        "extent": tr("write it as “west,east,south,north [EPSG:4326]”"),
        "crs": tr("name one such as EPSG:4326"),
        "boolean": tr("give true or false"),
        "enum": tr("choose among those offered"),
        "field": tr("name a field of the layer"),
    }
    kind = definition.type()
    hint = hints.get(kind, tr("give another value"))
    if kind == "number":
        low, high = definition.minimum(), definition.maximum()
        hint = tr("give a number from {low} to {high}").format(low=f"{low:g}", high=f"{high:g}")
    if kind == "file" and (pattern := definition.fileFilter() or definition.extension()):
        hint = tr("name a file of this kind: {pattern}").format(pattern=pattern)
    if kind == "enum":
        hint = tr("choose among {names}").format(names=", ".join(definition.options()))
    if definition.isDestination():
        hint = tr("name a file or folder to write")
    names = {"label": definition.description(), "name": definition.name(), "value": str(value), "hint": hint}
    if value is None or value == "":
        return tr("The parameter “{label}” ({name}) is missing: {hint}.").format(**names)
    return tr("The parameter “{label}” ({name}) cannot be {value}: {hint}.").format(**names)


class Values:
    """The values of one run.

    Args:
        algorithm: whose parameters.
        parameters: as they were given.
        context: of the run.
    """

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self.algorithm, self.parameters, self.context = algorithm, parameters, context

    def given(self, name: str) -> bool:
        """Whether an optional parameter has a value."""
        return self.parameters.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """A text, without blanks at its ends."""
        return str(self.algorithm.parameterAsString(self.parameters, name, self.context)).strip()

    def truth(self, name: str) -> bool:
        """Yes or no."""
        return bool(self.algorithm.parameterAsBoolean(self.parameters, name, self.context))

    def number(self, name: str) -> float | None:
        """A number; None where none is given and there is no default."""
        definition = self.algorithm.parameterDefinition(name)
        if not self.given(name) and definition.defaultValue() is None:
            return None
        return float(self.algorithm.parameterAsDouble(self.parameters, name, self.context))

    def choice(self, name: str) -> str:
        """One of the texts of a list."""
        return str(self.algorithm.parameterAsEnumString(self.parameters, name, self.context))

    def choices(self, name: str) -> list[str]:
        """Some of the texts of a list."""
        return list(self.algorithm.parameterAsEnumStrings(self.parameters, name, self.context))

    def file(self, name: str, what: str) -> Path:
        """A file that exists.

        Raises:
            InputError: it does not.
        """
        path = Path(str(self.algorithm.parameterAsFile(self.parameters, name, self.context))).absolute()
        if not path.is_file():
            raise InputError(tr("{what}: there is no file {path}.").format(what=what, path=path))
        return path

    def folder(self, name: str, what: str) -> Path:
        """A folder that exists.

        Raises:
            InputError: it does not.
        """
        path = Path(str(self.algorithm.parameterAsFile(self.parameters, name, self.context))).absolute()
        if not path.is_dir():
            raise InputError(tr("{what}: there is no folder {path}.").format(what=what, path=path))
        return path

    def photo(self, name: str = "PHOTO") -> Path:
        """A photo.

        Raises:
            InputError: there is no such file.
        """
        return self.file(name, tr("Photo"))

    def index(self, name: str = "INDEX") -> tuple[Path, IndexSummary]:
        """The folder of the index, by default the world's that comes with the plugin, and what it holds.

        Raises:
            InputError: it is no index, or none is given and none came with the plugin.
        """
        own = None if self.given(name) else world_index()
        if own is None and not self.given(name):
            raise InputError(tr("No index of the world came with this plugin: choose the folder of an index."))
        folder = own or Path(str(self.algorithm.parameterAsFile(self.parameters, name, self.context))).absolute()
        return folder, read_index_summary(folder)

    def imagery(self, name: str = "REFERENCE") -> str | None:
        """What the engine opens for a raster layer; None where none is given.

        Raises:
            InputError: there is no such layer, or GDAL cannot read it.
        """
        if not self.given(name):
            return None
        layer = self.algorithm.parameterAsRasterLayer(self.parameters, name, self.context)
        if layer is None or not layer.isValid():
            sentence = tr("The reference imagery {value} cannot be opened: choose a raster layer or file.")
            raise InputError(sentence.format(value=self.parameters[name]))
        return imagery_uri(layer)

    def place(self, name: str) -> tuple[float, float] | None:
        """Latitude, longitude of a point, degrees; None where none is given.

        Raises:
            InputError: it is no place on Earth.
        """
        if not self.given(name):
            return None
        wgs84 = QgsCoordinateReferenceSystem(WGS84)
        point = self.algorithm.parameterAsPoint(self.parameters, name, self.context, wgs84)
        if not (-90 <= point.y() <= 90 and -180 <= point.x() <= 180):
            sentence = tr("The point {value} is no place on Earth: write longitude,latitude in degrees.")
            raise InputError(sentence.format(value=self.parameters[name]))
        return point.y(), point.x()

    def nadir(self) -> Nadir | None:
        """The nadir of ``NADIR`` and ``ALTITUDE``; None where none is given.

        Raises:
            InputError: it is no place, or a height is given without one.
        """
        from astroloc_qgis.engine.geometry.nadir import Nadir

        place, altitude = self.place("NADIR"), self.number("ALTITUDE")
        if place is None:
            if altitude is not None:
                raise InputError(tr("A height of the camera is of use with its nadir alone: give the nadir too."))
            return None
        return Nadir.at(*place, altitude)

    def extent(self, name: str = "EXTENT") -> list[float] | None:
        """West, south, east, north, degrees; None where none is given.

        Raises:
            InputError: it is empty.
        """
        if not self.given(name):
            return None
        wgs84 = QgsCoordinateReferenceSystem(WGS84)
        box = self.algorithm.parameterAsExtent(self.parameters, name, self.context, wgs84)
        if box.isNull() or box.isEmpty():
            raise InputError(tr("The extent {value} is empty: give another.").format(value=self.parameters[name]))
        return [
            max(box.xMinimum(), -180.0), max(box.yMinimum(), -90.0), min(box.xMaximum(), 180.0),
            min(box.yMaximum(), 90.0),
        ]  # fmt: skip

    def crs(self, name: str = "CRS") -> str | None:
        """A CRS as the engine takes it; None where none is given.

        Raises:
            InputError: there is no such CRS.
        """
        if not self.given(name):
            return None
        crs = self.algorithm.parameterAsCrs(self.parameters, name, self.context)
        if not crs.isValid():
            sentence = tr("There is no CRS {value}: name one such as EPSG:4326.")
            raise InputError(sentence.format(value=self.parameters[name]))
        authid = crs.authid()
        return str(authid if authid.startswith("EPSG:") else crs.toWkt(Qgis.CrsWktVariant.Preferred))

    def check_raster(self, name: str) -> None:
        """Check that a raster can be written under the name that the user gave it.

        Raises:
            InputError: it does not end in .tif.
        """
        given = self.parameters.get(name)
        if isinstance(given, QgsProcessingOutputLayerDefinition):
            given = given.sink.staticValue()
        text = str(given or "")
        if text not in ("", "TEMPORARY_OUTPUT") and Path(text).suffix.lower() not in RASTERS:
            raise InputError(tr("The raster {file} is written as a GeoTIFF: give it a name in .tif.").format(file=text))

    def search(self) -> dict[str, Any]:
        """Where a photo is searched, as the engine takes it.

        Raises:
            InputError: one of the parameters is wrong.
        """
        text = self.text("INDEX")
        place = text if text.startswith(("http://", "https://")) else str(self.index()[0])
        found: dict[str, Any] = {"index": place, "imagery": self.imagery(), "radius_km": self.number("RADIUS_KM")}
        centre = self.place("CENTRE")
        if centre is not None:
            found |= {"centre": list(centre), "centre_km": self.number("CENTRE_KM") or USUAL_CENTRE_KM}
        return {**found, "extent": self.extent()}

    def matching(self) -> dict[str, Any]:
        """How a photo is matched and written, as the engine takes it."""
        return {
            "matcher": self.choice("MATCHER"),
            "thorough": self.truth("THOROUGH"),
            "seconds": self.number("SECONDS"),
            "crs": self.crs(),
        }
