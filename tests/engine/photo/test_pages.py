"""Which picture of a TIFF is read: the largest page of the photo, and never the thumbnail of a raw file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.photo.tiffs import MASK, MOSAIC, REDUCED, Page, scene, write_tiff
from tests.engine.synthetic import write_image

LARGE, SMALL = scene(300, 200), scene(75, 50)


def mosaic() -> Page:
    return Page((scene(300, 200, bands=1)[..., 0]).astype(np.uint16) * 200, photometric=MOSAIC)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize("ending", [".NEF", ".tif", ".dng"])
def test_a_raw_file_is_never_taken_for_its_thumbnail(tmp_path: Path, ending: str, order: str) -> None:
    pytest.importorskip("rawpy")
    path = write_tiff(tmp_path / f"iss056e181034{ending}", [Page(SMALL, REDUCED, inside=[mosaic()])], order)
    assert read_photo(path).size == (300, 200)


@pytest.mark.parametrize(
    "pages",
    [[mosaic()], [Page(SMALL, inside=[Page(scene(120, 80), REDUCED), mosaic()])]],
    ids=["a mosaic alone", "two pictures inside"],
)
def test_a_raw_file_is_known_by_what_is_in_it(tmp_path: Path, pages: list[Page]) -> None:
    pytest.importorskip("rawpy")
    assert read_photo(write_tiff(tmp_path / "p.tif", pages)).size == (300, 200)


@pytest.mark.parametrize(
    "pages",
    [[Page(SMALL, more={0xC612: 0x00000401})], [Page(SMALL), Page(scene(300, 200, bands=1), photometric=34892)]],
    ids=["DNG", "linear raw"],
)
def test_a_raw_file_that_cannot_be_developed_is_refused(tmp_path: Path, pages: list[Page]) -> None:
    pytest.importorskip("rawpy")
    sentence = refusal(write_tiff(tmp_path / "p.tif", pages))
    assert "camera's raw file" in sentence
    assert "convert it to TIFF" in sentence


def test_a_canon_raw_file_is_known_by_its_name_in_the_header(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "p.tif", [Page(SMALL)], magic=b"CR\x02\x00")
    assert "camera's raw file" in refusal(path)


@pytest.mark.parametrize("ending", [".CR3", ".raf", ".orf"])
def test_a_raw_file_that_is_no_tiff_is_called_so(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"p{ending}"
    path.write_bytes(b"FUJIFILMCCD-RAW 0201" + bytes(400))
    assert "camera's raw file" in refusal(path)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize(
    "pages",
    [
        [Page(SMALL), Page(LARGE)],
        [Page(SMALL, REDUCED), Page(LARGE)],
        [Page(scene(64, 64), REDUCED), Page(LARGE)],
        [Page(LARGE), Page(SMALL)],
        [Page(LARGE), Page(scene(150, 100), REDUCED), Page(SMALL, REDUCED)],
        [Page(SMALL, REDUCED, inside=[Page(LARGE)])],
        [Page(LARGE, inside=[Page(SMALL, REDUCED)])],
        [Page(LARGE), Page(scene(300, 200, bands=1), MASK)],
        [Page(LARGE), Page(scene(300, 200, seed=7, bands=1))],
        [Page(LARGE), Page(scene(90, 90, seed=5))],
    ],
    ids=[
        "thumbnail first", "reduced first", "reduced with borders", "thumbnail last", "overviews", "inside",
        "overviews inside", "mask", "infrared", "label",
    ],
)  # fmt: skip
def test_the_largest_page_of_the_photo_is_read(tmp_path: Path, pages: list[Page], order: str) -> None:
    photo = read_photo(write_tiff(tmp_path / "p.tif", pages, order))
    assert (photo.pixels == LARGE).all()


def test_pages_written_by_gdal_are_read(tmp_path: Path) -> None:
    path = write_image(tmp_path / "p.tif", SMALL)
    source = write_image(tmp_path / "large.tif", LARGE)
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), gdal.Open(str(source)), options=["APPEND_SUBDATASET=YES"])
    assert (read_photo(path).pixels == LARGE).all()


def test_the_same_picture_twice_is_one_photo(tmp_path: Path) -> None:
    brighter = np.clip(LARGE.astype(int) + 20, 0, 255).astype(np.uint8)
    photo = read_photo(write_tiff(tmp_path / "p.tif", [Page(LARGE), Page(brighter)]))
    assert (photo.pixels == LARGE).all()


@pytest.mark.parametrize("other", [scene(300, 200, seed=3), scene(200, 300, seed=4), scene(200, 190, seed=3)])
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_two_different_pictures_in_a_file_are_told(tmp_path: Path, other: np.ndarray, first: bool) -> None:
    pages = [Page(LARGE), Page(other)]
    sentence = refusal(write_tiff(tmp_path / "p.tif", pages if first else pages[::-1]))
    assert "2 different pictures" in sentence
    assert "save the one you mean" in sentence


def test_a_page_is_turned_by_its_own_orientation(tmp_path: Path) -> None:
    turned = np.ascontiguousarray(np.rot90(LARGE, 1))  # EXIF 6: the stored top is the right-hand side
    page = Page(turned, orientation=6)
    for number, pages in enumerate(
        (
            [Page(SMALL, REDUCED, orientation=1), page],
            [Page(np.ascontiguousarray(np.rot90(SMALL, 1)), REDUCED, orientation=6, inside=[Page(turned)])],
            [Page(SMALL, REDUCED, orientation=1, inside=[page])],
        )
    ):
        photo = read_photo(write_tiff(tmp_path / f"{number}.tif", pages))
        assert (photo.pixels == LARGE).all()
    upright = read_photo(write_tiff(tmp_path / "u.tif", [Page(SMALL, orientation=6), Page(LARGE)]))
    assert (upright.pixels == LARGE).all()


def test_a_large_page_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "p.tif", [Page(SMALL), Page(LARGE)])
    content = bytearray(path.read_bytes())
    at = content.rindex(b"\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00")  # Compression of the last page
    content[at + 8 : at + 10] = b"\x99\x99"
    path.write_bytes(bytes(content))
    sentence = refusal(path)
    assert "300 x 200" in sentence
    assert "save it as a TIFF" in sentence


def test_directories_in_a_circle_end(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "p.tif", [Page(LARGE)])
    content = bytearray(path.read_bytes())
    content[-4:] = content[4:8]
    path.write_bytes(bytes(content))
    assert (read_photo(path).pixels == LARGE).all()
