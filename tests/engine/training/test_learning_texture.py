"""Learning a texture model from the vectors of an index."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from astroloc_qgis.engine.descriptors.baselines.sift_vlad import SiftVlad
from astroloc_qgis.engine.descriptors.texture import TextureModel, along_axes, unit
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.texture import learn_texture
from astroloc_qgis.engine.weights.array_files import write_weights


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

    def test_codes_keep_most_of_the_similarity_of_blocks(self, vlads: np.ndarray, tmp_path: Path) -> None:
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

    def test_too_few_blocks_are_refused(self, vlads: np.ndarray) -> None:
        with pytest.raises(InputError, match="has 0 blocks of zoom 11: texture needs 512"):
            learn_texture(self.index(vlads), 11)
