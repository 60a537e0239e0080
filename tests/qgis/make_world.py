"""Makes a photo of known place, a reference and an index in a folder; a process of its own, for the engine is heavy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from tests.engine.synthetic import make_world, shot, write_image

SIZE = (600, 400)


def make(folder: Path) -> None:
    world = make_world()
    homography = shot(world, SIZE, turn_deg=30.0, tilt=0.1)
    write_image(folder / "ISS099-E-1234.jpg", world.photo(homography, SIZE, seed=1))
    write_image(folder / "elsewhere.jpg", make_world(seed=5).photo(homography, SIZE, seed=2))
    reference = world.write(folder / "reference.tif", bounds=world.bounds_in("EPSG:3857", 0.98))
    build_index(Reference.open(reference), [11], None, "efficientnet-lite0-gem", folder / "index")
    truth = footprint_lonlat(homography, world.plane, *SIZE)
    (folder / "truth.json").write_text(json.dumps(truth.tolist()))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
