"""The thumbnail of a raw file is the picture that its camera put into it, upright."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.PyQt.QtGui import QColor

from astroloc_qgis.gui.dock.thumbnails import TURNS, read_thumbnail
from tests.engine.photo.raws import write_dng
from tests.engine.photo.turned import STORED, exif, jpeg_with
from tests.engine.pictures import write_image

PICTURE = np.zeros((60, 90, 3), np.uint8)
PICTURE[:30, :45], PICTURE[30:, 45:] = (250, 0, 0), (0, 0, 250)


@pytest.mark.parametrize("itself", [False, True], ids=["by the raw file", "by the JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_raw_file_s_thumbnail_is_upright(qapp, tmp_path, orientation, itself):
    stored = np.ascontiguousarray(STORED[orientation](PICTURE))
    write = jpeg_with if itself else lambda path, image, _: write_image(path, image)
    shown = write(tmp_path / "shown.jpg", stored, exif(orientation)).read_bytes()
    path = write_dng(tmp_path / "p.dng", stored, orientation=orientation, preview=shown)
    image = read_thumbnail(path, 44)
    assert (image.width(), image.height()) == (44, 29)
    at = {(x, y): QColor(image.pixel(round(x * 44), round(y * 29))) for x in (0.25, 0.75) for y in (0.25, 0.75)}
    assert at[0.25, 0.25].red() > 200
    assert at[0.75, 0.75].blue() > 200
    assert max(at[0.75, 0.25].red(), at[0.25, 0.75].blue()) < 60
    assert set(TURNS) == set(range(2, 9))


def test_a_raw_file_without_one_and_a_phone_s_photo_have_none(qapp, tmp_path):
    assert read_thumbnail(write_dng(tmp_path / "p.dng", PICTURE), 44).isNull()
    (tmp_path / "p.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert read_thumbnail(tmp_path / "p.heic", 44).isNull()
