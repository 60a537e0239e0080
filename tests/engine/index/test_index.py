"""An index: whole or not there at all, never of mixed models, and honest about damage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.descriptors import registry
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.database_side_augmentation import with_database_side_augmentation
from astroloc_qgis.engine.index.format import read_info, write_info
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.tiles import Block, blocks_in_extent, mercator_to_lonlat
from tests.engine.synthetic import landscape, make_world, write_raster

MODEL = "efficientnet-lite0-gem"


class Averages(Descriptor):
    """A quick stand-in for a network: 8 x 8 mean colours. Its weights are those of the model whose name it takes."""

    name = MODEL
    dimensions = 192
    image_size = 64

    @property
    def model_sha256(self) -> str:
        from astroloc_qgis.engine.descriptors import registry as descriptors

        return descriptors.model_sha256(self.name)

    @property
    def settings(self) -> dict[str, str | int | float]:
        return {"image_size": self.image_size}

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        count, height, width, _ = images.shape
        cells = images[:, : height // 8 * 8, : width // 8 * 8].reshape(count, 8, height // 8, 8, width // 8, 3)
        means = cells.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)
        return means - means.mean(axis=1, keepdims=True)


class LearnedAverages(Averages):
    """The same with a vocabulary: the mean of what it was fitted on."""

    name = "xfeat-vlad"
    needs_vocabulary = True
    mean: np.ndarray | None = None

    def fit(self, images) -> None:
        self.mean = np.stack([super(LearnedAverages, self)._describe_same_size(i[None])[0] for i in images]).mean(0)

    def save_vocabulary(self, path: Path) -> None:
        with path.open("wb") as stream:
            np.savez(stream, mean=self.mean)

    def load_vocabulary(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self.mean = stored["mean"]

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        assert self.mean is not None
        return super()._describe_same_size(images) - self.mean


def _create(name: str, *, device: str = "cpu", vocabulary: Path | None = None) -> Descriptor:
    made: Descriptor = LearnedAverages() if name == "xfeat-vlad" else Averages()
    if vocabulary is not None:
        made.load_vocabulary(vocabulary)
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the networks by stand-ins, and save every four blocks."""
    monkeypatch.setattr(registry, "create", _create)
    monkeypatch.setattr(builder, "SHARD_BLOCKS", 4)


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = make_world()
    path = tmp_path_factory.mktemp("imagery") / "map.tif"
    return world.write(path, bounds=world.bounds_in("EPSG:3857", 0.6), pixels=600)


@pytest.fixture
def build(quick: None, imagery: Path, tmp_path: Path) -> Callable[..., Index]:
    def run(name: str = "index", **changes) -> Index:
        settings = {"zooms": [11, 12], "extent": None, "model": MODEL} | changes
        path = settings.pop("imagery", imagery)
        return build_index(Reference.open(path), out=tmp_path / name, **settings)

    return run


def stop_at(fraction: float):
    def progress(stage: str, done: float) -> None:
        if stage == "describe" and done >= fraction:
            raise Cancelled

    return progress


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "index.json"}


def test_an_index_holds_every_covered_block_once(build, imagery: Path) -> None:
    index = build()
    xmin, ymin, xmax, ymax = make_world().bounds_in("EPSG:3857", 0.6)

    def covered(block: Block) -> float:
        left, bottom, right, top = block.bounds_3857
        return (min(right, xmax) - max(left, xmin)) * (min(top, ymax) - max(bottom, ymin)) / (right - left) ** 2

    every = blocks_in_extent(Reference.open(imagery).extent_lonlat, [11, 12])
    held = [index.block(number) for number in range(len(index))]
    assert len(set(held)) == len(held) == sum(index.info.counts.values())
    assert {block for block in every if covered(block) > 0.51} <= set(held)
    assert set(held) <= {block for block in every if covered(block) > 0.49} < set(every)
    assert set(index.info.counts) == {11, 12}
    assert index.info.imagery_uri == str(imagery)


def test_the_folder_holds_what_the_format_says_and_nothing_else(build, tmp_path: Path) -> None:
    build("plain")
    build("learned", model="xfeat-vlad")
    names = {"index.json", "descriptors.faiss", "blocks.npz"}
    assert {path.name for path in (tmp_path / "plain").iterdir()} == names
    assert {path.name for path in (tmp_path / "learned").iterdir()} == names | {"vocabulary.npz"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["learned", "plain"]
    stored = json.loads((tmp_path / "plain" / "index.json").read_text())
    assert stored["format_version"] == 2
    assert {"title", "imagery_uri", "attribution", "licence", "model", "model_sha256"} <= set(stored)
    assert {"dimensions", "zooms", "extent", "counts"} <= set(stored)


def test_a_block_finds_itself(build) -> None:
    index = build()
    vectors = np.stack([index._store.reconstruct(number) for number in range(len(index))])
    scores, found = index.search(vectors, 1)
    assert found[:, 0].tolist() == list(range(len(index)))
    np.testing.assert_allclose(scores, 1, atol=1e-5)


def test_finer_blocks_count_in_a_vector_where_the_descriptor_says_so(build, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = build("plain")
    monkeypatch.setattr(Averages, "augmentation_weight", 0.5)
    index = build("finer")
    alone, together = (
        np.stack([each._store.reconstruct(number) for number in range(len(each))]) for each in (plain, index)
    )
    np.testing.assert_array_equal(index.blocks, plain.blocks)
    expected = with_database_side_augmentation(alone, plain.blocks, plain.info.block_size, 0.5)
    np.testing.assert_allclose(together, expected, atol=1e-6)
    coarse = index.blocks[:, 0] == 11
    assert np.abs(together - alone)[coarse].max() > 0.01
    np.testing.assert_allclose(together[~coarse], alone[~coarse], atol=1e-6)


def test_only_allowed_blocks_are_found_and_all_of_them_can_be(build) -> None:
    index = build()
    allowed = np.zeros(len(index), bool)
    allowed[[3, 7, 11]] = True
    query = index._store.reconstruct(0)[None]
    _, found = index.search(query, 100, allowed)
    assert sorted(found[0]) == [3, 7, 11]
    assert index.search(query, 10**6)[1].shape == (1, len(index))
    assert index.search(query, 5, ~allowed & False)[1].shape == (1, 0)


def test_the_vectors_stay_on_disk(build) -> None:
    index = build()
    assert str(index.folder / "descriptors.faiss") in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("model", [MODEL, "xfeat-vlad"])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.7, 1.0])
def test_an_interrupted_build_goes_on_to_the_same_index(build, tmp_path: Path, model: str, fraction: float) -> None:
    build("whole", model=model)
    with pytest.raises(Cancelled):
        build("broken", model=model, progress=stop_at(fraction))
    assert not (tmp_path / "broken").exists()
    seen = []
    build("broken", model=model, progress=lambda stage, done: seen.append((stage, done)))
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")
    assert not (tmp_path / "broken.partial").exists()


def test_a_build_that_goes_on_describes_only_what_is_left(build, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.8))
    described = []
    real = Averages.describe

    def counting(self, images):
        described.extend(images)
        return real(self, images)

    monkeypatch.setattr(Averages, "describe", counting)
    index = build()
    assert 0 < len(described) < 0.5 * len(index)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model": "xfeat-vlad"}, "model"),
        ({"zooms": [12]}, "zooms"),
        ({"stride": 4}, "stride"),
        ({"kind": "SQ8"}, "kind"),
    ],
)
def test_an_unfinished_index_is_not_mixed_with_another(build, change: dict, word: str) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.5))
    with pytest.raises(InputError, match=rf"unfinished index with other settings \(.*{word}.*\)"):
        build(**change)
    assert len(build()) > 0


@pytest.mark.parametrize("change", [{"model": "xfeat-vlad"}, {"zooms": [11]}])
def test_an_index_is_never_overwritten_by_another(build, tmp_path: Path, change: dict) -> None:
    build()
    before = contents(tmp_path / "index")
    with pytest.raises(InputError, match="There is already an index in"):
        build(**change)
    assert contents(tmp_path / "index") == before


def test_building_the_same_again_opens_what_is_there(build) -> None:
    build()
    again = build(progress=stop_at(0.0))  # would be cancelled if it described anything
    assert len(again) > 0


def test_a_folder_with_other_files_is_left_alone(build, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    assert len(build()) > 0  # an empty folder will do
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="has other files in it"):
        build("full")
    with pytest.raises(InputError, match="there is a file of that name"):
        build("full/letter.txt")
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear"


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(build) -> None:
    with pytest.raises(InputError, match=r"cannot be written to /proc/nowhere/index"):
        build("/proc/nowhere/index")


def test_zooms_too_fine_or_too_coarse_for_the_imagery_are_refused(build, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too coarse for zooms 17"):
        build(zooms=[17], extent=(10.99, 45.99, 11.01, 46.01))
    with pytest.raises(InputError, match="no block of zooms 5"):
        build(zooms=[5])
    with pytest.raises(InputError, match="no block of zooms 11"):
        build(zooms=[11], extent=(20, 40, 21, 41))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["SQ8", "IVF4,Flat"])
def test_other_kinds_of_store_find_a_block_by_itself(build, kind: str) -> None:
    exact = build()
    index = build(kind, kind=kind)
    assert index.info.kind == kind
    allowed = np.ones(len(index), bool)
    allowed[0] = False
    vectors = np.stack([exact._store.reconstruct(number) for number in range(len(exact))])
    _, found = index.search(vectors, 1, allowed)
    assert found[1:, 0].tolist() == list(range(1, len(exact)))
    assert found[0, 0] != 0


def test_an_unknown_kind_of_store_is_refused(build) -> None:
    with pytest.raises(InputError, match="kind 'HNSW32'"):
        build(kind="HNSW32")


def test_a_mosaic_with_holes_and_two_resolutions_gives_only_blocks_with_data_and_detail(build, tmp_path: Path) -> None:
    # Two scenes of 6 x 6 tiles, far apart: 85 px a tile of zoom 12, and 14 px a tile of zoom 10. The stand-in for a
    # model takes 64 px a side, so a block needs 16: the coarse scene has 28 of them at zoom 11, and 14 at zoom 12.
    boxes = {}
    for name, size, zoom, row, column in (("fine", 512, 12, 1460, 2172), ("coarse", 84, 10, 400, 600)):
        tile = Block(zoom, row, column, 1)
        left, top = tile.bounds_3857[0], tile.bounds_3857[3]
        step = 6 * tile.tile_m / size
        write_raster(
            tmp_path / f"{name}.tif", landscape(size, 1), "EPSG:3857", (left, step, 0, top, 0, -step), overviews=False
        )
        boxes[name] = (left, top - size * step, left + size * step, top)
    vrt = tmp_path / "all.vrt"
    gdal.BuildVRT(str(vrt), [str(tmp_path / f"{name}.tif") for name in boxes], resolution="highest").FlushCache()

    index = build(imagery=vrt, zooms=[9, 10, 11, 12, 13])

    def inside(block: Block, name: str) -> float:
        xmin, ymin, xmax, ymax = boxes[name]
        left, bottom, right, top = block.bounds_3857
        wide, high = min(right, xmax) - max(left, xmin), min(top, ymax) - max(bottom, ymin)
        return max(wide, 0) * max(high, 0) / (right - left) ** 2

    blocks = [index.block(number) for number in range(len(index))]
    assert all(inside(block, "fine") >= 0.49 or inside(block, "coarse") >= 0.49 for block in blocks)
    assert {block.zoom for block in blocks if inside(block, "coarse") > 0} == {9, 10, 11}
    assert {block.zoom for block in blocks if inside(block, "fine") > 0} == {11, 12, 13}
    assert Block(10, 400, 600) in blocks
    assert Block(12, 1460, 2172) in blocks


def test_coverage_agrees_with_the_tiling_where_nothing_is_empty(imagery: Path) -> None:
    reference = Reference.open(imagery)
    extent = (10.8, 45.8, 11.2, 46.2)
    assert Coverage(reference).blocks(extent, [11, 12, 13], 4, 2) == blocks_in_extent(extent, [11, 12, 13])


def test_coverage_is_found_on_both_sides_of_the_antimeridian(tmp_path: Path) -> None:
    path = tmp_path / "pacific.tif"
    write_raster(path, landscape(512, 2), "EPSG:4326", (178.0, 4 / 512, 0, 2.0, 0, -4 / 512), overviews=False)
    found = Coverage(Reference.open(path)).blocks((175, -5, -175, 5), [9], 4, 2)
    expected = [b for b in blocks_in_extent((175, -5, -175, 5), [9]) if b in blocks_in_extent((178, -2, -178, 2), [9])]
    assert set(expected) <= set(found)
    lons = mercator_to_lonlat([((b.bounds_3857[0] + b.bounds_3857[2]) / 2, 0) for b in found])[:, 0]
    assert (lons < 180).any()
    assert ((lons > 180) | (lons < -178)).any()


class TestDamage:
    """What is wrong is said in one sentence."""

    @pytest.fixture
    def folder(self, build, tmp_path: Path) -> Path:
        build("index", model="xfeat-vlad")
        return tmp_path / "index"

    def edit(self, folder: Path, **changes) -> None:
        path = folder / "index.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def refused(self, folder: Path, words: str) -> None:
        with pytest.raises(InputError, match=words) as caught:
            Index.open(folder)
        assert "\n" not in str(caught.value)

    def test_whole(self, folder: Path) -> None:
        assert Index.open(folder, thorough=True).info.model == "xfeat-vlad"

    def test_no_folder(self, folder: Path) -> None:
        self.refused(folder / "nowhere", "does not exist")

    def test_no_index(self, folder: Path) -> None:
        (folder / "index.json").unlink()
        self.refused(folder, r"is not an index: it has no index\.json")

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"title": "x"}', '{"format_version": 2}'])
    def test_a_description_that_is_none(self, folder: Path, text: str) -> None:
        (folder / "index.json").write_text(text)
        self.refused(folder, "is damaged: index.json")

    @pytest.mark.parametrize("version", [1, 3])
    def test_another_format_version(self, folder: Path, version: int) -> None:
        self.edit(folder, format_version=version)
        self.refused(folder, f"has format version {version}, and this AstroLoc reads version 2")

    def test_an_unknown_model(self, folder: Path) -> None:
        self.edit(folder, model="astroloc-2031")
        self.refused(folder, "'astroloc-2031', which this AstroLoc does not have")

    def test_other_weights(self, folder: Path) -> None:
        self.edit(folder, model_sha256="ab" * 32)
        self.refused(folder, "other weights of xfeat-vlad .*abababababab")

    @pytest.mark.parametrize("name", ["descriptors.faiss", "blocks.npz", "vocabulary.npz"])
    def test_a_missing_file(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        self.refused(folder, f"the file {name} is missing")

    @pytest.mark.parametrize("name", ["descriptors.faiss", "blocks.npz", "vocabulary.npz"])
    def test_a_truncated_file(self, folder: Path, name: str) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-10])
        self.refused(folder, f"{name} has {len(content) - 10} bytes instead of {len(content)}")

    def test_a_changed_byte(self, folder: Path) -> None:
        content = bytearray((folder / "descriptors.faiss").read_bytes())
        content[-1] ^= 255
        (folder / "descriptors.faiss").write_bytes(content)
        self.refused(folder, "the content of descriptors.faiss has changed")

    def test_counts_that_do_not_match(self, folder: Path) -> None:
        self.edit(folder, counts={"12": 3})
        self.refused(folder, "should have 3")

    def test_a_table_of_blocks_that_is_none(self, folder: Path) -> None:
        (folder / "blocks.npz").write_bytes(b"PK")
        write_info(folder, read_info(folder))  # its author says that it is whole
        self.refused(folder, "is damaged and cannot be read")

    def test_dimensions_that_do_not_match(self, folder: Path) -> None:
        self.edit(folder, dimensions=7)
        self.refused(folder, "192 dimensions instead of 7")

    def test_a_store_that_faiss_cannot_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_):
            raise RuntimeError("index type 0x0 not recognized")

        monkeypatch.setattr(faiss, "read_index", broken)
        self.refused(folder, "is damaged and cannot be read")

    def test_other_settings_of_the_same_model(self, folder: Path) -> None:
        self.edit(folder, model_settings={"image_size": 99})
        with pytest.raises(InputError, match=r"other settings of xfeat-vlad \(image_size 99\)"):
            Index.open(folder).create_descriptor()

    def test_a_damaged_unfinished_build(self, build, tmp_path: Path) -> None:
        with pytest.raises(Cancelled):
            build("other", progress=stop_at(0.5))
        (tmp_path / "other.partial" / "piece-000000.npz").write_bytes(b"PK")
        with pytest.raises(InputError, match="unfinished index .* is damaged"):
            build("other")
        shutil.rmtree(tmp_path / "other.partial")
        assert len(build("other")) > 0
