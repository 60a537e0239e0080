"""A flight over generated land: photos of one fixed camera, of known truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.coregistration.cascade import Outcome
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.verification import Verdict
from tests.engine.synthetic import World, make_world, shot, write_image

SIZE = (320, 214)
GSD = 80.0
STEP_M = 6000.0
TURN_DEG = 40.0


@dataclass
class Flight:
    """Seven photos, 6 km after one another, of 26 x 17 km each; number 4 shows nothing but cloud.

    Attributes:
        folder: where they are.
        world: the land.
    """

    folder: Path
    world: World

    @cached_property
    def imagery(self) -> Path:
        """The map, EPSG:3857."""
        return self.world.write(self.folder / "map.tif", pixels=1024)

    @cached_property
    def photos(self) -> list[Path]:
        """The photos, with their numbers in their names."""
        pictures = [self.world.photo(self.truth(number), SIZE, seed=number) for number in range(7)]
        pictures[4] = make_world(pixels=256, seed=77).photo(shot(make_world(pixels=256, seed=77), SIZE), SIZE, seed=4)
        pictures[4] = np.clip(200 + (pictures[4].astype(float) - 128) * 0.3, 0, 255).astype(np.uint8)
        return [write_image(self.folder / f"pass_{number + 20:04}.jpg", each) for number, each in enumerate(pictures)]

    def truth(self, number: int) -> Array:
        """(3, 3) photo pixels -> metres of the world's plane."""
        along = (number - 3) * STEP_M
        angle = np.radians(TURN_DEG)
        offset = (float(along * np.sin(angle)), float(along * np.cos(angle)))
        return shot(self.world, SIZE, gsd=GSD, turn_deg=TURN_DEG, tilt=0.1, offset_m=offset)

    def footprint(self, number: int) -> Array:
        """(4, 2) longitude, latitude."""
        return self.world.plane.to_lonlat(apply_homography(self.truth(number), photo_corners(*SIZE)))

    def error_km(self, number: int, footprint: object) -> float:
        """How far the worst corner is off."""
        return float(great_circle_km(np.array(footprint), self.footprint(number)).max())

    def results(self, located: tuple[int, ...], wrong: tuple[int, ...] = ()) -> dict[Path, Localization]:
        """What the work on each photo alone might have given.

        Args:
            located: numbers of the photos that were located.
            wrong: of these, the ones that were located 10 km off.
        """
        found = {}
        for number, path in enumerate(self.photos):
            truth = self.truth(number)
            if number in wrong:
                truth = translation(10_000, 0) @ truth
            known = number in located or number in wrong
            registration = Registration(
                self.world.plane, "nothing found", "sift", truth if known else None, rmse_px=1.0, rmse_m=GSD
            )
            verdict = Verdict(known, 0.9 if known else 0.0, "converged" if known else "nothing found")
            found[path] = Localization(path, Outcome(registration, verdict, None), [], SIZE)
        return found
