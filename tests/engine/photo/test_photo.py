"""Reading photos: every kind of file, turned upright, or refused with one clear sentence."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.raster import from_stored, to_stored
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.photo.turned import STORED, exif, jpeg_with
from tests.engine.synthetic import World, memory_dataset, shot, write_image


def picture(bands: int = 3, kind: str = "uint8", *, height: int = 40, width: int = 64) -> NDArray[Any]:
    """A picture without symmetry: a ramp with a bright corner at the top left."""
    y, x = np.mgrid[0:height, 0:width]
    top = 1 if kind == "uint8" else 200
    image = np.stack([(40 + 20 * band + x + 2 * y) * top for band in range(bands)], axis=-1)
    image[:8, :16] = 250 * top
    if bands in (2, 4):
        image[..., -1] = np.iinfo(kind).max
        image[-5:, :, -1] = 0
    return image.astype(kind)


# -- formats


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4], ids=["grey", "grey and alpha", "RGB", "RGBA"])
def test_png_and_tiff_keep_every_pixel_and_bit(tmp_path: Path, ending: str, kind: str, bands: int) -> None:
    image = picture(bands, kind)
    photo = read_photo(write_image(tmp_path / f"photo{ending}", image))
    colours = image[..., : 1 if bands <= 2 else 3]
    assert photo.pixels.dtype == kind
    assert (photo.pixels == colours).all()
    assert photo.pixels.shape == (photo.height, photo.width, 3) == (40, 64, 3)
    assert photo.grey == (bands <= 2)
    if bands in (2, 4):
        assert photo.alpha is not None
        assert photo.alpha.dtype == np.uint8
        assert (photo.alpha == np.where(np.arange(40) < 35, 255, 0)[:, None]).all()
    else:
        assert photo.alpha is None


@pytest.mark.parametrize("bands", [1, 3], ids=["grey", "RGB"])
def test_a_jpeg_is_read_as_it_looks(tmp_path: Path, bands: int) -> None:
    image = picture(bands)
    photo = read_photo(write_image(tmp_path / "photo.jpg", image))
    assert photo.grey == (bands == 1)
    assert np.abs(photo.pixels.astype(int) - image).mean() < 4


def test_a_palette_is_expanded(tmp_path: Path) -> None:
    table = gdal.ColorTable()
    table.SetColorEntry(0, (10, 20, 30, 255))
    table.SetColorEntry(1, (200, 100, 50, 255))
    dataset = memory_dataset((np.arange(64) // 32).astype(np.uint8)[None, :].repeat(40, axis=0))
    dataset.GetRasterBand(1).SetColorTable(table)
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "p.png"), dataset)
    photo = read_photo(tmp_path / "p.png")
    assert not photo.grey
    assert photo.alpha is None
    assert photo.pixels[0, 0].tolist() == [10, 20, 30]
    assert photo.pixels[0, -1].tolist() == [200, 100, 50]


def test_black_and_white_becomes_black_and_white(tmp_path: Path) -> None:
    image = (picture(1) > 128).astype(np.uint8)
    photo = read_photo(write_image(tmp_path / "p.tif", image, options=("NBITS=1",)))
    assert set(np.unique(photo.pixels)) == {0, 255}


NEGATIVES = {4: "uint8", 8: "uint8", 12: "uint16", 16: "uint16"}


def negative(path: Path, image: NDArray[Any], bits: int) -> Path:
    """A TIFF that is min-is-white, as film scanners write, and looks like the image."""
    stored = image.copy()
    stored[..., 0] = 2**bits - 1 - image[..., 0]
    options = ("PHOTOMETRIC=MINISWHITE", *((f"NBITS={bits}",) if bits in (4, 12) else ()))
    return write_image(path, stored, options=options)


@pytest.mark.parametrize("bits", NEGATIVES)
def test_a_tiff_that_is_min_is_white_is_read_as_it_looks(tmp_path: Path, bits: int) -> None:
    image = picture(1, NEGATIVES[bits]) // (16 if bits in (4, 12) else 1)
    photo = read_photo(negative(tmp_path / "p.tif", image, bits))
    assert photo.alpha is None
    assert photo.grey
    assert photo.pixels.dtype == NEGATIVES[bits]
    assert (photo.pixels == image * (17 if bits == 4 else 1)).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_min_is_white_keeps_its_alpha(tmp_path: Path, bits: int) -> None:
    image = picture(2, NEGATIVES[bits])
    photo = read_photo(negative(tmp_path / "p.tif", image, bits))
    assert (photo.pixels == image[..., :1]).all()
    assert photo.alpha is not None
    assert (photo.alpha == np.where(np.arange(40) < 35, 255, 0)[:, None]).all()


def test_a_palette_of_sixteen_bits_is_expanded(tmp_path: Path) -> None:
    dataset = gdal.GetDriverByName("GTiff").Create(
        str(tmp_path / "p.tif"), 64, 40, 1, gdal.GDT_UInt16, ["PHOTOMETRIC=PALETTE"]
    )
    table = gdal.ColorTable()
    table.SetColorEntry(0, (10, 20, 30, 255))
    table.SetColorEntry(1, (200, 100, 50, 255))
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset.WriteRaster(0, 0, 64, 40, (np.arange(64 * 40) % 64 // 32).astype(np.uint16).tobytes())
    dataset = None
    photo = read_photo(tmp_path / "p.tif")
    assert photo.pixels[0, 0].tolist() == [10, 20, 30]
    assert photo.pixels[0, -1].tolist() == [200, 100, 50]


def test_an_alpha_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    image = picture(4)
    image[..., 3] = 255
    photo = read_photo(write_image(tmp_path / "p.png", image))
    assert photo.alpha is None
    assert not photo.grey
    assert (photo.pixels == image[..., :3]).all()


def test_a_fourth_band_that_is_no_alpha_is_left_out(tmp_path: Path) -> None:
    image = picture(4)
    path = write_image(tmp_path / "p.tif", image, alpha=False, options=("PHOTOMETRIC=RGB", "ALPHA=NO"))
    photo = read_photo(path)
    assert photo.alpha is None
    assert (photo.pixels == image[..., :3]).all()


# -- EXIF


def png_with(path: Path, image: NDArray[Any], block: bytes) -> Path:
    content = write_image(path, image).read_bytes()
    chunk = b"eXIf" + block
    path.write_bytes(
        content[:33] + struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:]
    )
    return path


def tiff_with(path: Path, image: NDArray[Any], orientation: int, order: str = "<") -> Path:
    """An uncompressed RGB TIFF, written by hand: GDAL writes no orientation."""
    height, width, _ = image.shape
    tags = 11
    bits = 8 + 2 + tags * 12 + 4
    detail = bits + 6
    detail_size = 2 + 2 * 12 + 4
    values = detail + detail_size
    data = values + 28
    short, long = 3, 4
    entries = [
        (256, long, 1, width), (257, long, 1, height), (258, short, 3, bits), (259, short, 1, 1), (262, short, 1, 2),
        (273, long, 1, data), (274, short, 1, orientation), (277, short, 1, 3), (278, long, 1, height),
        (279, long, 1, image.size), (34665, long, 1, detail),
    ]  # fmt: skip
    out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, tags)
    for tag, kind, count, value in entries:
        inline = "HH" if kind == short and count == 1 else "I"
        out += struct.pack(order + "HHI" + inline, tag, kind, count, *([value, 0] if inline == "HH" else [value]))
    out += struct.pack(order + "I3H", 0, 8, 8, 8)
    out += struct.pack(order + "HHHIIHHIII", 2, 0x9003, 2, 20, values, 0x920A, 5, 1, values + 20, 0)
    path.write_bytes(out + b"2018:07:01 12:34:56\0" + struct.pack(order + "II", 1150, 2) + image.tobytes())
    return path


# What a camera stores of the upright picture (Exif 2.32, tag 274: what the stored row 0 and column 0 are).
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
def test_a_photo_is_turned_upright_whatever_the_file(tmp_path: Path, orientation: int, order: str) -> None:
    upright = picture()
    stored = np.ascontiguousarray(STORED[orientation](upright))
    by_png = read_photo(png_with(tmp_path / "p.png", stored, exif(orientation, order)))
    assert (by_png.pixels == upright).all()
    by_tiff = read_photo(tiff_with(tmp_path / "p.tif", stored, orientation, order))
    assert (by_tiff.pixels == upright).all()
    by_jpeg = read_photo(jpeg_with(tmp_path / "p.jpg", stored, exif(orientation, order)))
    assert by_jpeg.pixels.shape == upright.shape
    assert np.abs(by_jpeg.pixels.astype(int) - upright).mean() < 4
    for photo in (by_png, by_tiff, by_jpeg):
        assert photo.focal_length_mm == 575.0
        assert photo.taken == datetime(2018, 7, 1, 12, 34, 56)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_points_follow_the_pixels_into_the_file_and_back(tmp_path: Path, orientation: int) -> None:
    upright = picture()
    stored = np.ascontiguousarray(STORED[orientation](upright))
    photo = read_photo(tiff_with(tmp_path / "p.tif", stored, orientation))
    assert photo.orientation == orientation
    xy = np.array([[0.5, 0.5], [17.5, 3.5], [63.5, 39.5], [15.5, 7.5]])
    inside = to_stored(xy, orientation, photo.size)
    for (x, y), (column, row) in zip(xy.astype(int), inside.astype(int), strict=True):
        assert (stored[row, column] == upright[y, x]).all()
    np.testing.assert_array_equal(from_stored(inside, orientation, photo.size), xy)


def test_alpha_is_turned_with_the_pixels(tmp_path: Path) -> None:
    upright = picture(4)
    photo = read_photo(png_with(tmp_path / "p.png", np.ascontiguousarray(STORED[6](upright)), exif(6)))
    assert photo.alpha is not None
    assert (photo.alpha == upright[..., 3]).all()


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"nonsense that is no EXIF at all",
        exif(9),
        exif(0),
        exif(6)[:30],
        exif(1)[:8] + b"\xff" * 60,
        exif(1).replace(struct.pack("<II", 1150, 2), struct.pack("<II", 1150, 0)).replace(b"2018:07:01", b"0000:00:00"),
    ],
)
def test_exif_that_makes_no_sense_spoils_no_photo(tmp_path: Path, block: bytes) -> None:
    image = picture()
    for photo in (
        read_photo(png_with(tmp_path / "p.png", image, block)),
        read_photo(jpeg_with(tmp_path / "p.jpg", image, block)),
    ):
        assert photo.pixels.shape == image.shape
    if block != exif(9) and block != exif(0):
        assert photo.focal_length_mm is None
        assert photo.taken is None


def test_a_photo_without_exif_has_none(tmp_path: Path) -> None:
    photo = read_photo(write_image(tmp_path / "harbour.jpg", picture()))
    assert photo.focal_length_mm is None
    assert photo.taken is None
    assert photo.nasa_id is None
    assert photo.name == "harbour"


# -- NASA's photo number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ISS056-E-181034", "ISS056-E-181034"),
        ("ISS056-E-181034.JPG", "ISS056-E-181034"),
        ("iss056e181034.jpg", "ISS056-E-181034"),
        ("iss056-e-181034.jpg", "ISS056-E-181034"),
        ("ISS056-E-181034_lrg.jpg", "ISS056-E-181034"),
        ("iss056e181034~orig.jpg", "ISS056-E-181034"),
        ("ISS056_E_181034 (1).jpg", "ISS056-E-181034"),
        ("ISS050-E-070536.jpg", "ISS050-E-70536"),
        ("ISS064-E-358.jpg", "ISS064-E-358"),
        ("ISS7-E-15222.tif", "ISS007-E-15222"),
        ("ISS001-321-25.jpg", "ISS001-321-25"),
        ("STS106-718-28.tif", "STS106-718-28"),
        ("STS059-L14-170.jpg", "STS059-L14-170"),
        ("@45.6@-122.7@47.0@-123.9@28@1350@10@ISS056-E-181034@.jpg", "ISS056-E-181034"),
        ("photo.jpg", None),
        ("DSC_0042.jpg", None),
        ("miss056e12.jpg", None),
        ("ISS056-E-1234567890.jpg", None),
        ("ISS-E-12.jpg", None),
    ],
)
def test_nasa_s_photo_number_is_found_in_the_name(name: str, number: str | None) -> None:
    assert nasa_photo_number(name) == number


@given(st.integers(1, 999), st.integers(0, 999_999))
def test_a_photo_number_names_itself(mission: int, frame: int) -> None:
    number = f"ISS{mission:03d}-E-{frame}"
    assert nasa_photo_number(number) == number
    assert nasa_photo_number(f"iss{mission:03d}e{frame:06d}.jpg") == number


def test_a_photo_is_called_by_its_number(tmp_path: Path) -> None:
    photo = read_photo(write_image(tmp_path / "iss056e181034.png", picture()))
    assert photo.nasa_id == photo.name == "ISS056-E-181034"


# -- 8 bits


def test_eight_bits_of_a_sixteen_bit_photo_use_its_own_range_and_keep_its_colours(tmp_path: Path) -> None:
    ramp = np.linspace(1000, 4095, 64 * 64).reshape(64, 64, 1) * np.array([1.0, 0.8, 0.6])
    ramp[0, 0] = 65535  # one hot pixel
    image = read_photo(write_image(tmp_path / "p.tif", ramp.astype(np.uint16))).rgb8()
    assert image.dtype == np.uint8
    assert image.min() == 0
    assert (image > 240).sum() > 50
    bright = image[60, 32].astype(int)
    assert bright[0] > bright[1] + 20 > bright[2] + 40


def test_eight_bits_of_an_eight_bit_photo_are_its_own(tmp_path: Path) -> None:
    photo = read_photo(write_image(tmp_path / "p.png", picture()))
    assert (photo.rgb8() == photo.pixels).all()


def test_a_generated_photo_survives_its_file(tmp_path: Path, world: World) -> None:
    image = world.photo(shot(world, (300, 200), turn_deg=40, tilt=0.2), (300, 200), seed=3)
    photo = read_photo(write_image(tmp_path / "p.jpg", image))
    assert (photo.width, photo.height) == (300, 200)
    assert np.corrcoef(photo.pixels.ravel(), image.ravel())[0, 1] > 0.98


# -- refusals


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_photo(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "missing.jpg")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    assert "is empty" in refusal(path)


@pytest.mark.parametrize("content", [b"this is a text\n" * 50, b"GIF89a", b"\xff\xd8\xff", b"\0" * 4000])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.jpg"
    path.write_bytes(content)
    assert "is not a JPEG, PNG or TIFF image" in refusal(path)


@pytest.mark.parametrize("part", [0.3, 0.7, 0.95, 0.999])
@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif"])
def test_a_truncated_file_is_refused(tmp_path: Path, ending: str, part: float) -> None:
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    path = write_image(tmp_path / f"whole{ending}", image)
    cut = tmp_path / f"cut{ending}"
    content = path.read_bytes()
    cut.write_bytes(content[: int(len(content) * part)])
    assert "truncated" in refusal(cut)
    assert read_photo(path).width == 400


@pytest.mark.parametrize("marker", [0xDB, 0xC0, 0xC4, 0xDA], ids=["DQT", "SOF", "DHT", "SOS"])
def test_a_jpeg_with_bytes_too_many_between_its_segments_is_read(tmp_path: Path, marker: int) -> None:
    clean = write_image(tmp_path / "clean.jpg", picture(height=200, width=300))
    content = clean.read_bytes()
    at = content.index(bytes([0xFF, marker]))
    odd = tmp_path / "odd.jpg"
    odd.write_bytes(content[:at] + b"abc" + content[at:])
    assert (read_photo(odd).pixels == read_photo(clean).pixels).all()


def test_a_jpeg_whose_pixels_are_damaged_is_refused(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    content = bytearray(write_image(tmp_path / "p.jpg", image).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff\0" * 20  # ones only: no Huffman code
    (tmp_path / "p.jpg").write_bytes(bytes(content))
    assert "damaged" in refusal(tmp_path / "p.jpg")


def test_a_tiff_whose_copyright_names_two_people_is_read(tmp_path: Path) -> None:
    image = picture()
    path = write_image(tmp_path / "p.tif", image)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetMetadataItem("TIFFTAG_COPYRIGHT", "photographer+editor")
    dataset = None
    path.write_bytes(path.read_bytes().replace(b"photographer+editor", b"photographer\0editor"))  # Exif 2.32, 33432
    assert (read_photo(path).pixels == image).all()


def test_a_photo_of_one_pixel_is_refused(tmp_path: Path) -> None:
    sentence = refusal(write_image(tmp_path / "one.png", np.full((1, 1, 3), 7, np.uint8)))
    assert "is 1 x 1 pixels" in sentence
    assert "32" in sentence


def test_a_photo_of_32_pixels_is_just_large_enough(tmp_path: Path) -> None:
    assert read_photo(write_image(tmp_path / "p.png", picture(height=32, width=32))).width == 32
    assert "is 32 x 31 pixels" in refusal(write_image(tmp_path / "q.png", picture(height=31, width=32)))


def test_a_photo_of_600_megapixels_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    gdal.GetDriverByName("GTiff").Create(str(path), 30_000, 20_000, 3, options=["SPARSE_OK=TRUE", "TILED=YES"])
    sentence = refusal(path)
    assert "30000 x 20000 pixels (600 megapixels)" in sentence
    assert "at most 400 megapixels" in sentence


@pytest.mark.parametrize("value", [0, 130, 255])
@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif"])
def test_a_photo_of_one_value_is_refused(tmp_path: Path, ending: str, value: int) -> None:
    image = np.full((40, 64, 3), value, np.uint8)
    assert "same value" in refusal(write_image(tmp_path / f"flat{ending}", image))


def test_a_photo_with_one_pixel_that_differs_is_read(tmp_path: Path) -> None:
    image = np.zeros((70, 70, 3), np.uint8)
    image[37, 41, 1] = 1
    assert read_photo(write_image(tmp_path / "p.png", image)).pixels.sum() == 1


def test_a_photo_that_is_transparent_all_over_is_refused(tmp_path: Path) -> None:
    image = picture(4)
    image[..., 3] = 0
    assert "transparent" in refusal(write_image(tmp_path / "p.png", image))


def test_pixels_that_are_no_photo_s_are_refused(tmp_path: Path) -> None:
    floats = write_image(tmp_path / "float.tif", picture(3).astype(np.float32))
    assert "Float32" in refusal(floats)
    five = write_image(tmp_path / "five.tif", picture(5))
    assert "5 bands" in refusal(five)
