"""A training run: imagery and footprints in, a folder with weights, log and curves out."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.simulation.mosaic import Mosaic, build_mosaic
from astroloc_qgis.engine.simulation.photos import VERSION
from astroloc_qgis.engine.simulation.places import Zone, centre_and_radius, read_footprints
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.training.data.datasets import ImportedPhoto, imported_photos, tile_library
from astroloc_qgis.engine.training.data.overlap import circles_about, lonlat_polygon
from astroloc_qgis.engine.training.data.pairs import chunks, render_batch
from astroloc_qgis.engine.training.data.positives import fitting_blocks
from astroloc_qgis.engine.training.data.training_places import tile_places, training_places
from astroloc_qgis.engine.training.data.world import Sources, World
from astroloc_qgis.engine.training.export import PROVENANCE
from astroloc_qgis.engine.training.network.kinds import KINDS
from astroloc_qgis.engine.training.refit import refit
from astroloc_qgis.engine.training.trainer import CHECKPOINT, Trainer
from astroloc_qgis.engine.training.validation import validate, validation_set
from astroloc_qgis.engine.weights.checksum import file_sha256

log = logging.getLogger(__name__)

VALIDATION_ZONE = Zone(np.array([[25.0, -25.0]]), np.array([1250.0]))
"""Southern Africa: coasts, deserts, deltas, fields and savanna, and in none of the benchmark's regions."""
_MARGIN_KM = 300.0
"""Distance that training keeps from the validation zone."""
_START_BATCHES = 10
"""Batches that the network is measured on before it learns."""


@dataclass(frozen=True)
class TrainingRequest:
    """The inputs of a run, and its folder.

    Attributes:
        imagery: anything that ``Reference.open`` takes.
        footprints: CSV of real footprints; only the rows of split "train" are used.
        out: folder of the run.
        avoid: CSVs with the corners of test photos (``lon_tl,lat_tl,…``), which training keeps a distance from.
        avoid_km: this distance, km.
        avoid_points: (lon, lat) of further places to keep the same distance from.
        photos: folder of real photos with footprints, to train on beside the simulated ones.
        tiles: folder of EarthLoc's dataset, for more years of tiles.
        work: folder of the mosaics (7 GB for the world at zoom 8), shared by runs.
        warm_start: weights to start from: a checkpoint or exported weights (.npz) of our own network; of a published
            one a checkpoint, or its backbone alone.
        workers: number of processes that render; 0 renders in the training process.
        device: torch device that learns.
        more_imagery: imagery of other years.
        command: the command line, for the record.
    """

    imagery: str
    footprints: Path
    out: Path
    avoid: tuple[Path, ...] = ()
    avoid_km: float = 500.0
    avoid_points: tuple[tuple[float, float], ...] = ()
    photos: Path | None = None
    tiles: Path | None = None
    work: Path | None = None
    warm_start: Path | None = None
    workers: int = 1
    device: str = "cpu"
    more_imagery: tuple[str, ...] = ()
    command: str = ""

    @property
    def provenance(self) -> dict[str, Any]:
        """What a run of this request is made from, as the record beside the weights says it; files by their names."""
        avoided = [*(path.name for path in self.avoid), *(f"{lat:g},{lon:g}" for lon, lat in self.avoid_points)]
        return {
            "command": self.command,
            "imagery": [Path(imagery).name for imagery in (self.imagery, *self.more_imagery)],
            "footprints": {"file": self.footprints.name, "sha256": file_sha256(self.footprints), "split": "train"},
            "real_photos": None if self.photos is None else self.photos.name,
            "tiles": None if self.tiles is None else self.tiles.name,
            "avoided": {"within_km": self.avoid_km, "of": avoided},
            "simulator": VERSION,
            "torch": torch.__version__,
        }


def train(request: TrainingRequest, config: TrainingConfig, progress: Progress = no_progress) -> TrainableNetwork:
    """Train, or resume training; returns the network as it would ship after the last step, without whitening.

    Raises:
        InputError: the settings do not fit the inputs, or a file cannot be read.
    """
    cv2.setNumThreads(1)  # processes that render are forked from this one, and would wait for its threads forever
    request.out.mkdir(parents=True, exist_ok=True)
    footprints = read_footprints(request.footprints, "train")
    sources = make_sources(request, config, progress)
    start = KINDS[config.network].start_of if request.warm_start is None else request.warm_start.name
    made_from = json.dumps({"start": start, **request.provenance}, indent=2)
    (request.out / PROVENANCE).write_text(made_from + "\n", encoding="utf-8")
    mosaic = Mosaic.open(sources.mosaics[0])
    if config.simulated or sources.library is None:
        places = training_places(config, footprints, mosaic, sources.forbidden, request.out / "places.npy")
    else:
        places = tile_places(config, sources.library, sources.forbidden)
    if sources.photos:
        places = np.concatenate([places, np.stack([photo.place for photo in sources.photos])])
    network = _first_network(request, config, sources, places)
    check = None
    if config.validate_every:
        data = validation_set(config, mosaic, footprints, VALIDATION_ZONE, photos=config.validation_photos)

        def check(network: TrainableNetwork) -> dict[str, dict[str, float]]:
            return validate(network, data)

    kind = KINDS[config.network]
    kind.prepare(network)
    trainer = Trainer(config, network, places, sources, request.out, check, request.workers, request.device)
    network = kind.shipped(trainer.run())
    if isinstance(network, LiteNetwork) and config.refit_pairs and trainer.state.step >= config.steps:
        workers = request.workers and request.workers + 1  # training no longer needs a processor
        refit(config, network, places, sources, request.out, trainer.state.step, trainer.state.epoch, workers)
        if check is not None:
            log.info("with the last layer fitted again: %s", check(network))
    return network


def make_sources(request: TrainingRequest, config: TrainingConfig, progress: Progress = no_progress) -> Sources:
    """Read the imagery into mosaics, and find the photos and tiles of the other folders.

    Raises:
        InputError: a file cannot be read.
    """
    folders = []
    zooms = tuple(range(config.mosaic_zoom, config.mosaic_zoom - 3, -1))
    for number, imagery in enumerate((request.imagery, *request.more_imagery)):
        folder = (request.work or request.out) / ("mosaic" if number == 0 else f"mosaic-{number + 1}")
        build_mosaic(imagery, folder, zooms=zooms, progress=progress)
        folders.append(folder)
    forbidden = forbidden_zone(request, config)
    photos = imported_photos(request.photos) if request.photos else []
    library = tile_library(request.tiles) if request.tiles else None
    sources = Sources(tuple(folders), forbidden, (), library, alone=not config.simulated)
    usable = tuple(photo for photo in photos if _usable(photo, config, sources))
    if not config.simulated and (library is None or (config.loss != "none" and len(usable) < config.batch)):
        photos_too = "" if config.loss == "none" else f", and {config.batch} real photos that they show (--photos)"
        raise InputError(f"Without simulated places the tiles of a dataset are needed (--tiles){photos_too}.")
    return dataclasses.replace(sources, photos=usable)


def forbidden_zone(request: TrainingRequest, config: TrainingConfig) -> Zone:
    """Discs of every test photo with ``avoid_km`` about it, of the validation zone, and of further places."""
    centres, radii = [np.array(request.avoid_points).reshape(-1, 2)], [np.zeros(len(request.avoid_points))]
    for path in request.avoid:
        found = circles_about(np.stack([lonlat_polygon(corners) for corners in read_photo_corners(path)]))
        centres.append(found[0])
        radii.append(found[1])
    lonlat, radius = np.concatenate(centres), np.concatenate(radii) + request.avoid_km
    if config.validate_every:
        lonlat = np.concatenate([lonlat, VALIDATION_ZONE.lonlat])
        radius = np.concatenate([radius, VALIDATION_ZONE.radius_km + _MARGIN_KM])
    return Zone(lonlat, radius)


def read_photo_corners(path: Path) -> NDArray[np.float64]:
    """Read (N, 4, 2) lon,lat in the photo corner order from a CSV with columns lon_tl, lat_tl, lon_tr, ….

    Raises:
        InputError: the file is missing, empty, or no such table.
    """
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [[float(row[name]) for name in names] for row in csv.DictReader(stream)]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a table of photos ({', '.join(names)}).", repr(error)) from error
    if not rows:
        raise InputError(f"The table {path} names no photos.")
    return np.array(rows).reshape(-1, 4, 2)


def _usable(photo: ImportedPhoto, config: TrainingConfig, sources: Sources) -> bool:
    centre, radius_km = centre_and_radius(photo.place)
    if sources.forbidden.touches(centre[None], radius_km)[0]:
        return False
    _, iou = fitting_blocks(config, photo.place, sources.forbidden, sources.only_blocks)
    return len(iou) > 0 and (config.loss != "log-pair" or bool(iou.max() > config.least_iou))


def _first_network(
    request: TrainingRequest, config: TrainingConfig, sources: Sources, places: NDArray[np.float64]
) -> TrainableNetwork:
    torch.manual_seed(config.seed)
    kind = KINDS[config.network]
    if (request.out / CHECKPOINT).is_file():
        return kind.empty(config)
    return kind.started(config, request.warm_start, lambda: list(_first_batches(config, sources, places)), request.out)


def _first_batches(config: TrainingConfig, sources: Sources, places: NDArray[np.float64]) -> Iterator[PairBatch]:
    """Batches of training places, to measure the network on before it learns."""
    world = World(sources)
    chosen = np.random.default_rng(config.seed).permutation(len(places))[: _START_BATCHES * config.batch]
    for part in chunks(len(chosen), config.batch):
        yield render_batch(config, world, places, 0, chosen[part], small=config.small_steps > 0)
