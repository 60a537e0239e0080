"""The methods of the desk refuse what they cannot use in a sentence, before the work, as the others do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.worker.handlers import handlers
from tests.engine.synthetic import write_image, write_raster


def no_progress(stage, fraction):
    """Report nothing."""


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    return write_image(tmp_path / "photo.png", pixels)


@pytest.fixture
def imagery(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return write_raster(tmp_path / "map.tif", pixels, "EPSG:4326", [11, 0.01, 0, 46, 0, -0.01])


def export(photo, out, **changes):
    params = {
        "photo": str(photo),
        "homography": [[100.0, 0, 0], [0, -100.0, 0], [0, 0, 1]],
        "plane": WorkingPlane.near_sided(11, 46).proj,
        "out": str(out),
        "name": "a",
        "options": {"forms": ["sidecar"]},
    }
    return handlers(1)["export"]({**params, **changes}, no_progress)


def test_an_export_in_either_kind_of_plane_is_written(photo, tmp_path):
    for plane in (WorkingPlane.near_sided(11, 46), WorkingPlane.local(11, 46)):
        assert Path(export(photo, tmp_path / "out", plane=plane.proj)["outputs"]["sidecar"]).is_file()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plane": "rubbish"}, "no coordinate reference system"),
        ({"plane": ""}, "no coordinate reference system"),
        ({"name": "../../a"}, "the name of a file"),
        ({"homography": [[0, 0, 0]] * 3}, "sees no ground"),
        ({"options": {"forms": ["geotiff"], "crs": "nope"}}, "no coordinate reference system"),
        ({"options": {"forms": ["geotiff"], "compression": "rar"}}, "no compression"),
        ({"options": {"forms": ["hologram"]}}, "no form hologram"),
    ],
)
def test_an_export_that_cannot_be(photo, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        export(photo, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_pictures_into_a_folder_that_cannot_be_or_of_blocks_that_do_not_exist(imagery, tmp_path):
    draw, folder = handlers(1)["candidate_pictures"], tmp_path / "pictures"
    params = {"imagery": str(imagery), "blocks": ["10/360/540"], "folder": str(folder)}
    assert list(draw(params, no_progress)["pictures"]) == ["10/360/540"]
    with pytest.raises(InputError, match="cannot be a folder"):
        draw({**params, "folder": str(imagery)}, no_progress)
    for blocks in (["10/360/540", "rubbish"], ["99/1/1"], ["10/360/99999"]):
        new = tmp_path / "new"
        with pytest.raises(InputError, match=r"block|Column"):
            draw({**params, "blocks": blocks, "folder": str(new)}, no_progress)
        assert not new.exists()


@pytest.mark.parametrize(("tle", "words"), [("/nowhere.tle", "cannot be read"), (__file__, "no two-line elements")])
def test_a_nadir_from_what_holds_no_elements(tle, words):
    with pytest.raises(InputError, match=words):
        handlers(1)["nadir"]({"tle": tle, "time": "2023-05-01T12:30:00"}, no_progress)
