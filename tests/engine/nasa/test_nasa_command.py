"""``nasa lookup``, ``nasa fetch``, ``localize --nasa`` and NASA's tables for ``--nadirs``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli.nadir_table import read_nadirs
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE, KEY_VARIABLE
from tests.engine.nasa.nasa_server import FILE, FRAMES, JPEG, KEY, NUMBER, OUTLINE, another, refusing, saying
from tests.engine.scene import CONTRACT_FIELDS, Run, Scene, make_scene

PHOTO_NUMBER = "ISS056-E-181034"
"""Of the scene's photo."""


@pytest.fixture
def key(server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return KEY


# ---------------------------------------------------------------- nasa lookup


def test_lookup_prints_and_writes_what_is_known(key, server, run: Run, tmp_path: Path) -> None:
    server.photos.append(another("ISS064-E-359", frames={**FRAMES, "tilt": "HO"}, mlcoord=None))
    report = tmp_path / "nasa.json"
    status, stdout, stderr = run("nasa", "lookup", "iss064e358", "ISS064-E-359", "--json", report)
    assert (status, stderr) == (0, "")
    assert stdout.splitlines()[:5] == [
        "ISS064-E-358",
        "  nadir    12.3, -45.6 (latitude, longitude), 416.7 km high",
        "  centre   13.5, -44 (latitude, longitude)",
        "  taken    2020-11-07 13:45:01 UTC",
        "  lens     400 mm",
    ]
    assert "HO (high oblique: the horizon is in view)" in stdout
    assert "to be verified by matching" in stdout
    first, second = json.loads(report.read_text())
    assert (first["number"], first["found"], first["problem"], first["nadir"]) == (NUMBER, True, None, [12.3, -45.6])
    assert (second["high_oblique"], second["outline"]) == (True, None)
    assert KEY not in stdout + report.read_text()


def test_a_photo_that_nasa_does_not_have_is_no_error(key, run: Run) -> None:
    status, stdout, stderr = run("nasa", "lookup", "ISS064-E-999999")
    assert (status, stdout, stderr) == (3, "ISS064-E-999999: not in NASA's photo database.\n", "")


def test_the_key_may_be_in_a_file(server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert run("nasa", "lookup", NUMBER, "--key-file", tmp_path / "key")[0] == 0


@pytest.mark.parametrize(
    ("key_file", "words"),
    [
        (None, "asks for a key: https://eol.jsc.nasa.gov"),
        ("nowhere", "nowhere cannot be read"),
        ("", "holds no key: a key is one word"),
        ("two words", "holds no key"),
        ("wrong", "does not take this key"),
    ],
)
def test_without_a_right_key_it_is_said_how_to_get_one(
    server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_file: str | None, words: str
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    more: tuple[object, ...] = ()
    if key_file is not None:
        path = tmp_path / (key_file if key_file == "nowhere" else "key")
        if key_file != "nowhere":
            path.write_text(key_file)
        more = ("--key-file", path)
    status, stdout, stderr = run("nasa", "lookup", NUMBER, *more)
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert stderr.count("\n") == 1


def test_what_is_no_number_is_refused(key, run: Run) -> None:
    status, _, stderr = run("nasa", "lookup", "holiday.jpg")
    assert status == 2
    assert "'holiday.jpg' is no photo number such as ISS064-E-358" in stderr


def test_trouble_with_one_photo_leaves_the_others(key, server, run: Run, tmp_path: Path) -> None:
    server.photos.append(another("ISS064-E-359"))
    server.faults = [saying(b"{")]
    report = tmp_path / "nasa.json"
    status, stdout, stderr = run("--verbose", "nasa", "lookup", NUMBER, "ISS064-E-359", "--json", report)
    assert status == 2
    assert stdout.startswith("ISS064-E-359\n")
    assert "cannot be understood" in stderr
    assert [entry["found"] for entry in json.loads(report.read_text())] == [False, True]
    assert KEY not in stderr
    assert "sEcret" not in stderr


# ---------------------------------------------------------------- nasa fetch


def test_fetch_writes_the_largest_pictures(key, server, run: Run, tmp_path: Path) -> None:
    status, stdout, _ = run("nasa", "fetch", NUMBER, "--out", tmp_path / "photos", "--json", tmp_path / "r.json")
    assert (status, stdout) == (0, f"{NUMBER}: {tmp_path / 'photos' / FILE}\n")
    assert (tmp_path / "photos" / FILE).read_bytes() == JPEG
    assert json.loads((tmp_path / "r.json").read_text())[0]["picture"] == str(tmp_path / "photos" / FILE)


def test_a_picture_that_does_not_come_is_told(key, server, run: Run, tmp_path: Path) -> None:
    server.files.clear()
    status, stdout, stderr = run("nasa", "fetch", NUMBER, "--out", tmp_path / "photos")
    assert (status, stdout) == (2, "")
    assert "refuses the request (HTTP 404)" in stderr


# ---------------------------------------------------------------- localize --nasa


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def command(key, scene: Scene, tmp_path: Path) -> list[object]:
    return ["localize", scene.photo, "--index", scene.index, "--out", tmp_path / "out", "--json", tmp_path / "r.json",
            "--matcher", "sift", "--nasa"]  # fmt: skip


def outline_of(scene: Scene, turn: int) -> dict[str, str]:
    """The photo's true footprint as NASA's machine might have it: turned, and some kilometres off."""
    corners = [scene.footprint[(turn + number) % 4] + (0.005, -0.004) for number in range(4)]
    named = zip(("ul", "ur", "lr", "ll"), corners, strict=True)
    places = {
        f"{name}_{way}": f"{value:.5f}" for name, (lon, lat) in named for way, value in (("lat", lat), ("lon", lon))
    }
    middle = scene.footprint.mean(axis=0)
    return {**OUTLINE, "lat": f"{middle[1]:.4f}", "lon": f"{middle[0]:.4f}", **places}


def entry_of(tmp_path: Path) -> dict:
    (entry,) = json.loads((tmp_path / "r.json").read_text())
    assert set(entry) >= CONTRACT_FIELDS | {"nasa"}
    return entry


def test_nasas_outline_is_verified_by_matching_in_whatever_turn_it_is(
    server, scene: Scene, command, run: Run, tmp_path: Path
) -> None:
    lon, lat = scene.world.center_lonlat
    nadir = {"lat": f"{lat:.3f}", "lon": f"{lon:.3f}"}
    server.photos = [another(PHOTO_NUMBER, nadir=nadir, frames=None, mlcoord=outline_of(scene, 2))]
    status, _, stderr = run(*command)
    assert status == 0, stderr
    entry = entry_of(tmp_path)
    assert entry["nasa"]["outline_verified"] is True
    assert entry["searched"] == []
    assert entry["nadir"]["source"] == "nasa"
    assert np.abs(np.array(entry["footprint"]) - scene.footprint).max() < 0.01
    assert entry["status"] == "localized"


def test_a_wrong_outline_is_not_believed_and_the_index_is_searched(
    server, scene: Scene, command, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lon, lat = scene.world.center_lonlat
    wrong = {name: f"{float(value) + 5:.4f}" for name, value in outline_of(scene, 0).items()}
    server.photos = [another(PHOTO_NUMBER, nadir={"lat": str(lat), "lon": str(lon)}, frames=None, mlcoord=wrong)]
    given = {}
    whole = pipeline.localize

    def localize(*arguments, **settings):
        given.update(settings)
        return whole(*arguments, **settings)

    monkeypatch.setattr(pipeline, "localize", localize)
    status, _, stderr = run(*command, "--seconds", "40")
    assert status in (0, 3), stderr
    assert given["nadir"] == Nadir(lat, lon, source="nasa")
    assert entry_of(tmp_path)["nasa"]["outline_verified"] is False


def test_trouble_with_nasa_leaves_localization_as_without(
    server, scene: Scene, command, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults = [refusing(500)] * 3
    seen = {}

    def localize(*_arguments, **settings):
        seen.update(settings)
        raise InputError("far enough")

    monkeypatch.setattr(pipeline, "localize", localize)
    status, _, stderr = run(*command)
    assert (status, seen["nadir"]) == (2, None)
    assert "fails at the moment (HTTP 500): try again later. What it would have said is left out." in stderr


def test_the_users_nadir_counts_more_than_nasas_and_a_centre_serves_where_nasa_has_no_nadir(
    server, scene: Scene, command, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def localize(*_arguments, **settings):
        seen.update(settings)
        raise InputError("far enough")

    monkeypatch.setattr(pipeline, "localize", localize)
    server.photos = [another(PHOTO_NUMBER, mlcoord=None)]
    run(*command, "--nadir", "46,11")
    assert (seen["nadir"], seen["centre"]) == (Nadir(46.0, 11.0), None)
    server.photos = [another("ISS056-E-181035", nadir=None, frames={**FRAMES, "nlat": None}, mlcoord=None)]
    photo = scene.photo.with_name("ISS056-E-181035.jpg")
    photo.write_bytes(scene.photo.read_bytes())
    run("localize", photo, *command[2:])
    assert (seen["nadir"], seen["centre"]) == (None, (13.5, -44.0))
    run("localize", photo, *command[2:], "--centre", "1,2")
    assert seen["centre"] == (1, 2)
    photo.unlink()


def test_without_a_key_nothing_begins(server, command, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    status, stdout, stderr = run(*command)
    assert (status, stdout) == (2, "")
    assert "asks for a key" in stderr


def test_without_nasa_nothing_is_asked(server, scene: Scene, command, run: Run, monkeypatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "http://127.0.0.1:9/")
    monkeypatch.setattr(pipeline, "localize", lambda *_a, **_k: (_ for _ in ()).throw(InputError("far enough")))
    status, _, stderr = run(*command[:-1])
    assert "far enough" in stderr
    assert (status, server.asked) == (2, [])


# ---------------------------------------------------------------- NASA's tables


@pytest.mark.parametrize(
    "text",
    [
        "nadir.mission,nadir.roll,nadir.frame,nadir.lat,nadir.lon\nISS064,E, 358,12.3,-45.6\n",
        "mission,roll,frame,lat,lon,nlat,nlon,tilt\nISS064,E,358,13.5,-44,12.3,-45.6,HO\n",
        "frames.mission,frames.roll,frames.frame,frames.lat,frames.lon,frames.nlat,frames.nlon\nISS064,E,358,1,2,12.3,-45.6\n",
        "mission,roll,frame,lat,lon,azi,elev\nISS064,E,358,12.3,-45.6,9,9\nISS064,E,9,NULL,NULL,9,9\n",
        "images.filename,nadir.lat,nadir.lon\nISS064-E-358.JPG,12.3,-45.6\n",
        "file,lat,lon\nISS064-E-358,12.3,-45.6\n",
    ],
)
def test_nasas_tables_give_nadirs(tmp_path: Path, text: str) -> None:
    (tmp_path / "nasa.csv").write_text(text)
    photos = [Path("a/iss064e000358_lrg.jpg"), Path("b/ISS064-E-9.jpg")]
    assert read_nadirs(tmp_path / "nasa.csv", photos) == {photos[0]: Nadir(12.3, -45.6)}


def test_the_centre_in_nasas_tables_is_no_nadir(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("mission,roll,frame,lat,lon,tilt,geon\nISS064,E,358,13.5,-44,HO,BRAZIL\n")
    with pytest.raises(InputError, match="has no column lat"):
        read_nadirs(tmp_path / "frames.csv", [Path("ISS064-E-358.jpg")])
