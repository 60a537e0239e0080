"""*Warp photo from tie points*: a raster and a footprint from points set by hand or in QGIS's Georeferencer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterDestination,
)
from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters, teller
from astroloc_qgis.processing_provider.parameters import (
    advanced,
    enumeration,
    footprint_sink,
    photo_parameter,
)
from astroloc_qgis.processing_provider.results import FOOTPRINT_FIELDS, footprint_feature, place_file, temporary_folder
from astroloc_qgis.processing_provider.sinks import LayerSink
from astroloc_qgis.processing_provider.values import WGS84, Values
from astroloc_qgis.qgis_adapters.engine.calling import WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from astroloc_qgis.gui.model.placement import Placement
    from astroloc_qgis.gui.model.tie_points import TiePoint

FEWEST = 2
RESAMPLINGS = ["cubic", "bilinear", "nearest", "lanczos"]


class WarpPhoto(AstroLocAlgorithm):
    """Georeferences a photo by tie points alone."""

    NAME = "warpfromtiepoints"

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Warp photo from tie points")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Georeferences a photo by tie points: places whose position in the photo is known. Two points give "
            "position, scale and rotation; three shear it; four or more give the perspective, and more are fitted by "
            "least squares.\n\n"
            "The points are either a layer with the photo's pixels in two fields (x to the right, y down from the top "
            "left corner of the upright photo), such as the tie points that the other algorithms write, or a .points "
            "file of QGIS's Georeferencer. Of a layer with a field “inlier” only the inliers count, and with a field "
            "“photo” only those of this photo."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        points = Qgis.ProcessingSourceType.VectorPoint
        for definition in [
            photo_parameter(),
            QgsProcessingParameterFeatureSource("POINTS", tr("Tie points (layer)"), [points], optional=True),
            _field("X_FIELD", tr("Field with the column in the photo, pixels"), "photo_x"),
            _field("Y_FIELD", tr("Field with the row in the photo, pixels"), "photo_y"),
            QgsProcessingParameterFile(
                "POINTS_FILE", tr("Tie points (.points file)"), optional=True, extension="points"
            ),
            QgsProcessingParameterCrs("CRS", tr("CRS of the raster"), defaultValue=WGS84),
            advanced(enumeration("RESAMPLING", tr("Resampling"), RESAMPLINGS, "cubic")),
            QgsProcessingParameterRasterDestination("RASTER", tr("Georeferenced photo")),
            footprint_sink("FOOTPRINT"),
        ]:
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputNumber("RMSE_PX", tr("Root mean square error, pixels of the photo")))
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of tie points")))

    def read(self, values: Values) -> dict[str, Any]:
        """The photo, its tie points and where they place it."""
        photo = values.photo()
        values.check_raster("RASTER")
        if values.given("POINTS") == values.given("POINTS_FILE"):
            raise InputError(tr("Give the tie points either as a layer or as a .points file."))
        points = layer_points(photo, values) if values.given("POINTS") else file_points(photo, values)
        if len(points) < FEWEST:
            sentence = tr("There are {n} tie points for {photo}: at least {fewest} are needed.")
            raise InputError(sentence.format(n=len(points), photo=photo.name, fewest=FEWEST))
        placement = placement_of(photo, points)
        return {
            "photo": photo, "points": points, "placement": placement, "crs": values.crs() or WGS84,
            "resampling": values.choice("RESAMPLING"),
        }  # fmt: skip

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Have the engine warp it."""
        photo, placement, points = (self.inputs[name] for name in ("photo", "placement", "points"))
        sink = LayerSink(self, "FOOTPRINT", FOOTPRINT_FIELDS, Qgis.WkbType.Polygon, parameters, context)
        target = Path(self.parameterAsOutputLayer(parameters, "RASTER", context)).absolute()
        rmse = rmse_px(placement, points)
        homography = [list(row) for row in placement.homography]
        options = {"forms": ["geotiff", "footprint_gpkg"]}
        options |= {name: self.inputs[name] for name in ("crs", "resampling")}
        with temporary_folder() as out, WaitingEngine(feedback.isCanceled) as engine:
            params = {
                "photo": str(photo), "homography": homography, "plane": placement.plane, "out": str(out),
                "name": "photo", "options": options, "facts": {"basis": "tie points", "rmse_px": rmse},
                "tie_points": [
                    {"x": one.x, "y": one.y, "lon": one.lon, "lat": one.lat, "on": True} for one in points
                ],
            }  # fmt: skip
            outputs = engine.ask("export", params, teller(feedback, "export"))["outputs"]
            entry = {
                "photo": str(photo), "status": "tie points", "outputs": outputs, "homography": homography,
                "working_plane": placement.plane, "inliers": len(points),
            }  # fmt: skip
            sink.add(footprint_feature(entry, target))
            place_file(Path(outputs["geotiff"]), target)
        feedback.pushInfo(tr("{n} tie points, off by {rmse} pixels").format(n=len(points), rmse=f"{rmse:.2f}"))
        return {**sink.close(), "RASTER": str(target), "RMSE_PX": rmse, "COUNT": len(points)}


def _field(name: str, description: str, default: str) -> Definition:
    return QgsProcessingParameterField(
        name, description, defaultValue=default, parentLayerParameterName="POINTS", optional=True
    )


def layer_points(photo: Path, values: Values) -> tuple[TiePoint, ...]:
    """The tie points of a photo in a layer.

    Raises:
        InputError: the layer has not these fields.
    """
    from astroloc_qgis.gui.model.tie_points import TiePoint

    source = values.algorithm.parameterAsSource(values.parameters, "POINTS", values.context)
    if source is None:
        raise InputError(tr("The tie points {value} are no layer.").format(value=values.parameters["POINTS"]))
    fields = source.fields()
    names = [values.text("X_FIELD") or "photo_x", values.text("Y_FIELD") or "photo_y"]
    for name in names:
        if fields.lookupField(name) < 0:
            raise InputError(tr("The layer of tie points has no field {name}: choose another.").format(name=name))
    wgs84 = QgsCoordinateReferenceSystem(WGS84)
    transform = QgsCoordinateTransform(source.sourceCrs(), wgs84, values.context.transformContext())
    found = []
    for feature in source.getFeatures():
        geometry = feature.geometry()
        if geometry.isEmpty():
            continue
        if fields.lookupField("inlier") >= 0 and feature["inlier"] == 0:
            continue
        if fields.lookupField("photo") >= 0 and Path(str(feature["photo"])).name != photo.name:
            continue
        geometry.transform(transform)
        point = geometry.centroid().asPoint()
        try:
            x, y = (float(feature[name]) for name in names)
        except (TypeError, ValueError) as error:
            sentence = tr("A tie point has no number in {fields}: fill them in, or delete the point.")
            raise InputError(sentence.format(fields=", ".join(names))) from error
        found.append(TiePoint(x, y, point.x(), point.y()))
    return tuple(found)


def file_points(photo: Path, values: Values) -> tuple[TiePoint, ...]:
    """The enabled tie points in a file of QGIS's Georeferencer, which counts pixels as the photo's file has them.

    Raises:
        InputError: it is no such file.
    """
    import numpy as np

    from astroloc_qgis.engine.exports.points_file import read_points
    from astroloc_qgis.engine.geometry.projection import transform_points
    from astroloc_qgis.gui.model.tie_points import TiePoint
    from astroloc_qgis.qgis_adapters.desk_photo import upright_points

    read, crs = read_points(values.file("POINTS_FILE", tr("Tie points")))
    points = [point for point in read if point.enabled]
    stored = np.array([[point.x, point.y] for point in points]).reshape(-1, 2)
    on_map = np.array([[point.map_x, point.map_y] for point in points]).reshape(-1, 2)
    lonlat = transform_points(on_map, crs or WGS84, WGS84)
    photo_xy = upright_points(photo, stored)
    return tuple(
        TiePoint(float(x), float(y), float(lon), float(lat))
        for (x, y), (lon, lat) in zip(photo_xy, lonlat, strict=True)
        if np.isfinite((lon, lat)).all()
    )


def placement_of(photo: Path, points: tuple[TiePoint, ...]) -> Placement:
    """Where tie points place a photo.

    Raises:
        InputError: they do not place it anywhere sound.
    """
    from astroloc_qgis.gui.desk.placing import points_to_placement
    from astroloc_qgis.gui.model.work import Work
    from astroloc_qgis.qgis_adapters.desk_photo import photo_size

    placement = points_to_placement(Work(tie_points=points), photo_size(photo))
    if placement is None:
        sentence = tr("The tie points of {photo} contradict each other or lie in one place: check them.")
        raise InputError(sentence.format(photo=photo.name))
    return placement


def rmse_px(placement: Placement, points: tuple[TiePoint, ...]) -> float:
    """Root mean square distance of the tie points from where the placement has them, pixels of the photo."""
    import numpy as np

    ground = np.array([[point.lon, point.lat] for point in points])
    off = placement.to_photo(ground) - np.array([[point.x, point.y] for point in points])
    return float(np.sqrt((off**2).sum(axis=1).mean()))
