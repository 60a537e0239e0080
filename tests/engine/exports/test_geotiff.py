"""The warped photo lies where the homography says, in every CRS, and is the file it promises to be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.exports import geotiff
from astroloc_qgis.engine.exports.crs import resolve_crs, utm_crs
from astroloc_qgis.engine.exports.geotiff import write_geotiff
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import translation
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from tests.engine.coded_photo import Decoded, coded_photo, decode, make_photo, seen_from_above, true_origin

PLACES = {
    "western hemisphere": (-103.4, 20.6),
    "antimeridian, centre west of it": (179.9, -17.0),
    "antimeridian, centre east of it": (-179.9, 52.0),
    "60 degrees north": (25.0, 60.0),
    "70 degrees north": (-151.0, 70.5),
    "southern hemisphere": (18.5, -33.9),
}
VIEWS = {
    "north up": {},
    "quarter turn": {"turn_deg": 90.0},
    "tilted and turned": {"turn_deg": 217.0, "tilt": (0.35, -0.5)},
}


def assert_lies_right(decoded: Decoded, homography: np.ndarray, plane: WorkingPlane, size=(600, 400)) -> None:
    """Every opaque pixel within 0.06 pixels of the truth; alpha full inside the photo, nought outside."""
    expected = true_origin(decoded, homography, plane)
    x, y = expected[..., 0], expected[..., 1]
    with np.errstate(invalid="ignore"):
        from_edge = np.minimum.reduce([x, y, size[0] - x, size[1] - y])
        inside, outside = from_edge > 0.1, ~(from_edge > -0.1)
    assert inside.any()
    assert decoded.opaque[inside].all()
    assert (decoded.bands[-1][outside] == 0).all()
    deep = from_edge > 1.0  # beyond the outermost pixel's centre its colour is repeated
    off = np.hypot(*np.moveaxis(decoded.origin_in_photo() - expected, -1, 0))
    assert off[deep].max() < 0.06  # mesh 0.02, OpenCV counts in 32nds of a pixel, the code in 64ths


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "UTM", None], ids=["4326", "3857", "utm", "working plane"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("place", PLACES)
def test_every_pixel_lands_where_the_homography_says(tmp_path, place, view, crs):
    lon, lat = PLACES[place]
    plane = WorkingPlane.local(lon, lat)
    homography = seen_from_above(300, 200, 160.0, **VIEWS[view])
    crs = utm_crs(lon, lat) if crs == "UTM" else crs
    decoded = decode(
        write_geotiff(coded_photo(300, 200), homography, plane, tmp_path / "a.tif", crs=crs, resampling="bilinear")
    )
    assert decoded.dataset.GetSpatialRef().IsSame(resolve_crs(crs or plane.proj))
    assert_lies_right(decoded, homography, plane, size=(300, 200))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
@pytest.mark.parametrize("lon", [179.9, -179.9])
def test_across_the_antimeridian_the_output_is_one_piece_past_180_degrees(tmp_path, lon, crs):
    plane = WorkingPlane.local(lon, -17.0)
    homography = seen_from_above(600, 400, 80.0)
    dataset = gdal.Open(
        str(write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", crs=crs, resampling="bilinear"))
    )
    left, pixel = dataset.GetGeoTransform()[:2]
    degree = 1.0 if crs == "EPSG:4326" else math.pi * 6378137.0 / 180
    assert 179.0 < left / degree < 180.0
    assert 180.0 < (left + pixel * dataset.RasterXSize) / degree < 181.0


def test_a_camera_far_from_the_nadir_is_exact_in_its_own_perspective(tmp_path):
    plane = WorkingPlane.near_sided(-103.0, 21.0, 420_000.0)
    homography = translation(350_000.0, 120_000.0) @ seen_from_above(600, 400, 90.0, turn_deg=30.0, tilt=(0.3, 0.3))
    decoded = decode(
        write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", crs="EPSG:3857", resampling="bilinear")
    )
    assert_lies_right(decoded, homography, plane)


def looking_up(tilt_deg: float, height_m: float = 420_000.0, width: int = 600, height: int = 400) -> np.ndarray:
    """The homography of a pinhole photo from above the nadir, 40 degrees wide, tilted towards the north."""
    focal = width / 2 / math.tan(math.radians(20.0))
    tilt = math.radians(tilt_deg)
    right, forward = np.array([1.0, 0.0, 0.0]), np.array([0.0, math.sin(tilt), -math.cos(tilt)])
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    turned = camera @ np.stack([right, np.cross(forward, right), forward])
    return np.linalg.inv(turned @ np.diag([1.0, 1.0, -height_m]))  # (X, Y) of the plane is the ray (X, Y, -height)


@pytest.mark.parametrize(
    ("plane", "homography"),
    [
        (WorkingPlane.local(10.0, 46.0), seen_from_above(600, 400, 100.0, tilt=(0.0, 2.6))),
        (WorkingPlane.local(10.0, 46.0), seen_from_above(600, 400, 100.0, turn_deg=125.0, tilt=(2.6, 0.4))),
        (WorkingPlane.near_sided(10.0, 46.0), looking_up(60.0)),
    ],
    ids=["flat", "flat, turned", "round Earth"],
)
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", None])
def test_a_photo_with_the_horizon_in_view_is_cut_off_before_it(tmp_path, plane, homography, crs):
    assert np.isnan(footprint_lonlat(homography, plane, 600, 400)).any()
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", crs=crs, max_pixels=1_500_000)
    decoded = decode(path, every=7)
    expected = true_origin(decoded, homography if homography[2] @ [300, 200, 1] > 0 else -homography, plane)
    off = np.hypot(*np.moveaxis(decoded.origin_in_photo() - expected, -1, 0))
    assert decoded.opaque.mean() > 0.2
    inner = decoded.opaque & (decoded.origin_in_photo() > 2).all(axis=-1)
    inner &= (decoded.origin_in_photo() < (598, 398)).all(axis=-1)
    assert np.nanmax(off[inner]) < 0.5  # half a photo pixel, though one output pixel may be coarser
    assert np.isfinite(expected[decoded.opaque]).all()
    # The middle of the photo is there, and nothing from farther away than a horizon can be.
    assert np.hypot(*(decoded.origin_in_photo()[decoded.opaque] - (300, 200)).T).min() < 15
    assert np.hypot(*plane.from_lonlat(decoded.lonlat[decoded.opaque]).T).max() < 2.5e6


def test_a_photo_of_the_sky_is_refused(tmp_path):
    with pytest.raises(InputError, match="centre of the photo sees no ground"):
        write_geotiff(coded_photo(), looking_up(85.0), WorkingPlane.near_sided(10, 46), tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("grey", "bands"), [(True, 2), (False, 4)])
def test_depth_and_bands_are_kept(tmp_path, dtype, grey, bands):
    pixels = np.full((300, 700, 3), np.iinfo(dtype).max // 3, dtype)
    path = tmp_path / "a.tif"
    write_geotiff(make_photo(pixels, grey=grey), seen_from_above(700, 300, 50.0), WorkingPlane.local(7, 51), path)
    decoded = decode(path)
    assert decoded.bands.dtype == dtype
    assert len(decoded.bands) == bands
    assert decoded.dataset.GetRasterBand(bands).GetColorInterpretation() == gdal.GCI_AlphaBand
    assert (decoded.bands[:-1][:, decoded.opaque] == np.iinfo(dtype).max // 3).all()
    assert decoded.opaque.mean() > 0.99


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_transparent_part_of_the_photo_stays_transparent(tmp_path, dtype):
    alpha = np.full((300, 400), 255, np.uint8)
    alpha[:, :200] = 0
    photo = make_photo(np.full((300, 400, 3), 77, dtype), alpha=alpha)
    path = write_geotiff(photo, seen_from_above(400, 300, 50.0), WorkingPlane.local(7, 51), tmp_path / "a.tif")
    decoded = decode(path, every=1)
    assert (decoded.bands[-1][:, :190] == 0).all()
    assert (decoded.bands[-1][5:-5, 210:-5] == np.iinfo(dtype).max).all()


def test_the_file_is_tiled_compressed_and_has_overviews_that_keep_the_edge_clean(tmp_path):
    photo = make_photo(np.full((900, 1300, 3), 200, np.uint8))
    homography = seen_from_above(1300, 900, 60.0, turn_deg=30.0)
    dataset = gdal.Open(str(write_geotiff(photo, homography, WorkingPlane.local(7, 51), tmp_path / "a.tif")))
    band = dataset.GetRasterBand(1)
    assert band.GetBlockSize() == [512, 512]
    structure = dataset.GetMetadata("IMAGE_STRUCTURE")
    assert (structure["COMPRESSION"], structure["PREDICTOR"]) == ("DEFLATE", "2")
    assert band.GetOverviewCount() == 3
    for level in range(3):
        colour, alpha = (dataset.GetRasterBand(number).GetOverview(level) for number in (1, 4))
        seen = np.frombuffer(alpha.ReadRaster(), np.uint8) == 255
        assert seen.any()
        assert (np.frombuffer(colour.ReadRaster(), np.uint8)[seen] == 200).all()
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]


def test_the_tags_say_what_the_file_is(tmp_path):
    plane, homography = WorkingPlane.local(7, 51), seen_from_above(600, 400, 60.0, tilt=(0.1, 0.2))
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", confidence=0.875, resolution=200.0)
    tags = gdal.Open(str(path)).GetMetadata()
    assert tags["ASTROLOC_PHOTO"] == "x.tif"
    assert tags["TIFFTAG_SOFTWARE"].startswith("AstroLoc")
    assert "ASTROLOC_REFERENCE_CREDIT" not in tags
    assert float(tags["ASTROLOC_CONFIDENCE"]) == 0.875
    assert tags["ASTROLOC_WORKING_PLANE"] == plane.proj
    np.testing.assert_array_equal(json.loads(tags["ASTROLOC_HOMOGRAPHY"]), homography)


@pytest.mark.parametrize(("crs", "lat"), [("EPSG:32632", 46.0), ("EPSG:3857", 60.0), ("EPSG:4326", 60.0)])
def test_the_default_resolution_is_the_photos_own(tmp_path, crs, lat):
    path = tmp_path / "a.tif"
    write_geotiff(coded_photo(), seen_from_above(600, 400, 80.0), WorkingPlane.local(9.0, lat), path, crs=crs)
    dataset = gdal.Open(str(path))
    # A north-up photo is then about as many pixels as before, whatever the latitude.
    assert dataset.RasterXSize == pytest.approx(600, rel=0.02)
    assert dataset.RasterYSize == pytest.approx(400, rel=0.02)


def test_a_large_output_is_coarsened_to_the_limit_but_one_asked_for_is_refused(tmp_path, caplog):
    plane, homography = WorkingPlane.local(7, 51), seen_from_above(600, 400, 80.0)
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", max_pixels=60_000, resampling="bilinear")
    dataset = gdal.Open(str(path))
    assert 55_000 < dataset.RasterXSize * dataset.RasterYSize < 61_000
    assert "2.00 times coarser" in caplog.text
    assert_lies_right(decode(path), homography, plane)
    with pytest.raises(InputError, match="0.1 CRS units"):
        write_geotiff(coded_photo(), homography, plane, tmp_path / "b.tif", resolution=0.1)
    with pytest.raises(InputError, match="positive"):
        write_geotiff(coded_photo(), homography, plane, tmp_path / "b.tif", resolution=-5.0)
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]


def test_a_coarse_output_averages_instead_of_picking_pixels(tmp_path):
    chequered = ((np.indices((400, 600)).sum(axis=0) % 2) * 200).astype(np.uint8)
    photo = make_photo(np.repeat(chequered[..., None], 3, axis=-1))
    plane = WorkingPlane.local(7, 51)
    decoded = decode(write_geotiff(photo, seen_from_above(600, 400, 50.0), plane, tmp_path / "a.tif", resolution=410.0))
    inner = decoded.bands[0][2:-2, 2:-2]
    assert np.abs(inner.astype(int) - 100).max() <= 2


def test_a_perspective_plane_is_replaced_where_it_is_the_default_and_refused_where_it_was_asked_for(tmp_path):
    plane, homography = WorkingPlane.near_sided(10.0, 46.0), seen_from_above(600, 400, 80.0)
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", resampling="bilinear")
    decoded = decode(path)
    assert "Azimuthal_Equidistant" in decoded.dataset.GetProjection()
    assert_lies_right(decoded, homography, plane)
    with pytest.raises(InputError, match="GeoTIFF cannot hold the projection"):
        write_geotiff(coded_photo(), homography, plane, tmp_path / "b.tif", crs=plane.proj)


@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "cubic", "lanczos"])
def test_every_resampling_lands_within_half_a_pixel(tmp_path, resampling):
    plane, homography = WorkingPlane.local(7, 51), seen_from_above(600, 400, 80.0, turn_deg=12.0)
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", resampling=resampling)
    decoded = decode(path)
    off = np.abs(decoded.origin_in_photo() - true_origin(decoded, homography, plane))[decoded.opaque]
    assert off.max() < 0.6
    assert off.mean() < {"nearest": 0.3, "bilinear": 0.01, "cubic": 0.05, "lanczos": 0.02}[resampling]


@pytest.mark.parametrize("compression", geotiff.COMPRESSIONS)
def test_every_compression_keeps_every_value(tmp_path, compression):
    plane, homography = WorkingPlane.local(7, 51), seen_from_above(600, 400, 80.0)
    path = write_geotiff(
        coded_photo(), homography, plane, tmp_path / "a.tif", compression=compression, resampling="bilinear"
    )
    assert_lies_right(decode(path), homography, plane)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"crs": "EPSG:999999"}, '"EPSG:999999" is no coordinate reference system'),
        ({"crs": "moon"}, '"moon" is no coordinate reference system'),
        ({"crs": "EPSG:4978"}, '"EPSG:4978" is neither a geographic nor a projected'),
        ({"resampling": "magic"}, 'no resampling "magic": choose one of nearest, bilinear'),
        ({"compression": "JPEG"}, 'no compression "JPEG": choose one of DEFLATE'),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        write_geotiff(
            coded_photo(), seen_from_above(600, 400, 80.0), WorkingPlane.local(7, 51), tmp_path / "a.tif", **wrong
        )
    assert list(tmp_path.iterdir()) == []


def test_a_crs_that_is_torn_across_the_photo_is_refused(tmp_path):
    homography = seen_from_above(600, 400, 80.0)
    antimeridian, pole = WorkingPlane.local(180.0, 10.0), WorkingPlane.local(30.0, 89.95)
    with pytest.raises(InputError, match='seam of "World_Robinson"'):
        write_geotiff(coded_photo(), homography, antimeridian, tmp_path / "a.tif", crs="ESRI:54030")
    with pytest.raises(InputError, match="choose another CRS"):
        write_geotiff(coded_photo(), homography, pole, tmp_path / "a.tif", crs="EPSG:4326")
    assert list(tmp_path.iterdir()) == []


def test_the_pole_is_no_obstacle_in_a_polar_crs(tmp_path):
    plane, homography = WorkingPlane.local(30.0, 89.95), seen_from_above(600, 400, 80.0)
    path = write_geotiff(coded_photo(), homography, plane, tmp_path / "a.tif", crs="EPSG:3413")
    decoded = decode(path, every=1)
    assert decoded.opaque.sum() == pytest.approx(240_000, rel=0.05)


@pytest.mark.parametrize("when", [0.0, 0.5, 0.9])
def test_cancelling_leaves_nothing_and_keeps_the_older_file(tmp_path, when):
    (tmp_path / "a.tif").write_text("older")

    def cancel(stage: str, fraction: float) -> None:
        assert stage == "georeference"
        if fraction >= when:
            raise Cancelled

    photo = make_photo(np.zeros((1500, 2500, 3), np.uint8))
    with pytest.raises(Cancelled):
        write_geotiff(
            photo, seen_from_above(2500, 1500, 20.0), WorkingPlane.local(7, 51), tmp_path / "a.tif", progress=cancel
        )
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "older"


def test_progress_rises_to_one(tmp_path):
    seen: list[float] = []
    photo = make_photo(np.zeros((1500, 2500, 3), np.uint8))
    write_geotiff(
        photo, seen_from_above(2500, 1500, 20.0), WorkingPlane.local(7, 51), tmp_path / "a.tif",
        progress=lambda _, fraction: seen.append(fraction),
    )  # fmt: skip
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 6
