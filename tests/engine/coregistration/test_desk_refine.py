"""Refine from here: a footprint that an analyst has drawn badly ends where the published ones are, on real photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.benchmark.cases import read_cases
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.pipeline import refine

pytestmark = pytest.mark.real

DRAWN_BADLY = 0.15
"""How far each corner is drawn from its place, as a part of the photo's side on the ground."""


@pytest.mark.parametrize("name", ["ISS056-E-181034", "ISS064-E-358", "ISS064-E-48617"])
def test_a_badly_drawn_footprint_ends_within_the_tolerance(shared: Path, tmp_path: Path, name: str) -> None:
    case = next(case for case in read_cases(shared / "real-cases") if case.name == name)
    assert case.footprint is not None
    lon, lat = case.footprint.mean(axis=0)
    plane = WorkingPlane.local(float(lon), float(lat))
    corners = plane.from_lonlat(case.footprint)
    side = np.hypot(*(corners[1] - corners[0]))
    away = np.random.default_rng(len(name)).normal(size=(4, 2))
    drawn = corners + DRAWN_BADLY * side * away / np.linalg.norm(away, axis=1)[:, None]
    result = refine(case.photo, str(case.reference), tmp_path, footprint=plane.to_lonlat(drawn).tolist())
    assert result.footprint is not None, result.verdict.reason
    reference = Reference.open(str(case.reference))
    pixel_m = reference.native_gsd_m(float(lon), float(lat))
    reference.close()
    error_px = great_circle_km(result.footprint, case.footprint).max() * 1000 / pixel_m
    assert error_px <= max(15.0, 5 * case.spread_px)
