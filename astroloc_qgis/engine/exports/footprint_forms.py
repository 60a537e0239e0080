"""Forms of the footprint: GeoPackage, GeoJSON, KML for globes, a Shapefile for older programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osgeo import gdal

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.exports.files import gdal_writes
from astroloc_qgis.engine.exports.footprint import write_footprint
from astroloc_qgis.engine.exports.vector import Value
from astroloc_qgis.engine.geometry.footprint import ground_area_km2
from astroloc_qgis.engine.geometry.homography import apply_homography

if TYPE_CHECKING:
    from astroloc_qgis.engine.exports.photo_export import PhotoExport

SHAPEFILE_FIELDS = ("photo", "nasa_id", "status", "confidence", "inliers", "matcher", "rmse_px", "rmse_m", "gsd_m",
                    "area_km2", "taken")  # fmt: skip
"""Attributes that fit into a Shapefile's names and widths."""


def export_gpkg(export: PhotoExport) -> Path:
    """Write the footprint as a GeoPackage."""
    return _write(export, export.path("_footprint.gpkg"))


def export_geojson(export: PhotoExport) -> Path:
    """Write the footprint as GeoJSON."""
    return export.shared(export.path("_footprint.geojson"), lambda path: _write(export, path))


def export_kml(export: PhotoExport) -> Path:
    """Write the footprint as KML."""
    return write_kml(export.path("_footprint.kml"), export_geojson(export))


def export_shapefile(export: PhotoExport) -> Path:
    """Write the footprint as a Shapefile."""
    written = write_shapefile(export.path("_footprint.shp"), export_geojson(export))
    return next(file for file in written if file.suffix == ".shp")


def _write(export: PhotoExport, path: Path) -> Path:
    facts, visible = export.facts, export.visible
    edge = export.plane.to_lonlat(apply_homography(export.homography, visible.outline(points_per_edge=32)))
    attributes: dict[str, Value] = {
        "photo": export.photo.path.name,
        "nasa_id": export.photo.nasa_id,
        "status": str(facts.get("status") or "accepted"),
        **{key: facts.get(key) for key in ("confidence", "inliers", "matcher", "rmse_px", "rmse_m")},
        "gsd_m": round(visible.gsd_m, 3),
        "area_km2": round(ground_area_km2(edge), 3),
        "taken": export.photo.taken,
    }
    return write_footprint(path, export.outline, attributes, homography=export.homography, plane=export.plane)


def write_kml(path: Path, geojson: Path) -> Path:
    """Write the footprint as KML, cut at the antimeridian as in the GeoJSON.

    Args:
        path: ".kml".
        geojson: the footprint as ``write_footprint`` wrote it.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    fields = [*SHAPEFILE_FIELDS]
    _translate(path, geojson, "KML", fields, ["NameField=photo"])
    return path


def write_shapefile(path: Path, geojson: Path) -> list[Path]:
    """Write the footprint as a Shapefile, cut at the antimeridian as in the GeoJSON.

    Args:
        path: ".shp"; its companions are written beside it.
        geojson: the footprint as ``write_footprint`` wrote it.

    Returns:
        All files written.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    _translate(path, geojson, "ESRI Shapefile", [*SHAPEFILE_FIELDS], [])
    return sorted(
        file for file in path.parent.glob(f"{path.stem}.*") if file.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg")
    )


def _translate(path: Path, geojson: Path, driver: str, fields: list[str], dataset_options: list[str]) -> None:
    source = gdal.OpenEx(str(geojson), gdal.OF_VECTOR)
    layer = source.GetLayer(0)
    known = {
        layer.GetLayerDefn().GetFieldDefn(number).GetName() for number in range(layer.GetLayerDefn().GetFieldCount())
    }
    options = gdal.VectorTranslateOptions(
        format=driver,
        selectFields=[name for name in fields if name in known],
        layerName=path.stem if driver == "ESRI Shapefile" else "footprint",
        geometryType="PROMOTE_TO_MULTI" if driver == "ESRI Shapefile" else None,
        datasetCreationOptions=dataset_options,
    )
    with gdal_writes(path):
        written = gdal.VectorTranslate(str(path), source, options=options)
        if written is None:
            raise AstroLocError(f"{path.name} could not be written.", gdal.GetLastErrorMsg())
        del written
