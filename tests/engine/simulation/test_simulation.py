"""Simulated photos: seeded, in range, of the place they claim to show, and unlike the mosaic in the ways meant."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.simulation import appearance as looks
from astroloc_qgis.engine.simulation.clouds import cloud_cover, fractal
from astroloc_qgis.engine.simulation.formats import size_of_place
from astroloc_qgis.engine.simulation.mosaic import Mosaic, build_mosaic
from astroloc_qgis.engine.simulation.photos import LONG_PX, simulate_photo
from astroloc_qgis.engine.simulation.places import (
    Footprints,
    PlaceSampler,
    Zone,
    area_of,
    camera_place,
    centre_and_radius,
    jittered,
    land_share,
    read_footprints,
    rectangle_place,
    unit_vectors,
    upright,
)
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, lonlat_to_mercator
from tests.engine.synthetic import write_raster

ZOOM = 3
SIDE = 256 * 2**ZOOM


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world at zoom 3: green land of noise in the east, blue sea in the west."""
    path = tmp_path_factory.mktemp("imagery") / "world.tif"
    rng = np.random.default_rng(0)
    pixels = cv2.resize(rng.integers(40, 220, (128, 128, 3), dtype=np.uint8), (SIDE, SIDE))
    pixels[..., 2] //= 3
    pixels[:, : SIDE // 2] = (10, 40, 110)
    step = 2 * HALF_WORLD_M / SIDE
    return write_raster(path, pixels, "EPSG:3857", [-HALF_WORLD_M, step, 0, HALF_WORLD_M, 0, -step])


@pytest.fixture(scope="module")
def mosaic(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Mosaic:
    return build_mosaic(imagery, tmp_path_factory.mktemp("mosaic") / "m", zooms=(ZOOM, 2, 1))


def square(lon: float, lat: float, side_m: float = 2e6) -> np.ndarray:
    centre = lonlat_to_mercator([(lon, lat)])[0]
    return np.asarray(centre + np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]]) * side_m)


def test_the_same_seed_takes_the_same_photo_and_another_seed_another(mosaic: Mosaic) -> None:
    one, same, other = (simulate_photo(mosaic, square(90, 10), np.random.default_rng(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one.astype(int) - other).mean() > 5


@pytest.mark.parametrize("seed", range(40))
def test_any_photo_is_whole_and_of_the_size_asked_for(seed: int, mosaic: Mosaic) -> None:
    rng = np.random.default_rng(seed)
    place = rectangle_place(rng.uniform(-180, 180), rng.uniform(-50, 50), rng.uniform(1e6, 9e6), rng)
    photo = simulate_photo(mosaic, place, rng)
    width, height = size_of_place(place, LONG_PX)
    assert photo.shape == (height, width, 3)
    assert photo.dtype == np.uint8


def test_photos_of_many_seeds_span_dark_and_bright_hazy_and_clear(mosaic: Mosaic) -> None:
    photos = [simulate_photo(mosaic, square(90, 10), np.random.default_rng(seed)) for seed in range(60)]
    means, deviations = ([float(measure(photo)) for photo in photos] for measure in (np.mean, np.std))
    assert min(means) < 60 < 170 < max(means)
    assert min(deviations) < 25 < 55 < max(deviations)


@pytest.mark.parametrize(("name", "probability", "step"), looks.STEPS, ids=[name for name, _, _ in looks.STEPS])
def test_each_step_changes_the_photo_and_leaves_it_finite(name: str, probability: float, step: object) -> None:
    image = np.random.default_rng(1).random((64, 96, 3), dtype=np.float32) * 0.6 + 0.1
    results = [step(image.copy(), np.random.default_rng(seed)) for seed in range(12)]  # type: ignore[operator]
    assert 0 < probability <= 1, name
    assert all(result.shape == image.shape and np.isfinite(result).all() for result in results)
    assert np.mean([np.abs(result - image).mean() for result in results]) > 1e-3


def test_haze_takes_contrast_and_adds_light_to_dark_ground() -> None:
    image = np.where(np.random.default_rng(1).random((64, 96, 1)) > 0.5, 0.3, 0.05).astype(np.float32).repeat(3, axis=2)
    hazy = [looks.haze(image, np.random.default_rng(seed)) for seed in range(20)]
    # Within a few pixels haze is even: neighbouring contrast shrinks, always.
    step = np.abs(np.diff(image, axis=1)).mean()
    assert all(np.abs(np.diff(photo, axis=1)).mean() < step for photo in hazy)
    assert all(photo.mean() > image.mean() for photo in hazy)


def test_haze_takes_blue_before_red() -> None:
    dark, bright = np.full((64, 96, 3), 0.1, np.float32), np.full((64, 96, 3), 0.4, np.float32)
    for seed in range(20):
        hazy = [looks.haze(image, np.random.default_rng(seed)) for image in (dark, bright)]
        red, green, blue = np.moveaxis((hazy[1] - hazy[0]) / 0.3, -1, 0)
        assert (red >= green - 1e-5).all()
        assert (green >= blue - 1e-5).all()
        assert (blue > 0).all()


def test_finer_detail_leaves_what_the_mosaic_shows() -> None:
    image = np.random.default_rng(2).random((8, 12, 3), dtype=np.float32).repeat(16, axis=0).repeat(16, axis=1)
    changed, kept = [], []
    for seed in range(20):
        detailed = looks.finer_detail(image, np.random.default_rng(seed))
        blocks = detailed.reshape(8, 16, 12, 16, 3)
        changed.append(float(blocks.std(axis=(1, 3)).mean()))
        kept.append(float(np.abs(blocks.mean(axis=(1, 3)) - image[::16, ::16]).mean()))
    assert max(changed) > 0.03
    assert max(kept) < 0.02


def test_clouds_cover_from_hardly_anything_to_most_of_a_photo() -> None:
    covers = [float(cloud_cover((128, 192), np.random.default_rng(seed)).mean()) for seed in range(80)]
    assert min(covers) < 0.05
    assert 0.3 < max(covers) <= 1


def test_a_fractal_is_about_evenly_distributed() -> None:
    field = fractal((128, 192), np.random.default_rng(3), cells=8)
    assert field.min() >= 0
    assert field.max() <= 1
    for share in (0.1, 0.5, 0.9):
        assert abs(float((field < share).mean()) - share) < 0.1


def test_the_sea_loses_its_bathymetry_but_the_land_stays() -> None:
    rng = np.random.default_rng(5)
    ground = np.zeros((64, 96, 3), np.float32)
    ground[:, :48] = (0.02, 0.1, 0.4)
    ground[:, :48] += rng.random((64, 48, 1), dtype=np.float32) * 0.1
    ground[:, 48:] = 0.5
    sea = np.zeros((64, 96), np.float32)
    sea[:, :48] = 1
    painted = [looks.sea_colour(ground, sea, np.random.default_rng(seed)) for seed in range(30)]
    assert all(np.abs(photo[:, 54:] - 0.5).max() < 1e-3 for photo in painted)
    assert min(photo[:, 4:44].std(axis=(0, 1)).max() for photo in painted) < 0.01


def test_a_mosaic_shows_blocks_as_the_index_builder_reads_them(mosaic: Mosaic, imagery: Path) -> None:
    block = Block(4, 7, 11)
    exact = Reference.open(imagery).read(block_window(block, 160)).pixels
    near = mosaic.read_block(block, 160)
    assert np.abs(exact.astype(int) - near).mean() < 4


def test_a_view_of_a_north_up_square_is_the_block_itself(mosaic: Mosaic) -> None:
    block = Block(4, 7, 11)
    xmin, ymin, xmax, ymax = block.bounds_3857
    corners = np.array([[xmin, ymax], [xmax, ymax], [xmax, ymin], [xmin, ymin]])
    view = mosaic.view(corners, 160, 160)
    assert np.abs(view.astype(int) - mosaic.read_block(block, 160)).mean() < 4
    turned = mosaic.view(np.roll(corners, 1, axis=0), 160, 160)
    assert np.abs(np.rot90(view, -1).astype(int) - turned).mean() < 4


def test_a_view_across_the_antimeridian_is_not_torn(mosaic: Mosaic) -> None:
    view = mosaic.view(square(180, 0), 100, 100)
    assert view[:, :45, 2].mean() < 80  # land in the east of the old world
    assert np.abs(view[:, 55:].astype(int) - (10, 40, 110)).mean() < 3  # sea in the west of the new


def test_a_mosaic_is_read_once_and_opened_after_that(imagery: Path, tmp_path: Path) -> None:
    build_mosaic(imagery, tmp_path / "m", zooms=(2, 1))
    again = build_mosaic("nowhere.tif", tmp_path / "m", zooms=(2, 1))
    assert [level.zoom for level in again.levels] == [2, 1]
    (tmp_path / "m" / "level-1.npy").unlink()
    with pytest.raises(InputError, match="no whole mosaic"):
        Mosaic.open(tmp_path / "m")


def test_places_are_on_land_and_outside_what_is_forbidden(mosaic: Mosaic) -> None:
    footprints = Footprints(np.array([[90.0, 10.0], [-90.0, 10.0], [40.0, -20.0]]), np.array([2e6, 2e6, 3e6]))
    zone = Zone(np.array([[90.0, 10.0]]), np.array([2000.0]))
    sampler = PlaceSampler(footprints, mosaic, zone, None, 0.6, 0.0)
    places = sampler.draw(40, np.random.default_rng(1))
    for place in places:
        centre, radius_km = centre_and_radius(place)
        apart = math.acos(float(np.clip((unit_vectors(centre[None]) @ unit_vectors(zone.lonlat).T)[0, 0], -1, 1)))
        assert apart * 6378.137 >= 2000 + radius_km - 1
        assert land_share(mosaic, place) > 0.1


def test_a_world_without_a_place_left_is_told(mosaic: Mosaic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("astroloc_qgis.engine.simulation.places._ATTEMPTS", 50)
    footprints = Footprints(np.array([[90.0, 10.0]]), np.array([2e6]))
    everywhere = Zone(np.array([[0.0, 0.0]]), np.array([30000.0]))
    with pytest.raises(InputError, match="Hardly any land is left"):
        PlaceSampler(footprints, mosaic, everywhere).draw(1, np.random.default_rng(0))


@pytest.mark.parametrize("quarter", range(4))
def test_a_photo_of_any_turn_is_numbered_from_its_northern_top(quarter: int) -> None:
    place = square(10, 20)
    np.testing.assert_array_equal(upright(np.roll(place, quarter, axis=0)), place)


def test_a_camera_in_orbit_sees_about_the_area_asked_for_about_the_place_asked_for() -> None:
    rng, areas, apart = np.random.default_rng(4), [], []
    for _ in range(200):
        place = camera_place(20.0, 15.0, 20000.0, rng)
        if place is not None:
            centre, _ = centre_and_radius(place)
            areas.append(area_of(place) * math.cos(math.radians(15)) ** 2 / 1e6)
            apart.append(float(np.linalg.norm(centre - [20.0, 15.0])))
    assert len(areas) > 100
    assert 15000 < np.median(areas) < 30000
    assert np.median(apart) < 1.0


def test_a_jittered_place_still_shows_most_of_itself() -> None:
    place = square(30, 10, 1e5)
    for seed in range(30):
        moved = jittered(place, np.random.default_rng(seed))
        assert np.linalg.norm(moved.mean(axis=0) - place.mean(axis=0)) < 0.3e5
        assert 0.4 < area_of(moved) / area_of(place) < 2.5


def test_only_footprints_of_the_split_are_read(tmp_path: Path) -> None:
    table = tmp_path / "footprints.csv"
    corners = "10,20,10,21,9,21,9,20"
    table.write_text(
        "id,lat1,lon1,lat2,lon2,lat3,lon3,lat4,lon4,area_km2,split\n"
        f"a,{corners},12000,train\nb,{corners},9000,test\nc,0,179.5,0,-179.5,-1,-179.5,-1,179.5,9000,train\n"
    )
    found = read_footprints(table, "train")
    np.testing.assert_allclose(found.area_km2, [12000, 9000])
    np.testing.assert_allclose(found.lonlat[0], [20.5, 9.5])
    assert abs(abs(found.lonlat[1, 0]) - 180) < 1e-9
    with pytest.raises(InputError, match="no footprints of the split 'validation'"):
        read_footprints(table, "validation")
    with pytest.raises(InputError, match="not a table of footprints"):
        read_footprints(tmp_path / "none.csv", "train")
