"""Working planes compared end to end: photos rendered from imagery and registered to it in each plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.benchmark.geometry import FLAT, LISTED, LOCAL, corner_error, flat_plane, number_or_none
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import (
    CoregistrationSettings,
    SearchArea,
    area_about_block,
    frame_towards,
)
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import Frame
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Matcher
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera, render_photo
from astroloc_qgis.engine.tiles import Block, block_around

SIZE = (900, 600)
NOISE = 4.0

CAMERAS = tuple(
    replace(camera, size=SIZE)
    for camera in (
        PinholeCamera(8.551, 46.249, 409e3, 24, 0, 0, 15),
        PinholeCamera(-67.349, -18.051, 415e3, 35, 40, 170, 35),
        PinholeCamera(80.051, 31.449, 426e3, 50, 40, 40, 100),
        PinholeCamera(7.049, 23.651, 406e3, 50, 50, 280, -60),
        PinholeCamera(25.049, 51.549, 435e3, 70, 50, 345, 0),
        PinholeCamera(102.149, 46.051, 418e3, 24, 60, 200, 0),
    )
)
"""Land of both hemispheres, from below the camera to the horizon in view, up to 60 degrees of latitude."""


def register_rendered(
    reference: Reference,
    *,
    cameras: Sequence[PinholeCamera] = CAMERAS,
    matcher_name: str = "sift",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Render photos of a reference and register them to it, from a right block.

    Args:
        reference: imagery of the cameras' places.
        cameras: the cameras that take the photos.
        matcher_name: name of the registry.
        progress: called with the stage "match".

    Returns:
        One entry a photo and model: focal_mm, tilt_deg, lon, lat, azimuth_deg, model, found, inliers, px, percent
        (null where nothing was found or no corner sees ground), corners, size.

    Raises:
        InputError: there is no such matcher, or the reference cannot be read.
    """
    matcher = matchers.create(matcher_name)
    results = []
    for number, camera in enumerate(cameras):
        progress("match", number / len(cameras))
        results += _register(camera, reference, matcher)
    return results


def _register(camera: PinholeCamera, reference: Reference, matcher: Matcher) -> list[dict[str, Any]]:
    photo, mask = render_photo(camera, reference)
    pyramid = PhotoPyramid(_exposed(photo, mask), (mask * 255).astype(np.uint8))
    block = block_of(camera)
    entries = []
    for model, area in _areas(camera, block, reference).items():
        # The models are compared as they are: none may turn into another.
        found = coregister(pyramid, reference, area, matcher, settings=CoregistrationSettings(find_camera=False))
        entry: dict[str, Any] = {
            "focal_mm": camera.focal_mm,
            "tilt_deg": camera.tilt_deg,
            "lon": camera.lon,
            "lat": camera.lat,
            "azimuth_deg": camera.azimuth_deg,
            "model": model,
            "found": found.homography is not None,
            "inliers": found.inliers,
            "size": list(camera.size),
        }
        if found.homography is not None:
            error = corner_error(camera, found.homography, found.plane)
            entry |= {
                "px": number_or_none(error.px),
                "percent": number_or_none(error.percent),
                "corners": error.corners,
            }
        else:
            entry |= {"px": None, "percent": None, "corners": 0}
        entries.append(entry)
    return entries


def _exposed(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photo with haze, less contrast and noise."""
    noise = np.random.default_rng(0).normal(0, NOISE, photo.shape)
    return np.asarray(np.clip(photo * 0.8 + 40 + noise, 0, 255) * mask[..., None], dtype=np.uint8)


def block_of(camera: PinholeCamera) -> Block:
    """The block about the middle of a photo's ground, of the side nearest to the photo's."""
    width, height = camera.size
    middle, left, right = camera.to_lonlat(
        np.array([[width / 2, height / 2], [width / 4, height / 2], [3 * width / 4, height / 2]])
    )
    side_km = 2 * float(great_circle_km(left, right)[0]) * math.sqrt(height / width)
    zoom = min(range(5, 12), key=lambda zoom: abs(math.log(_side_km(middle, zoom) / side_km)))
    return block_around(float(middle[0]), float(middle[1]), zoom)


def _side_km(lonlat: Array, zoom: int) -> float:
    return block_around(float(lonlat[0]), float(lonlat[1]), zoom).side_m / 1000


def _areas(camera: PinholeCamera, block: Block, reference: Reference) -> dict[str, SearchArea]:
    """The same surroundings of a block in the plane of each model; the nadir as NASA would list it."""
    listed = Nadir(round(camera.lat, 1), round(camera.lon, 1))
    local = area_about_block(block, reference)
    lon, lat = (float(value) for value in block.center_lonlat)
    plane, pixels = flat_plane(lon, lat), local.frames[0].size[0]
    side_m = local.frames[0].gsd_m() * pixels
    flat = Frame(plane, frame_towards(plane, lon, lat, side_m, pixels), (pixels, pixels))
    return {
        LISTED: area_about_block(block, reference, nadir=listed),
        LOCAL: local,
        FLAT: replace(local, frames=(flat,) * len(local.frames)),
    }
