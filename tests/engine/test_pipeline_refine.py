"""From a rough place to the footprint, on generated land of known truth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.footprint import write_footprint
from astroloc_qgis.engine.tiles import Block
from tests.engine.scene import CONTRACT_FIELDS, GOOD_PX, OUTPUT_KINDS, Scene, left_in, make_scene
from tests.engine.synthetic import make_world


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def test_refining_from_a_block_finds_the_photo(scene: Scene, tmp_path: Path) -> None:
    beside = Block(scene.block.zoom, scene.block.row - 1, scene.block.column + 1)
    result = pipeline.refine(
        scene.photo, str(scene.imagery), tmp_path, block=beside, matcher="xfeat-lighterglue", device="cpu"
    )
    report = result.report()
    assert set(report) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}
    assert report["matcher"] == "xfeat-lighterglue"
    assert scene.error_px(report["footprint"]) < GOOD_PX
    expected = {"zoom": 12, "row": beside.row, "column": beside.column, "size": 4, "rank": 1, "score": 1.0}
    assert report["candidate"] == expected
    assert report["candidates"] == [expected]
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@pytest.mark.parametrize("form", ["corners", "start.geojson", "start.gpkg"])
def test_refining_from_a_rough_footprint_finds_the_photo(scene: Scene, tmp_path: Path, form: str) -> None:
    start = rough = scene.footprint + np.array([0.03, -0.02])
    if form != "corners":
        start = tmp_path / form
        write_footprint(start, rough, {})
    result = pipeline.refine(
        scene.photo, str(scene.imagery), tmp_path / "out", footprint=start, matcher="sift", device="cpu"
    )
    report = result.report()
    assert scene.error_px(report["footprint"]) < GOOD_PX
    assert report["candidate"] is None
    assert report["candidates"] == []
    assert set(result.outputs) == OUTPUT_KINDS


def test_refining_needs_a_place_to_start_from_and_only_one(scene: Scene, tmp_path: Path) -> None:
    for start in ({}, {"block": scene.block, "footprint": scene.footprint}):
        with pytest.raises(InputError, match="either a block or a footprint"):
            pipeline.refine(scene.photo, str(scene.imagery), tmp_path, **start)


@pytest.mark.parametrize(
    "corners",
    [
        [[11, 46], [11.5, 46], [11.5, 45.5]],
        [[11, 46]] * 4,
        [[11, float("nan")], [11.5, 46], [11.5, 45.5], [11, 45.5]],
        [11, 46, 12, 45],
    ],
    ids=["three", "all at one place", "not a number", "not pairs"],
)
def test_corners_that_are_no_footprint_are_refused(scene: Scene, tmp_path: Path, corners) -> None:
    with pytest.raises(InputError, match="footprint"):
        pipeline.refine(scene.photo, str(scene.imagery), tmp_path / "out", footprint=corners, matcher="sift")
    assert left_in(tmp_path) == []


def test_a_block_far_off_the_imagery_is_honestly_not_localized(scene: Scene, tmp_path: Path) -> None:
    far = Block(12, 1000, 100)
    result = pipeline.refine(scene.photo, str(scene.imagery), tmp_path / "out", block=far, matcher="sift")
    assert result.report()["status"] == "not_localized"
    assert "reference shows nothing" in result.report()["reason"]
    assert left_in(tmp_path) == []


def test_a_registration_to_coarse_imagery_is_refined_on_finer_imagery(scene: Scene, tmp_path: Path) -> None:
    coarse = str(scene.world.write(tmp_path / "coarse.tif", pixels=170))
    start = {"block": scene.block, "matcher": "sift", "device": "cpu"}
    once = pipeline.refine(scene.photo, coarse, tmp_path / "once", **start)
    twice = pipeline.refine(scene.photo, coarse, tmp_path / "twice", finer=str(scene.imagery), **start)
    assert once.located
    assert twice.located
    assert twice.registration.inliers > once.registration.inliers
    assert scene.error_px(twice.footprint) < min(GOOD_PX, scene.error_px(once.footprint))


def test_finer_imagery_of_another_place_leaves_a_photo_where_it_was(scene: Scene, tmp_path: Path) -> None:
    elsewhere = make_world(pixels=512, seed=9, lon=float(scene.world.center_lonlat[0]) + 5)
    finer = str(elsewhere.write(tmp_path / "elsewhere.tif"))
    start = {"block": scene.block, "matcher": "sift", "device": "cpu"}
    result = pipeline.refine(scene.photo, str(scene.imagery), tmp_path / "out", finer=finer, **start)
    assert result.located
    assert scene.error_px(result.footprint) < GOOD_PX


def test_a_lens_that_bends_is_corrected_where_that_was_asked_for(scene: Scene, tmp_path: Path) -> None:
    photo = cv2.imread(str(scene.photo))
    height, width = photo.shape[:2]
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    stretch = 1 - 0.06 * (x**2 + y**2) / ((width**2 + height**2) / 4)
    maps = [(axis * stretch + side / 2 - 0.5).astype(np.float32) for axis, side in ((x, width), (y, height))]
    bent = tmp_path / "bent.png"
    cv2.imwrite(str(bent), cv2.remap(photo, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    start = {"block": scene.block, "matcher": "sift", "device": "cpu"}
    result = pipeline.refine(bent, str(scene.imagery), tmp_path / "out", correct=True, **start)
    assert result.correction is not None
    assert result.correction.error_after_px < 0.9 * result.correction.error_before_px
    assert result.report()["correction"]["model"] == result.correction.model
    assert gdal.Open(str(result.outputs["geotiff"])).GetRasterBand(4).Checksum() > 0
    plain = pipeline.refine(bent, str(scene.imagery), tmp_path / "plain", **start)
    assert plain.correction is None
