"""Reference imagery: the right pixels at the right place, from any raster, and no more read than needed."""

from __future__ import annotations

import resource
import time
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.warp_plan import plan
from astroloc_qgis.engine.imagery.window import Rendering, Window, block_window
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, block_around, mercator_to_lonlat
from tests.engine.imagery.rasters import PLACE, UTM, noise, whole, wkt_of
from tests.engine.synthetic import World, make_world, memory_dataset, write_raster

HALF = 20_000.0
"""Half the side of the windows read from coordinate-coded rasters, metres."""


def local_window(plane: WorkingPlane, half: float = HALF, pixels: int = 200) -> Window:
    return Window(plane.proj, (-half, -half, half, half), pixels, pixels)


def centres(window: Window) -> NDArray[np.float64]:
    """(N, 2) CRS coordinates of the pixel centres, row by row."""
    x, y = np.meshgrid(np.arange(window.width) + 0.5, np.arange(window.height) + 0.5)
    return apply_homography(window.to_crs, np.column_stack((x.ravel(), y.ravel())))


@lru_cache
def coded_image(plane: WorkingPlane, crs: str, turn: float) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Paint a raster that says in each pixel where it is in a plane, and its geotransform.

    Red rises to the east, green to the north, blue to the west: one level is HALF / 100.
    """
    edge = np.array([[x, y] for x in np.linspace(-1.6, 1.6, 9) for y in np.linspace(-1.6, 1.6, 9)]) * HALF
    lonlat = plane.to_lonlat(edge)
    places = transform_points(lonlat, "EPSG:4326", crs)
    if turn:  # let x run on beyond 180 degrees
        places[:, 0] = np.where(lonlat[:, 0] < 0, places[:, 0] + turn, places[:, 0])
    (xmin, ymin), (xmax, ymax) = places.min(axis=0), places.max(axis=0)
    grid = Window(crs, (xmin, ymin, xmax, ymax), 300, 300)
    ground = (
        mercator_to_lonlat(centres(grid)) if crs == "EPSG:3857" else transform_points(centres(grid), crs, "EPSG:4326")
    )
    east, north = plane.from_lonlat(ground).T / HALF * 100
    levels = np.column_stack((128 + east, 128 + north, 128 - east)).reshape(300, 300, 3)
    to_crs = grid.to_crs
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8), (xmin, to_crs[0, 0], 0.0, ymax, 0.0, to_crs[1, 1])


def coded(plane: WorkingPlane, crs: str, path: Path, *, turn: float = 0.0, overviews: bool = False) -> Path:
    """Write a coded raster; ``turn`` is a turn of longitude in its CRS where it reaches over the antimeridian."""
    image, geotransform = coded_image(plane, crs, turn)
    return write_raster(path, image, crs, list(geotransform), overviews=overviews)


def offset_px(rendering: Rendering, plane: WorkingPlane) -> float:
    """The largest mean displacement, in window pixels, over 5 x 5 parts of a rendering of a coded raster."""
    window = rendering.window
    sample = np.arange(0, window.width * window.height, 7)
    truth = plane.from_lonlat(transform_points(centres(window)[sample], window.crs, "EPSG:4326")) / HALF * 100
    red, green, blue = rendering.pixels.reshape(-1, 3)[sample].astype(float).T
    brighter = (red + blue) / 2 - 128  # GDAL rounds up when it averages overviews: the same in all bands
    error = np.column_stack(((red - blue) / 2, green - 128 - brighter)) - truth
    error *= HALF / 100 / window.gsd
    rows, columns = (
        part * 5 // size
        for part, size in zip(np.divmod(sample, window.width), (window.height, window.width), strict=True)
    )
    means = [error[(rows == row) & (columns == column)].mean(axis=0) for row in range(5) for column in range(5)]
    return float(np.abs(means).max())


AROUND_46N = ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"]


@pytest.mark.parametrize("crs", AROUND_46N)
@pytest.mark.parametrize("overviews", [False, True], ids=["without overviews", "with overviews"])
@pytest.mark.parametrize("pixels", [300, 100, 40])
def test_every_pixel_is_where_it_belongs(tmp_path: Path, crs: str, overviews: bool, pixels: int) -> None:
    plane = WorkingPlane.local(11, 46)
    with_overviews = coded(plane, crs, tmp_path / "coded.tif", overviews=overviews)
    rendering = Reference.open(with_overviews).read(local_window(plane, pixels=pixels))
    assert rendering.mask.all()
    assert offset_px(rendering, plane) < 0.15


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32635", "EPSG:3035", "EPSG:3413"])
def test_every_pixel_is_where_it_belongs_at_60_degrees_north(tmp_path: Path, crs: str) -> None:
    plane = WorkingPlane.local(25, 60)
    rendering = Reference.open(coded(plane, crs, tmp_path / "coded.tif")).read(local_window(plane))
    assert rendering.mask.all()
    assert offset_px(rendering, plane) < 0.15


@pytest.mark.parametrize(
    ("crs", "turn"),
    [("EPSG:4326", 360.0), ("EPSG:3857", 2 * HALF_WORLD_M), ("EPSG:32701", 0.0), ("EPSG:32760", 0.0)],
)
def test_every_pixel_is_where_it_belongs_at_the_antimeridian(tmp_path: Path, crs: str, turn: float) -> None:
    """Rasters that reach over the antimeridian: longitudes to 180.3, web-map x beyond 20037508, UTM zones 1 and 60."""
    plane = WorkingPlane.local(180, -17)
    reference = Reference.open(coded(plane, crs, tmp_path / "coded.tif", turn=turn))
    rendering = reference.read(local_window(plane))
    assert rendering.mask.all()
    assert offset_px(rendering, plane) < 0.15
    west, south, east, north = reference.extent_lonlat
    assert 179 < west < 180
    assert -180 < east < -179
    assert south < -17 < north


def test_a_near_sided_window_of_a_raster_in_another_crs_is_right(tmp_path: Path) -> None:
    truth = WorkingPlane.local(11, 46)
    reference = Reference.open(coded(truth, "EPSG:3857", tmp_path / "coded.tif"))
    plane = WorkingPlane.near_sided(14, 44)
    x, y = plane.from_lonlat(np.array([[11.0, 46.0]]))[0]
    rendering = reference.read(Window(plane.proj, (x - 1e4, y - 1e4, x + 1e4, y + 1e4), 50, 50))
    assert rendering.mask.all()
    assert offset_px(rendering, truth) < 0.15


def test_a_generated_world_reads_back_as_it_was_made(tmp_path: Path, anywhere: World) -> None:
    reference = Reference.open(anywhere.write(tmp_path / "map.tif", "EPSG:3857", pixels=1400))
    shrunk = cv2.resize(anywhere.pixels[102:-102, 102:-102], (800, 800), interpolation=cv2.INTER_AREA)
    first, last = 102 * anywhere.gsd - anywhere.side_m / 2, 922 * anywhere.gsd - anywhere.side_m / 2
    rendering = reference.read(Window(anywhere.plane.proj, (first, -last, last, -first), 800, 800))
    assert rendering.mask.all()
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64) for image in (shrunk, rendering.pixels)]
    (dx, dy), _ = cv2.phaseCorrelate(*grey)
    assert np.hypot(dx, dy) < 0.1
    assert np.corrcoef(grey[0].ravel(), grey[1].ravel())[0, 1] > 0.98


@pytest.fixture(scope="module")
def round_the_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Reference]:
    """Land about the antimeridian in a web-map raster of the whole world, half at each end of it."""
    land = make_world(180.0, -17.0, side_m=400_000, pixels=800)
    return land, Reference.open(land.write_global(tmp_path_factory.mktemp("world") / "world.tif", 8))


def test_a_window_across_the_antimeridian_of_a_world_raster_has_no_seam(
    round_the_world: tuple[World, Reference],
) -> None:
    land, reference = round_the_world
    rendering = reference.read(local_window(land.plane, 150_000, 600))
    assert rendering.mask.all()
    truth = land.pixels[100:-100, 100:-100].astype(float)
    error = np.abs(rendering.pixels.astype(float) - truth).mean(axis=(0, 2))
    # The 40 columns about the seam are as good as the others: no gap, no shift, no smear.
    assert error[280:320].mean() < 1.3 * error.mean()
    assert error.mean() < 12


def test_a_window_across_the_antimeridian_reads_two_small_pieces(round_the_world: tuple[World, Reference]) -> None:
    land, reference = round_the_world
    window = local_window(land.plane, 150_000, 600)
    planned = plan(reference._grid, window.crs, window.to_crs, window.width, window.height)
    assert len(planned.pieces) == 2
    assert sum(piece.last - piece.first for piece in planned.pieces) < 700


def test_a_block_across_the_antimeridian_is_read_whole(round_the_world: tuple[World, Reference]) -> None:
    land, reference = round_the_world
    block = block_around(180, -17, 10, stride=2)
    assert block.corners_lonlat[0, 0] > 0 > block.corners_lonlat[1, 0]
    rendering = reference.read(block_window(block, 256))
    assert rendering.mask.all()
    lonlat = mercator_to_lonlat(centres(rendering.window))
    pixel = apply_homography(np.linalg.inv(land.to_plane), land.plane.from_lonlat(lonlat)) - 0.5
    truth = cv2.remap(land.pixels, pixel.astype(np.float32).reshape(256, 256, 2), None, cv2.INTER_LINEAR)
    error = np.abs(truth.astype(float) - rendering.pixels)
    assert error.mean() < 12
    assert error[:, 118:138].mean() < 1.3 * error.mean()


def world_raster(path: Path) -> Path:
    """The whole world in degrees, everywhere 200."""
    return write_raster(path, np.full((180, 360, 3), 200, np.uint8), "EPSG:4326", [-180, 1, 0, 90, 0, -1])


def test_beyond_the_horizon_nothing_is_valid(tmp_path: Path) -> None:
    height, radius = 420_000.0, 6_378_137.0
    plane = WorkingPlane.near_sided(20, 45, height)
    rendering = Reference.open(world_raster(tmp_path / "world.tif")).read(local_window(plane, 3e6, 300))
    # Snyder 1987, p. 173: the circle of the horizon in the plane through the nadir.
    distance = height / radius + 1
    horizon = radius * np.sqrt((distance - 1) / (distance + 1))
    far = np.hypot(*centres(rendering.window).T).reshape(300, 300)
    assert rendering.mask[far < horizon * 0.98].all()
    assert not rendering.mask[far > horizon * 1.02].any()
    assert not rendering.pixels[~rendering.mask].any()


@pytest.mark.parametrize("lat", [90.0, -90.0])
def test_a_window_over_a_pole_is_whole(tmp_path: Path, lat: float) -> None:
    reference = Reference.open(world_raster(tmp_path / "world.tif"))
    rendering = reference.read(local_window(WorkingPlane.local(0, lat), 8e5, 100))
    assert rendering.mask.mean() > 0.99
    assert (rendering.pixels[rendering.mask] == 200).all()


def test_a_window_beyond_the_raster_is_empty_and_no_error(tmp_path: Path) -> None:
    path = write_raster(
        tmp_path / "a.tif", np.full((50, 50, 3), 9, np.uint8), "EPSG:32632", [5e5, 100, 0, 5e6, 0, -100]
    )
    reference = Reference.open(path)
    antipodes = reference.read(local_window(WorkingPlane.local(-171, -45)))
    assert not antipodes.mask.any()
    assert not antipodes.pixels.any()
    half = reference.read(Window("EPSG:32632", (5e5 - 2500, 5e6 - 5000, 5e5 + 2500, 5e6), 50, 50))
    assert half.mask[:, 25:].all()
    assert not half.mask[:, :25].any()


def test_shrinking_averages_instead_of_picking(tmp_path: Path) -> None:
    """Noise of single pixels, shrunk fivefold without overviews, must all but vanish."""
    image = np.where(noise(3) > 127, 255, 0).astype(np.uint8)
    reference = Reference.open(write_raster(tmp_path / "a.tif", image, UTM, PLACE))
    small = reference.read(Window(UTM, whole().bounds, 20, 20))
    assert small.pixels.std() < 255 / 2 / 4
    assert small.pixels.mean() == pytest.approx(image.mean(), abs=8)


def test_a_huge_raster_is_read_in_no_time_and_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    side = 200_000
    options = ["SPARSE_OK=TRUE", "TILED=YES", "BIGTIFF=YES", "COMPRESS=DEFLATE"]
    huge = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 3, gdal.GDT_UInt16, options=options)
    huge.SetGeoTransform([-1_000_000, 10, 0, 1_000_000, 0, -10])
    plane = WorkingPlane.local(11, 46)
    huge.SetProjection(wkt_of(plane.proj))
    spot = np.random.default_rng(0).integers(100, 4000, (3, 300, 300)).astype(np.uint16)
    huge.WriteRaster(100_000, 100_000, 300, 300, spot.tobytes())
    huge = None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    rendering = Reference.open(path).read(Window(plane.proj, (0, -3000, 3000, 0), 300, 300))
    assert time.perf_counter() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB; the raster has 240 GB
    assert rendering.mask.all()
    assert rendering.pixels.std() > 20


def mercator_scale(lat: float) -> float:
    """Ground metres a metre of EPSG:3857, by the radii of curvature along and across the meridian."""
    flat = 0.00669437999014  # first eccentricity squared, WGS84
    bulge = 1 - flat * np.sin(np.radians(lat)) ** 2
    return float(np.cos(np.radians(lat)) * np.sqrt((1 - flat) / bulge**1.5 / bulge**0.5))


@pytest.mark.parametrize(
    ("crs", "lon", "lat", "expected"),
    [
        ("EPSG:3857", 11.0, 60.0, 10 * mercator_scale(60)),
        ("EPSG:3857", 11.0, 0.0, 10 * mercator_scale(0)),
        ("EPSG:32632", 9.0, 46.0, 10 / 0.9996),
        ("EPSG:3035", 10.0, 52.0, 10.0),
    ],
)
def test_the_native_ground_sampling_distance_is_that_of_the_place(
    tmp_path: Path, crs: str, lon: float, lat: float, expected: float
) -> None:
    x, y = transform_points(np.array([[lon, lat]]), "EPSG:4326", crs)[0]
    path = write_raster(tmp_path / "a.tif", np.zeros((10, 10), np.uint8), crs, [x - 50, 10, 0, y + 50, 0, -10])
    assert Reference.open(path).native_gsd_m(lon, lat) == pytest.approx(expected, rel=5e-4)


def test_a_reference_says_what_it_is(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", noise(3), UTM, PLACE)
    with_credit = gdal.Open(str(path), gdal.GA_Update)
    with_credit.SetMetadataItem("TIFFTAG_COPYRIGHT", "Nobody in particular")
    with_credit = None
    reference = Reference.open(path)
    assert reference.uri == str(path)
    assert reference.epsg == 32632
    assert reference.attribution == "Nobody in particular"
    west, south, east, north = reference.extent_lonlat
    corners = transform_points(np.array([[500_000.0, 4_999_000.0], [501_000.0, 5_000_000.0]]), UTM, "EPSG:4326")
    assert (west, south, east, north) == pytest.approx((*corners[0], *corners[1]), abs=1e-3)
    reference.close()
    own = write_raster(tmp_path / "b.tif", noise(1), WorkingPlane.local(5, 5).proj, PLACE)
    assert Reference.open(own).epsg is None
    assert Reference.open(own).attribution == ""


def test_the_extent_of_a_world_raster_is_the_world(tmp_path: Path) -> None:
    assert Reference.open(world_raster(tmp_path / "w.tif")).extent_lonlat == pytest.approx(
        (-180, -90, 180, 90), abs=1e-3
    )


def test_the_extent_of_a_raster_about_a_pole_is_a_cap(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", noise(1), "EPSG:3413", [-1e6, 2e4, 0, 1e6, 0, -2e4])
    west, south, east, north = Reference.open(path).extent_lonlat
    assert (west, east, north) == (-180, 180, 90)
    assert 76 < south < 79


def test_a_window_maps_its_corners_to_its_bounds() -> None:
    window = Window(UTM, (100.0, 200.0, 500.0, 400.0), 40, 10)
    assert apply_homography(window.to_crs, np.array([[0, 0], [40, 10]])).tolist() == [[100, 400], [500, 200]]
    assert window.to_pixel @ window.to_crs == pytest.approx(np.eye(3))
    assert window.gsd == 10
    with pytest.raises(ValueError, match="not a window"):
        Window(UTM, (500.0, 200.0, 100.0, 400.0), 40, 10)


def test_a_block_s_window_is_its_square_of_the_web_map() -> None:
    block = Block(11, 902, 434)
    window = block_window(block, 512)
    assert (window.crs, window.width, window.height) == ("EPSG:3857", 512, 512)
    assert window.bounds == block.bounds_3857


def refusal(uri: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        Reference.open(uri)
    return str(caught.value)


def test_what_cannot_be_a_reference_is_refused_with_a_sentence(tmp_path: Path) -> None:
    missing, text = tmp_path / "missing.tif", tmp_path / "text.tif"
    text.write_text("not a raster")
    assert refusal(missing) == f"The reference imagery {missing} does not exist: check its path or address."
    assert "is not a raster" in refusal(text)
    assert "neither a raster with a position on Earth nor tiles" in refusal(tmp_path)
    no_crs = write_raster(tmp_path / "no_crs.tif", noise(3), None, PLACE)
    assert "has no coordinate reference system" in refusal(no_crs)
    assert str(no_crs) in refusal(no_crs)
    unplaced = memory_dataset(noise(3))
    unplaced.SetProjection(wkt_of(UTM))
    gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "unplaced.tif"), unplaced)
    assert "has no position" in refusal(tmp_path / "unplaced.tif")
    complex_numbers = gdal.GetDriverByName("GTiff").Create(str(tmp_path / "c.tif"), 9, 9, 1, gdal.GDT_CFloat32)
    complex_numbers.SetGeoTransform(PLACE)
    complex_numbers.SetProjection(wkt_of(UTM))
    complex_numbers = None
    assert "CFloat32" in refusal(tmp_path / "c.tif")
    off_earth = write_raster(tmp_path / "off.tif", noise(3), UTM, [9e9, 10, 0, 9e9, 0, -10])
    assert "is on the Earth" in refusal(off_earth)


def test_a_window_in_a_crs_that_is_none_is_refused(tmp_path: Path) -> None:
    reference = Reference.open(write_raster(tmp_path / "a.tif", noise(3), UTM, PLACE))
    with pytest.raises(InputError, match="'EPSG:999999': PROJ does not know it"):
        reference.read(Window("EPSG:999999", (0, 0, 1, 1), 10, 10))


def test_a_damaged_reference_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", noise(3), UTM, PLACE)
    content = bytearray(path.read_bytes())
    for offset in range(len(content) // 4, len(content) * 3 // 4, 7):
        content[offset] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(InputError, match="could not be read"):
        Reference.open(path).read(whole())


def test_a_service_that_does_not_answer_is_named_by_its_address(tmp_path: Path) -> None:
    """A tiled service, as GDAL describes one, of which no tile can be had (files stand for the network)."""
    address = f"file://{tmp_path}/${{z}}/${{x}}/${{y}}.jpg"
    service = f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{address}</ServerUrl></Service><DataWindow>
        <UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY><LowerRightX>20037508.34</LowerRightX>
        <LowerRightY>-20037508.34</LowerRightY><TileLevel>9</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>
        <YOrigin>top</YOrigin></DataWindow>
        <Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX>
        <BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>"""
    reference = Reference.open(service)
    assert reference.native_gsd_m(0, 0) == pytest.approx(2 * HALF_WORLD_M / 256 / 2**9, rel=0.01)
    with pytest.raises(InputError) as caught:
        reference.read(local_window(WorkingPlane.local(10, 47)))
    assert str(caught.value).startswith(f"The reference imagery {address} could not be read:")
    assert "404" in caught.value.details


def test_blue_marble_is_read_fast_and_across_the_antimeridian(shared: Path) -> None:
    reference = Reference.open(shared / "imagery" / "bluemarble.mbtiles")
    assert reference.epsg == 3857
    assert "NASA" in reference.attribution
    assert reference.native_gsd_m(0, 0) == pytest.approx(609.4, abs=0.5)
    for lon, lat in ((10.0, 47.0), (180.0, -17.0)):
        window = local_window(WorkingPlane.local(lon, lat), 150_000, 512)
        start = time.perf_counter()
        rendering = reference.read(window)
        assert time.perf_counter() - start < 5  # 0.1 s where nothing else runs
        assert rendering.mask.mean() > 0.7  # open ocean is absent
        assert rendering.mask[:, 255:258].any()
