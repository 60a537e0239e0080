"""Texture: what the codes of blocks keep of their local features, and what they add to a ranking."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.block_table import bounds_3857, iou_with
from astroloc_qgis.engine.descriptors.baselines.sift_vlad import SiftVlad
from astroloc_qgis.engine.descriptors.texture import CODED, TextureModel, along_axes, residuals, texture_path, unit
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.block_reader import read_blocks
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.database_descriptors import fill_in
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.texture_codes import CORNERS, NO_BONUS_BELOW, NORMALISATION, SIDES, TextureCodes
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.retrieval.search import rank_blocks, retrieve
from astroloc_qgis.engine.training.texture import learn_texture
from astroloc_qgis.engine.weights.array_files import write_weights
from tests.engine.index.test_database_side_augmentation import grid
from tests.engine.synthetic import make_world

SIZE = 4


@pytest.fixture(scope="module")
def model() -> TextureModel:
    return TextureModel()


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world().write(tmp_path_factory.mktemp("imagery") / "map.tif", alpha=True)


@pytest.fixture(scope="module")
def toy(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of a model that sees colours only, with texture codes."""
    return build(imagery, tmp_path_factory.mktemp("index") / "index")


def build(imagery: Path, out: Path, **changes) -> Index:
    settings = {"zooms": [11, 12], "extent": None, "model": "colour-histogram", "kind": "SQfp16"}
    settings |= {"texture_zoom": 12} | changes
    return build_index(Reference.open(imagery), out=out, **settings)


def pictures(imagery: Path, index: Index, pixels: int = 320) -> list[np.ndarray]:
    blocks = [index.block(number) for number in np.flatnonzero(index.blocks[:, 0] == 12)]
    return [fill_in(*read) for read in read_blocks(Reference.open(imagery), blocks, pixels)]


def test_likeness_is_the_inner_product_with_what_a_code_stands_for(model: TextureModel) -> None:
    rng = np.random.default_rng(0)
    width = model.describe([np.zeros((320, 320, 3), np.uint8)]).shape[1]
    vectors = unit(rng.normal(size=(300, width)).astype(np.float32))
    codes = model.encode(vectors)
    assert (codes.shape, codes.dtype) == ((300, model.code_bytes), np.uint8)
    stored = dict(np.load(texture_path()))["codebooks"].astype(np.float32)
    decoded = np.stack([np.concatenate([stored[part, word] for part, word in enumerate(code)]) for code in codes])
    np.testing.assert_allclose(model.similarity(vectors[0], codes), decoded @ vectors[0], atol=1e-5)
    # The code of a part is the codebook's nearest word.
    parts = vectors[:5].reshape(5, model.code_bytes, -1)
    nearest = ((parts[:, :, None] - stored[None]) ** 2).sum(axis=3).argmin(axis=2)
    assert (codes[:5] == nearest).mean() > 0.999


def test_residuals_and_axes_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(1)
    raw = unit(rng.normal(size=(3, 4, 128)).astype(np.float32))
    raw[1, 2] = 0
    stored = np.sign(raw) * np.sqrt(np.abs(raw))
    np.testing.assert_allclose(residuals(stored.reshape(3, -1), 4), raw, atol=1e-6)
    axes = rng.normal(size=(4, 128, 5)).astype(np.float32)
    for picture, found in zip(raw, along_axes(stored.reshape(3, -1), axes), strict=True):
        expected = np.concatenate([residual @ own for residual, own in zip(picture, axes, strict=True)])
        np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_hazy_turned_photo_is_most_like_its_own_block(
    model: TextureModel, toy: Index, imagery: Path, quarter_turns: int
) -> None:
    shown = pictures(imagery, toy)
    codes = np.load(toy.folder / "texture.npy")
    assert (codes == model.encode(model.describe(shown))).mean() > 0.95
    own = len(shown) // 2
    photo = np.rot90((shown[own] * 0.6 + 50).astype(np.uint8), quarter_turns)
    similarity = model.similarity(model.describe_photo(photo), codes)
    assert similarity.argmax() == own
    assert similarity[own] > 2 * np.median(similarity)


def test_an_exact_index_keeps_textures_as_they_are(
    model: TextureModel, toy: Index, imagery: Path, tmp_path: Path
) -> None:
    exact = build(imagery, tmp_path / "index", kind="Flat")
    shown = pictures(imagery, exact)
    vectors, photo = model.describe(shown), model.describe_photo(shown[5])
    np.testing.assert_allclose(np.load(exact.folder / "texture.npy"), vectors, atol=1e-5)
    own = np.maximum(CODED * (vectors @ photo) - NO_BONUS_BELOW, 0)
    texture = TextureCodes(model, vectors, exact.blocks, 12, SIZE, SIZE)  # as if they did not overlap
    np.testing.assert_allclose(texture.bonus_of(photo)[exact.blocks[:, 0] == 12], own, atol=1e-5)
    bonus = [index.texture_bonus(shown[5]) for index in (exact, toy)]
    assert bonus[0].argmax() == bonus[1].argmax()
    assert 0 < np.abs(bonus[0] - bonus[1]).max() < 0.15


def test_codes_lessen_likenesses_as_told(model: TextureModel) -> None:
    codes = np.load(Index.open(shipped("index", "world")).folder / "texture.npy", mmap_mode="r")[::50]
    words = dict(np.load(texture_path()))["codebooks"].astype(np.float32)
    squares = (words**2).sum(axis=2)[np.arange(model.code_bytes), codes].sum(axis=1)
    assert squares.mean() == pytest.approx(CODED, abs=0.01)


def test_a_picture_of_nothing_is_like_nothing(model: TextureModel) -> None:
    blank = np.full((240, 320, 3), 128, np.uint8)
    assert not model.describe([blank]).any()
    assert not model.describe_photo(blank).any()


class Given:
    """A texture model that says of each block what it is told to."""

    def __init__(self, similarity: np.ndarray) -> None:
        self._likeness = similarity

    def similarity(self, vector: np.ndarray, codes: np.ndarray) -> np.ndarray:
        assert len(codes) == len(self._likeness)
        return self._likeness


def test_blocks_without_codes_have_what_their_ground_has() -> None:
    table = grid()
    coded = np.flatnonzero(table[:, 0] == 4)
    similarity = np.random.default_rng(3).normal(0.05, 0.1, len(coded)).astype(np.float32)
    codes = np.zeros((len(coded), 1), np.uint8)
    bonus = TextureCodes(Given(similarity), codes, table, 4, SIZE, SIZE).bonus_of(np.zeros(1, np.float32))
    above = np.maximum(similarity - NO_BONUS_BELOW, 0)
    boxes, world = bounds_3857(table, SIZE), 2 * 20037508.342789244
    expected = np.zeros(len(table))
    expected[coded] = above
    shared = {3: 0, 5: 0}
    for number, block in enumerate(table):
        if block[0] == 3:
            inside = np.isclose(iou_with(table[coded], block, SIZE), 0.25)
            expected[number] = above[inside].max(initial=0)
            shared[3] += inside.any()
        if block[0] == 5:
            x, y = boxes[number, [0, 1]] + (boxes[number, [2, 3]] - boxes[number, [0, 1]]) / 2
            xmin, ymin, xmax, ymax = boxes[coded].T
            within = np.zeros(len(coded), bool)
            for around in (-world, 0, world):
                within |= (xmin < x + around + 1) & (x + around + 1 < xmax)  # a metre off, to be on no edge
            within &= (ymin < y - 1) & (y - 1 < ymax)
            expected[number] = above[within].mean() if within.any() else 0
            shared[5] += within.any()
    assert min(shared.values()) > 5
    np.testing.assert_allclose(bonus, expected, atol=1e-6)


def test_overlapping_neighbours_are_averaged() -> None:
    table = grid()
    own = table[table[:, 0] == 4]
    similarity = np.random.default_rng(4).uniform(0.1, 0.4, len(own)).astype(np.float32)
    codes = TextureCodes(Given(similarity), np.zeros((len(own), 1), np.uint8), table, 4, SIZE, 2)
    found = codes.bonus_of(np.zeros(1, np.float32))[table[:, 0] == 4]
    at = {(row, column): value for (_, row, column), value in zip(own.tolist(), similarity.tolist(), strict=True)}
    expected, full = [], 0
    for _, row, column in own.tolist():
        around = [[], []]
        for down in (-2, 0, 2):
            for right in (-2, 0, 2):
                place = (row + down, (column + right) % 16)
                if (down or right) and place in at:
                    around[down != 0 and right != 0].append(at[place])
        full += len(around[0]) == len(around[1]) == 4
        means = [np.mean(values) if values else 0 for values in around]
        expected.append((at[row, column] + SIDES * means[0] + CORNERS * means[1]) / NORMALISATION - NO_BONUS_BELOW)
    assert full
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=1e-6)


def test_what_texture_adds_decides_between_blocks_that_are_else_alike(toy: Index, imagery: Path) -> None:
    descriptor = toy.create_descriptor()
    vectors = descriptor.describe([pictures(imagery, toy)[0]] * 4)
    bonus = np.zeros(len(toy), np.float32)
    bonus[7] = 2.0
    first = rank_blocks(vectors, toy, None, top=3, bonus=bonus)[0]
    assert first.block == toy.block(7)
    without = rank_blocks(vectors, toy, None, top=len(toy), diversify=False)
    score = next(one.score for one in without if one.block == first.block)
    assert first.score == pytest.approx(score + 2.0, abs=1e-5)


def test_retrieving_a_grey_photo_takes_its_texture_into_account(toy: Index, imagery: Path) -> None:
    """The index's own model sees colours only, and there are none."""
    own = toy.block(int(np.flatnonzero(toy.blocks[:, 0] == 12)[11]))
    grey = Reference.open(imagery).read(block_window(own, 320)).pixels.mean(axis=2).astype(np.uint8)
    photo = np.repeat(grey[:, :, None], 3, axis=2)

    def rank(index: Index) -> int:
        found = retrieve(photo, index, index.create_descriptor(), top=len(index), diversify=False)
        return next(one.rank for one in found if one.block == own)

    assert rank(toy) < rank(Index(toy.folder, toy.info, toy.blocks, toy._store))


@pytest.mark.parametrize(("zooms", "zoom"), [([11, 12], 10), ([10, 12], 12), ([12], 11)])
def test_texture_must_suit_the_zooms(imagery: Path, tmp_path: Path, zooms: list[int], zoom: int) -> None:
    with pytest.raises(InputError, match=f"Texture at zoom {zoom} does not suit an index of zooms"):
        build(imagery, tmp_path / "index", zooms=zooms, texture_zoom=zoom)
    assert not list(tmp_path.iterdir())


def test_the_command_builds_an_index_with_texture_and_says_so(imagery: Path, tmp_path: Path, capsys) -> None:
    arguments = ["index", "build", "--imagery", str(imagery), "--zooms", "11,12", "--model", "colour-histogram"]
    assert main([*arguments, "--texture-zoom", "12", "--device", "cpu", "--out", str(tmp_path / "index")]) == 0
    assert "texture codes at zoom 12" in capsys.readouterr().out
    assert main([*arguments, "--texture-zoom", "12", "--device", "cpu", "--out", str(tmp_path / "index")]) == 0
    assert main([*arguments, "--device", "cpu", "--out", str(tmp_path / "index")]) == 2  # there is one with texture


def test_the_command_builds_an_index_of_the_kind_that_is_asked_for(imagery: Path, tmp_path: Path, capsys) -> None:
    arguments = ["index", "build", "--imagery", str(imagery), "--zooms", "11,12", "--model", "colour-histogram"]
    arguments += ["--texture-zoom", "12", "--device", "cpu", "--out"]
    assert main([*arguments, str(tmp_path / "exact")]) == 0
    assert main([*arguments, str(tmp_path / "small"), "--kind", "SQ8"]) == 0
    exact, small = (Index.open(tmp_path / name) for name in ("exact", "small"))
    assert (exact.info.kind, small.info.kind) == ("Flat", "SQ8")
    sizes = [(index.folder / "texture.npy").stat().st_size for index in (exact, small)]
    assert sizes[0] > 10 * sizes[1]
    capsys.readouterr()
    assert main([*arguments, str(tmp_path / "none"), "--kind", "HNSW32"]) == 2
    assert "An index cannot be of kind 'HNSW32': choose Flat, SQ8" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_codes_that_are_not_an_index_s_are_refused(imagery: Path, tmp_path: Path) -> None:
    index = build(imagery, tmp_path / "index")
    path, description = index.folder / "texture.npy", index.folder / "index.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(InputError, match=r"texture\.npy has changed"):
        Index.open(index.folder)
    path.unlink()
    with pytest.raises(InputError, match=r"texture\.npy is missing"):
        Index.open(index.folder)
    path.write_bytes(whole)
    told = json.loads(description.read_text())
    description.write_text(json.dumps({**told, "texture_sha256": "0" * 64}))
    with pytest.raises(InputError, match="texture codes of another model"):
        Index.open(index.folder)
    description.write_text(json.dumps({**told, "texture_zoom": 11}))
    with pytest.raises(InputError, match="its texture codes are"):
        Index.open(index.folder)
    description.write_text(json.dumps(told))
    assert Index.open(index.folder).texture is not None


def test_a_file_that_is_no_texture_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_weights(path, {"centres": np.zeros((64, 128)), "axes": np.zeros((2, 128, 3))}, {})
    with pytest.raises(InputError, match="holds no texture model"):
        TextureModel(path)


class TestLearning:
    """From vectors with few directions, as a stand-in for an index: a real one of that many blocks takes minutes."""

    @pytest.fixture
    def vlads(self) -> np.ndarray:
        rng = np.random.default_rng(5)
        raw = rng.normal(size=(600, 12)).astype(np.float32) @ rng.normal(size=(12, 64 * 128)).astype(np.float32)
        raw = unit(raw.reshape(600, 64, 128)).reshape(600, -1)
        return unit(np.sign(raw) * np.sqrt(np.abs(raw)))

    def index(self, vlads: np.ndarray, **changes) -> SimpleNamespace:
        info = {"model": "sift-vlad", "kind": "Flat"} | changes
        centres = np.zeros((64, 128), np.float32)
        table = np.array([[10, 0, number] for number in range(len(vlads))], np.int32)
        return SimpleNamespace(
            info=SimpleNamespace(**info),
            folder="there",
            blocks=table,
            vectors=lambda numbers: vlads[numbers],
            create_descriptor=lambda: SiftVlad(centres=centres),
        )

    def test_codes_keep_most_of_what_makes_blocks_alike(self, vlads: np.ndarray, tmp_path: Path) -> None:
        learned = learn_texture(self.index(vlads), 10)
        again = learn_texture(self.index(vlads), 10)
        assert all((learned[name] == again[name]).all() for name in learned)
        path = tmp_path / "model.npz"
        write_weights(path, learned, {})
        model = TextureModel(path)
        whole = unit(along_axes(vlads, learned["axes"]) @ learned["projection"])
        found = model.similarity(whole[0], model.encode(whole))
        assert found.argmax() == 0
        assert np.corrcoef(found[1:], whole[1:] @ whole[0])[0, 1] > 0.9

    @pytest.mark.parametrize("changes", [{"model": "xfeat-vlad"}, {"kind": "PQ64np"}])
    def test_other_indexes_are_refused(self, vlads: np.ndarray, changes: dict[str, str]) -> None:
        with pytest.raises(InputError, match="learned from an index of sift-vlad"):
            learn_texture(self.index(vlads, **changes), 10)

    def test_so_are_too_few_blocks(self, vlads: np.ndarray) -> None:
        with pytest.raises(InputError, match="has 0 blocks of zoom 11: texture needs 512"):
            learn_texture(self.index(vlads), 11)

    def test_the_command_tells_what_it_cannot_use(self, toy: Index, tmp_path: Path, capsys) -> None:
        assert main(["train-texture", str(toy.folder), "--out", str(tmp_path / "model.npz")]) == 2
        assert "colour-histogram" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())


def test_the_shipped_model_is_what_faiss_quantises_with(model: TextureModel) -> None:
    stored = dict(np.load(texture_path()))["codebooks"]
    quantiser = faiss.ProductQuantizer(stored.shape[0] * stored.shape[2], stored.shape[0], 8)
    assert quantiser.code_size == model.code_bytes
    assert stored.dtype == np.float16
