"""Nothing is lost: what is kept of each photo is on disk at once, survives a kill, and follows the project."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate, PhotoState, Work
from astroloc_qgis.qgis_adapters.desk_layers import make_footprint_layer
from astroloc_qgis.qgis_adapters.desk_store import DeskStore
from astroloc_qgis.qgis_adapters.layers import photo_layers
from astroloc_qgis.qgis_adapters.unsaved_store import claim

from .files import make_photo

ROOT = Path(__file__).resolve().parents[2]
RING = [[10.0, 46.0], [11.0, 46.1], [11.1, 45.2], [10.1, 45.1]]

FULL = Work(
    state=PhotoState.NEEDS_REVIEW,
    note="confidence 0.61",
    nadir=Nadir(45.5, 9.25),
    centre=(45.6, 10.5),
    area={"radius_km": 800},
    placement=Placement(
        ((90.1, 1.0, -3.0), (2.0, -91.0, 4.0), (1e-6, 2e-6, 1.0)), "+proj=aeqd +lat_0=45 +lon_0=10", (600, 400)
    ),
    tie_points=(TiePoint(1.5, 2.5, 10.1, 45.9), TiePoint(3.0, 4.0, 10.2, 45.8, on=False, by_hand=False)),
    candidates=(Candidate(11, 700, 1080, 4, 1, 0.8), Candidate(11, 702, 1082, 4, 2, 0.7, "rejected", 12, 0.2)),
    facts={"confidence": 0.61, "inliers": 41},
    outputs={"geotiff": "/somewhere/x.tif"},
)


def test_a_work_comes_back_as_it_was():
    assert Work.from_json(FULL.to_json()) == FULL
    assert Work.from_json(Work().to_json()) == Work()


def test_a_work_of_an_older_version_is_read_with_what_it_lacks_at_its_default():
    assert Work.from_json('{"state": "accepted", "something": 1}') == Work(state=PhotoState.ACCEPTED)


def test_photos_come_back_in_their_order_with_their_history(tmp_path):
    store = DeskStore(tmp_path / "a.astroloc.gpkg")
    for name in ("b", "a"):
        store.save(Path(f"/photos/{name}.jpg"), "{}", what="Added")
    store.save(Path("/photos/b.jpg"), FULL.to_json(), state="needs review", footprint=RING, what="Move a corner")
    store.close()
    again = DeskStore(store.path)
    assert [kept.path.stem for kept in again.load()] == ["b", "a"]
    assert Work.from_json(again.load()[0].work) == FULL
    assert [entry.what for entry in again.history(Path("/photos/b.jpg"))] == ["Added", "Move a corner"]


def test_the_file_is_a_geopackage_with_the_footprints_as_a_layer(tmp_path):
    store = DeskStore(tmp_path / "a.astroloc.gpkg")
    store.save(Path("/photos/b.jpg"), "{}", state="accepted", confidence=0.9, footprint=RING)
    layer = QgsVectorLayer(f"{store.path}|layername=photos", "photos", "ogr")
    assert layer.isValid()
    (feature,) = layer.getFeatures()
    assert feature["state"] == "accepted"
    assert feature.geometry().boundingBox().xMaximum() == pytest.approx(11.1)
    assert layer.crs().authid() == "EPSG:4326"


def test_a_photo_that_was_taken_off_does_not_come_back(tmp_path):
    store = DeskStore(tmp_path / "a.astroloc.gpkg")
    store.save(Path("/photos/b.jpg"), "{}")
    store.remove(Path("/photos/b.jpg"))
    assert DeskStore(store.path).load() == []


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from astroloc_qgis.qgis_adapters.desk_store import DeskStore
store = DeskStore(Path(sys.argv[1]))
for number in range(10_000):
    store.save(Path("/photos/b.jpg"), str(number) * 5000, what=f"change {number}")
    print(number, flush=True)
"""


def test_a_process_killed_while_it_writes_loses_no_change_that_was_done(tmp_path):
    path = tmp_path / "a.astroloc.gpkg"
    command = [sys.executable, "-c", KILLED, str(path), str(ROOT)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        done = -1
        for line in process.stdout:
            done = int(line)
            if done == 25:
                process.send_signal(signal.SIGKILL)
                break
        done = max([done, *(int(line) for line in process.stdout if line.strip().isdigit())])
    (kept,) = DeskStore(path).load()
    number = len(DeskStore(path).history(Path("/photos/b.jpg"))) - 1
    assert number in (done, done + 1)  # the last one may have been done and not been told
    assert kept.work == str(number) * 5000


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    (tmp_path / "a.astroloc.gpkg").write_text("no GeoPackage at all, but long enough to be looked at" * 20)
    with pytest.raises(AstroLocError, match="cannot be kept"):
        DeskStore(tmp_path / "a.astroloc.gpkg").save(Path("/photos/b.jpg"), "{}")


def test_work_of_an_unsaved_project_goes_with_it_when_it_is_saved_and_comes_back_when_it_is_opened(
    qtbot, dock, tmp_path
):
    dock.add_photos([make_photo(tmp_path, "a")])
    (item,) = dock.photos.photos.items
    item.desk.change(FULL, "Move a corner")
    unsaved = dock.session.project_store.store.path
    assert unsaved.exists()

    project = QgsProject.instance()
    assert project.write(str(tmp_path / "work.qgz"))
    assert dock.session.project_store.store.path == tmp_path / "work.astroloc.gpkg"
    assert not unsaved.exists()
    item.desk.stack.undo()
    item.desk.stack.redo()

    project.clear()
    qtbot.waitUntil(lambda: dock.photos.photos.items == [], timeout=2000)
    assert project.read(str(tmp_path / "work.qgz"))
    (again,) = dock.photos.photos.items
    assert again is not item
    assert again.desk.work == FULL
    assert [entry.what for entry in again.desk.history()] == [
        "Added",
        "Move a corner",
        "Undo: Move a corner",
        "Redo: Move a corner",
    ]


def test_a_copy_of_a_project_has_a_copy_of_the_work(dock, tmp_path):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "one.qgz"))
    dock.add_photos([make_photo(tmp_path, "a")])
    assert project.write(str(tmp_path / "two.qgz"))
    assert [len(DeskStore(tmp_path / f"{name}.astroloc.gpkg").load()) for name in ("one", "two")] == [1, 1]


def test_what_the_engine_was_doing_is_not_kept(dock, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a")])
    (item,) = dock.photos.photos.items
    dock.photos.photos.set_state(item, PhotoState.RUNNING, "matching")
    assert item.state is PhotoState.RUNNING
    (kept,) = dock.session.project_store.store.load()
    assert Work.from_json(kept.work).state is PhotoState.NEW


def test_work_without_a_project_is_not_mixed_into_one_that_is_being_opened(qtbot, dock, tmp_path):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "work.qgz"))
    project.clear()
    qtbot.waitUntil(lambda: dock.session.project_store.store.path.name.startswith("unsaved"), timeout=2000)
    dock.add_photos([make_photo(tmp_path, "a")])
    (unsaved,) = dock.photos.photos.items
    project.clear()  # as QGIS does before it opens another
    assert project.read(str(tmp_path / "work.qgz"))
    qtbot.wait(100)
    assert dock.photos.photos.items == []
    project.clear()
    qtbot.waitUntil(lambda: [item.path for item in dock.photos.photos.items] == [unsaved.path], timeout=2000)


ANOTHER_QGIS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from astroloc_qgis.qgis_adapters.desk_store import DeskStore
from astroloc_qgis.qgis_adapters.unsaved_store import claim
mine = claim(Path(sys.argv[1]))
store = DeskStore(mine.path)
kept = [one.path.stem for one in store.load()]
store.save(Path(f"/photos/{sys.argv[3]}.jpg"), "{}", what="Added")
print(store.path.name, *kept, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def another_qgis(folder, photo):
    """A process with an unsaved project in the same profile; yields it and what it told."""
    command = [sys.executable, "-c", ANOTHER_QGIS, str(folder), str(ROOT), photo]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=environment) as process:
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


def photos_in(path):
    return [kept.path.stem for kept in DeskStore(path).load()]


def test_two_qgis_without_a_project_have_a_store_each_and_saving_one_leaves_the_other(dock, tmp_path):
    mine = dock.session.project_store.store.path
    dock.add_photos([make_photo(tmp_path, "a")])
    with another_qgis(mine.parent, "b") as (_, (name, *kept)):
        assert (name != mine.name, kept) == (True, [])
        assert QgsProject.instance().write(str(tmp_path / "work.qgz"))
        assert photos_in(tmp_path / "work.astroloc.gpkg") == ["a"]
        assert photos_in(mine.with_name(name)) == ["b"]


def test_a_start_takes_over_the_stores_of_every_killed_qgis_and_of_none_that_lives(tmp_path):
    with (
        another_qgis(tmp_path, "a") as (first, (first_name,)),
        another_qgis(tmp_path, "b") as (second, (second_name,)),
        another_qgis(tmp_path, "c") as (_, (living,)),
    ):
        for process in (first, second):
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert len({first_name, second_name, living}) == 3
        found = claim(tmp_path)
        assert found.path.name == first_name
        assert photos_in(found.path) == ["a", "b"]
        assert [entry.what for entry in DeskStore(found.path).history(Path("/photos/b.jpg"))] == ["Added"]
        assert not (tmp_path / second_name).exists()
        assert photos_in(tmp_path / living) == ["c"]
        found.release()


def test_the_store_of_an_older_version_is_found_and_of_two_works_the_last_counts(tmp_path):
    old, newer = DeskStore(tmp_path / "unsaved.astroloc.gpkg"), DeskStore(tmp_path / "unsaved-2.astroloc.gpkg")
    old.save(Path("/photos/a.jpg"), '{"note": "old"}')
    old.save(Path("/photos/b.jpg"), '{"note": "b"}')
    newer.save(Path("/photos/a.jpg"), '{"note": "new"}')
    for store in (old, newer):
        store.close()
    found = claim(tmp_path)
    assert {kept.path.stem: kept.work for kept in DeskStore(found.path).load()} == {
        "a": '{"note": "new"}',
        "b": '{"note": "b"}',
    }
    found.release()


def test_a_damaged_store_of_a_killed_qgis_stays_where_it_is(tmp_path):
    (tmp_path / "unsaved-2.astroloc.gpkg").write_text("no GeoPackage at all, but long enough to be looked at" * 20)
    found = claim(tmp_path)
    assert photos_in(found.path) == []
    assert (tmp_path / "unsaved-2.astroloc.gpkg").exists()
    found.release()


def test_a_project_whose_folder_was_moved_keeps_its_photos_and_their_layers(qtbot, dock, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    dock.add_photos([make_photo(here, "a")])
    (item,) = dock.photos.photos.items
    written = here / "astroloc" / "a_georeferenced.tif"
    written.parent.mkdir()
    shutil.copyfile(item.path, written)
    item.desk.change(replace(FULL, outputs={"geotiff": str(written)}), "Localize")
    layer = make_footprint_layer(item.path, RING, QgsProject.instance()).id()
    project = QgsProject.instance()
    assert project.write(str(here / "work.qgz"))
    project.clear()
    qtbot.waitUntil(lambda: dock.photos.photos.items == [], timeout=2000)
    here.rename(there)
    assert project.read(str(there / "work.qgz"))
    (again,) = dock.photos.photos.items
    assert again.path == there / "a.jpg"
    assert again.desk.work.outputs == {"geotiff": str(there / "astroloc" / "a_georeferenced.tif")}
    assert [entry.what for entry in again.desk.history()] == ["Added", "Localize"]
    assert [one.id() for one in photo_layers(again.path, project)] == [layer]
    again.desk.change(replace(again.desk.work, note="moved"), "Move a corner")
    assert photos_in(there / "work.astroloc.gpkg") == ["a"]


def test_a_project_saved_in_another_folder_still_finds_its_photos(dock, tmp_path):
    project = QgsProject.instance()
    (tmp_path / "sub").mkdir()
    assert project.write(str(tmp_path / "one.qgz"))
    dock.add_photos([make_photo(tmp_path, "a")])
    assert project.write(str(tmp_path / "sub" / "two.qgz"))
    for place in (tmp_path / "one.qgz", tmp_path / "sub" / "two.qgz"):
        project.clear()
        assert project.read(str(place))
        assert [item.path for item in dock.photos.photos.items] == [tmp_path / "a.jpg"]


def test_absolute_paths_of_an_older_store_are_read_and_become_relative(qtbot, dock, tmp_path):
    project, photo = QgsProject.instance(), make_photo(tmp_path, "a")
    assert project.write(str(tmp_path / "work.qgz"))
    project.clear()
    qtbot.waitUntil(lambda: dock.session.project_store.store.path.parent != tmp_path, timeout=2000)
    old = DeskStore(tmp_path / "work.astroloc.gpkg")
    old.save(photo, "{}", what="Added")
    old.close()
    assert project.read(str(tmp_path / "work.qgz"))
    (item,) = dock.photos.photos.items
    assert item.path == photo
    item.desk.change(replace(item.desk.work, note="changed"), "Move a corner")
    assert [entry.what for entry in item.desk.history()] == ["Added", "Move a corner"]
    assert [kept.path for kept in DeskStore(old.path).load()] == [Path("./a.jpg")]
    assert project.write()
    with contextlib.closing(sqlite3.connect(old.path)) as db:
        assert {path for (path,) in db.execute("SELECT path FROM history")} == {"./a.jpg"}


def test_saving_over_another_project_that_is_open_elsewhere_replaces_its_content_and_not_its_file(dock, tmp_path):
    project = QgsProject.instance()
    elsewhere = DeskStore(tmp_path / "work.astroloc.gpkg")
    elsewhere.save(Path("/photos/b.jpg"), "{}")
    dock.add_photos([make_photo(tmp_path, "a")])
    assert project.write(str(tmp_path / "work.qgz"))
    elsewhere.save(Path("/photos/b.jpg"), "{}")  # its QGIS goes on with it: nothing of that is lost
    elsewhere.close()
    assert sorted(photos_in(tmp_path / "work.astroloc.gpkg")) == ["a", "b"]
