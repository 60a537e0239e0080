"""References whose only position is control points, and those that have none at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.pipeline import register_block
from astroloc_qgis.engine.tiles import block_around
from tests.engine.imagery.rasters import PLACE, UTM, noise, whole, wkt_of
from tests.engine.scene import SIZE, Scene, make_scene
from tests.engine.synthetic import memory_dataset, write_raster


def corners_of(side: int = 100, grid: int = 2) -> list[tuple[float, float]]:
    """Pixels of ``grid`` x ``grid`` control points over a raster."""
    return [(float(x), float(y)) for y in np.linspace(0, side, grid) for x in np.linspace(0, side, grid)]


def place_of(pixel: tuple[float, float]) -> tuple[float, float]:
    """Where a pixel of a raster at PLACE is."""
    return PLACE[0] + PLACE[1] * pixel[0], PLACE[3] + PLACE[5] * pixel[1]


def with_points(
    path: Path,
    image: NDArray[Any],
    pixels: list[tuple[float, float]],
    *,
    crs: str | None = UTM,
    off: float = 0.0,
    alpha: bool = False,
) -> Path:
    """Write a raster with control points; every second one is ``off`` metres east of its place."""
    dataset = memory_dataset(image)
    if alpha:
        dataset.GetRasterBand(image.shape[2]).SetColorInterpretation(gdal.GCI_AlphaBand)
    points = [
        gdal.GCP(x + off * (number % 2), y, 0.0, *pixel)
        for number, (pixel, (x, y)) in enumerate((pixel, place_of(pixel)) for pixel in pixels)
    ]
    dataset.SetGCPs(points, wkt_of(crs) if crs else "")
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset)
    return path


@pytest.mark.parametrize("grid", [2, 3, 5])
def test_a_raster_with_control_points_only_is_placed_by_them(tmp_path: Path, grid: int) -> None:
    image = noise(3)
    reference = Reference.open(with_points(tmp_path / "a.tif", image, corners_of(grid=grid)))
    rendering = reference.read(whole())
    assert reference.epsg == 32632
    assert rendering.mask.mean() > 0.97
    same = rendering.mask[2:-2, 2:-2]
    assert (np.abs(rendering.pixels.astype(int) - image)[2:-2, 2:-2][same] <= 1).all()
    outside = reference.read(Window(UTM, (500_000, 4_990_000, 501_000, 4_995_000), 50, 250))
    assert not outside.mask.any()
    assert Coverage(reference).of_block(block_around(9.005, 45.15, 12)).fraction > 0


@pytest.mark.parametrize("kind", ["uint16", "int16", "float32"])
def test_values_of_other_types_are_placed_as_well(tmp_path: Path, kind: str) -> None:
    image = np.repeat(np.linspace(100, 1000, 100)[None, :, None], 100, axis=0).astype(kind)
    rendering = Reference.open(with_points(tmp_path / "a.tif", image, corners_of())).read(whole())
    assert rendering.mask.mean() > 0.97
    assert (np.diff(rendering.pixels[50, 3:-3, 0].astype(int)) >= 0).all()
    assert rendering.pixels[50, 97, 0] > 240


def test_the_colours_of_a_palette_are_warped_and_not_their_numbers(tmp_path: Path) -> None:
    table = gdal.ColorTable()
    for index, colour in ((0, (0, 0, 0)), (1, (10, 20, 30)), (2, (99, 99, 99)), (3, (200, 100, 50))):
        table.SetColorEntry(index, colour)
    image = np.where(np.arange(100)[None, :, None] < 50, 1, 3).astype(np.uint8).repeat(100, axis=0)
    dataset = memory_dataset(image)
    dataset.GetRasterBand(1).SetColorTable(table)
    points = [gdal.GCP(*place_of(pixel), 0.0, *pixel) for pixel in corners_of()]
    dataset.SetGCPs(points, wkt_of(UTM))
    gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "p.tif"), dataset)
    rendering = Reference.open(tmp_path / "p.tif").read(whole())
    assert tuple(rendering.pixels[50, 20]) == (10, 20, 30)
    assert tuple(rendering.pixels[50, 80]) == (200, 100, 50)


def test_a_negative_stays_one(tmp_path: Path) -> None:
    image = noise(1)
    dataset = memory_dataset(image)
    dataset.SetGCPs([gdal.GCP(*place_of(pixel), 0.0, *pixel) for pixel in corners_of()], wkt_of(UTM))
    path = tmp_path / "a.tif"
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset, options=["PHOTOMETRIC=MINISWHITE"])
    pixels = Reference.open(path).read(whole()).pixels[..., :1].astype(int)
    assert (np.abs(pixels + image - 255)[2:-2, 2:-2] <= 1).all()


def test_an_alpha_band_stays_one(tmp_path: Path) -> None:
    image = noise(4)
    image[..., 3] = 255
    image[:, :40, 3] = 0
    rendering = Reference.open(with_points(tmp_path / "a.tif", image, corners_of(), alpha=True)).read(whole())
    assert not rendering.mask[:, :38].any()
    assert rendering.mask[3:-3, 43:-3].all()


def test_a_photo_is_found_in_a_raster_with_control_points_only(tmp_path: Path) -> None:
    scene: Scene = make_scene()
    map_ = gdal.Open(str(scene.imagery))
    x, step_x, _, y, _, step_y = map_.GetGeoTransform()
    points = [
        gdal.GCP(x + column * step_x, y + row * step_y, 0.0, column, row)
        for column in (0, map_.RasterXSize)
        for row in (0, map_.RasterYSize)
    ]
    bare = gdal.GetDriverByName("MEM").CreateCopy("", map_)
    path = tmp_path / "points.tif"
    gdal.Translate(str(path), bare, GCPs=points, outputSRS="EPSG:3857")
    assert gdal.Open(str(path)).GetGeoTransform(can_return_null=True) is None
    pyramid = PhotoPyramid(scene.world.photo(scene.truth, SIZE, seed=3))
    found = register_block(scene.photo, pyramid, Reference.open(path), scene.block, stages=stages_of("sift"))
    assert found.located
    assert scene.error_px(found.report()["footprint"]) < 3


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        Reference.open(path)
    return str(caught.value)


def test_control_points_that_do_not_place_a_raster_are_refused_with_a_way_out(tmp_path: Path) -> None:
    image = noise(3)
    few = with_points(tmp_path / "few.tif", image, corners_of()[:3])
    assert refusal(few) == (
        f"The reference imagery {few} has only 3 control points (GCPs); at least 4 are needed: add some with the "
        "Georeferencer of QGIS."
    )
    bare = with_points(tmp_path / "bare.tif", image, corners_of(), crs=None)
    assert "has 4 control points (GCPs) without a coordinate reference system" in refusal(bare)
    wild = with_points(tmp_path / "wild.tif", image, [(0, 0), (100, 0), (0, 100), (100, 100), (50, 50)], off=300)
    assert "pixels off a simple map" in refusal(wild)
    line = with_points(tmp_path / "line.tif", image, [(0, 0), (25, 25), (50, 50), (100, 100)])
    assert "control points" in refusal(line)


def test_many_control_points_that_no_polynomial_fits_are_followed_by_a_spline(tmp_path: Path) -> None:
    pixels = corners_of(grid=4)
    image = noise(1)
    straight = with_points(tmp_path / "straight.tif", image, pixels)
    bent = with_points(tmp_path / "bent.tif", image, pixels, off=60)
    at_point = Window(UTM, (place_of(pixels[5])[0] + 55, place_of(pixels[5])[1] - 5, place_of(pixels[5])[0] + 65,
                            place_of(pixels[5])[1] + 5), 1, 1)  # fmt: skip
    assert Reference.open(straight).read(whole()).mask.any()
    column, row = round(pixels[5][0]), round(pixels[5][1])
    near = image[row - 1 : row + 1, column - 1 : column + 1].astype(int)
    assert near.min() - 10 <= Reference.open(bent).read(at_point).pixels[0, 0, 0] <= near.max() + 10


def test_rational_polynomials_alone_are_refused_with_the_command_that_places_them(tmp_path: Path) -> None:
    dataset = memory_dataset(noise(3))
    numbers = {f"{what}_{axis}": "1" for what in ("OFF", "SCALE") for axis in ("LINE", "SAMP", "LAT", "LONG", "HEIGHT")}
    rpc = {f"{key.split('_')[1]}_{key.split('_')[0]}": value for key, value in numbers.items()}
    for kind in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN"):
        rpc[f"{kind}_COEFF"] = " ".join(["1"] + ["0"] * 19)
    dataset.SetMetadata(rpc, "RPC")
    path = tmp_path / "rpc.tif"
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset)
    assert "gdalwarp -rpc" in refusal(path)


def test_a_position_without_crs_says_which_command_gives_it_one(tmp_path: Path) -> None:
    assert "gdal_edit.py -a_srs" in refusal(write_raster(tmp_path / "a.tif", noise(3), None, PLACE))


def test_a_reference_without_any_place_says_so(tmp_path: Path) -> None:
    gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "bare.tif"), memory_dataset(noise(3)))
    sentence = refusal(tmp_path / "bare.tif")
    assert "has no position on Earth" in sentence
    assert "Georeferencer" in sentence


@pytest.mark.real
def test_the_reference_with_control_points_only_of_the_faults_is_read(shared: Path) -> None:
    reference = Reference.open(shared / "faults" / "gcp_only_reference.tif")
    x, y = -13_653_000.0, 5_719_000.0
    assert reference.read(Window("EPSG:3857", (x - 5000, y - 5000, x + 5000, y + 5000), 200, 200)).mask.all()
