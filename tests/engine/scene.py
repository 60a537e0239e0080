"""A small generated place with everything a localization needs, made once a test run: map, index, photos and truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.tiles import Block, block_around
from tests.engine.synthetic import World, make_world, shot, write_image

SIZE = (400, 267)
MODEL = "efficientnet-lite0-gem"
CONTRACT_FIELDS = {
    "photo", "status", "confidence", "inliers", "matcher", "iterations", "footprint", "homography", "working_plane",
    "rmse_px", "rmse_m", "candidate", "candidates", "outputs", "seconds", "nadir", "searched", "contents", "effort",
    "camera", "reference", "finer", "photo_size",
}  # fmt: skip
"""The fields of a report's entry that the command line promises."""
OUTPUT_KINDS = {"geotiff", "footprint_gpkg", "footprint_geojson", "preview", "tie_points", "uncertainty"}
GOOD_PX = 3.0
"""A footprint whose worst corner is nearer than this, pixels of the photo, is right."""

Refused = Callable[..., str]
"""Runs a command that must be refused; gives its sentence."""
Run = Callable[..., tuple[int, str, str]]
"""Runs a command; gives exit status, stdout and stderr."""


@dataclass
class Scene:
    """Map, index and photos of 100 km of generated land in the Alps' latitude, 195 m a pixel.

    Attributes:
        folder: where they are; tests must leave it as it is.
        world: the land.
        truth: (3, 3) the photo's homography, photo pixels -> metres of the world's plane.
    """

    folder: Path
    world: World
    truth: Array

    @cached_property
    def imagery(self) -> Path:
        """The map, EPSG:3857."""
        return self.world.write(self.folder / "map.tif", pixels=512)

    @cached_property
    def index(self) -> Path:
        """An index of the map, zooms 11 and 12."""
        reference = Reference.open(self.imagery)
        build_index(reference, [11, 12], None, MODEL, self.folder / "index", title="Generated land")
        reference.close()
        return self.folder / "index"

    @cached_property
    def photo(self) -> Path:
        """A photo of the middle, turned by 30 degrees, its top a tenth farther away."""
        return write_image(self.folder / "ISS056-E-181034.jpg", self.world.photo(self.truth, SIZE, seed=3))

    @cached_property
    def stranger(self) -> Path:
        """A photo of land that is not on the map."""
        elsewhere = make_world(pixels=512, seed=9)
        return write_image(self.folder / "stranger.jpg", elsewhere.photo(self.truth, SIZE, seed=3))

    @property
    def footprint(self) -> Array:
        """(4, 2) longitude, latitude of the photo's corners."""
        return self.world.plane.to_lonlat(apply_homography(self.truth, photo_corners(*SIZE)))

    @property
    def block(self) -> Block:
        """A block of zoom 12 about the photo's middle."""
        lon, lat = self.world.center_lonlat
        return block_around(float(lon), float(lat), 12)

    def error_px(self, footprint: Any) -> float:
        """How far the worst corner of a footprint is off, in pixels of the photo."""
        gsd = self.world.side_m / 2 / max(SIZE)
        return float(great_circle_km(np.array(footprint), self.footprint).max() * 1000 / gsd)

    def cases(self, folder: Path, **changes: Any) -> Path:
        """Write ``cases.json`` for the photo and the stranger into a folder."""
        place = {"zoom": self.block.zoom, "row": self.block.row, "column": self.block.column, "size": 4}
        common = {"reference": str(self.imagery), "tile_block": place}
        right = {"id": "right", "kind": "positive", "photo": str(self.photo), "corner_spread_px": 0.5}
        right["footprint_lonlat"] = self.footprint.tolist()
        wrong = {"id": "wrong", "kind": "negative", "photo": str(self.stranger)}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cases.json").write_text(json.dumps([common | right | changes, common | wrong]))
        return folder


@lru_cache(maxsize=1)
def make_scene() -> Scene:
    """The scene, the same for all tests of a process."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    folder = TemporaryDirectory(prefix="astroloc-scene-")
    world = make_world(pixels=512)
    scene = Scene(Path(folder.name), world, shot(world, SIZE, turn_deg=30, tilt=0.1))
    scene.keeper = folder  # type: ignore[attr-defined]  # the folder goes when the process ends
    return scene


def left_in(folder: Path) -> list[str]:
    """Everything below a folder, hidden files too; empty where it does not exist."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
