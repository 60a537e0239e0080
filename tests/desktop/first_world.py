"""Makes imagery and photos for the walk to the first photo in a folder (run as a script: the engine is heavy).

``first_world.py FOLDER [BLUE_MARBLE.mbtiles]`` writes ``photo.jpg`` (a simulated photo of southern Italy, or of
generated land), ```lost.jpg``` (land that is nowhere), ``imagery.txt`` (the MBTiles that tiles are served from) and
``nadir.txt``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from osgeo import gdal

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera, render_photo
from tests.engine.synthetic import degrade, make_world, shot, write_image

PLACE = (16.4, 40.3)
"""Longitude, latitude of the nadir: the heel and the toe of Italy are in view."""
SIZE = (1800, 1200)
SEA = (10, 26, 60)
"""The colour of tiles that a file does not have."""
LAND_M = 1_200_000.0


def generated(folder: Path) -> Path:
    """A patch of generated land as MBTiles; the rest of the world has no tiles."""
    world = make_world(lon=PLACE[0], lat=PLACE[1], side_m=LAND_M, pixels=2048)
    land = world.write(folder / "land.tif")
    made = gdal.Translate(
        str(folder / "generated.mbtiles"), str(land), format="MBTILES", creationOptions=["TILE_FORMAT=JPEG"]
    )
    made.BuildOverviews("AVERAGE", [2**step for step in range(1, 9)])
    return folder / "generated.mbtiles"


def make(folder: Path, marble: Path | None) -> None:
    imagery = marble if marble is not None else generated(folder)
    camera = PinholeCamera(*PLACE, focal_mm=58.0, tilt_deg=8.0, azimuth_deg=230.0, roll_deg=35.0, size=SIZE)
    pixels, shown = render_photo(camera, Reference.open(imagery))
    pixels[~shown] = SEA
    write_image(folder / "sea.jpg", np.full((256, 256, 3), SEA, np.uint8))
    write_image(folder / "photo.jpg", degrade(pixels, 3))
    nowhere = make_world(seed=5)
    write_image(
        folder / "lost.jpg", nowhere.photo(shot(nowhere, (900, 600), turn_deg=30.0, tilt=0.1), (900, 600), seed=2)
    )
    (folder / "imagery.txt").write_text(str(imagery))
    (folder / "nadir.txt").write_text(" ".join(map(str, np.array(PLACE)[::-1])))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
