"""The warped photo as a GeoTIFF."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

import astroloc_qgis
from astroloc_qgis.engine.device import threads_wanted
from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.exports.crs import resolve_crs
from astroloc_qgis.engine.exports.files import atomic_path, close, gdal_writes
from astroloc_qgis.engine.exports.grid import MAX_PIXELS, OutputGrid, plan_grid
from astroloc_qgis.engine.exports.visible_region import VisibleRegion, find_visible_region
from astroloc_qgis.engine.exports.warp import InverseMap, inverse_map, resampling_flag, warp_block
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.progress import Progress, no_progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.photo.reading import Photo

log = logging.getLogger(__name__)

COMPRESSIONS = ("DEFLATE", "LZW", "ZSTD", "NONE")
"""Lossless ones that keep 16 bits and alpha; all but NONE are used with the horizontal predictor."""

SOFTWARE = f"AstroLoc for QGIS {astroloc_qgis.__version__}"

_TILE = 512
_BLOCK = 1024  # a multiple of the tile, so that no tile is compressed twice
_WARPING = 0.8  # share of the time; the rest is overviews


def write_geotiff(
    photo: Photo,
    homography: Array,
    plane: WorkingPlane,
    path: Path,
    *,
    crs: str | None = None,
    resolution: float | tuple[float, float] | None = None,
    resampling: str = "cubic",
    compression: str = "DEFLATE",
    confidence: float | None = None,
    credit: str = "",
    max_pixels: int = MAX_PIXELS,
    progress: Progress = no_progress,
) -> Path:
    """Warp a photo to the ground and write it, whole or not at all.

    The file has the photo's own bands (grey or red, green, blue) and depth (8 or 16 bit) and an alpha band: opaque
    where the photo sees ground. It is tiled, compressed, has overviews, and carries the homography in its tags. Across
    the antimeridian it runs on beyond 180 degrees in one piece. Beside the photo, 40 megapixels of 8 bits need about
    350 MB of memory, of 16 bits 650 MB, most of it GDAL's cache.

    Args:
        photo: the photo.
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        path: where to write.
        crs: the target CRS, anything PROJ understands. By default the working plane itself or, as a GeoTIFF cannot hold
            a perspective one, the azimuthal plane about the photo's centre.
        resolution: size of a pixel in CRS units, or its width and height; by default the photo's own at its centre.
        resampling: "nearest", "bilinear", "cubic" or "lanczos".
        compression: one of ``COMPRESSIONS``.
        confidence: of the localization, 0 to 1, for the tags.
        credit: for the imagery that the photo was placed on, for the tags; "" leaves it out.
        max_pixels: the most pixels to write.
        progress: called with the stage "georeference".

    Returns:
        ``path``.

    Raises:
        InputError: CRS, resampling, compression or resolution make no sense; the photo's centre sees no ground; the
            CRS is torn where the photo lies; the folder is missing, protected or full.
        Cancelled: by ``progress``; nothing is left behind.
    """
    flag = resampling_flag(resampling)
    if compression.upper() not in COMPRESSIONS:
        raise InputError(f'There is no compression "{compression}": choose one of {", ".join(COMPRESSIONS)}.')
    homography = np.asarray(homography, dtype=np.float64)
    visible = find_visible_region(homography, plane, photo.width, photo.height)
    reference = resolve_crs(crs) if crs is not None else _own_crs(homography, plane, visible)
    if not storable(reference):
        raise InputError(
            f'A GeoTIFF cannot hold the projection "{reference.GetAttrValue("PROJECTION")}": choose another CRS, e.g. '
            "EPSG:4326."
        )
    if not visible.whole:
        log.warning("The horizon is in view: %s is cut off where pixels cover too much ground.", photo.name)
    grid = plan_grid(homography, plane, visible, reference, resolution=resolution, max_pixels=max_pixels)

    layers: NDArray = photo.pixels[..., 0] if photo.grey else photo.pixels
    alpha = photo.alpha
    tags = _tags(photo, homography, plane, confidence, credit, resampling)
    shrink = int(grid.coarseness)
    if shrink >= 2:  # far coarser than the photo: average first, for remap alone would pick single pixels (aliasing)
        layers, alpha, homography = _shrunk(layers, alpha, homography, shrink)
        visible = find_visible_region(homography, plane, layers.shape[1], layers.shape[0])
    mapping = inverse_map(grid, homography, plane, visible)

    with atomic_path(path) as part, gdal_writes(part) as failures:
        bands = 1 if layers.ndim == 2 else 3
        dataset = _create(part, grid, bands, layers.dtype, compression.upper())
        try:
            dataset.SetSpatialRef(reference)
            dataset.SetGeoTransform(grid.geotransform)
            dataset.SetMetadata(tags)
            for window, block in _blocks(grid, mapping, layers, alpha, visible, flag, progress):
                _write(dataset, window, block)
                if window[0] + window[2] == grid.width:  # a row of blocks is whole: out of GDAL's cache with it
                    for band in range(1, bands + 2):
                        dataset.GetRasterBand(band).FlushCache()
                if failures:
                    break  # a full disk: no use in going on
            dataset.FlushCache()
            _build_overviews(dataset, grid, progress)
            dataset.FlushCache()
        finally:
            close(dataset)
    progress("georeference", 1.0)
    return path


def storable(reference: osr.SpatialReference) -> bool:
    """Whether a GeoTIFF can hold a CRS: GDAL puts one that it cannot hold into a file beside it, and says nothing."""
    draft = f"/vsimem/{uuid4().hex}.tif"
    beside = f"{draft}.aux.xml"
    dataset = gdal.GetDriverByName("GTiff").Create(draft, 1, 1)
    dataset.SetSpatialRef(reference)
    del dataset  # closes it
    held = gdal.VSIStatL(beside) is None
    for file in (draft, beside):
        if gdal.VSIStatL(file) is not None:
            gdal.Unlink(file)
    return held


def _own_crs(homography: Array, plane: WorkingPlane, visible: VisibleRegion) -> osr.SpatialReference:
    if storable(plane.srs):
        return resolve_crs(plane.proj)
    centre = apply_homography(homography, np.array([[visible.width / 2, visible.height / 2]]))
    lon, lat = plane.to_lonlat(centre)[0]
    return resolve_crs(WorkingPlane.local(float(lon), float(lat)).proj)


def _shrunk(
    layers: NDArray, alpha: NDArray[np.uint8] | None, homography: Array, factor: int
) -> tuple[NDArray, NDArray[np.uint8] | None, Array]:
    """The photo averaged down by a factor, and the homography of the smaller photo."""
    height, width = layers.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    small = cv2.resize(layers, size, interpolation=cv2.INTER_AREA)
    small_alpha = None if alpha is None else cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    return small, small_alpha, homography @ scaling(width / size[0], height / size[1])


def _blocks(
    grid: OutputGrid,
    mapping: InverseMap,
    layers: NDArray,
    alpha: NDArray[np.uint8] | None,
    visible: VisibleRegion,
    flag: int,
    progress: Progress,
) -> Iterator[tuple[tuple[int, int, int, int], NDArray]]:
    """The output, block by block: (column, row, width, height) and its pixels, band last."""
    corners = [(x, y) for y in range(0, grid.height, _BLOCK) for x in range(0, grid.width, _BLOCK)]
    for done, (x, y) in enumerate(corners):
        progress("georeference", _WARPING * done / len(corners))
        width, height = min(_BLOCK, grid.width - x), min(_BLOCK, grid.height - y)
        yield (x, y, width, height), warp_block(layers, alpha, mapping.block(x, y, width, height), visible, flag)


def _create(part: Path, grid: OutputGrid, bands: int, dtype: np.dtype, compression: str) -> Any:
    """A GeoTIFF of the photo's bands and alpha, tiled and compressed."""
    options = [
        "TILED=YES",
        f"BLOCKXSIZE={_TILE}",
        f"BLOCKYSIZE={_TILE}",
        f"COMPRESS={compression}",
        "BIGTIFF=IF_SAFER",
        "INTERLEAVE=PIXEL",
        f"PHOTOMETRIC={'RGB' if bands == 3 else 'MINISBLACK'}",
        "ALPHA=YES",  # unassociated: colours are not multiplied by it
        f"NUM_THREADS={threads_wanted()}",  # of the compressor; they sleep when idle
    ]
    if compression != "NONE":
        options.append("PREDICTOR=2")
    if compression == "DEFLATE":
        options.append("ZLEVEL=1")  # 6 makes photographs 3 % smaller and takes half as long again
    kind = gdal.GDT_UInt16 if dtype == np.uint16 else gdal.GDT_Byte
    return gdal.GetDriverByName("GTiff").Create(str(part), grid.width, grid.height, bands + 1, kind, options)


def _write(dataset: Any, window: tuple[int, int, int, int], block: NDArray) -> None:
    """Write a block of all bands, as bytes: GDAL's numpy bridge does not work with every numpy."""
    x, y, width, height = window
    bands, size = block.shape[2], block.dtype.itemsize
    dataset.WriteRaster(
        x,
        y,
        width,
        height,
        block.tobytes(),
        buf_type=gdal.GDT_UInt16 if size == 2 else gdal.GDT_Byte,
        band_list=list(range(1, bands + 1)),
        buf_pixel_space=bands * size,
        buf_line_space=bands * size * width,
        buf_band_space=size,
    )


def _build_overviews(dataset: Any, grid: OutputGrid, progress: Progress) -> None:
    """Averaged levels inside the file, down to one that fits in 256 pixels."""
    levels: list[int] = []
    while max(grid.width, grid.height) / 2 ** len(levels) > 256:
        levels.append(2 ** (len(levels) + 1))
    if not levels:
        return
    stopped: list[AstroLocError] = []

    def report(fraction: float, _message: str, _data: object) -> int:
        # An exception cannot pass through GDAL: keep it, tell GDAL to stop, and raise it afterwards.
        try:
            progress("georeference", _WARPING + (1 - _WARPING) * fraction)
        except AstroLocError as error:
            stopped.append(error)
            return 0
        return 1

    try:
        dataset.BuildOverviews("AVERAGE", levels, callback=report)
    except RuntimeError:
        if stopped:
            raise stopped[0] from None
        raise


def _tags(
    photo: Photo, homography: Array, plane: WorkingPlane, confidence: float | None, credit: str, resampling: str
) -> dict[str, str]:
    """What the file says about itself: TIFF's own tags, and ours in GDAL's metadata."""
    tags = {
        "TIFFTAG_IMAGEDESCRIPTION": f"{photo.name}, georeferenced",
        "TIFFTAG_DOCUMENTNAME": photo.name,
        "TIFFTAG_SOFTWARE": SOFTWARE,
        "AREA_OR_POINT": "Area",
        "ASTROLOC_PHOTO": photo.path.name,
        "ASTROLOC_PHOTO_SIZE": f"{photo.width} {photo.height}",
        "ASTROLOC_HOMOGRAPHY": json.dumps(homography.tolist()),
        "ASTROLOC_WORKING_PLANE": plane.proj,
        "ASTROLOC_RESAMPLING": resampling,
    }
    if photo.taken is not None:
        tags["TIFFTAG_DATETIME"] = photo.taken.strftime("%Y:%m:%d %H:%M:%S")
    if confidence is not None:
        tags["ASTROLOC_CONFIDENCE"] = f"{confidence:.4f}"
    if credit:
        tags["ASTROLOC_REFERENCE_CREDIT"] = credit
    return tags
