"""The footprint for other programs: KML for globes, a Shapefile for everything else."""

from __future__ import annotations

from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.exports.files import gdal_writes

SHAPEFILE_FIELDS = ("photo", "nasa_id", "status", "confidence", "inliers", "matcher", "rmse_px", "rmse_m", "gsd_m",
                    "area_km2", "taken")  # fmt: skip
"""Attributes that fit into a Shapefile's names and widths."""


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
