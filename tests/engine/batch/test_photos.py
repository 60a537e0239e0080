"""The photos of a folder, and the units that they make."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.batch import photos as batch_photos
from astroloc_qgis.engine.batch.photos import BatchPhoto, plan_units
from astroloc_qgis.engine.batch.sources import photos_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.engine.synthetic import write_image

PICTURE = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def names(folder: Path, out: Path) -> list[str]:
    return [photo.path.relative_to(folder).as_posix() for photo in photos_of(folder, out)]


def test_the_folders_in_a_folder_can_be_left_out(tmp_path):
    touch(tmp_path, "b.JPG", "sub/c.png")
    found = photos_of(tmp_path, tmp_path / "out", recursive=False)
    assert [photo.path.name for photo in found] == ["b.JPG"]


def test_the_photos_of_a_folder_but_hidden_ones_and_earlier_results(tmp_path):
    touch(tmp_path, "b.JPG", "a.tif", "sub/c.png", "notes.txt", ".hidden.jpg", ".trash/d.jpg", "out/photos/a_geo.tif")
    assert names(tmp_path, tmp_path / "out") == ["a.tif", "b.JPG", "sub/c.png"]


def test_of_a_raw_file_and_its_picture_the_picture_is_taken(tmp_path):
    touch(tmp_path, "a.NEF", "a.JPG", "b.nef", "c.heic", "sub/a.nef")
    assert names(tmp_path, tmp_path / "out") == ["a.JPG", "b.nef", "c.heic", "sub/a.nef"]


def test_a_folder_without_photos_is_refused(tmp_path):
    touch(tmp_path, "notes.txt")
    with pytest.raises(InputError, match="has no photos: name another folder"):
        photos_of(tmp_path, tmp_path / "out")


def test_results_follow_the_folders_and_no_two_photos_share_a_name(tmp_path):
    touch(tmp_path, "a.jpg", "a.tif", "b.jpg", "one/b.jpg", "two/ISS056-E-1.jpg", "two/iss056e1_lrg.jpg")
    units = plan_units(photos_of(tmp_path, tmp_path / "out"), {}, source=tmp_path)
    outs = {
        Path(photo["path"]).relative_to(tmp_path).as_posix(): photo["out"]
        for unit in units
        for photo in unit.task["photos"]
    }
    assert outs == {
        "a.jpg": "photos/a.jpg",
        "a.tif": "photos/a.tif",
        "b.jpg": "photos",
        "one/b.jpg": "photos/one",
        "two/ISS056-E-1.jpg": "photos/two/ISS056-E-1.jpg",
        "two/iss056e1_lrg.jpg": "photos/two/iss056e1_lrg.jpg",
    }


def test_photos_of_a_table_elsewhere_stay_inside_the_results(tmp_path):
    touch(tmp_path, "tables/t.csv", "elsewhere/a.jpg")
    photo = BatchPhoto(tmp_path / "tables" / ".." / "elsewhere" / "a.jpg")
    (unit,) = plan_units([photo], {}, source=tmp_path / "tables" / "t.csv")
    out = unit.task["photos"][0]["out"]
    assert out.startswith("photos/elsewhere-")
    assert ".." not in out


def test_a_key_stays_until_the_photo_what_is_known_of_it_or_the_settings_change(tmp_path):
    touch(tmp_path, "a.jpg")
    photo = BatchPhoto(tmp_path / "a.jpg")

    def key(photo: BatchPhoto = photo, **settings: object) -> str:
        (unit,) = plan_units([photo], settings, source=tmp_path)
        return unit.key

    first = key(matcher="auto")
    assert first == key(matcher="auto")
    others = [
        key(matcher="sift"),
        key(replace(photo, nadir=Nadir.at(1, 2)), matcher="auto"),
        key(replace(photo, centre=(1.0, 2.0)), matcher="auto"),
        key(replace(photo, taken=datetime(2020, 1, 1)), matcher="auto"),
    ]
    os.utime(photo.path, (1, 1))
    others.append(key(matcher="auto"))
    photo.path.unlink()
    others.append(key(matcher="auto"))
    assert len({first, *others}) == 1 + len(others)


def sequence(folder: Path, count: int, step_s: float = 10.0) -> list[BatchPhoto]:
    start = datetime(2020, 1, 1)
    found = []
    for number in range(count):
        path = write_image(folder / f"cam_{number:03d}.png", PICTURE)
        found.append(BatchPhoto(path, taken=start + timedelta(seconds=number * step_s)))
    return found


def runs(photos: list[BatchPhoto], folder: Path, sequence: bool = True) -> list[list[str]]:
    units = plan_units(photos, {}, source=folder, sequence=sequence)
    assert all(unit.task["together"] == (len(unit.task["photos"]) > 1) for unit in units)
    return [[Path(photo["path"]).stem for photo in unit.task["photos"]] for unit in units]


def test_photos_that_follow_each_other_are_one_unit_by_the_times_of_the_table(tmp_path):
    photos = sequence(tmp_path, 6)
    late = [replace(photo, taken=photo.taken + timedelta(hours=1)) for photo in photos[3:]]
    bad = tmp_path / "cam_999.png"
    bad.write_bytes(b"no picture")
    photos = [*photos[:3], *late, BatchPhoto(bad)]
    assert runs(photos, tmp_path) == [["cam_000", "cam_001", "cam_002"], ["cam_003", "cam_004", "cam_005"], ["cam_999"]]
    assert runs(photos, tmp_path, sequence=False) == [[photo.path.stem] for photo in photos]


def test_a_long_run_is_several_units(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_photos, "MOST_OF_A_RUN", 2)
    assert [len(run) for run in runs(sequence(tmp_path, 5), tmp_path)] == [2, 2, 1]
