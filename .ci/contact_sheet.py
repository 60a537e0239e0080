"""Draws resources/help/simulator.jpg: simulated photos, each below the view of the mosaic that it was made from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the plugin is not an installed package

from astroloc_qgis.engine.simulation.conditions import CONDITIONS  # noqa: E402 - needs the line above
from astroloc_qgis.engine.simulation.mosaic import build_mosaic  # noqa: E402
from astroloc_qgis.engine.simulation.photos import simulate_photo  # noqa: E402
from astroloc_qgis.engine.simulation.places import PlaceSampler, Zone, read_footprints  # noqa: E402

TARGET = ROOT / "resources" / "help" / "simulator.jpg"
COLUMNS, ROWS = 8, 4
WIDTH, HEIGHT = 192, 128
MOST_BYTES = 275_000


def main() -> None:
    """Draws the sheet; the same seed draws the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imagery", required=True, help="a copy of Blue Marble")
    parser.add_argument("--footprints", type=Path, required=True, help="CSV of real footprints")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "training", help="folder of the mosaic")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    mosaic = build_mosaic(options.imagery, options.work / "mosaic")
    nowhere = Zone(np.zeros((0, 2)), np.zeros(0))
    sampler = PlaceSampler(read_footprints(options.footprints, "train"), mosaic, nowhere, wide_share=0.1)
    rng = np.random.default_rng(options.seed)
    places = sampler.draw(COLUMNS * ROWS, rng)
    grounds = [mosaic.view(place, WIDTH, HEIGHT) for place in places]
    # The upper half as training draws them; in the lower half, each condition in two photos.
    drawn = [None] * (COLUMNS * ROWS // 2) + [{name} for name in CONDITIONS] * 2
    photos = [
        cv2.resize(
            simulate_photo(mosaic, place, rng, size=(288, 192), conditions=given),
            (WIDTH, HEIGHT),
            interpolation=cv2.INTER_AREA,
        )
        for place, given in zip(places, drawn, strict=True)
    ]
    gap = np.full((6, WIDTH * COLUMNS, 3), 255, np.uint8)
    bands = []
    for row in range(ROWS):
        some = slice(row * COLUMNS, (row + 1) * COLUMNS)
        bands += [np.hstack(grounds[some]), np.hstack(photos[some]), gap]
    sheet = np.vstack(bands[:-1])[..., ::-1]
    for quality in range(85, 20, -5):
        _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= MOST_BYTES:
            break
    TARGET.write_bytes(data.tobytes())


if __name__ == "__main__":
    main()
