"""Photos of the film era: square frames, grey or faded, grainy, scanned with borders, crosses and captions.

AstroLoc (Berton, Stoken, Masone, ICCV 2025) finds such photos of the Shuttle and before without having seen any. Here
photos of known footprint are cut to squares and turned into scans of film (``simulation.film``), the same ones each
time; real scans are taken as they are.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Sequence

import numpy as np

from astroloc_qgis.engine.benchmark.retrieval import Picture, Query, read_file
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.simulation.film import film, square_part
from astroloc_qgis.engine.tiles import lonlat_to_mercator, mercator_to_lonlat

SEED = 1962


def square_queries(queries: Sequence[Query]) -> list[Query]:
    """The same photos with the footprints of their middle squares."""
    return [dataclasses.replace(query, footprint=_footprint_of_square(query)) for query in queries]


def read_as_film(query: Query) -> Picture:
    """The middle square of a query's photo as a scan of film; the same photo always gives the same scan.

    Raises:
        InputError: the photo cannot be read.
    """
    pixels, _ = read_file(query)
    name = f"{query.path.parent.name}/{query.path.name}"
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    return film(square_part(pixels)[0], rng), None


def _footprint_of_square(query: Query) -> np.ndarray:
    """(4, 2) longitude, latitude of the middle square; the photo is a homography of the Mercator plane."""
    pixels, _ = read_file(query)
    height, width = pixels.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    corners = query.footprint.copy()
    corners[:, 0] = np.unwrap(corners[:, 0], period=360)
    to_ground = homography_from_points(whole, lonlat_to_mercator(corners))
    return mercator_to_lonlat(apply_homography(to_ground, square_part(pixels)[1]))
