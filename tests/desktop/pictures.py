"""Prints the paths of a photo and of a reference that shows its place, made in the folder named (run as a script)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".ci")]


def real(folder: Path) -> tuple[Path, Path]:
    """The demonstration's pair; raises SystemExit where it cannot be fetched."""
    import demo
    import platformdirs

    cache = platformdirs.user_cache_path("astroloc_qgis") / "demo"
    demo.fetch(cache)
    photo = shutil.copy(cache / "photo_from_iss.jpg", folder / "photo_from_iss.jpg")
    return photo, demo.give_its_place(cache / "satellite_img.jpg", folder / "satellite.tif")


def generated(folder: Path) -> tuple[Path, Path]:
    """A pair of generated land."""
    from tests.engine.synthetic import make_world, shot, write_image

    world = make_world()
    homography = shot(world, turn_deg=30.0, tilt=0.1)
    photo = write_image(folder / "photo.jpg", world.photo(homography, (600, 400), seed=1))
    return photo, world.write(folder / "generated.tif")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    try:
        pair = real(target)
    except SystemExit:
        pair = generated(target)
    for path in pair:
        print(path)
