"""The desk reads the photo that the engine reads: the same page, the same brightness, the same pixels as its file."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.exports.points_file import ControlPoint, points_text
from astroloc_qgis.engine.photo.raster import to_stored
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.qgis_adapters.desk_photo import photo_size, read_pyramid
from tests.engine.photo.tiffs import REDUCED, Page, scene, write_tiff

from .hand import work

LARGE, SMALL = scene(300, 200), scene(75, 50)


def shown(path):
    """(H, W, 3) the colours that the desk shows."""
    colours = read_pyramid(path).levels[0].view(np.uint8).reshape(*read_pyramid(path).levels[0].shape, 4)
    return colours[..., 2::-1]


@pytest.mark.parametrize(
    "pages",
    [
        [Page(SMALL, REDUCED), Page(LARGE)],
        [Page(SMALL, REDUCED, orientation=6, inside=[Page(LARGE)])],
        [Page(scene(300, 200, bands=1)[..., 0].astype(np.uint16) * 200, photometric=0)],
        [Page(scene(300, 200, bands=1)[..., 0], photometric=0)],
    ],
    ids=["a later page", "a page inside, turned", "16 bits, min is white", "8 bits, min is white"],
)
def test_the_desk_shows_what_the_engine_reads(qgis_app, tmp_path, pages):
    path = write_tiff(tmp_path / "p.tif", pages)
    photo = read_photo(path)
    assert photo_size(path) == photo.size
    np.testing.assert_array_equal(shown(path), photo.rgb8())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_control_points_are_read_in_the_pixels_of_the_file(qtbot, plugin, dock, tmp_path, orientation):
    turned = LARGE if orientation < 5 else np.ascontiguousarray(LARGE.swapaxes(0, 1))
    path = write_tiff(tmp_path / "a.tif", [Page(turned, orientation=orientation)])
    dock.add_photos([path])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    dock.desk_button.click()
    desk = plugin.desk
    qtbot.waitUntil(lambda: desk.current.pyramid is not None, timeout=3000)
    wanted = np.array([[10.0, 20.0], [250.0, 30.0], [140.5, 190.25]])
    stored = to_stored(wanted, orientation, (300, 200))
    points = [ControlPoint(x, y, 11.0 + number, 46.0) for number, (x, y) in enumerate(stored.tolist())]
    (tmp_path / "a.points").write_text(points_text(points))
    desk.actions.read_control_points(tmp_path / "a.points")
    np.testing.assert_allclose([(point.x, point.y) for point in work(desk).tie_points], wanted)
