"""The training places: where training photos are simulated, drawn once for a run; or the tiles of a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import Footprints, PlaceSampler, Zone
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.datasets import TileLibrary
from astroloc_qgis.engine.training.data.overlap import square_of
from astroloc_qgis.engine.training.data.positives import fitting_blocks

Array = NDArray[np.float64]
_PLACE_STREAM = 101


def tile_places(config: TrainingConfig, library: TileLibrary, forbidden: Zone) -> Array:
    """The squares of a library's blocks, of the run's zooms, that do not touch a zone.

    Returns:
        (N, 4, 2) EPSG:3857.

    Raises:
        InputError: there is none.
    """
    found = []
    for block in library.blocks:
        radius_km = block.side_m / 2**0.5 / 1000
        if block.zoom in config.zooms and not forbidden.touches(block.center_lonlat[None], radius_km)[0]:
            found.append(square_of(block))
    if not found:
        raise InputError(f"The dataset has no tile of the zooms {config.zooms} that training may use.")
    return np.stack(found)


def training_places(
    config: TrainingConfig, footprints: Footprints, mosaic: Mosaic, forbidden: Zone, cache: Path | None = None
) -> Array:
    """Draw the places of a run; the same seed draws the same places.

    Args:
        config: the run.
        footprints: real footprints.
        mosaic: tells land from sea.
        forbidden: no place touches it.
        cache: .npy file that keeps the places; None for none.

    Returns:
        (places, 4, 2) EPSG:3857 corners.

    Raises:
        InputError: there is no land to draw from.
    """
    if cache is not None and cache.is_file():
        stored = np.load(cache, allow_pickle=False)
        if stored.shape == (config.places, 4, 2):
            return np.asarray(stored)
    allowed = footprints.subset(~forbidden.touches(footprints.lonlat, np.sqrt(footprints.area_km2) / 2))
    shares = config.real_share, config.camera_share, config.wide_share
    sampler = PlaceSampler(allowed, mosaic, forbidden, None, *shares)
    rng = np.random.default_rng([config.seed, _PLACE_STREAM])
    found: list[Array] = []
    while len(found) < config.places:
        place = sampler.draw(1, rng)[0]
        blocks, iou = fitting_blocks(config, place, forbidden)
        if blocks and iou.max() > config.least_iou:
            found.append(place)
    places = np.stack(found)
    if cache is not None:
        temporary = cache.with_name("writing-" + cache.name)
        np.save(temporary, places, allow_pickle=False)
        temporary.replace(cache)
    return places
