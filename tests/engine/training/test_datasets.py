"""Imported photos and tiles: a folder with a table, and EarthLoc's dataset, made small."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.places import upright_rotation
from astroloc_qgis.engine.tiles import Block, mercator_to_lonlat
from astroloc_qgis.engine.training.data.datasets import ImportedPhoto, imported_photos, tile_library
from astroloc_qgis.engine.training.data.overlap import iou_matrix, square_of
from astroloc_qgis.engine.training.data.pairs import render_batch, render_tiles
from astroloc_qgis.engine.training.data.world import World
from astroloc_qgis.engine.training.run import TrainingRequest, make_sources
from tests.engine.training.toy import CONFIG, write_footprints, write_imagery

BLOCK = Block(6, 28, 36)


def picture(path: Path, red: int) -> None:
    """Northern half red, the rest grey."""
    image = np.full((60, 90, 3), 90, np.uint8)
    image[:30, :, 2] = red
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def lonlat(block: Block) -> np.ndarray:
    return mercator_to_lonlat(square_of(block))


@pytest.fixture
def earthloc(tmp_path: Path) -> Path:
    """Two photos and two tiles in two years, named as EarthLoc names them; and a file that is neither."""
    folder = tmp_path / "earthloc"
    for number, block in enumerate((BLOCK, Block(6, 30, 20))):
        corners = lonlat(block)[::-1]  # mirrored against the photo's order, as in the dataset
        at = "@".join(f"{lat:.4f}@{lon:.4f}" for lon, lat in corners)
        name = f"@{at}@ISS064-E-{number}@20201105@10.0@20.0@51000@90.0@.jpg"
        picture(folder / "queries" / "test" / name, 200)
        for year in (2018, 2021):
            name = f"@{at}@{block.zoom}_{block.row}_{block.column}@{year}@10.0@20.0@51000@0@.jpg"
            picture(folder / "database" / f"{year}_{block.zoom}" / "10_20" / name, 150 + year - 2018)
    picture(folder / "queries" / "test" / "@what@is@this@.jpg", 10)
    return folder


def test_earthlocs_photos_and_tiles_are_found_by_their_names(earthloc: Path) -> None:
    photos, library = imported_photos(earthloc), tile_library(earthloc)
    assert len(photos) == 2
    assert not any(photo.oriented for photo in photos)
    assert iou_matrix(np.stack([photos[0].place]), np.stack([square_of(BLOCK)]))[0, 0] > 0.99
    assert library.years == [2018, 2021]
    assert library.blocks == sorted([BLOCK, Block(6, 30, 20)])
    pixels = library.read(2021, BLOCK, 32)
    assert pixels.shape == (32, 32, 3)
    assert abs(int(pixels[4, 16, 0]) - 153) < 6


def test_a_photo_of_unknown_rotation_is_shown_only_at_rotations_that_fit_its_shape(earthloc: Path) -> None:
    photo = imported_photos(earthloc)[0]
    wide = dataclasses.replace(photo, place=photo.place * [1.5, 1.0])
    shown = [wide.read(np.random.default_rng(seed)) for seed in range(12)]
    assert {image.shape for image, _ in shown} == {(60, 90, 3)}
    assert {upright_rotation(place) for _, place in shown} == {0}
    tops = {int(image[4, 45, 0]) > int(image[55, 45, 0]) for image, _ in shown}
    assert tops == {True, False}  # which of the two nobody knows


def test_photos_of_a_table_are_rotated_with_their_place(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", 220)
    tl, tr, br, bl = lonlat(BLOCK)
    # Taken with its top to the east: its top-left corner lies in the block's north-east ... clockwise from there.
    corners = np.stack([tr, br, bl, tl]).ravel()
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    (tmp_path / "photos.csv").write_text(f"file,{','.join(names)}\na.jpg,{','.join(map(str, corners))}\n")
    (photo,) = imported_photos(tmp_path)
    image, place = photo.read(np.random.default_rng(0))
    np.testing.assert_allclose(place, square_of(BLOCK), atol=1)
    assert image.shape == (90, 60, 3)
    # The photo's red top lies in the east of the ground, so it is at the right when north is up.
    assert int(image[45, 55, 0]) > int(image[45, 5, 0]) + 80


def test_imported_photos_and_tiles_are_trained_on_beside_simulated_ones(earthloc: Path, tmp_path: Path) -> None:
    write_imagery(tmp_path / "world.tif")
    write_footprints(tmp_path / "footprints.csv")
    request = TrainingRequest(
        str(tmp_path / "world.tif"), tmp_path / "footprints.csv", tmp_path / "run", photos=earthloc, tiles=earthloc
    )
    sources = make_sources(request, CONFIG)
    assert len(sources.photos) == 2
    world = World(sources)
    place = square_of(BLOCK)
    places = np.stack([place, *(photo.place for photo in sources.photos)])
    batch = render_batch(CONFIG, world, places, 0, np.array([0, 1, 2]))
    assert sorted(batch.members.tolist()) == [0, 1, 2]
    assert sum(map(len, batch.photos)) == 3
    assert (batch.iou.diagonal() > 0).all()
    tiles = render_tiles(CONFIG, world, places, 0, np.array([0, 2]))
    assert tiles.places.tolist() == [0, 0, 2, 2]
    assert not tiles.overlap[0, 2]
    assert tiles.overlap[0, 1]


def test_photos_of_forbidden_places_are_left_out(earthloc: Path, tmp_path: Path) -> None:
    write_imagery(tmp_path / "world.tif")
    lon, lat = lonlat(BLOCK).mean(axis=0)
    request = TrainingRequest(
        str(tmp_path / "world.tif"), tmp_path / "none.csv", tmp_path / "run", photos=earthloc,
        avoid_points=((lon, lat),), avoid_km=100.0,
    )  # fmt: skip
    assert len(make_sources(request, CONFIG).photos) == 1


def test_what_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no photos to train on"):
        imported_photos(tmp_path)
    with pytest.raises(InputError, match="holds no tiles named as EarthLoc's"):
        tile_library(tmp_path)
    (tmp_path / "photos.csv").write_text("file,lon\na.jpg,7\n")
    with pytest.raises(InputError, match="not a table of photos"):
        imported_photos(tmp_path)
    broken = ImportedPhoto(tmp_path / "photos.csv", square_of(BLOCK), oriented=True)
    with pytest.raises(InputError, match="is no picture"):
        broken.read(np.random.default_rng(0))
