"""The nadir is evidence, not law: photos whose nadir is wrong are found, limits of the user's are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.engine.photo.test_exif_position import write_photo
from tests.engine.scene import Scene, make_scene

FEW = 5


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "CANDIDATES_KEPT", FEW)


def away(scene: Scene, degrees: float) -> Nadir:
    """A nadir south of the photo's place."""
    lon, lat = (float(value) for value in scene.world.center_lonlat)
    return Nadir(lat - degrees, lon)


def with_exif(scene: Scene, folder: Path, nadir: Nadir) -> Path:
    """The scene's photo with a position in its EXIF."""
    degrees = [((round(abs(value) * 1000), 1000), (0, 1), (0, 1)) for value in (nadir.latitude, nadir.longitude)]
    letters = ("S" if nadir.latitude < 0 else "N", "W" if nadir.longitude < 0 else "E")
    donor = write_photo(folder / "donor.jpg", *degrees, hemispheres=letters).read_bytes()
    size = int.from_bytes(donor[4:6], "big")
    content = scene.photo.read_bytes()
    path = folder / "ISS056-E-181034.jpg"
    path.write_bytes(content[:2] + donor[2 : 4 + size] + content[2:])
    return path


def localize(scene: Scene, out: Path, photo: Path | None = None, **options) -> pipeline.Localization:
    return pipeline.localize(photo or scene.photo, scene.index, out, matcher="sift", device="cpu", **options)


def test_a_nadir_1700_km_off_leads_to_the_photo_in_the_second_round(scene: Scene, tmp_path: Path) -> None:
    wrong = away(scene, 15.3)
    report = localize(scene, tmp_path, nadir=wrong).report()
    assert report["status"] == "localized"
    assert scene.error_px(report["footprint"]) < 3
    assert report["searched"] == ["about the nadir", "the whole index"]
    assert report["nadir"] | {"distance_km": 0} == {
        "latitude": wrong.latitude, "longitude": wrong.longitude, "source": "given", "used": False, "distance_km": 0,
    }  # fmt: skip
    assert report["nadir"]["distance_km"] == pytest.approx(1701, abs=5)
    assert "km from the stated nadir" in report["reason"]
    assert "+proj=aeqd" in report["working_plane"]
    assert report["candidate"] in report["candidates"]


def test_a_radius_that_the_user_gives_is_a_limit(scene: Scene, tmp_path: Path) -> None:
    report = localize(scene, tmp_path, nadir=away(scene, 15.3), radius_km=2500).report()
    assert report["status"] == "not_localized"
    assert report["searched"] == ["about the nadir"]
    assert "elsewhere" not in report["reason"]


def test_a_nadir_on_the_other_side_of_the_earth_is_overruled(scene: Scene, tmp_path: Path) -> None:
    report = localize(scene, tmp_path, nadir=Nadir(-46.0, -169.0, source="tle")).report()
    assert report["status"] == "localized"
    assert report["searched"] == ["the whole index"]
    assert report["nadir"]["used"] is False
    assert report["reason"].endswith("km from the nadir of the TLE, farther than the ISS sees")


def test_a_right_nadir_is_used_and_nothing_else_is_searched(scene: Scene, tmp_path: Path) -> None:
    report = localize(scene, tmp_path, nadir=away(scene, 0.5)).report()
    assert report["searched"] == ["about the nadir"]
    assert (report["nadir"]["used"], report["nadir"]["source"]) == (True, "given")
    assert "nadir" not in report["reason"]


def test_a_photo_of_nowhere_says_that_both_were_searched(scene: Scene, tmp_path: Path) -> None:
    report = localize(scene, tmp_path, scene.stranger, nadir=away(scene, 15.3)).report()
    assert report["status"] == "not_localized"
    assert report["reason"].startswith("nothing was found within 2,500 km of the stated nadir nor elsewhere: ")
    assert report["searched"] == ["about the nadir", "the whole index"]
    assert report["nadir"]["distance_km"] is None


def test_exif_proposes_the_nadir_only_where_it_may_and_none_is_given(scene: Scene, tmp_path: Path) -> None:
    proposed = away(scene, 0.5)
    photo = with_exif(scene, tmp_path, proposed)
    report = localize(scene, tmp_path / "a", photo, exif_nadir=True).report()
    assert (report["nadir"]["source"], report["nadir"]["used"]) == ("exif", True)
    assert report["nadir"]["latitude"] == pytest.approx(proposed.latitude, abs=1e-3)
    assert "+proj=nsper" in report["working_plane"]
    assert localize(scene, tmp_path / "b", photo).report()["nadir"]["source"] == "none"
    given = replace(proposed, latitude=proposed.latitude + 0.1)
    ours = localize(scene, tmp_path / "c", photo, nadir=given, exif_nadir=True).report()["nadir"]
    assert (ours["source"], ours["latitude"]) == ("given", given.latitude)


def test_the_command_line_says_where_the_nadir_came_from(scene: Scene, tmp_path: Path, capsys) -> None:
    photo = with_exif(scene, tmp_path, away(scene, 0.5))
    command = ["localize", photo, "--index", scene.index, "--out", tmp_path / "o", "--matcher", "sift"]
    assert cli.main([*map(str, command)]) == 0
    assert "proposed by the photo's EXIF (--no-exif-nadir ignores it)" in capsys.readouterr().out
    assert cli.main([*map(str, command), "--no-exif-nadir"]) == 0
    assert "EXIF" not in capsys.readouterr().out
