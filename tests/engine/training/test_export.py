"""The weights that ship: small, checked, and as good as those that were trained."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.descriptors.astroloc_lite import AstroLocLite
from astroloc_qgis.engine.descriptors.base import fit_long_side
from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations
from astroloc_qgis.engine.training.checkpoint import save_checkpoint
from astroloc_qgis.engine.training.export import export_model
from astroloc_qgis.engine.training.network.whitening import whitened
from astroloc_qgis.engine.weights.array_files import MOST_BYTES, read_weights, write_weights
from tests.engine.synthetic import landscape


@pytest.fixture
def network() -> LiteNetwork:
    torch.manual_seed(0)
    return LiteNetwork().eval()


@pytest.fixture
def run(tmp_path: Path, network: LiteNetwork) -> Path:
    """The folder of a run of 60 steps, one of them logged twice, with two validations."""
    folder = tmp_path / "run"
    folder.mkdir()
    save_checkpoint(folder / "checkpoint.pt", {"network": network.state_dict(), "step": 60, "config": {"seed": 4}})
    measured = {kind: {"1": 10.0, "10": 30.0, "100": 80.0} for kind in ("overlap", "iou20")}
    lines = [{"step": step, "loss": 9.0} for step in (3, 4)]
    lines += [{"step": step, "loss": 4.0 if step <= 25 else 2.0} for step in range(3, 61)]
    lines += [{"step": 40, "validation": measured}, {"step": 60, "validation": measured}]
    (folder / "log.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return folder


def test_the_exported_model_describes_as_the_trained_one(run: Path, network: LiteNetwork, tmp_path: Path) -> None:
    digest = export_model(run, tmp_path / "lite.npz", about={"command": "train"})
    model = AstroLocLite(weights=tmp_path / "lite.npz")
    image = np.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=np.uint8)
    with torch.inference_mode():
        exact = network(torch.from_numpy(image[None]).permute(0, 3, 1, 2).float()).numpy()
    np.testing.assert_allclose(model.describe_blocks([image]), exact, atol=0.01)
    assert model.model_sha256 == digest
    record = json.loads((tmp_path / "lite.json").read_text())
    assert record["sha256"] == digest
    assert record["steps"] == 60
    assert record["command"] == "train"
    assert record["bytes"] == (tmp_path / "lite.npz").stat().st_size <= MOST_BYTES


def test_the_export_is_whitened_as_the_run_says(run: Path, network: LiteNetwork, tmp_path: Path) -> None:
    spread = torch.logspace(0, -2, 256)
    descriptors = torch.nn.functional.normalize(torch.randn(600, 256) * spread, dim=1)
    stored = {"network": network.state_dict(), "step": 60, "config": {"whiten": 0.5}, "descriptors": descriptors}
    save_checkpoint(run / "checkpoint.pt", stored)
    export_model(run, tmp_path / "lite.npz")
    expected = whitened(network.state_dict(), descriptors, 0.5)["head.weight"].numpy()
    np.testing.assert_allclose(read_weights(tmp_path / "lite.npz")["head.weight"], expected, rtol=1e-2, atol=1e-4)
    assert np.abs(expected - network.head.weight.detach().numpy()).max() > 0.01


@pytest.mark.parametrize(("step", "taken"), [(60, True), (40, False)])
def test_a_last_layer_fitted_again_is_exported_if_it_is_of_that_step(
    run: Path, network: LiteNetwork, tmp_path: Path, step: int, taken: bool
) -> None:
    other = LiteNetwork()
    save_checkpoint(run / "refit.pt", {"network": other.state_dict(), "descriptors": torch.ones(1, 256), "step": step})
    export_model(run, tmp_path / "lite.npz")
    expected = (other if taken else network).head.weight.detach().numpy()
    np.testing.assert_allclose(read_weights(tmp_path / "lite.npz")["head.weight"], expected, rtol=1e-2, atol=1e-4)


def test_the_same_weights_give_the_same_file(run: Path, tmp_path: Path) -> None:
    assert export_model(run, tmp_path / "a.npz") == export_model(run, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


SQUARE, NEARLY_SQUARE, WIDE, HIGH = (600, 600, 3), (599, 600, 3), (400, 600, 3), (600, 400, 3)


def sizes_seen(model: AstroLocLite) -> set[tuple[int, int]]:
    """The sizes (h, w) at which a model describes; from now on it describes nothing else."""
    seen: set[tuple[int, int]] = set()
    model._describe_same_size = lambda images: seen.add(images.shape[1:3]) or np.ones((len(images), 256))  # type: ignore
    return seen


@pytest.mark.parametrize("shape", [SQUARE, NEARLY_SQUARE, WIDE, HIGH])
def test_photos_of_every_shape_are_described_at_three_sizes_in_their_own_aspect(
    run: Path, tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    export_model(run, tmp_path / "lite.npz")
    model = AstroLocLite(weights=tmp_path / "lite.npz")
    seen = sizes_seen(model)
    describe_rotations(np.zeros(shape, np.uint8), model)
    sizes = [(round(shape[0] * side / 600), round(shape[1] * side / 600)) for side in (192, 288, 384)]
    assert seen == {*sizes, *((across, high) for high, across in sizes)}


@pytest.mark.parametrize("shape", [SQUARE, NEARLY_SQUARE, WIDE])
def test_blocks_of_every_shape_are_described_at_one_size(
    run: Path, tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    export_model(run, tmp_path / "lite.npz")
    model = AstroLocLite(weights=tmp_path / "lite.npz")
    seen = sizes_seen(model)
    model.describe_blocks([np.zeros(shape, np.uint8)])
    assert seen == {(round(shape[0] * 224 / 600), 224)}


def test_the_vector_of_a_square_photo_is_that_of_a_nearly_square_one() -> None:
    model = AstroLocLite()
    photo = landscape(1024, seed=4)[:600, :600]
    square, nearly = (describe_rotations(picture, model) for picture in (photo, photo[:599]))
    as_block = model.describe_blocks([photo])[0]
    assert square[0] @ nearly[0] > 0.995
    assert square[0] @ as_block < 0.98


def test_a_photo_is_the_mean_of_its_sizes_whatever_is_described_beside_it(run: Path, tmp_path: Path) -> None:
    export_model(run, tmp_path / "lite.npz")
    model = AstroLocLite(weights=tmp_path / "lite.npz")
    rng = np.random.default_rng(1)
    photo, square = (rng.integers(0, 255, shape, dtype=np.uint8) for shape in ((256, 384, 3), (224, 224, 3)))
    parts = [model._describe_same_size(fit_long_side(photo, size)[None])[0] for size in (192, 288, 384)]
    mean = np.mean(parts, axis=0)
    described = model.describe_photos([square, photo, square])
    np.testing.assert_allclose(described[1], mean / np.linalg.norm(mean), atol=1e-4)
    np.testing.assert_allclose(described[[0, 2]], np.repeat(model.describe_photos([square]), 2, axis=0), atol=1e-5)
    assert model.describe_photos([]).shape == model.describe_blocks([]).shape == (0, 256)


def test_the_curve_of_a_run_is_a_table_of_mean_losses_and_recalls(run: Path, tmp_path: Path) -> None:
    export_model(run, tmp_path / "lite.npz")
    with (tmp_path / "lite.curve.csv").open(newline="") as stream:
        rows = {int(row["step"]): row for row in csv.DictReader(stream)}
    assert sorted(rows) == [25, 40, 50, 60]
    assert float(rows[25]["loss"]) == 4.0
    assert float(rows[50]["loss"]) == 2.0
    assert rows[25]["overlap_r1"] == ""
    assert float(rows[60]["overlap_r10"]) == 30.0


def test_weights_that_are_not_the_recorded_ones_are_refused(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "lite.npz"
    export_model(run, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="is not the expected one"):
        read_weights(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match="no whole description"):
        AstroLocLite(weights=path)


def test_weights_unfit_to_ship_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than the 10,000,000 that may ship"):
        write_weights(tmp_path / "large.npz", {"weight": np.zeros(6_000_000, np.float32)}, {})
    with pytest.raises(InputError, match="does not fit half precision"):
        write_weights(tmp_path / "wild.npz", {"weight": np.array([1e9], np.float32)}, {})
    assert not list(tmp_path.iterdir())
