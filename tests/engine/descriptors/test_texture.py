"""The texture model: vectors of local features, and their codes."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from astroloc_qgis.engine.descriptors.texture import CODED, TextureModel, along_axes, residuals, texture_path, unit
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.weights.array_files import write_weights


@pytest.fixture(scope="module")
def model() -> TextureModel:
    return TextureModel()


def test_similarity_is_the_inner_product_with_the_decoded_vector(model: TextureModel) -> None:
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


def test_codes_scale_similarities_by_their_mean_squared_length(model: TextureModel) -> None:
    codes = np.load(Index.open(shipped("index", "world")).folder / "texture.npy", mmap_mode="r")[::50]
    words = dict(np.load(texture_path()))["codebooks"].astype(np.float32)
    squares = (words**2).sum(axis=2)[np.arange(model.code_bytes), codes].sum(axis=1)
    assert squares.mean() == pytest.approx(CODED, abs=0.01)


def test_a_picture_without_features_is_similar_to_nothing(model: TextureModel) -> None:
    blank = np.full((240, 320, 3), 128, np.uint8)
    assert not model.describe([blank]).any()
    assert not model.describe_photo(blank).any()


def test_a_file_that_is_no_texture_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_weights(path, {"centres": np.zeros((64, 128)), "axes": np.zeros((2, 128, 3))}, {})
    with pytest.raises(InputError, match="holds no texture model"):
        TextureModel(path)


def test_the_shipped_model_is_what_faiss_quantises_with(model: TextureModel) -> None:
    stored = dict(np.load(texture_path()))["codebooks"]
    quantiser = faiss.ProductQuantizer(stored.shape[0] * stored.shape[2], stored.shape[0], 8)
    assert quantiser.code_size == model.code_bytes
    assert stored.dtype == np.float16
