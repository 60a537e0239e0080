"""Photos of the same name in different folders: the results of one are never written over those of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.desk.export_jobs import update_job
from astroloc_qgis.gui.desk.file_names import file_names
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.work import Work

from .files import make_photo


@pytest.fixture
def out(dock, tmp_path):
    dock.session.settings.output = str(tmp_path / "out")
    return tmp_path / "out"


def add(dock, tmp_path, *names):
    """Photos by folder and name."""
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    dock.add_photos([make_photo((tmp_path / name).parent, Path(name).stem) for name in names])
    return dock.photos.photos.items


def folders(dock):
    """Where the engine is told to write the results of each photo."""
    return [Path(dock.jobs.photo_job(item, None).params["out"]) for item in dock.photos.photos.items]


def written(item, folder):
    """Note that the results of a photo are in a folder, as after a localization."""
    item.desk.change(replace(item.desk.work, outputs={"geotiff": str(folder / "x_georeferenced.tif")}), "localized")


def test_photos_of_different_names_share_a_folder(dock, out, tmp_path):
    add(dock, tmp_path, "one/a", "two/b")
    assert folders(dock) == [out, out]


@pytest.mark.parametrize("second", ["two/a", "two/A"])
def test_photos_of_the_same_name_do_not(dock, out, tmp_path, second):
    add(dock, tmp_path, "one/a", second)
    assert folders(dock) == [out, out / "two"]


def test_nor_do_files_of_the_same_photo_number(dock, out, tmp_path):
    add(dock, tmp_path, "one/ISS056-E-181034", "two/iss056e181034_lrg", "two/iss056e181035")
    assert folders(dock) == [out, out / "two", out]


def test_nor_do_those_whose_folders_have_the_same_name_too(dock, out, tmp_path):
    add(dock, tmp_path, "one/x/a", "two/x/a", "three/x/a")
    assert folders(dock) == [out, out / "x", out / "x-2"]


def test_results_that_are_there_stay_where_they_are(dock, out, tmp_path):
    first, second = add(dock, tmp_path, "one/a", "two/a")
    written(second, out)  # it was localized before the other was added
    assert folders(dock) == [out / "one", out]
    written(first, out / "one")
    assert folders(dock) == [out / "one", out]
    dock.photos.photos.remove([second])
    assert folders(dock) == [out]


def test_beside_the_photos_there_is_no_need_of_it(dock, tmp_path):
    add(dock, tmp_path, "one/a", "two/a")
    assert folders(dock) == [tmp_path / "one" / "astroloc", tmp_path / "two" / "astroloc"]


def test_files_that_are_brought_up_to_date_go_to_the_same_folder(dock, out, tmp_path):
    _, second = add(dock, tmp_path, "one/a", "two/a")
    rows = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
    second.desk.change(replace(second.desk.work, placement=Placement(rows, "EPSG:3857", (90, 60))), "placed")
    assert update_job(dock.session, second).params["out"] == str(out / "two")


def test_a_template_that_gives_two_photos_one_name_is_refused_with_one_that_does_not(tmp_path):
    photos = [(tmp_path / "one" / "a.jpg", Work()), (tmp_path / "two" / "A.jpg", Work())]
    with pytest.raises(InputError, match=r"put \{number\} into the template"):
        file_names("{name}", photos)
    assert file_names("{name}_{number}", photos) == ["a_001", "A_002"]
