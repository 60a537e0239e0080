"""A small world to train on: a GeoTIFF of coloured noise, footprints on it, and settings that fit both."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from astroloc_qgis.engine.tiles import HALF_WORLD_M
from astroloc_qgis.engine.training.config import TrainingConfig
from tests.engine.synthetic import write_raster

ZOOM = 3
CONFIG = TrainingConfig(
    seed=3, places=48, steps=12, decay_steps=4, batch=8, tile_px=64, photo_px=96, mosaic_zoom=ZOOM, zooms=(5, 6),
    strides=(2, 2), dimensions=32, group_places=24, warmup=3, real_share=0.8, camera_share=0.0, wide_share=0.0,
    validate_every=0, checkpoint_seconds=0.0, small_steps=0,
)  # fmt: skip


def write_imagery(path: Path, seed: int = 1) -> Path:
    """A world of coloured land at zoom 3 (2048 px), distinct everywhere."""
    rng = np.random.default_rng(seed)
    side = 256 * 2**ZOOM
    image = np.zeros((side, side, 3), dtype=np.float32)
    for cells, strength in ((24, 90), (96, 60), (400, 40)):
        image += strength * cv2.resize(rng.random((cells, cells, 3), dtype=np.float32), (side, side))
    image[..., 2] *= 0.5  # not blue: blue is water
    pixels = np.clip(image, 1, 255).astype(np.uint8)
    step = 2 * HALF_WORLD_M / side
    return write_raster(path, pixels, "EPSG:3857", [-HALF_WORLD_M, step, 0, HALF_WORLD_M, 0, -step])


def write_footprints(path: Path, count: int = 60, side_deg: float = 18.0) -> Path:
    """Square footprints between 40 S and 40 N, three in four of the split "train"."""
    rng = np.random.default_rng(2)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        corners = [f"{axis}{number}" for number in range(1, 5) for axis in ("lat", "lon")]
        table.writerow(["id", *corners, "area_km2", "split"])
        for number in range(count):
            lon, lat, half = rng.uniform(-150, 150), rng.uniform(-40, 40), side_deg / 2
            around = [(lat + half, lon - half), (lat + half, lon + half), (lat - half, lon + half)]
            around.append((lat - half, lon - half))
            split = "test" if number % 4 == 0 else "train"
            area = (side_deg * 111.2) ** 2
            table.writerow([f"ISS{number}", *(value for corner in around for value in corner), area, split])
    return path
