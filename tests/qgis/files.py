"""Small photos and indexes for the tests."""

from __future__ import annotations

import json
from pathlib import Path

from osgeo import gdal, ogr
from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtGui import QColor, QImage


def make_photo(folder: Path, name: str) -> Path:
    image = QImage(90, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    path = folder / f"{name}.jpg"
    assert image.save(str(path))
    return path


def make_index(folder: Path) -> Path:
    """An index as far as the dock looks into it."""
    folder.mkdir()
    (folder / "index.json").write_text(
        '{"format_version": 1, "title": "Generated", "model": "xfeat-vlad", "zooms": [9, 10], '
        '"counts": {"9": 4, "10": 16}, "imagery_uri": "x.tif", "attribution": "us"}'
    )
    return folder


def make_raster(path: Path, crs: str, bounds: tuple[float, float, float, float], grey: int = 200) -> Path:
    """A raster of one grey, 70 x 60 pixels, with alpha; bounds are west, south, east, north in its CRS."""
    west, south, east, north = bounds
    raster = gdal.GetDriverByName("GTiff").Create(str(path), 70, 60, 4)
    raster.SetGeoTransform((west, (east - west) / 70, 0, north, 0, (south - north) / 60))
    raster.SetProjection(QgsCoordinateReferenceSystem(crs).toWkt())
    for band in range(1, 5):
        raster.GetRasterBand(band).Fill(255 if band == 4 else grey)
    return path


def make_result(photo: Path, crs: str, bounds: tuple[float, float, float, float]) -> dict:
    """What the engine reports and writes of a localized photo; the scripted engine finds it beside the photo.

    Args:
        photo: a file called "told" in a folder of its own.
        crs: of the raster.
        bounds: west, south, east, north in that CRS.
    """
    tif = make_raster(photo.with_suffix(".tif"), crs, bounds)
    gpkg = photo.with_name(f"{photo.stem}_footprint.gpkg")
    vector = ogr.GetDriverByName("GPKG").CreateDataSource(str(gpkg))
    srs = raster_crs(tif)
    layer = vector.CreateLayer("footprint", srs, ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    west, south, east, north = bounds
    ring = f"({west} {north}, {east} {north}, {east} {south}, {west} {south}, {west} {north})"
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON ({ring})"))
    layer.CreateFeature(feature)
    layer = vector = None
    report = {
        "status": "localized",
        "confidence": 0.97,
        "inliers": 71,
        "outputs": {"geotiff": str(tif), "footprint": str(gpkg)},
    }
    photo.with_suffix(".json").write_text(json.dumps(report), encoding="utf-8")
    return report


def raster_crs(path: Path):
    """The CRS of a raster."""
    return gdal.Open(str(path)).GetSpatialRef()


def make_unplaced(photo: Path, candidates: list[tuple[int, int, int]]) -> dict:
    """What the engine reports of a photo that is not localized; candidates are zoom, row, column."""
    ranked = [
        {"zoom": zoom, "row": row, "column": column, "size": 4, "rank": rank, "score": 1 - rank / 100}
        for rank, (zoom, row, column) in enumerate(candidates, 1)
    ]
    report = {"status": "not_localized", "confidence": 0.02, "inliers": 5, "outputs": {}, "candidates": ranked}
    report["reason"] = "too few points match"
    photo.with_suffix(".json").write_text(json.dumps(report), encoding="utf-8")
    return report
