"""Which blocks an index is made of, how they are read, and how small its store may be."""

from __future__ import annotations

import json
from pathlib import Path

import faiss
import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.land_mask import LandMask, land_of
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index import faiss_store
from astroloc_qgis.engine.index.block_reader import group_in_sheets, read_blocks
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.format import Labels
from astroloc_qgis.engine.index.plan import OPEN_SEA
from astroloc_qgis.engine.index.principal_axes import principal_axes
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, block_around, blocks_in_extent, lonlat_to_mercator
from tests.engine.synthetic import landscape, make_world, write_raster

MODEL = "colour-histogram"
SEA, FOREST, DESERT, SNOW, REEF = (18, 46, 93), (22, 41, 11), (202, 169, 118), (253, 255, 254), (136, 184, 170)


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated land, 100 km wide, in EPSG:3857."""
    world = make_world()
    path = tmp_path_factory.mktemp("imagery") / "map.tif"
    return world.write(path, bounds=world.bounds_in("EPSG:3857", 0.7), pixels=700)


@pytest.fixture(scope="module")
def globe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole web-map world as sea, with an island at 30 E 0 N, one across the antimeridian at 20 N, and a speck."""
    side = 4096
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = SEA
    for lon, lat, colour in ((30, 0, FOREST), (180, 20, DESERT)):
        x, y = lonlat_to_mercator([(lon, lat)])[0] / HALF_WORLD_M
        row, column = int((1 - y) * side / 2), int((1 + x) * side / 2)
        pixels[row - 32 : row + 32, np.arange(column - 32, column + 32) % side] = colour
    pixels[3000, 1000] = FOREST
    path = tmp_path_factory.mktemp("globe") / "world.tif"
    step = 2 * HALF_WORLD_M / side
    write_raster(path, pixels, "EPSG:3857", (-HALF_WORLD_M, step, 0, HALF_WORLD_M, 0, -step), overviews=False)
    return path


def build(imagery: Path, out: Path, **changes) -> Index:
    settings = {"zooms": [11, 12], "extent": None, "model": MODEL} | changes
    return build_index(Reference.open(imagery), out=out, **settings)


@pytest.mark.parametrize("pixels", [64, 160, 90])
def test_blocks_read_together_look_as_if_each_were_read_alone(imagery: Path, pixels: int) -> None:
    reference = Reference.open(imagery)
    blocks = blocks_in_extent(reference.extent_lonlat, [12], stride=1)[:40]
    groups = group_in_sheets(blocks, {12: 1}, 16)
    assert sorted(block for group in groups for block in group) == blocks
    assert max(map(len, groups)) <= 16
    for group in groups:
        for block, (seen, mask) in zip(group, read_blocks(reference, group, pixels), strict=True):
            alone = reference.read(block_window(block, pixels))
            assert seen.shape == (pixels, pixels, 3)
            assert np.abs(seen.astype(int) - alone.pixels).max() <= 1
            assert (mask == alone.mask).mean() > 0.99


def test_neighbours_are_read_at_once_and_strangers_are_not(imagery: Path) -> None:
    reference = Reference.open(imagery)
    windows = []

    class Counting:
        def read(self, window):
            windows.append(window)
            return reference.read(window)

    near = blocks_in_extent((10.9, 45.9, 11.1, 46.1), [12], stride=1)[:9]
    list(read_blocks(Counting(), near, 64))
    assert len(windows) == 1
    windows.clear()
    list(read_blocks(Counting(), [near[0], Block(12, near[0].row, near[0].column + 100)], 64))
    assert [window.width for window in windows] == [64, 64]
    assert list(read_blocks(Counting(), [], 64)) == []


def test_water_is_blue_and_land_is_all_the_rest() -> None:
    picture = np.array([[SEA, FOREST, DESERT, SNOW, REEF]], np.uint8)
    assert land_of(picture).tolist() == [[False, True, True, True, True]]
    assert land_of(picture, np.zeros((1, 5), bool)).sum() == 0


def test_land_is_found_with_its_coast_and_across_the_antimeridian(globe: Path) -> None:
    mask = LandMask.of(Reference.open(globe))

    def touched(lon: float, lat: float, zoom: int = 11) -> bool:
        return bool(mask.touches(block_table([block_around(lon, lat, zoom)]), 4)[0])

    assert touched(30, 0)
    assert touched(179.9, 20)
    assert touched(-179.9, 20)
    half_island, coast, half_block = 2.8, 0.35, 0.35  # degrees: 64 pixels' half, 4 pixels, half a block of zoom 11
    assert touched(30 + half_island + coast + half_block - 0.2, 0)
    assert not touched(30 + half_island + coast + half_block + 0.4, 0)
    assert not touched(-60, 0)
    speck = (1000.5 / 4096 * 360 - 180, -62.0)
    assert not touched(*speck, zoom=9)


def test_an_index_of_land_leaves_out_the_open_sea(globe: Path, tmp_path: Path) -> None:
    extent = (20.0, -12.0, 45.0, 12.0)
    land = build(globe, tmp_path / "land", zooms=[6, 7], extent=extent, land_only=True)
    everything = build(globe, tmp_path / "all", zooms=[6, 7], extent=extent)
    assert 0 < len(land) < len(everything)
    assert land.info.skipped[OPEN_SEA] == len(everything) - len(land)
    assert set(map(tuple, land.blocks)) < set(map(tuple, everything.blocks))
    assert (land.info.selection, everything.info.selection) == ("land", "")


def test_strides_may_differ_by_zoom(imagery: Path, tmp_path: Path) -> None:
    index = build(imagery, tmp_path / "index", stride={11: 2, 12: 3})
    for zoom, stride in ((11, 2), (12, 3)):
        own = index.blocks[index.blocks[:, 0] == zoom]
        assert len(own) > 1
        assert (own[:, 1:] % stride == 0).all()
    assert Index.open(tmp_path / "index").info.stride == {11: 2, 12: 3}
    assert len(build(imagery, tmp_path / "index", stride={11: 2, 12: 3})) == len(index)
    with pytest.raises(InputError, match="There is already an index"):
        build(imagery, tmp_path / "index", stride=2)


def test_the_blocks_can_be_given(imagery: Path, tmp_path: Path) -> None:
    every = build(imagery, tmp_path / "all")
    some = every.blocks[::3]
    index = build(imagery, tmp_path / "some", blocks=some)
    assert set(map(tuple, index.blocks)) == set(map(tuple, some))
    with pytest.raises(InputError, match="There is already an index"):
        build(imagery, tmp_path / "some", blocks=every.blocks[::2])


def test_an_index_can_name_imagery_that_others_can_reach(imagery: Path, tmp_path: Path) -> None:
    labels = Labels(title="Mine", licence="CC0", imagery_uri="https://example.org/map", attribution="Somebody")
    build(imagery, tmp_path / "index", labels=labels)
    stored = json.loads((tmp_path / "index" / "index.json").read_text())
    assert [stored[key] for key in ("title", "licence", "imagery_uri", "attribution")] == [
        "Mine",
        "CC0",
        "https://example.org/map",
        "Somebody",
    ]
    assert str(imagery.parent) not in json.dumps(stored)
    assert len(build(imagery, tmp_path / "index", labels=labels)) > 0


@pytest.fixture(scope="module", params=["PQ54np", "PQ108x6np", "OPQ27,PQ27np", "PCA108,PQ54np"])
def pair(request: pytest.FixtureRequest, imagery: Path, tmp_path_factory: pytest.TempPathFactory):
    """The same blocks with exact vectors, and with codes."""
    folder = tmp_path_factory.mktemp("pq")
    settings = {"zooms": [13, 14], "stride": 1}
    return build(imagery, folder / "exact", **settings), build(
        imagery, folder / "codes", kind=request.param, **settings
    )


class TestProductQuantised:
    """Codes of a few bytes a block, searched as exact vectors are."""

    def vectors(self, exact: Index) -> np.ndarray:
        return np.stack([exact._store.reconstruct(number) for number in range(len(exact))])

    def test_the_right_block_is_nearly_always_first(self, pair) -> None:
        exact, codes = pair
        assert (exact.blocks == codes.blocks).all()
        vectors = self.vectors(exact)
        scores, found = codes.search(vectors, 3)
        assert (found == np.arange(len(exact))[:, None]).any(axis=1).mean() > 0.95
        assert np.abs(scores[:, 0] - 1).max() < 0.2

    def test_only_allowed_blocks_are_found_and_all_of_them_can_be(self, pair) -> None:
        exact, codes = pair
        allowed = np.zeros(len(codes), bool)
        allowed[[3, 70, 211]] = True
        scores, found = codes.search(self.vectors(exact)[:5], 100, allowed)
        assert [sorted(row) for row in found.tolist()] == [[3, 70, 211]] * 5
        assert (np.diff(scores, axis=1) <= 0).all()
        assert codes.search(self.vectors(exact)[:5], 2, allowed)[1].shape == (5, 2)
        assert codes.search(self.vectors(exact)[:5], 2, ~allowed & False)[1].shape == (5, 0)

    def test_scores_and_order_are_those_of_faiss_itself(self, pair, monkeypatch: pytest.MonkeyPatch) -> None:
        exact, codes = pair
        monkeypatch.setattr(faiss_store, "_DECODED", 50 * exact.info.dimensions)  # many parts, the last not full
        queries = self.vectors(exact)[::7]
        expected, numbers = codes._store.search(queries, len(codes))
        by_number = np.take_along_axis(expected, np.argsort(numbers, axis=1), axis=1)
        some = np.random.default_rng(0).random(len(codes)) < 0.5
        for allowed in (None, np.ones(len(codes), bool), some):
            scores, found = codes.search(queries, 10**6, allowed)
            rightful = np.arange(len(codes)) if allowed is None else np.flatnonzero(allowed)
            assert (np.sort(found, axis=1) == rightful).all()
            assert (np.diff(scores, axis=1) <= 0).all()
            np.testing.assert_allclose(scores, np.take_along_axis(by_number, found, axis=1), atol=1e-5)

    def test_the_store_is_small_and_stays_on_disk(self, pair) -> None:
        exact, codes = pair
        sizes = [(index.folder / "descriptors.faiss").stat().st_size for index in (exact, codes)]
        books = 256 * exact.info.dimensions * 4  # the quantiser's centroids, and a rotation at most as large
        assert sizes[1] - 2 * books < sizes[0] / 8
        quantiser = faiss.downcast_index(getattr(codes._store, "index", codes._store))
        assert isinstance(quantiser, faiss.IndexPQ)
        assert quantiser.codes.size() == len(codes) * quantiser.code_size  # and no number beside each
        assert str(codes.folder / "descriptors.faiss") in Path("/proc/self/maps").read_text()

    def test_an_axis_too_few_costs_little_and_inner_products_stay_cosines(self) -> None:
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((400, 12)) * np.geomspace(1, 0.01, 12) + 0.5
        axes = principal_axes(vectors, 6)
        np.testing.assert_allclose(axes @ axes.T, np.eye(6), atol=1e-6)
        np.testing.assert_allclose((vectors @ axes.T) @ (vectors @ axes.T).T, vectors @ vectors.T, atol=0.15)

    def test_more_axes_than_dimensions_are_refused(self, imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="Vectors of 216 dimensions have no 999 axes"):
            build(imagery, tmp_path / "index", kind="PCA999,PQ27np", zooms=[13, 14], stride=1)

    def test_too_few_blocks_to_learn_from_are_refused(self, imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="needs 256 blocks to learn from"):
            build(imagery, tmp_path / "index", kind="PQ54np")

    @pytest.mark.parametrize(
        "kind", ["PQ64", "PQ0np", "PCA8,Flat", "PCA0,PQ8np", "OPQ8,Flat", "IVF4,PQ8np", "PQ64npx", "PQ64x9np"]
    )
    def test_kinds_that_are_none_are_refused(self, imagery: Path, tmp_path: Path, kind: str) -> None:
        with pytest.raises(InputError, match=f"of kind '{kind}'"):
            build(imagery, tmp_path / "index", kind=kind)

    def test_a_size_that_does_not_divide_the_vectors_is_refused(self, imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be quantised as PQ64np: choose a divisor of 216"):
            build(imagery, tmp_path / "index", kind="PQ64np", zooms=[13, 14], stride=1)


def test_landscape_is_land() -> None:
    assert land_of(landscape(256, 1)).mean() > 0.7


def test_gdal_keeps_tiles_in_the_users_cache_folder() -> None:
    folder = gdal.GetConfigOption("GDAL_DEFAULT_WMS_CACHE_PATH")
    assert folder
    assert Path(folder).is_absolute()
