"""Every kind of photo file that is known to work is placed, and the rest is refused: resources/help/known-inputs.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.result import Localization
from tests.engine.photo.raws import write_dng, write_maker_raw
from tests.engine.photo.test_heif import write_avif
from tests.engine.photo.test_jpeg_xl import write_jpeg_xl
from tests.engine.photo.test_photo import png_with, tiff_with
from tests.engine.photo.turned import STORED, exif, jpeg_with, write_heic
from tests.engine.scene import SIZE as SCENE_SIZE
from tests.engine.scene import Run, Scene, make_scene
from tests.engine.synthetic import Array, dataset_pixels, make_world, memory_dataset, shot, write_image, write_raster

SIZE = (300, 200)
GOOD_PX = 3.0
"""A footprint whose worst corner is nearer than this, pixels of the photo, is right."""
ALIKE = 0.75
"""Correlation of the georeferenced photo with the land below it; less than 0.5 where it is
off by some pixels, turned or mirrored."""

Pixels = NDArray[Any]
Change = Callable[[Pixels], Pixels]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope="module")
def homography(scene: Scene) -> Array:
    """(3, 3) the photo's pixels -> metres of the world's plane."""
    return shot(scene.world, SIZE, turn_deg=30, tilt=0.1)


@pytest.fixture(scope="module")
def upright(scene: Scene, homography: Array) -> Pixels:
    """(H, W, 3), the photo."""
    return scene.world.photo(homography, SIZE, seed=3)


@pytest.fixture(scope="module")
def truth(scene: Scene, homography: Array) -> Array:
    """(4, 2) longitude, latitude of its corners."""
    return corners_of(scene, homography, SIZE)


# ---------------------------------------------------------------- where a photo must lie


def corners_of(scene: Scene, homography: Array, size: tuple[int, int]) -> Array:
    return scene.world.plane.to_lonlat(apply_homography(homography, photo_corners(*size)))


def place(scene: Scene, photo: Path, out: Path, truth: Array) -> Localization:
    """Refine a photo from its place, off by 2 to 3 km."""
    start = (truth + np.array([0.03, -0.02])).tolist()
    return pipeline.refine(photo, str(scene.imagery), out, footprint=start, matcher="sift", device="cpu")


def error_px(found: Localization, truth: Array) -> float:
    """How far the worst corner is off, in pixels of the photo."""
    report = found.report()
    assert report["status"] == "localized", report["reason"]
    (top_km,) = great_circle_km(truth[:1], truth[1:2])
    return float(great_circle_km(np.array(report["footprint"]), truth).max() / top_km * found.photo_size[0])


def assert_right(scene: Scene, found: Localization, truth: Array) -> None:
    """The corners are those of the truth, and the GeoTIFF shows the land that is there."""
    assert error_px(found, truth) < GOOD_PX
    assert likeness(scene, found.outputs["geotiff"]) > ALIKE


def likeness(scene: Scene, geotiff: Path) -> float:
    """Correlation of a georeferenced photo with the map, where it is opaque."""
    photo = gdal.Open(str(geotiff))
    left, step_x, _, top, _, step_y = photo.GetGeoTransform()
    bounds = (left, top + step_y * photo.RasterYSize, left + step_x * photo.RasterXSize, top)
    size = {"width": photo.RasterXSize // 2, "height": photo.RasterYSize // 2, "resampleAlg": "average"}
    options = {"format": "MEM", "outputBounds": bounds, "dstSRS": photo.GetSpatialRef(), **size}
    land, seen = (dataset_pixels(gdal.Warp("", source, **options)) for source in (str(scene.imagery), photo))
    both = (land[..., :3].sum(axis=-1) > 0) & (seen[..., -1] >= np.iinfo(seen.dtype).max)
    assert both.sum() > 1000
    return float(np.corrcoef(land[both][:, 1], seen[both][:, min(1, seen.shape[-1] - 2)])[0, 1])


# ---------------------------------------------------------------- kinds of file


def colour(image: Pixels) -> Pixels:
    return image


def grey(image: Pixels) -> Pixels:
    return np.rint(image.mean(axis=-1)).astype(np.uint8)


def with_alpha(image: Pixels) -> Pixels:
    """With a last band of opacity, where the bottom tenth is transparent."""
    alpha = np.full(image.shape[:2], np.iinfo(image.dtype).max, image.dtype)
    alpha[-image.shape[0] // 10 :] = 0
    return np.dstack((image, alpha))


def bits16(image: Pixels) -> Pixels:
    return image.astype(np.uint16) * 257


def bits12(image: Pixels) -> Pixels:
    return image.astype(np.uint16) * 16


def inks(image: Pixels) -> Pixels:
    """(H, W, 4) cyan, magenta, yellow and black, 255 for full ink."""
    ink = 255 - image
    black = ink.min(axis=-1, keepdims=True)
    return np.dstack((ink - black, black))


@dataclass(frozen=True)
class Kind:
    """How a photo is written: file name, what is done to its pixels, GDAL's creation options."""

    name: str
    change: Change = colour
    options: tuple[str, ...] = ()
    interpretation: tuple[int, ...] = ()

    def write(self, folder: Path, image: Pixels) -> Path:
        """Write it."""
        driver = {"jpg": "JPEG", "png": "PNG", "tif": "GTiff", "gif": "GIF"}
        driver |= {"webp": "WEBP", "jp2": "JP2OpenJPEG"}
        pixels = self.change(image)
        dataset = memory_dataset(pixels)
        for number, meaning in enumerate(self.interpretation, 1):
            dataset.GetRasterBand(number).SetColorInterpretation(meaning)
        if not self.interpretation and dataset.RasterCount in (2, 4):
            dataset.GetRasterBand(dataset.RasterCount).SetColorInterpretation(gdal.GCI_AlphaBand)
        path = folder / self.name
        writer = gdal.GetDriverByName(driver[path.suffix[1:]])
        if writer is None:
            pytest.skip(f"This GDAL writes no {path.suffix} files.")
        writer.CreateCopy(str(path), dataset, options=list(self.options))
        return path


CMYK = (gdal.GCI_CyanBand, gdal.GCI_MagentaBand, gdal.GCI_YellowBand, gdal.GCI_BlackBand)
FINE = "QUALITY=95"
BITS = {8: gdal.GDT_Byte, 16: gdal.GDT_UInt16}

KINDS = {
    "JPEG": Kind("p.jpg", options=(FINE,)),
    "JPEG progressive": Kind("p.jpg", options=(FINE, "PROGRESSIVE=YES")),
    "JPEG arithmetic": Kind("p.jpg", options=(FINE, "ARITHMETIC=YES")),
    "JPEG grey": Kind("p.jpg", grey, (FINE,)),
    "JPEG CMYK as Adobe writes it": Kind("p.jpg", lambda image: 255 - inks(image), (FINE,), CMYK),
    "JPEG 12 bits": Kind("p.jpg", bits12, (FINE, "NBITS=12")),
    "PNG": Kind("p.png"),
    "PNG grey": Kind("p.png", grey),
    "PNG grey with alpha": Kind("p.png", lambda image: with_alpha(grey(image))),
    "PNG with alpha": Kind("p.png", with_alpha),
    "PNG 16 bits": Kind("p.png", bits16),
    "PNG 16 bits with alpha": Kind("p.png", lambda image: with_alpha(bits16(image))),
    "WebP": Kind("p.webp", options=("LOSSLESS=YES",)),
    "WebP with loss and alpha": Kind("p.webp", with_alpha, ("QUALITY=95",)),
    "JPEG 2000": Kind("p.jp2"),
    "JPEG 2000, 16 bits": Kind("p.jp2", bits16, ("QUALITY=100", "REVERSIBLE=YES")),
    "TIFF in strips": Kind("p.tif", options=("BLOCKYSIZE=7",)),
    "TIFF in tiles, LZW": Kind("p.tif", options=("TILED=YES", "COMPRESS=LZW", "PREDICTOR=2")),
    "TIFF JPEG": Kind("p.tif", options=("COMPRESS=JPEG", "PHOTOMETRIC=YCBCR")),
    "TIFF bands apart": Kind("p.tif", options=("INTERLEAVE=BAND", "TILED=YES")),
    "BigTIFF": Kind("p.tif", options=("BIGTIFF=YES",)),
    "TIFF big-endian, 16 bits": Kind("p.tif", bits16, ("ENDIANNESS=BIG",)),
    "TIFF 12 bits": Kind("p.tif", bits12, ("NBITS=12",)),
    "TIFF 4 bits grey": Kind("p.tif", lambda image: grey(image) // 16, ("NBITS=4",)),
    "TIFF CMYK": Kind("p.tif", inks, ("PHOTOMETRIC=CMYK",), CMYK),
    "TIFF min-is-white": Kind("p.tif", lambda image: 255 - grey(image), ("PHOTOMETRIC=MINISWHITE",)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_of_any_kind_of_file_is_placed(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, kind: str
) -> None:
    found = place(scene, KINDS[kind].write(tmp_path, upright), tmp_path / "out", truth)
    assert_right(scene, found, truth)
    bits = 16 if KINDS[kind].change(upright).dtype == np.uint16 else 8
    assert gdal.Open(str(found.outputs["geotiff"])).GetRasterBand(1).DataType == BITS[bits]


CAMERAS = {
    "DNG": lambda path, image: write_dng(path.with_suffix(".dng"), image, notes=False),
    "DNG, turned": lambda path, image: write_dng(
        path.with_suffix(".dng"), np.ascontiguousarray(STORED[8](image)), orientation=8, notes=False
    ),
    "ARW": lambda path, image: write_maker_raw(path.with_suffix(".arw"), image),
    "CR2": lambda path, image: write_maker_raw(path.with_suffix(".cr2"), image),
    "HEIC": lambda path, image: write_heic(path.with_suffix(".heic"), image),
    "HEIC, 10 bits": lambda path, image: write_heic(path.with_suffix(".heic"), bits16(image)),
    "AVIF": lambda path, image: write_avif(path.with_suffix(".avif"), image),
    "JPEG XL": lambda path, image: write_jpeg_xl(path.with_suffix(".jxl"), image),
}
DEVELOPED = ("DNG", "ARW", "CR2")
"""Kinds of file that cameras and phones write and GDAL does not."""


@pytest.mark.parametrize("kind", CAMERAS)
def test_a_photo_as_a_camera_or_phone_writes_it_is_placed(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, kind: str
) -> None:
    pytest.importorskip("rawpy" if kind.startswith(DEVELOPED) else "pillow_heif")
    found = place(scene, CAMERAS[kind](tmp_path / "p", upright), tmp_path / "out", truth)
    assert_right(scene, found, truth)
    bits = 16 if kind.startswith(DEVELOPED) or "10 bits" in kind else 8
    assert gdal.Open(str(found.outputs["geotiff"])).GetRasterBand(1).DataType == BITS[bits]


def test_photos_of_cameras_and_phones_are_localized_with_an_index(scene: Scene, tmp_path: Path, run: Run) -> None:
    for library in ("rawpy", "pillow_heif"):
        pytest.importorskip(library)
    image = scene.world.photo(scene.truth, SCENE_SIZE, seed=3)
    photos = [
        write_dng(tmp_path / "raw.DNG", image, notes=False),
        write_heic(tmp_path / "phone.heic", image),
        write_avif(tmp_path / "phone2.avif", image),
        KINDS["WebP"].write(tmp_path, image),
        KINDS["JPEG 2000"].write(tmp_path, image).rename(tmp_path / "scan.jp2"),
    ]
    lon, lat = scene.world.center_lonlat
    near = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"
    status, _, stderr = run(
        "localize", *photos, "--index", scene.index, "--out", tmp_path / "out", "--json", tmp_path / "report.json",
        "--matcher", "sift", "--extent", near,
    )  # fmt: skip
    assert (status, stderr) == (0, "")
    for photo, entry in zip(photos, json.loads((tmp_path / "report.json").read_text()), strict=True):
        assert entry["status"] == "localized", photo
        assert scene.error_px(entry["footprint"]) < GOOD_PX
        assert gdal.Open(entry["outputs"]["geotiff"]) is not None


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_photo_with_a_palette_is_placed(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, ending: str
) -> None:
    bands = [memory_dataset(np.ascontiguousarray(upright[..., band])) for band in range(3)]
    table = gdal.ColorTable()
    gdal.ComputeMedianCutPCT(*(band.GetRasterBand(1) for band in bands), 256, table)
    indexed = memory_dataset(np.zeros(upright.shape[:2], np.uint8))
    indexed.GetRasterBand(1).SetColorTable(table)
    gdal.DitherRGB2PCT(*(band.GetRasterBand(1) for band in bands), indexed.GetRasterBand(1), table)
    path = tmp_path / f"p.{ending}"
    gdal.GetDriverByName("PNG" if ending == "png" else "GTiff").CreateCopy(str(path), indexed)
    assert_right(scene, place(scene, path, tmp_path / "out", truth), truth)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_exif_turns_is_placed(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, orientation: int
) -> None:
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = tmp_path / "p"
    if orientation % 3 == 0:
        path = png_with(path.with_suffix(".png"), stored, exif(orientation))
    elif orientation % 3 == 1:
        path = tiff_with(path.with_suffix(".tif"), stored, orientation)
    else:
        path = jpeg_with(path.with_suffix(".jpg"), stored, exif(orientation))
    assert_right(scene, place(scene, path, tmp_path / "out", truth), truth)


# ---------------------------------------------------------------- what else is in the picture, and its shape


@pytest.mark.parametrize(
    ("edges", "value"),
    [((20, 20, 20, 20), 0), ((20, 20, 20, 20), 255), ((0, 0, 45, 8), 0), ((0, 30, 0, 0), 255)],
    ids=["black border", "white border", "black at two sides", "caption"],
)
def test_a_photo_with_a_border_or_a_caption_is_placed(
    scene: Scene, upright: Pixels, homography: Array, tmp_path: Path, edges: tuple[int, int, int, int], value: int
) -> None:
    top, bottom, left, right = edges
    image = cv2.copyMakeBorder(upright, *edges, cv2.BORDER_CONSTANT, value=(value,) * 3)
    if edges == (0, 30, 0, 0):
        text = "ISS056-E-181034  2018-09-12"
        cv2.putText(image, text, (8, SIZE[1] + 21), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    moved = homography @ np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    truth = corners_of(scene, moved, (SIZE[0] + left + right, SIZE[1] + top + bottom))
    found = place(scene, write_image(tmp_path / "p.jpg", image), tmp_path / "out", truth)
    assert error_px(found, truth) < GOOD_PX


def test_a_photo_through_a_round_window_is_placed(scene: Scene, upright: Pixels, truth: Array, tmp_path: Path) -> None:
    window = cv2.circle(np.zeros(upright.shape[:2], np.uint8), (150, 100), 105, 255, -1)
    image = np.where(window[..., None] > 0, upright, 0).astype(np.uint8)
    found = place(scene, write_image(tmp_path / "p.jpg", image), tmp_path / "out", truth)
    assert error_px(found, truth) < GOOD_PX


@pytest.mark.parametrize(
    ("size", "gsd"),
    [((1000, 100), 80.0), ((100, 1000), 80.0), ((200, 200), 200.0), ((90, 60), 600.0)],
    ids=["a strip of 10:1", "a strip of 1:10", "square", "90 x 60 pixels"],
)
def test_a_photo_of_any_shape_is_placed(scene: Scene, tmp_path: Path, size: tuple[int, int], gsd: float) -> None:
    homography = shot(scene.world, size, gsd=gsd, turn_deg=20)
    photo = write_image(tmp_path / "p.png", scene.world.photo(homography, size, seed=4))
    truth = corners_of(scene, homography, size)
    assert_right(scene, place(scene, photo, tmp_path / "out", truth), truth)


def test_a_photo_across_the_antimeridian_is_placed(tmp_path: Path) -> None:
    world = make_world(180.0, -17.0, pixels=512)
    pacific = Scene(tmp_path, world, shot(world, SIZE, turn_deg=200))
    photo = write_image(tmp_path / "p.jpg", world.photo(pacific.truth, SIZE, seed=5))
    truth = corners_of(pacific, pacific.truth, SIZE)
    assert truth[:, 0].min() < -179 < 179 < truth[:, 0].max()
    continued = np.column_stack((truth[:, 0] % 360, truth[:, 1]))
    assert_right(pacific, place(pacific, photo, tmp_path / "out", continued), continued)


def test_the_likeness_tells_a_mirrored_and_a_shifted_photo(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path
) -> None:
    found = place(scene, write_image(tmp_path / "p.png", upright), tmp_path / "out", truth)
    assert likeness(scene, found.outputs["geotiff"]) > ALIKE
    source = gdal.Open(str(found.outputs["geotiff"]))
    grid, pixels = source.GetGeoTransform(), dataset_pixels(source)
    shifted = [grid[0] + 8 * grid[1], *grid[1:]]
    for name, image, place_of in (("mirrored", pixels[:, ::-1], grid), ("shifted", pixels, shifted)):
        wrong = write_raster(tmp_path / f"{name}.tif", image, "EPSG:3857", place_of, alpha=True)
        assert likeness(scene, wrong) < ALIKE - 0.25


@pytest.mark.slow
def test_a_photo_of_50_megapixels_is_placed(scene: Scene, upright: Pixels, truth: Array, tmp_path: Path) -> None:
    large = cv2.resize(upright, (8700, 5800), interpolation=cv2.INTER_CUBIC)
    found = place(scene, write_image(tmp_path / "p.jpg", large), tmp_path / "out", truth)
    assert found.photo_size == (8700, 5800)
    assert error_px(found, truth) < GOOD_PX * 8700 / SIZE[0]
    assert likeness(scene, found.outputs["geotiff"]) > ALIKE


# ---------------------------------------------------------------- names, by the command line

NAMES = {
    "spaces": "my photo of  the lake.jpg",
    "umlauts": "Zürich – Größe ÄÖÜ ß.jpg",
    "other scripts": "東京 Москва 🛰️.jpg",
    "percent": "100%25 %s %(name)s.jpg",
    "brackets": "a[1]{2}(3)*?.jpg",
    "quotes": 'it\'s "this" `one`.jpg',
    "address": "a#b?c=d&e;f,g:h.jpg",
    "leading dash": "-out.jpg",
    "two dots": ".photo.tar.jpg",
    "200 characters": "x" * 196 + ".jpg",
    "capitals": "PHOTO.JPG",
    "another ending": "photo.txt",
    "no ending": "photo",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_photo_of_any_name_is_placed(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, run: Run, name: str
) -> None:
    folder = tmp_path / name[:100]  # the folder is as odd as the photo
    folder.mkdir()
    photo = folder / name
    photo.write_bytes(write_image(tmp_path / "p.jpg", upright).read_bytes())
    start, report = folder / f"{name[:100]}.geojson", folder / f"{name[:100]}.json"
    ring = [*truth.tolist(), truth[0].tolist()]
    start.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    status, stdout, stderr = run(
        "refine", photo, "--imagery", scene.imagery, "--footprint", start, "--out", folder / "out", "--matcher",
        "sift", "--json", report,
    )  # fmt: skip
    assert (status, stderr) == (0, "")
    (entry,) = json.loads(report.read_text())
    assert entry["photo"] == str(photo)
    assert great_circle_km(np.array(entry["footprint"]), truth).max() < GOOD_PX * 0.17
    for path in entry["outputs"].values():
        assert Path(path).is_file()
        assert path in stdout
    assert gdal.Open(entry["outputs"]["geotiff"]).RasterCount == 4
    assert {path.name for path in folder.iterdir()} == {name, start.name, report.name, "out"}  # nothing beside it


# ---------------------------------------------------------------- what is refused

NOT_READ = {
    "GIF": (Kind("p.gif", grey), "is not a JPEG, PNG or TIFF image: convert it to one of these."),
    "TIFF of floats": (Kind("p.tif", lambda image: (image / 255).astype(np.float32)), "values of type Float32"),
    "TIFF of signed values": (Kind("p.tif", lambda image: image.astype(np.int16)), "values of type Int16"),
    "TIFF of five bands": (Kind("p.tif", lambda image: np.dstack((image, image[..., :2]))), "has 5 bands"),
}


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_cannot_be_read_is_told_in_one_sentence(
    scene: Scene, upright: Pixels, truth: Array, tmp_path: Path, kind: str
) -> None:
    how, words = NOT_READ[kind]
    path = how.write(tmp_path, upright)
    with pytest.raises(InputError) as caught:
        place(scene, path, tmp_path / "out", truth)
    sentence = str(caught.value)
    assert sentence.startswith(f"The photo {path} ")
    assert words in sentence
    assert "\n" not in sentence
    assert not (tmp_path / "out").exists()
