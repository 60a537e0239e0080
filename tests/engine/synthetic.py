"""Generated imagery of known truth: a patch of textured land, as a map in any CRS and as a photo by any homography.

world = make_world(lon=11.0, lat=46.0)
world.write(tmp_path / "map.tif", "EPSG:3857")
H = shot(world, size=(600, 400), gsd=60.0, turn_deg=30.0, tilt=0.1)   # photo pixels -> metres of world.plane
write_image(tmp_path / "photo.jpg", world.photo(H, (600, 400)))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.tiles import HALF_WORLD_M, lonlat_to_mercator
from tests.engine.pictures import memory_dataset, write_image

__all__ = ["memory_dataset", "write_image"]

gdal.UseExceptions()
osr.UseExceptions()

Image = NDArray[np.uint8]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class World:
    """A square of land in its own working plane.

    Attributes:
        pixels: (N, N, 3) uint8 RGB, north up.
        plane: azimuthal plane about its centre, where its coordinates are (0, 0).
        side_m: side in metres of the plane.
    """

    pixels: Image
    plane: WorkingPlane
    side_m: float

    @property
    def gsd(self) -> float:
        """Metres a pixel."""
        return self.side_m / self.pixels.shape[0]

    @property
    def to_plane(self) -> Array:
        """(3, 3), pixels of the world -> metres of its plane."""
        return np.array([[self.gsd, 0, -self.side_m / 2], [0, -self.gsd, self.side_m / 2], [0, 0, 1.0]])

    def bounds_in(self, crs: str, part: float = 1.0) -> tuple[float, float, float, float]:
        """Extent in another CRS of the middle ``part`` of the world; x goes beyond 180 degrees where it must."""
        side = np.linspace(-0.5, 0.5, 21) * self.side_m * part
        edge = np.concatenate([np.column_stack((side, np.full(21, s))) for s in (side[0], side[-1])])
        edge = np.concatenate((edge, edge[:, ::-1]))
        lonlat = self.plane.to_lonlat(edge)
        lonlat[:, 0] = unwrap_lons(np.concatenate((self.center_lonlat[:1], lonlat[:, 0])))[1:]
        srs = _srs(crs)
        if srs.IsGeographic():
            xy = lonlat
        elif srs.GetAuthorityCode(None) == "3857":
            xy = lonlat_to_mercator(lonlat)
        else:
            xy = transform_points(lonlat, "EPSG:4326", crs)
        (xmin, ymin), (xmax, ymax) = xy.min(axis=0), xy.max(axis=0)
        return float(xmin), float(ymin), float(xmax), float(ymax)

    @property
    def center_lonlat(self) -> Array:
        """(2,) lon,lat of the centre."""
        return self.plane.to_lonlat(np.zeros((1, 2)))[0]

    def dataset(self) -> gdal.Dataset:
        """The world in memory, in its own plane, with an alpha band."""
        opaque = np.full(self.pixels.shape[:2], 255, np.uint8)
        dataset = memory_dataset(np.dstack((self.pixels, opaque)))
        dataset.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
        dataset.SetSpatialRef(self.plane.srs)
        dataset.SetGeoTransform([-self.side_m / 2, self.gsd, 0, self.side_m / 2, 0, -self.gsd])
        return dataset

    def write(
        self,
        path: Path,
        crs: str = "EPSG:3857",
        *,
        bounds: tuple[float, float, float, float] | None = None,
        pixels: int | None = None,
        alpha: bool = False,
        bits: int = 8,
        overviews: bool = True,
    ) -> Path:
        """Write it as a GeoTIFF.

        Args:
            path: the file.
            crs: its CRS.
            bounds: its extent in that CRS (default: all of the world).
            pixels: columns (default: as many as the world has).
            alpha: with an alpha band, where the world does not reach; else that is black.
            bits: 8 or 16 (then 0 to 255 becomes 1000 to 1000 + 20 * 255).
            overviews: with internal overviews.
        """
        xmin, ymin, xmax, ymax = bounds or self.bounds_in(crs)
        width = pixels or self.pixels.shape[1]
        height = round(width * (ymax - ymin) / (xmax - xmin))
        warped = gdal.Warp(
            "",
            self.dataset(),
            format="MEM",
            dstSRS=crs,
            outputBounds=(xmin, ymin, xmax, ymax),
            width=width,
            height=height,
            resampleAlg="cubic",
            errorThreshold=0.01,
        )
        image = dataset_pixels(warped)
        image = image if alpha else image[..., :3]
        if bits == 16:
            image = 1000 + image.astype(np.uint16) * 20
            if alpha:
                image[..., 3] = np.where(image[..., 3] > 1000 + 127 * 20, 65535, 0)
        return write_raster(path, image, crs, warped.GetGeoTransform(), overviews=overviews, alpha=alpha)

    def write_global(self, path: Path, zoom: int) -> Path:
        """Write it into a sparse GeoTIFF of the whole web-map world at a zoom, both sides of the antimeridian."""
        side = 256 * 2**zoom
        gsd = 2 * HALF_WORLD_M / side
        world = gdal.GetDriverByName("GTiff").Create(
            str(path), side, side, 4, options=["TILED=YES", "SPARSE_OK=TRUE", "COMPRESS=DEFLATE", "PHOTOMETRIC=RGB"]
        )
        world.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
        world.SetSpatialRef(_srs("EPSG:3857"))
        world.SetGeoTransform([-HALF_WORLD_M, gsd, 0, HALF_WORLD_M, 0, -gsd])
        xmin, ymin, xmax, ymax = self.bounds_in("EPSG:3857")
        first, last = math.floor((xmin + HALF_WORLD_M) / gsd), math.ceil((xmax + HALF_WORLD_M) / gsd)
        top, bottom = math.floor((HALF_WORLD_M - ymax) / gsd), math.ceil((HALF_WORLD_M - ymin) / gsd)
        warped = gdal.Warp(
            "",
            self.dataset(),
            format="MEM",
            dstSRS="EPSG:3857",
            outputBounds=(
                first * gsd - HALF_WORLD_M,
                HALF_WORLD_M - bottom * gsd,
                last * gsd - HALF_WORLD_M,
                HALF_WORLD_M - top * gsd,
            ),
            width=last - first,
            height=bottom - top,
            resampleAlg="cubic",
            errorThreshold=0.01,
        )
        image = dataset_pixels(warped)
        seam = side if last > side else (0 if first < 0 else last)
        for part_first, part_last in ((first, seam), (seam, last)):
            if part_first < part_last:
                part = np.ascontiguousarray(image[:, part_first - first : part_last - first].transpose(2, 0, 1))
                world.WriteRaster(part_first % side, top, part_last - part_first, bottom - top, part.tobytes())
        world = None
        return path

    def photo(
        self, homography: Array, size: tuple[int, int], plane: WorkingPlane | None = None, seed: int | None = None
    ) -> Image:
        """Take a photo: what a homography sees, black where there is no ground or the world ends.

        Args:
            homography: (3, 3), photo pixels -> metres of ``plane``.
            size: width and height of the photo.
            plane: the working plane (default: the world's own).
            seed: with haze, another exposure, blur and noise when given.
        """
        if plane is None or plane == self.plane:
            to_photo = np.linalg.inv(homography) @ self.to_plane
            image = _shrunk_warp(self.pixels, to_photo, size)
        else:
            image = self._photo_through(homography, size, plane)
        return image if seed is None else degrade(image, seed)

    def _photo_through(self, homography: Array, size: tuple[int, int], plane: WorkingPlane) -> Image:
        width, height = size
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        rays = np.column_stack((x.ravel(), y.ravel(), np.ones(x.size))) @ homography.T
        middle = homography[2] @ np.array([width / 2, height / 2, 1.0])
        seen = np.where(rays[:, 2:] * middle > 0, rays[:, :2] / rays[:, 2:], np.nan)
        own = self.plane.from_lonlat(plane.to_lonlat(seen))
        to_pixel = np.linalg.inv(self.to_plane)
        pixel = np.nan_to_num(own @ to_pixel[:2, :2].T + to_pixel[:2, 2], nan=-9.0) - 0.5
        maps = pixel.astype(np.float32).reshape(height, width, 2)
        return cv2.remap(self.pixels, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


@lru_cache(maxsize=8)
def make_world(
    lon: float = 11.0, lat: float = 46.0, *, side_m: float = 100_000.0, pixels: int = 1024, seed: int = 0
) -> World:
    """Make a world about a place: the same for the same arguments (made once a process)."""
    image = landscape(pixels, seed)
    image.setflags(write=False)
    return World(image, WorkingPlane.local(lon, lat), side_m)


def landscape(side: int, seed: int = 0) -> Image:
    """Paint (side, side, 3) land: relief, fields, a lake, rivers and roads; distinct enough for feature matching."""
    rng = np.random.default_rng(seed)
    relief = _noise(side, rng, octaves=(4, 8, 16, 32, 64, 128))
    wet = _noise(side, rng, octaves=(3, 6, 12))
    dry, green = np.array([178.0, 150.0, 112.0]), np.array([62.0, 92.0, 50.0])
    image = dry + (green - dry) * np.clip(wet * 0.8 + 0.5, 0, 1)[..., None]
    image = image * (1 + 0.16 * relief[..., None])
    fields, tone = _fields(side, rng)
    farmed = _noise(side, rng, octaves=(5, 10)) > 0.1
    image = np.where(farmed[..., None], 0.45 * image + 0.55 * tone[fields], image)
    shade = np.gradient(cv2.GaussianBlur(relief, (0, 0), 1.5), axis=1)
    image = image * np.clip(1 + 6 * shade, 0.6, 1.4)[..., None]
    image += rng.normal(0, 5, (side, side, 1))
    image = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(7):
        _line(image, rng, (38, 52, 66), max(side // 200, 2))
    for _ in range(14):
        _line(image, rng, (196, 190, 178), 1, wild=0.1)
    image[relief < -1.9] = (24, 44, 62)
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.uint8)


def _noise(side: int, rng: np.random.Generator, octaves: tuple[int, ...]) -> NDArray[np.float32]:
    """Smooth noise of zero mean and unit deviation, each octave weaker than the one before."""
    total = np.zeros((side, side), np.float32)
    for step, cells in enumerate(octaves):
        grid = rng.normal(size=(cells + 3, cells + 3)).astype(np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC) * 0.7**step
    return (total - total.mean()) / total.std()


def _fields(side: int, rng: np.random.Generator) -> tuple[NDArray[np.int32], Array]:
    """Fields: the cells of a Voronoi diagram, and a colour for each."""
    seeds = np.full((side, side), 255, np.uint8)
    count = 1500
    seeds[rng.integers(0, side, count), rng.integers(0, side, count)] = 0
    labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L1, 5, labelType=cv2.DIST_LABEL_CCOMP)[1]
    return labels, rng.uniform((50, 60, 30), (200, 180, 130), (int(labels.max()) + 1, 3))


def _line(image: Image, rng: np.random.Generator, colour: tuple[int, int, int], width: int, wild: float = 0.5) -> None:
    """Draw a river or a road: a walk whose direction drifts."""
    side = image.shape[0]
    steps = 220
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, wild, steps)) * 0.5
    walk = np.cumsum(np.column_stack((np.cos(angle), np.sin(angle))) * side / 120, axis=0)
    points = walk - walk[steps // 2] + rng.uniform(0.1, 0.9, 2) * side
    cv2.polylines(image, [np.round(points * 8).astype(np.int32)], False, colour, width, cv2.LINE_AA, shift=3)


def shot(
    world: World,
    size: tuple[int, int] = (600, 400),
    *,
    gsd: float | None = None,
    turn_deg: float = 0.0,
    tilt: float = 0.0,
    offset_m: tuple[float, float] = (0.0, 0.0),
) -> Array:
    """Make a homography, photo pixels -> metres of the world's plane.

    Args:
        world: the world.
        size: width and height of the photo.
        gsd: metres a pixel in the middle (default: the photo's long side is half the world).
        turn_deg: the photo's top points this far clockwise from north.
        tilt: how much farther the top is than the middle (0.1: a tenth).
        offset_m: where the middle looks, metres east and north of the world's centre.
    """
    width, height = size
    scale = gsd or world.side_m / 2 / max(size)
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    # Farther towards the top (y < 0): the projective row grows the scale there.
    tilted = np.array([[1, 0, 0], [0, 1, 0], [0, tilt / ((1 + tilt) * height / 2), 1.0]])
    angle = math.radians(turn_deg)
    turned = np.array(
        [
            [scale * math.cos(angle), -scale * math.sin(angle), offset_m[0]],
            [-scale * math.sin(angle), -scale * math.cos(angle), offset_m[1]],
            [0, 0, 1.0],
        ]
    )
    return turned @ tilted @ middle


def _shrunk_warp(image: Image, to_photo: Array, size: tuple[int, int]) -> Image:
    """Warp, through twice the size where that shrinks the image, so that nothing aliases."""
    at_middle = np.linalg.inv(to_photo) @ np.array([size[0] / 2, size[1] / 2, 1.0])
    x, y = at_middle[:2] / at_middle[2]
    around = np.array([[x, y, 1.0], [x + 1, y, 1.0], [x, y + 1, 1.0]]) @ to_photo.T
    around = around[:, :2] / around[:, 2:]
    scale = math.sqrt(abs(np.linalg.det(around[1:] - around[0])))
    factor = min(max(math.ceil(1 / scale), 1), 8)
    big = warp_image(
        image,
        np.diag([factor, factor, 1.0]) @ to_photo,
        (size[0] * factor, size[1] * factor),
        interpolation=cv2.INTER_LINEAR,
    )
    return (big if factor == 1 else cv2.resize(big, size, interpolation=cv2.INTER_AREA)).astype(np.uint8)


def degrade(image: Image, seed: int) -> Image:
    """Give a photo the looks of one through the atmosphere: haze, exposure, tint, blur and noise."""
    rng = np.random.default_rng(seed)
    values = cv2.GaussianBlur(image, (0, 0), 0.8).astype(np.float32) / 255
    values = values ** rng.uniform(0.8, 1.25) * rng.uniform(0.75, 1.1)
    haze = rng.uniform(0.05, 0.25)
    values = values * (1 - haze) + haze * np.array([0.62, 0.7, 0.82], np.float32)
    values += rng.normal(0, 0.015, values.shape).astype(np.float32)
    return np.clip(values * 255, 0, 255).astype(np.uint8)


def dataset_pixels(dataset: gdal.Dataset) -> NDArray[Any]:
    """GDAL dataset -> (H, W, bands) array."""
    kinds = {
        gdal.GDT_Byte: np.uint8,
        gdal.GDT_UInt16: np.uint16,
        gdal.GDT_Int16: np.int16,
        gdal.GDT_Float32: np.float32,
    }
    values = np.frombuffer(dataset.ReadRaster(), kinds[dataset.GetRasterBand(1).DataType])
    shape = dataset.RasterCount, dataset.RasterYSize, dataset.RasterXSize
    return np.ascontiguousarray(values.reshape(shape).transpose(1, 2, 0))


def write_raster(
    path: Path,
    image: NDArray[Any],
    crs: str | None,
    geotransform: list[float],
    *,
    overviews: bool = False,
    alpha: bool = False,
    nodata: float | None = None,
) -> Path:
    """Write an array as a georeferenced GeoTIFF (``crs`` None: without a CRS)."""
    dataset = memory_dataset(image)
    dataset.SetGeoTransform(geotransform)
    if crs is not None:
        dataset.SetSpatialRef(_srs(crs))
    if alpha:
        dataset.GetRasterBand(dataset.RasterCount).SetColorInterpretation(gdal.GCI_AlphaBand)
    if nodata is not None:
        for number in range(1, dataset.RasterCount + 1):
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
    written = gdal.GetDriverByName("GTiff").CreateCopy(str(path), dataset, options=["TILED=YES", "COMPRESS=DEFLATE"])
    if overviews:
        written.BuildOverviews("AVERAGE", [2, 4, 8])
    written = None
    return path


def _srs(crs: str) -> osr.SpatialReference:
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference
