"""Codes of a few bytes a block, searched as exact vectors are."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import faiss_store
from astroloc_qgis.engine.index.principal_axes import principal_axes
from astroloc_qgis.engine.index.store import Index
from tests.engine.index.stand_ins import (
    build_histogram_index,
)


@pytest.fixture(scope="module", params=["PQ54np", "PQ108x6np", "OPQ27,PQ27np", "PCA108,PQ54np"])
def pair(request: pytest.FixtureRequest, larger_imagery: Path, tmp_path_factory: pytest.TempPathFactory):
    """The same blocks with exact vectors, and with codes."""
    folder = tmp_path_factory.mktemp("pq")
    settings = {"zooms": [13, 14], "stride": 1}
    return build_histogram_index(larger_imagery, folder / "exact", **settings), build_histogram_index(
        larger_imagery, folder / "codes", kind=request.param, **settings
    )


class TestProductQuantised:
    """Codes of a few bytes a block, searched as exact vectors are."""

    def vectors(self, exact: Index) -> np.ndarray:
        return np.stack([exact.store.reconstruct(number) for number in range(len(exact))])

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
        expected, numbers = codes.store.search(queries, len(codes))
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
        quantiser = faiss.downcast_index(getattr(codes.store, "index", codes.store))
        assert isinstance(quantiser, faiss.IndexPQ)
        assert quantiser.codes.size() == len(codes) * quantiser.code_size  # and no number beside each
        assert str(codes.folder / "descriptors.faiss") in Path("/proc/self/maps").read_text()

    def test_an_axis_too_few_costs_little_and_inner_products_stay_cosines(self) -> None:
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((400, 12)) * np.geomspace(1, 0.01, 12) + 0.5
        axes = principal_axes(vectors, 6)
        np.testing.assert_allclose(axes @ axes.T, np.eye(6), atol=1e-6)
        np.testing.assert_allclose((vectors @ axes.T) @ (vectors @ axes.T).T, vectors @ vectors.T, atol=0.15)

    def test_more_axes_than_dimensions_are_refused(self, larger_imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="Vectors of 216 dimensions have no 999 axes"):
            build_histogram_index(larger_imagery, tmp_path / "index", kind="PCA999,PQ27np", zooms=[13, 14], stride=1)

    def test_too_few_blocks_to_learn_from_are_refused(self, larger_imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="needs 256 blocks to learn from"):
            build_histogram_index(larger_imagery, tmp_path / "index", kind="PQ54np")

    @pytest.mark.parametrize(
        "kind", ["PQ64", "PQ0np", "PCA8,Flat", "PCA0,PQ8np", "OPQ8,Flat", "IVF4,PQ8np", "PQ64npx", "PQ64x9np"]
    )
    def test_kinds_that_are_none_are_refused(self, larger_imagery: Path, tmp_path: Path, kind: str) -> None:
        with pytest.raises(InputError, match=f"of kind '{kind}'"):
            build_histogram_index(larger_imagery, tmp_path / "index", kind=kind)

    def test_a_size_that_does_not_divide_the_vectors_is_refused(self, larger_imagery: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be quantised as PQ64np: choose a divisor of 216"):
            build_histogram_index(larger_imagery, tmp_path / "index", kind="PQ64np", zooms=[13, 14], stride=1)
