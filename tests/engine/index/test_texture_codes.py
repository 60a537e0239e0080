"""Texture codes of an index: what they keep, and the bonus that they add to a ranking."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.block_table import bounds_3857, iou_with
from astroloc_qgis.engine.descriptors.texture import CODED, TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.index.block_reader import read_blocks
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.database_descriptors import fill_in
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.index.texture_codes import CORNERS, NO_BONUS_BELOW, NORMALISATION, SIDES, TextureCodes
from astroloc_qgis.engine.retrieval.search import rank_blocks, retrieve
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
    settings |= {"texture_zooms": [12]} | changes
    return build_index(Reference.open(imagery), out=out, **settings)


def pictures(imagery: Path, index: Index, pixels: int = 320) -> list[np.ndarray]:
    blocks = [index.block(number) for number in np.flatnonzero(index.blocks[:, 0] == 12)]
    return [fill_in(*read) for read in read_blocks(Reference.open(imagery), blocks, pixels)]


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_hazy_rotated_photo_is_most_similar_to_its_own_block(
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
    texture = TextureCodes(model, vectors, exact.blocks, {12: SIZE}, SIZE)  # as if they did not overlap
    np.testing.assert_allclose(texture.bonus_of(photo)[exact.blocks[:, 0] == 12], own, atol=1e-5)
    bonus = [index.texture_bonus(shown[5]) for index in (exact, toy)]
    assert bonus[0].argmax() == bonus[1].argmax()
    assert 0 < np.abs(bonus[0] - bonus[1]).max() < 0.15


class GivenSimilarity:
    """A texture model that gives each block a fixed similarity."""

    def __init__(self, similarity: np.ndarray) -> None:
        self._similarity = similarity

    def similarity(self, vector: np.ndarray, codes: np.ndarray) -> np.ndarray:
        assert len(codes) == len(self._similarity)
        return self._similarity


def test_blocks_without_codes_have_what_their_ground_has() -> None:
    table = grid()
    coded = np.flatnonzero(table[:, 0] == 4)
    similarity = np.random.default_rng(3).normal(0.05, 0.1, len(coded)).astype(np.float32)
    codes = np.zeros((len(coded), 1), np.uint8)
    bonus = TextureCodes(GivenSimilarity(similarity), codes, table, {4: SIZE}, SIZE).bonus_of(np.zeros(1, np.float32))
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


def test_of_two_zooms_with_codes_each_zoom_takes_its_own_or_the_nearest_and_between_them_the_finer() -> None:
    table = grid()
    deeper = np.column_stack((table[table[:, 0] == 5, 0] + 1, 2 * table[table[:, 0] == 5, 1:])).astype(np.int32)
    table = np.concatenate((table, deeper))  # zooms 3 to 6
    table = table[~((table[:, 0] == 5) & (table[:, 1] < 10))]
    similarity = np.random.default_rng(5).uniform(0.0, 0.4, len(table)).astype(np.float32)

    def bonus(*zooms: int) -> np.ndarray:
        own = similarity[np.isin(table[:, 0], zooms)]
        codes = np.zeros((len(own), 1), np.uint8)
        strides = dict.fromkeys(zooms, SIZE)
        return TextureCodes(GivenSimilarity(own), codes, table, strides, SIZE).bonus_of(np.zeros(1, np.float32))

    both, sources = bonus(3, 5), {3: 3, 4: 5, 5: 5, 6: 5}
    for zoom, source in sources.items():
        own = (table[:, 0] == zoom) & ((zoom != 4) | has_finer(table))
        assert both[own].any()
        np.testing.assert_array_equal(both[own], bonus(source)[own])
    assert not bonus(3)[table[:, 0] > 4].any()
    lonely = (table[:, 0] == 4) & ~has_finer(table)  # only the coarser zoom knows their ground
    np.testing.assert_array_equal(both[lonely], bonus(3)[lonely])
    assert both[lonely].any()
    assert not bonus(5)[lonely].any()


def has_finer(table: np.ndarray) -> np.ndarray:
    """(N,) whether blocks of the next finer zoom lie within each block, one by one."""
    return np.array([
        ((table[:, 0] == block[0] + 1) & np.isclose(iou_with(table, block, SIZE), 0.25)).any() for block in table
    ])  # fmt: skip


def test_overlapping_neighbours_are_averaged() -> None:
    table = grid()
    own = table[table[:, 0] == 4]
    similarity = np.random.default_rng(4).uniform(0.1, 0.4, len(own)).astype(np.float32)
    codes = TextureCodes(GivenSimilarity(similarity), np.zeros((len(own), 1), np.uint8), table, {4: 2}, SIZE)
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


def test_the_bonus_of_texture_decides_between_blocks_of_equal_similarity(toy: Index, imagery: Path) -> None:
    descriptor = toy.create_descriptor()
    vectors = descriptor.describe_photos([pictures(imagery, toy)[0]] * 4)
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

    assert rank(toy) < rank(Index(toy.folder, toy.info, toy.blocks, toy.store))


@pytest.mark.parametrize(
    ("zooms", "coded"), [([11, 12], [10]), ([10, 12], [12]), ([12], [11]), ([9, 10, 11, 12], [9, 10])]
)
def test_texture_must_suit_the_zooms(imagery: Path, tmp_path: Path, zooms: list[int], coded: list[int]) -> None:
    named = ", ".join(map(str, coded))
    with pytest.raises(InputError, match=f"Texture at zoom {named} does not suit an index of zooms"):
        build(imagery, tmp_path / "index", zooms=zooms, texture_zooms=coded)
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
    folder = build(imagery, tmp_path / "index").folder
    path, description = folder / "texture.npy", folder / "index.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(InputError, match=r"texture\.npy has changed"):
        Index.open(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"texture\.npy is missing"):
        Index.open(folder)
    path.write_bytes(whole)
    told = json.loads(description.read_text())
    description.write_text(json.dumps({**told, "texture_sha256": "0" * 64}))
    with pytest.raises(InputError, match="texture codes of another model"):
        Index.open(folder)
    description.write_text(json.dumps({**told, "texture_zooms": [11]}))
    with pytest.raises(InputError, match="its texture codes are"):
        Index.open(folder)
    description.write_text(json.dumps(told))
    assert Index.open(folder).texture is not None


def test_an_index_of_two_zooms_with_codes_keeps_those_of_both(
    model: TextureModel, imagery: Path, tmp_path: Path
) -> None:
    two = build(imagery, tmp_path / "two", texture_zooms=[12, 11])
    assert two.info.texture_zooms == (11, 12)
    one = build(imagery, tmp_path / "one", texture_zooms=[11])
    coarse, both = (np.load(index.folder / "texture.npy") for index in (one, two))
    assert (both[: len(coarse)] == coarse).all()
    assert len(both) == len(two)
    photo = pictures(imagery, two)[5]
    fine = two.blocks[:, 0] == 12
    np.testing.assert_array_equal(
        two.texture_bonus(photo)[fine], build(imagery, tmp_path / "fine").texture_bonus(photo)[fine]
    )
    np.testing.assert_array_equal(two.texture_bonus(photo)[~fine], one.texture_bonus(photo)[~fine])


def as_version_2(folder: Path) -> None:
    """Describe an index as AstroLoc did when only one zoom could have texture."""
    description = folder / "index.json"
    told = json.loads(description.read_text())
    coded = told.pop("texture_zooms")
    del told["northern_limits"]
    told |= {"format_version": 2, "texture_zoom": coded[0] if coded else None}
    description.write_text(json.dumps(told))


@pytest.mark.parametrize("coded", [[], [12]])
def test_an_index_of_the_version_before_opens_and_finds_the_same(
    imagery: Path, tmp_path: Path, coded: list[int]
) -> None:
    new = build(imagery, tmp_path / "index", texture_zooms=coded)
    photo = pictures(imagery, new)[3]
    before = retrieve(photo, new, new.create_descriptor(), top=20)
    as_version_2(new.folder)
    old = Index.open(new.folder)
    assert old.info == new.info
    assert (old.texture is None) == (not coded)
    assert retrieve(photo, old, old.create_descriptor(), top=20) == before
    assert len(build(imagery, tmp_path / "index", texture_zooms=coded)) == len(new)  # it is the index that is asked for


def test_texture_is_not_learned_from_an_index_of_another_model(toy: Index, tmp_path: Path, capsys) -> None:
    assert main(["train-texture", str(toy.folder), "--out", str(tmp_path / "model.npz")]) == 2
    assert "colour-histogram" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
