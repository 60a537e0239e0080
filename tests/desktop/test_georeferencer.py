"""QGIS's own Georeferencer, opened with the mouse, reads the control points that are exported for it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from .desktop import require_programs
from .test_desktop import package, pictures  # noqa: F401 - fixtures
from .walk import session

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
HALF_A_PIXEL = 0.5

pytestmark = pytest.mark.desktop


@pytest.fixture
def exported(pictures, tmp_path):  # noqa: F811
    """The control points of a photo as they are exported: a grid, by a homography of known place, one switched off."""
    from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
    from astroloc_qgis.engine.geometry.homography import apply_homography
    from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
    from astroloc_qgis.engine.photo.reading import read_photo
    from tests.engine.coded_photo import seen_from_above

    photo = read_photo(pictures[0])
    height, width = photo.pixels.shape[:2]
    plane = WorkingPlane.local(-103.4, 20.6)
    homography = seen_from_above(width, height, 160.0, turn_deg=25.0, tilt=(0.2, -0.3))
    grid = np.array([[x * width, y * height] for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)])
    lonlat = plane.to_lonlat(apply_homography(homography, grid))
    ties = [
        {"x": x, "y": y, "lon": lon, "lat": lat, "on": number != 4}
        for number, ((x, y), (lon, lat)) in enumerate(zip(grid.tolist(), lonlat.tolist(), strict=True))
    ]
    options = ExportOptions(forms=("points",), crs="EPSG:4326")
    files = export_photo(photo, homography, plane, tmp_path / "export", "photo", options, tie_points=ties)
    return files["points"], ties


class Mouse:
    """Clicks what the status names."""

    def __init__(self, desktop):
        self._desktop = desktop

    def told(self):
        return self._desktop.status()["georeferencer"]

    def wait(self, what, condition, seconds=30):
        return self._desktop.wait(what, lambda status: condition(status["georeferencer"]), seconds)["georeferencer"]

    def click(self, name):
        self.wait(f"{name} can be clicked", lambda told: name in told["actions"])
        time.sleep(0.5)
        x, y = self.told()["actions"][name]
        self._desktop.xdotool("mousemove", str(x), str(y), "sleep", "0.2", "click", "1")

    def choose_file(self, button, dialog, path):
        self.click(f"georeferencer {button}")
        self.wait("the dialog is open", lambda told: told["dialogs"] == [dialog])
        time.sleep(0.5)
        self._desktop.keys("ctrl+a")
        self._desktop.type(str(path))
        self._desktop.keys("Return")
        self.wait("the dialog is closed", lambda told: not told["dialogs"])


def test_the_georeferencer_reads_our_control_points_and_fits_the_photo_to_them(tmp_path, package, pictures, exported):  # noqa: F811
    require_programs()
    photo, reference = pictures
    points, ties = exported
    with (
        session(tmp_path, package, SCREENSHOTS) as run,
        run.run("georeferencer", reference, code="georeferencer_start.py") as (desktop, _),
    ):
        desktop.wait_for_the_map()
        mouse = Mouse(desktop)
        mouse.click("Layer")
        mouse.click("mActionShowGeoreferencer")
        mouse.wait("its window is open", lambda told: told["open"])
        mouse.choose_file("mActionOpenRaster", "Open Raster", photo)
        mouse.choose_file("mActionLoadGCPpoints", "Load GCP Points", points)
        told = mouse.wait("the points are read", lambda told: len(told["rows"]) == len(ties))
        found = [[float(row[name]) for name in ("Source X", "Source Y", "Dest. X", "Dest. Y")] for row in told["rows"]]
        expected = [[tie["x"], -tie["y"], tie["lon"], tie["lat"]] for tie in ties]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert [bool(row["Enabled"]) for row in told["rows"]] == [tie["on"] for tie in ties]

        mouse.click("georeferencer mActionTransformSettings")
        mouse.wait("the dialog is open", lambda told: told["dialogs"] == ["Transformation Settings"])
        told = mouse.wait("the kinds of transformation are there", lambda told: "transformation" in told["actions"])
        assert told["target crs"].startswith("EPSG:4326")  # as the file says
        mouse.click("transformation")
        desktop.type("Proj")
        desktop.keys("Return")
        mouse.click("ok")
        told = mouse.wait("it is fitted", lambda told: "Projective" in told["transform"])
        residuals = [float(row["Residual (pixels)"]) for row in told["rows"]]
        print("the Georeferencer's projective fit misses our points by at most", max(residuals), "pixels")
        assert max(residuals) < HALF_A_PIXEL
        time.sleep(0.5)
        desktop.screenshot("georeferencer")
