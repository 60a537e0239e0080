"""Reference imagery: any raster that GDAL opens, read in windows of any projection at any scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.bands import colour_view, is_negative
from astroloc_qgis.engine.imagery.catalogue import service_of, service_uri
from astroloc_qgis.engine.imagery.opening import open_raster, short_name
from astroloc_qgis.engine.imagery.stretch import NUMPY_TYPES, Stretch
from astroloc_qgis.engine.imagery.warp_plan import Piece, Plan, SourceGrid, plan
from astroloc_qgis.engine.imagery.web_service import (
    failure_of,
    forget_tiles,
    is_tiled_service,
    logged_in,
    strict,
    with_patience,
    without_login,
)
from astroloc_qgis.engine.imagery.window import Rendering, Window

Array = NDArray[np.float64]
Result = TypeVar("Result")

ENLARGE = 1.1
"""An overview is used when a window enlarges it by no more than this factor."""
WARP_TOLERANCE_PX = 0.01
"""Largest error of GDAL's piecewise-linear approximation of the projection, window pixels."""


@dataclass
class Came:
    """What reading a reference gave so far.

    Attributes:
        anything: whether any window had data.
        last: the window that was read last.
    """

    anything: bool = False
    last: Window | None = None

    def count(self, window: Window, has_data: bool) -> None:
        """Note a window that was read."""
        self.anything, self.last = self.anything or has_data, window


class Reference:
    """Reference imagery, open for reading windows. Not thread-safe (as GDAL): open one for each thread.

    Attributes:
        uri: as given to ``open``, but without a login.
        address: the same with its login, where it has one: for opening it again, never to be written down.
        crs_wkt: the CRS as WKT.
        attribution: whom to credit ("" where the source does not say).
    """

    def __init__(self, uri: str, dataset: gdal.Dataset) -> None:
        self.uri, self.address = without_login(uri), uri
        self._name = short_name(uri)
        self._came = Came()
        self._source = dataset
        self._dataset, self._colours, self._has_alpha = colour_view(dataset, self._name)
        self._negative = self._colours == 1 and is_negative(dataset)
        self._grid = SourceGrid.of(self._dataset)
        self.crs_wkt = self._grid.crs
        metadata = dataset.GetMetadata() or {}
        folded = {key.lower(): value for key, value in metadata.items()}
        keys = ("attribution", "tifftag_copyright", "copyright", "credit")
        known = service_of(uri)
        own = next((folded[key].strip() for key in keys if folded.get(key)), "")
        self.attribution = own or (known.attribution if known else "")

    @classmethod
    def open(cls, uri: str | Path) -> Reference:
        """Open a raster file, a folder of rasters, anything else that GDAL opens, or a service of the catalogue.

        Raises:
            InputError: missing, no raster, without bands, without (usable) CRS or position; a daily service of the
                catalogue without a day.
        """
        text = service_uri(str(uri))
        name = short_name(text)
        dataset = open_raster(text)
        reference = cls(text, dataset)
        if not np.isfinite(reference._sample_lonlat()).all(axis=2).any():
            raise InputError(f"No part of the reference imagery {name} is on the Earth: its position or CRS is wrong.")
        return reference

    def again(self) -> Reference:
        """Open the same reference once more, for another thread; both count what they give together."""
        other = Reference.open(self.address)
        other._came = self._came
        return other

    def close(self) -> None:
        """Close the raster; the reference cannot be read afterwards."""
        self._dataset = self._source = None

    @cached_property
    def epsg(self) -> int | None:
        """EPSG code of the CRS, where it says one."""
        srs = osr.SpatialReference()
        srs.ImportFromWkt(self.crs_wkt)
        code = srs.GetAuthorityCode(None)
        return int(code) if srs.GetAuthorityName(None) == "EPSG" and code and code.isdigit() else None

    @cached_property
    def extent_lonlat(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; west > east where it crosses the antimeridian."""
        lonlat = self._sample_lonlat()
        lon, lat = lonlat[..., 0], lonlat[..., 1]
        south, north = float(np.nanmin(lat)), float(np.nanmax(lat))
        holds_pole = False
        for pole in (-90.0, 90.0):
            x, y = self._grid.to_pixels(transform_points(np.array([[0.0, pole]]), "EPSG:4326", self.crs_wkt))[0]
            if 0 <= x <= self._grid.width and 0 <= y <= self._grid.height:
                holds_pole = True
                south, north = min(south, pole), max(north, pole)
        lon = np.where(np.isfinite(lon), lon, np.nanmedian(lon))
        lon[:, 0] = np.unwrap(lon[:, 0], period=360)
        lon = np.unwrap(lon, axis=1, period=360)
        west, east = float(lon.min()), float(lon.max())
        if holds_pole or east - west >= 360 - 1e-6:
            return -180.0, south, 180.0, north
        width = east - west
        west = (west + 180) % 360 - 180
        east = west + width
        return west, south, east - 360 if east > 180 else east, north

    def _sample_lonlat(self) -> Array:
        """(17, 33, 2) lon,lat of points spread over the raster, edges (less a hair) included."""
        columns, rows = np.meshgrid(np.linspace(0, 1, 33), np.linspace(0, 1, 17))
        hair = 1e-9
        pixels = np.column_stack(
            (
                np.clip(columns.ravel(), hair, 1 - hair) * self._grid.width,
                np.clip(rows.ravel(), hair, 1 - hair) * self._grid.height,
            )
        )
        return transform_points(self._grid.to_crs(pixels), self.crs_wkt, "EPSG:4326").reshape(17, 33, 2)

    def native_gsd_m(self, lon: float, lat: float) -> float:
        """Ground metres a pixel of the full resolution at a place (geometric mean of both directions).

        Returns:
            NaN where the place does not project into the reference's CRS.
        """
        place = transform_points(np.array([[lon, lat]]), "EPSG:4326", self.crs_wkt)
        if not np.isfinite(place).all():
            return float("nan")
        pixel = self._grid.to_pixels(place)
        square = self._grid.to_crs(pixel + np.array([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]]))
        ground = WorkingPlane.local(lon, lat).from_lonlat(transform_points(square, self.crs_wkt, "EPSG:4326"))
        along_x, along_y = ground[1] - ground[0], ground[2] - ground[0]
        return float(np.sqrt(abs(float(along_x[0] * along_y[1] - along_x[1] * along_y[0]))))

    def to_pixels(self, xy: Array) -> Array:
        """(N, 2) in the raster's CRS -> (N, 2) column, row of its full resolution (corner convention)."""
        return self._grid.to_pixels(xy)

    def near(self, xy: Array, middle: Array) -> Array:
        """(N, 2) places in the raster's CRS, moved by full circles of longitude to the side where ``middle`` is."""
        if self._grid.period is None:
            return xy
        turn = self._grid.period * abs(self._grid.geotransform[1])
        return np.column_stack((middle[0] + (xy[:, 0] - middle[0] + turn / 2) % turn - turn / 2, xy[:, 1]))

    def window_over(self, xy: Array, step: float, most: int) -> Window | None:
        """A window of the raster's own CRS and pixels about some places, which costs least to read.

        Args:
            xy: (N, 2) places in the raster's CRS.
            step: source pixels that a pixel of the window may span; a little less where an overview fits, and never
                less than one.
            most: pixels that it may be wide and high.

        Returns:
            None where it would be larger, or the raster is rotated.
        """
        left, pixel_x, skew_x, top, skew_y, pixel_y = self._grid.geotransform
        pixel = np.abs([pixel_x, pixel_y])
        spans = np.ptp(xy, axis=0) / pixel
        step = max(step, 1.0)
        if skew_x or skew_y or spans.max() / step > most - 4:
            return None
        factor = _overview(self._dataset.GetRasterBand(1), step)[1]
        if factor < step < 1.6 * factor and spans.max() / factor <= most - 4:
            step = factor  # its pixels as they are, rather than fewer that are averaged from them
        cell = pixel * step
        origin = np.array([left, top])
        low = np.floor((xy.min(axis=0) - origin) / cell) - 1
        high = np.ceil((xy.max(axis=0) - origin) / cell) + 1
        west, south = origin + low * cell
        east, north = origin + high * cell
        width, height = (high - low).astype(int)
        return Window(self.crs_wkt, (float(west), float(south), float(east), float(north)), int(width), int(height))

    def check_answers(self, window: Window | None = None) -> None:
        """Check a web service that has given nothing at all so far: it may have errors in place of tiles.

        Args:
            window: what to ask for; by default the last window read.

        Raises:
            InputError: it answers with errors; the sentence names the HTTP status.
        """
        window = window or self._came.last
        if self._came.anything or window is None or not is_tiled_service(self._source):
            return
        try:
            Reference(self.address, strict(self._source)).read(window)
        except InputError as error:
            found = failure_of(error.details)
            why = found.sentence if found else "no tile can be read"
            raise InputError(
                f"The reference imagery {self._name} gave no picture at all: {why}.", error.details
            ) from error

    def read(self, window: Window) -> Rendering:
        """Render a window, reading no more than it needs, through overviews.

        Returns:
            The rendering; the mask is False off the raster, off the Earth or the projection's domain, at nodata and
            under an alpha below a half.

        Raises:
            InputError: the window's CRS makes no sense, or the source cannot be read.
        """
        target = self._target(window)
        try:
            planned = plan(self._grid, window.crs, window.to_crs, window.width, window.height)
        except RuntimeError as error:
            raise self._not_in(window.crs, error) from error
        raw = self._patiently(lambda: self._warped(planned, target))
        count = self._colours
        bands = np.frombuffer(raw, NUMPY_TYPES[target.GetRasterBand(1).DataType])
        bands = bands.reshape(count + 1, window.height, window.width)
        mask = (bands[count] >= 128) & np.isfinite(bands[:count]).all(axis=0)
        self._came.count(window, bool(mask.any()))
        colours = bands[:count] if bands.dtype == np.uint8 else self._to_8_bits(bands[:count], mask)
        if self._negative:
            colours = 255 - colours
        pixels = np.repeat(colours, 3, axis=0) if count == 1 else colours
        return Rendering(np.ascontiguousarray(pixels.transpose(1, 2, 0)) * mask[..., None], mask, window)

    def _target(self, window: Window) -> gdal.Dataset:
        """An empty raster in memory for a window: the colours and an alpha band."""
        count = self._colours
        target = gdal.GetDriverByName("MEM").Create(
            "", window.width, window.height, count + 1, self._dataset.GetRasterBand(1).DataType
        )
        target.GetRasterBand(count + 1).SetColorInterpretation(gdal.GCI_AlphaBand)
        to_crs = window.to_crs
        target.SetGeoTransform([to_crs[0, 2], to_crs[0, 0], 0.0, to_crs[1, 2], 0.0, to_crs[1, 1]])
        try:
            srs = osr.SpatialReference()
            srs.SetFromUserInput(window.crs)
            srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
            target.SetSpatialRef(srs)
        except RuntimeError as error:
            raise self._not_in(window.crs, error) from error
        return target

    def _not_in(self, crs: str, error: RuntimeError) -> InputError:
        return InputError(
            f"The reference imagery {self._name} cannot be shown in the CRS '{crs}': PROJ does not know it or has no "
            "way into it.",
            str(error),
        )

    def _warped(self, planned: Plan, target: gdal.Dataset) -> bytes:
        """Warp the source into a target that is emptied first, and return its bytes."""
        for number in range(1, target.RasterCount + 1):
            target.GetRasterBand(number).Fill(0)
        for piece in planned.pieces:
            self._warp(piece, planned, target)
        return bytes(target.ReadRaster())

    def _to_8_bits(self, bands: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Stretch by the raster's own percentiles; by the window's where a sample of the raster shows nothing."""
        stretch = self._stretch or Stretch.of([band[mask].astype(np.float64) for band in bands])
        return stretch.apply(bands)

    @cached_property
    def _stretch(self) -> Stretch | None:
        return self._patiently(lambda: Stretch.measure(self._dataset, self._colours))

    def _patiently(self, read: Callable[[], Result]) -> Result:
        """Read from the source, again where a web service fails for the moment, and name what stays wrong."""
        try:
            with logged_in(self.address):
                return with_patience(read, self.address, self._forget_tiles)
        except RuntimeError as error:
            failure = failure_of(str(error))
            why = failure.sentence if failure else "the file is damaged or the service does not answer"
            raise InputError(f"The reference imagery {self._name} could not be read: {why}.", str(error)) from error

    def _forget_tiles(self) -> None:
        forget_tiles(self._source)
        forget_tiles(self._dataset)

    def _warp(self, piece: Piece, planned: Plan, target: gdal.Dataset) -> None:
        """Warp one piece of the source into the target; bilinear, which in GDAL widens its kernel when it shrinks."""
        source = self._dataset
        if not piece.whole:
            source = gdal.Translate(
                "", source, format="VRT", srcWin=[piece.first, 0, piece.last - piece.first, source.RasterYSize]
            )
            source.SetGeoTransform(self._grid.shifted(piece.turns, piece.first))
        level, factor = _overview(source.GetRasterBand(1), planned.scale)
        gdal.Warp(
            target,
            source,
            resampleAlg="bilinear",
            overviewLevel=level,
            srcAlpha=self._has_alpha,
            dstAlpha=True,
            errorThreshold=WARP_TOLERANCE_PX,
            warpOptions=[
                "NUM_THREADS=1",
                "DST_ALPHA_MAX=255",
                "UNIFIED_SRC_NODATA=YES",  # a pixel is void when all its bands are: black water in one band is not
                "SAMPLE_GRID=YES",
                # GDAL's own guess, chunk by chunk, is far off where a chunk touches the antimeridian or the horizon.
                f"XSCALE={min(factor / planned.scale_x, 1.0):.6f}",
                f"YSCALE={min(factor / planned.scale_y, 1.0):.6f}",
            ],
        )


def _overview(band: gdal.Band, scale: float) -> tuple[int | str, float]:
    """Choose the coarsest overview that a window of ``scale`` source pixels a pixel would hardly enlarge.

    Returns:
        GDAL's name for the level, and how many source pixels a pixel of it is wide.
    """
    best: tuple[int | str, float] = ("NONE", 1.0)
    for level in range(band.GetOverviewCount()):
        factor = band.XSize / band.GetOverview(level).XSize
        if best[1] < factor <= scale * ENLARGE:
            best = level, factor
    return best
