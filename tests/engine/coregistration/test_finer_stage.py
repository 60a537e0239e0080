"""Two stages: found on coarse imagery, refined on finer imagery where that gains anything, and never made worse."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.coregistration import finer_stage
from astroloc_qgis.engine.coregistration.finer_stage import of_its_day, photo_gsd_m
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.catalogue import SERVICES, service_of
from astroloc_qgis.engine.result import Localization
from tests.engine.imagery.tile_server import tile_server
from tests.engine.scene import Run, Scene, make_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope="module")
def coarse(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The scene's map with pixels three times as large: 586 m; the photo's are 125 m."""
    return str(scene.world.write(tmp_path_factory.mktemp("coarse") / "coarse.tif", pixels=170))


def refined(scene: Scene, imagery: str, out: Path, finer: str, **more: Any) -> Localization:
    return pipeline.refine(
        scene.photo, imagery, out, finer=finer, block=scene.block, matcher="sift", device="cpu", **more
    )


def test_the_report_says_that_the_finer_imagery_placed_the_photo(scene: Scene, coarse: str, tmp_path: Path) -> None:
    result = refined(scene, coarse, tmp_path, str(scene.imagery))
    report = result.report()
    assert report["reference"] == str(scene.imagery)
    assert report["finer"]["used"]
    assert report["finer"]["imagery"] == str(scene.imagery)
    assert report["finer"]["reason"].startswith("a corner moved by ")
    assert scene.error_px(result.footprint) < 3


def test_the_geotiff_credits_the_imagery_that_the_photo_was_found_on_and_that_it_was_refined_on(
    scene: Scene, coarse: str, tmp_path: Path
) -> None:
    first, second = (shutil.copy(path, tmp_path / name) for path, name in ((coarse, "1.tif"), (scene.imagery, "2.tif")))
    for path, credit in ((first, "Imagery: the first"), (second, "Imagery: the second")):
        gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_UPDATE).SetMetadataItem("TIFFTAG_COPYRIGHT", credit)
    both = refined(scene, str(first), tmp_path / "both", str(second))
    assert credited(both) == "Imagery: the first; Imagery: the second"
    unused = refined(scene, str(second), tmp_path / "unused", str(first))
    assert (unused.finer is not None and unused.finer.used, credited(unused)) == (False, "Imagery: the second")
    assert credited(refined(scene, coarse, tmp_path / "none", str(scene.imagery))) is None


def credited(result: Localization) -> str | None:
    """Whom the GeoTIFF credits for imagery."""
    return gdal.Open(str(result.outputs["geotiff"])).GetMetadataItem("ASTROLOC_REFERENCE_CREDIT")


def test_a_photo_without_a_second_stage_names_its_imagery(scene: Scene, tmp_path: Path) -> None:
    report = pipeline.refine(scene.photo, str(scene.imagery), tmp_path, block=scene.block, matcher="sift").report()
    assert (report["reference"], report["finer"]) == (str(scene.imagery), None)


def unchanged(scene: Scene, coarse: str, tmp_path: Path, finer: str, reason: str) -> None:
    """The coarse result stays, and the report says why."""
    result = refined(scene, coarse, tmp_path, finer)
    report = result.report()
    assert report["status"] == "localized"
    assert report["reference"] == coarse
    assert not report["finer"]["used"]
    assert reason in report["finer"]["reason"]


def test_imagery_that_is_not_finer_is_not_asked(scene: Scene, coarse: str, tmp_path: Path) -> None:
    again = str(scene.world.write(tmp_path / "again.tif", pixels=175))
    unchanged(scene, coarse, tmp_path, again, "it is not finer there")


def test_a_photo_that_is_coarser_than_the_imagery_needs_no_second_stage(scene: Scene, tmp_path: Path) -> None:
    first = str(scene.world.write(tmp_path / "first.tif", pixels=900))  # 111 m a pixel; the photo's are 125 m
    finer = str(scene.world.write(tmp_path / "finer.tif", pixels=1300))
    unchanged(scene, first, tmp_path, finer, "the photo is no finer")


def test_imagery_that_does_not_show_the_place_changes_nothing(scene: Scene, coarse: str, tmp_path: Path) -> None:
    far = dataclasses.replace(scene.world, plane=type(scene.world.plane).local(20.0, 10.0))
    unchanged(scene, coarse, tmp_path, str(far.write(tmp_path / "far.tif", pixels=512)), "")


def test_a_service_that_fails_changes_nothing(
    scene: Scene, coarse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astroloc_qgis.engine.imagery.web_service.PAUSES_S", (0.01,))
    with tile_server(lambda *_: 403) as server:
        unchanged(scene, coarse, tmp_path, server.description(11), "wants a login")
        assert server.asked


def test_a_second_stage_that_disagrees_is_not_believed(
    scene: Scene, coarse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(_pyramid: Any, _finer: Any, outcome: Any, *_: Any, **__: Any) -> Any:
        found = outcome.registration
        moved = np.array([[1, 0, 9000.0], [0, 1, 0], [0, 0, 1]]) @ found.homography
        return dataclasses.replace(outcome, registration=dataclasses.replace(found, homography=moved))

    monkeypatch.setattr(finer_stage, "refine_on_finer_imagery", elsewhere)
    unchanged(scene, coarse, tmp_path, str(scene.imagery), "it would move a corner by 89")


def test_a_cancellation_in_the_second_stage_ends_the_work(
    scene: Scene, coarse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(*_: Any, **__: Any) -> Any:
        raise Cancelled

    monkeypatch.setattr(finer_stage, "refine_on_finer_imagery", cancelled)
    with pytest.raises(Cancelled):
        refined(scene, coarse, tmp_path, str(scene.imagery))


def test_the_photos_own_resolution_is_that_of_the_ground(scene: Scene, tmp_path: Path) -> None:
    result = pipeline.refine(scene.photo, str(scene.imagery), tmp_path, block=scene.block, matcher="sift")
    assert photo_gsd_m(result.registration, result.photo_size) == pytest.approx(125, rel=0.06)


def test_a_daily_service_is_asked_for_the_photos_own_day() -> None:
    uri = of_its_day("modis-terra", datetime(2020, 5, 1, 23, 59))
    assert "/2020-05-01/" in uri
    assert service_of(uri) is SERVICES["modis-terra"]
    with pytest.raises(InputError, match="does not say when"):
        of_its_day("modis-terra", None)
    with pytest.raises(InputError, match="begins on 2015-11-24"):
        of_its_day("viirs-snpp", datetime(2014, 1, 1))


def test_a_photo_without_a_day_keeps_its_coarse_place(scene: Scene, coarse: str, tmp_path: Path) -> None:
    unchanged(scene, coarse, tmp_path, "modis-terra", "the photo does not say when it was taken")


def test_the_command_says_which_imagery_placed_the_photo(scene: Scene, coarse: str, run: Run, tmp_path: Path) -> None:
    status, said, _ = run(
        "localize", scene.photo, "--index", scene.index, "--imagery", coarse, "--finer", scene.imagery, "--matcher",
        "sift", "--out", tmp_path,
    )  # fmt: skip
    assert status == 0
    assert f"  placed on {scene.imagery}: a corner moved by" in said
