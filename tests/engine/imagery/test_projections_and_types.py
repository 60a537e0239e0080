"""A photo is found in references of many projections and types of raster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.pipeline import register_block
from astroloc_qgis.engine.tiles import block_around
from tests.engine.imagery.rasters import PLACE, UTM, noise, whole, wkt_of
from tests.engine.synthetic import World, dataset_pixels, make_world, memory_dataset, shot, write_raster

SIZE = (360, 240)
GOOD_PX = 3.0
WIDE = 480
"""Columns of the rasters."""

Values = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Turns (H, W, 4) RGB and alpha into the bands of a raster."""


def colours(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return pixels[..., :3]


def with_alpha(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return pixels


def grey(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return pixels[..., :3].mean(axis=2, keepdims=True).astype(np.uint8)


def scaled(kind: str, low: float, step: float, bands: Values = colours) -> Values:
    return lambda pixels: (low + step * bands(pixels).astype(np.float64)).astype(kind)


def sixteen_bits_with_alpha(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    values = 1000 + 20 * pixels.astype(np.uint16)
    values[..., 3] = np.where(pixels[..., 3] > 127, 65535, 0)
    return values


@dataclass(frozen=True)
class Kind:
    """A kind of reference.

    Attributes:
        crs: its CRS.
        place: longitude and latitude of the land on it.
        values: its bands.
        form: "north-up", "south-up", "rotated", or "beyond 180" (longitudes from 0 to 360).
        palette: whether its one band holds numbers of colours.
    """

    crs: str
    place: tuple[float, float]
    values: Values
    form: str = "north-up"
    palette: bool = False


KINDS = {
    "geographic, 8 bits": Kind("EPSG:4326", (11.0, 46.0), colours),
    "web map, 16 bits": Kind("EPSG:3857", (-70.0, -20.0), scaled("uint16", 300, 17)),
    "UTM north, signed, one band": Kind("EPSG:32632", (9.5, 46.0), scaled("int16", -500, 9, grey)),
    "UTM south, floats, one band": Kind("EPSG:32756", (153.0, -28.0), scaled("float32", 0.02, 0.001, grey)),
    "polar stereographic north, alpha": Kind("EPSG:3413", (-40.0, 76.0), with_alpha),
    "polar stereographic south, palette": Kind("EPSG:3031", (165.0, -77.0), grey, palette=True),
    "equal area, 16 bits with alpha": Kind("EPSG:3035", (15.0, 50.0), sixteen_bits_with_alpha),
    "Lambert conformal, floats": Kind("EPSG:2154", (3.0, 46.0), scaled("float32", -0.1, 0.004)),
    "world Mercator, grey": Kind("EPSG:3395", (140.0, 36.0), grey),
    "longitudes from 0 to 360, signed": Kind("EPSG:4326", (-160.0, 21.0), scaled("int16", -999, 5), "beyond 180"),
    "over the antimeridian": Kind("EPSG:4326", (179.9, -17.0), colours, "beyond 180"),
    "rotated": Kind("EPSG:32632", (9.5, 46.0), with_alpha, "rotated"),
    "south up": Kind("EPSG:3857", (11.0, 46.0), colours, "south-up"),
    "south up, geographic, 16 bits": Kind("EPSG:4326", (11.0, -33.0), scaled("uint16", 0, 256), "south-up"),
}


def write_kind(path: Path, world: World, kind: Kind) -> Path:
    """Write a world as a reference of a kind."""
    xmin, ymin, xmax, ymax = world.bounds_in(kind.crs)
    step_x = (xmax - xmin) / WIDE
    high = round(WIDE * (ymax - ymin) / (xmax - xmin))
    step_y = (ymax - ymin) / high
    geotransform = [xmin, step_x, 0.0, ymax, 0.0, -step_y]
    if kind.form == "south-up":
        geotransform = [xmin, step_x, 0.0, ymin, 0.0, step_y]
    if kind.form == "rotated":
        cosine, sine = np.cos(np.radians(35.0)), np.sin(np.radians(35.0))
        middle = np.array([(xmin + xmax) / 2, (ymin + ymax) / 2])
        turned = np.array([[cosine * step_x, sine * step_y], [sine * step_x, -cosine * step_y]])
        corner = middle - turned @ np.array([WIDE / 2, high / 2])
        geotransform = [corner[0], *turned[0], corner[1], *turned[1]]
    target = gdal.GetDriverByName("MEM").Create("", WIDE, high, 4)
    target.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
    target.SetProjection(wkt_of(kind.crs))
    target.SetGeoTransform(geotransform)
    gdal.Warp(target, world.dataset(), resampleAlg="cubic", errorThreshold=0.01, warpOptions=["SAMPLE_GRID=YES"])
    if kind.form == "beyond 180" and xmin < 0:
        geotransform[0] += 360.0
    values = kind.values(dataset_pixels(target))
    alpha = values.shape[2] == 4
    if not kind.palette:
        return write_raster(path, values, kind.crs, geotransform, alpha=alpha)
    dataset = memory_dataset(values)
    table = gdal.ColorTable()
    for level in range(256):
        table.SetColorEntry(level, (level, level // 2 + 60, 255 - level, 255))
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset.SetProjection(wkt_of(kind.crs))
    dataset.SetGeoTransform(geotransform)
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_a_photo_is_found_in_a_reference_of_every_kind(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    world = make_world(*kind.place, side_m=60_000.0, pixels=512)
    path = write_kind(tmp_path / "reference.tif", world, kind)
    reference = Reference.open(path)
    west, south, east, north = reference.extent_lonlat
    lon, lat = kind.place
    assert south < lat < north
    assert west < lon < east if west < east else (lon > west or lon < east)
    block = block_around(lon, lat, 12 if abs(lat) < 70 else 10)
    assert Coverage(reference).of_block(block).fraction > 0
    assert Coverage(reference).shows(np.array([[block.zoom, block.row, block.column]]), 4).all()
    homography = shot(world, SIZE, turn_deg=25.0, tilt=0.08)
    pyramid = PhotoPyramid(world.photo(homography, SIZE, seed=3))
    found = register_block(tmp_path / "photo.jpg", pyramid, reference, block, stages=stages_of("sift"))
    assert found.located, found.verdict.reason
    truth = world.plane.to_lonlat(apply_homography(homography, photo_corners(*SIZE)))
    off_m = great_circle_km(np.array(found.report()["footprint"]), truth).max() * 1000
    assert off_m / (world.side_m / 2 / max(SIZE)) < GOOD_PX


def test_a_reference_of_nothing_but_nodata_shows_nothing_and_is_no_crash(tmp_path: Path) -> None:
    for kind in ("uint8", "uint16", "float32"):
        path = write_raster(tmp_path / f"{kind}.tif", np.zeros((100, 100, 3), kind), UTM, PLACE, nodata=0)
        rendering = Reference.open(path).read(whole())
        assert not rendering.mask.any()
        assert not rendering.pixels.any()


@pytest.mark.parametrize(
    "crs",
    [
        'LOCAL_CS["a building site",UNIT["metre",1]]',
        'ENGCRS["a building site",EDATUM["its corner"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
        'LENGTHUNIT["metre",1]]',
        'PROJCS["Mars",GEOGCS["Mars 2000",DATUM["D_Mars_2000",SPHEROID["Mars",3396190,169.89]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Equirectangular"],UNIT["metre",1]]',
    ],
    ids=["local", "engineering", "Mars"],
)
def test_a_crs_that_is_not_of_the_earth_is_refused_in_a_sentence(tmp_path: Path, crs: str) -> None:
    path = write_raster(tmp_path / "a.vrt.tif", noise(3), None, PLACE)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetProjection(crs)
    dataset = None
    with pytest.raises(InputError, match="has no known place on Earth: assign it the right one"):
        Reference.open(path)


def test_a_block_of_the_other_side_of_the_earth_is_empty_in_every_projection(tmp_path: Path) -> None:
    for crs in ("EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035", "EPSG:2154"):
        world = make_world(9.5, 46.0, side_m=60_000.0, pixels=512)
        reference = Reference.open(world.write(tmp_path / f"{crs[5:]}.tif", crs, pixels=100))
        for lon, lat in ((-170.5, -46.0), (99.5, 0.0), (-80.0, 0.0), (9.5, -46.0), (180.0, 80.0)):
            assert not reference.read(block_window(block_around(lon, lat, 9), 32)).mask.any()
