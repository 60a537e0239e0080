"""The benchmark of the working planes: the exact plane wins, and the command says so."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.benchmark import geometry
from astroloc_qgis.engine.benchmark.geometry import EXACT, FLAT, LEVEL_PX, LISTED, LOCAL, SCENES
from astroloc_qgis.engine.benchmark.geometry_registration import register_rendered
from astroloc_qgis.engine.benchmark.reports.geometry import plot, tables
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.plane_choice import choose_plane, fit_in_photo, fit_plane
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera
from tests.engine.synthetic import make_world


@pytest.fixture(scope="module")
def models():
    return geometry.compare_models()


def test_the_near_sided_plane_never_loses_and_is_exact_to_half_a_pixel(models):
    for model in (EXACT, LISTED):
        for rival in (LOCAL, FLAT):
            differences = geometry.penalty(models, model, rival)
            assert len(differences) > 140
            assert max(differences) < LEVEL_PX
    assert max(entry["px"] for entry in models if entry["model"] == EXACT and entry["corners"]) < 0.5


def test_it_wins_by_far_where_photos_are_wide_or_oblique(models):
    found = geometry.worst(models)
    for focal, tilt in ((24, 0), (24, 50), (50, 40), (100, 50), (400, 60)):
        assert found[focal, tilt, EXACT] < found[focal, tilt, LOCAL] / 50
        assert found[focal, tilt, LISTED] < found[focal, tilt, LOCAL] / 10
        assert found[focal, tilt, LOCAL] < found[focal, tilt, FLAT]


def test_corners_in_the_sky_are_left_out(models):
    seen = {entry["corners"] for entry in models if entry["focal_mm"] == 24 and entry["tilt_deg"] == 60}
    assert seen <= {0, 1, 2, 3}
    assert all(entry["corners"] == 4 for entry in models if entry["tilt_deg"] == 20)


def test_a_photo_that_shows_no_corner_on_the_ground_has_no_error():
    camera = PinholeCamera(0, 0, 420e3, 200, 80)
    error = geometry.corner_error(camera, np.eye(3), WorkingPlane.local(0, 0))
    assert error.corners == 0
    assert math.isnan(error.px)


def test_the_corner_error_is_the_distance_in_the_photo():
    camera = replace(SCENES[0], focal_mm=50, tilt_deg=30)
    photo_xy, lonlat = geometry.tie_points(camera)
    plane = geometry.planes(camera, lonlat)[EXACT]
    fit = fit_plane(photo_xy, lonlat, plane)
    shifted = fit.homography @ np.array([[1, 0, 3.0], [0, 1, 4.0], [0, 0, 1]])
    assert geometry.corner_error(camera, shifted, plane).px == pytest.approx(5.0, abs=0.5)
    assert geometry.corner_error(camera, shifted, plane).percent == pytest.approx(500 / math.hypot(3000, 2000), rel=0.1)


def test_the_fit_in_the_photo_leaves_less_there_than_any_fit_nearby():
    camera = replace(SCENES[1], focal_mm=50, tilt_deg=40)
    photo_xy, lonlat = geometry.tie_points(camera, 9, 7)
    on_plane = geometry.planes(camera, lonlat)[LOCAL].from_lonlat(lonlat)
    fitted = fit_in_photo(photo_xy, on_plane)

    def squares(homography):
        return ((apply_homography(homography, on_plane) - photo_xy) ** 2).sum()

    least = squares(fitted)
    rng = np.random.default_rng(0)
    for _ in range(50):
        change = np.eye(3) + rng.normal(0, 1, (3, 3)) * np.array([[1e-3, 1e-3, 2], [1e-3, 1e-3, 2], [1e-7, 1e-7, 0]])
        assert squares(change @ fitted) > 0.999 * least


def test_a_nadir_that_is_far_off_is_noticed_by_the_tie_points():
    camera = replace(SCENES[0], focal_mm=50, tilt_deg=30)
    photo_xy, lonlat = geometry.tie_points(camera, 9, 7)
    noisy = photo_xy + np.random.default_rng(0).normal(0, 1, photo_xy.shape)
    near = geometry.planes(camera, lonlat)[LISTED]
    local = geometry.planes(camera, lonlat)[LOCAL]
    wrong = WorkingPlane.near_sided(camera.lon + 8, camera.lat - 6)
    nowhere = WorkingPlane.near_sided(camera.lon + 180, -camera.lat)
    assert choose_plane(noisy, lonlat, [near, local]).plane == near
    assert choose_plane(noisy, lonlat, [wrong, local]).plane == local
    assert choose_plane(noisy, lonlat, [nowhere, local]).plane == local
    assert choose_plane(noisy, lonlat, [local, local]).rms_px > 3


def test_with_a_wrong_nadir_the_choice_is_seldom_worse_than_the_local_plane():
    entries = geometry.compare_nadirs((0.1, 10.0), geometry.cameras_of((20, 40), (50, 100), SCENES[:3]))
    assert [entry["worse_than_local"] for entry in entries] == [0, 12]
    assert [entry["chosen_worse"] for entry in entries] == [0, 0]
    assert entries[0]["median_px"]["chosen"] < entries[0]["median_px"]["local"] / 5


@pytest.mark.parametrize(("lon", "lat"), [(11.0, 46.0), (180.0, -17.0), (25.0, 60.0)])
def test_end_to_end_the_near_sided_plane_wins(tmp_path: Path, lon, lat):
    world = make_world(lon, lat, side_m=700_000, pixels=1024, seed=4)
    path = world.write_global(tmp_path / "w.tif", 8) if lon == 180 else world.write(tmp_path / "w.tif", alpha=True)
    reference = Reference.open(path)
    camera = PinholeCamera(lon - 1.951, lat - 1.049, 428e3, 50, 30, 60, 15, size=(600, 400))
    entries = {entry["model"]: entry for entry in register_rendered(reference, cameras=[camera])}
    reference.close()
    assert entries[LISTED]["found"]
    assert entries[LISTED]["px"] < 1.0
    for rival in (LOCAL, FLAT):
        assert not entries[rival]["found"] or entries[rival]["px"] > 2 * entries[LISTED]["px"]


def test_the_plot_is_an_svg_with_a_line_for_every_model_and_focal_length(models):
    picture = ElementTree.fromstring(plot(models))  # noqa: S314 - our own text
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == len(geometry.MODELS) * len(geometry.FOCALS)
    assert all(len(line.get("points").split()) >= 4 for line in lines)


def test_the_command_prints_tables_and_writes_report_and_plot(tmp_path: Path, capsys, monkeypatch, models):
    monkeypatch.setattr(geometry, "compare_models", lambda **_: models)
    nadirs = geometry.compare_nadirs((0.1,), geometry.cameras_of((20,), (50,), SCENES[:2]))
    monkeypatch.setattr(geometry, "compare_nadirs", lambda **_: nadirs)
    command = ["benchmark", "geometry", "--json", str(tmp_path / "g.json"), "--plot", str(tmp_path / "new" / "g.svg")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.strip() == tables({"models": models, "nadirs": nadirs}).strip()
    assert "in 0 of 150 photos" in out or "in 0 of 14" in out
    report = json.loads((tmp_path / "g.json").read_text())
    assert report["models"] == models
    assert (tmp_path / "new" / "g.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--plot", "g.png"], ".svg"), (["--matcher", "nobody"], "no matcher"), (["--imagery", "gone.tif"], "gone.tif")],
)
def test_bad_arguments_are_refused_in_one_line(arguments, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["benchmark", "geometry", *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
