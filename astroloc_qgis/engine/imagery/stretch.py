"""Rasters of other than 8 bits, brought to 8 bits by percentiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

LOW_PERCENTILE, HIGH_PERCENTILE = 2.0, 98.0
"""QGIS's own default for a cumulative-count cut."""
SAMPLE_SIDE = 1024

NUMPY_TYPES = {
    gdal.GDT_Byte: np.uint8,
    gdal.GDT_UInt16: np.uint16,
    gdal.GDT_Int16: np.int16,
    gdal.GDT_UInt32: np.uint32,
    gdal.GDT_Int32: np.int32,
    gdal.GDT_Float32: np.float32,
    gdal.GDT_Float64: np.float64,
}


@dataclass(frozen=True)
class Stretch:
    """A linear stretch, band by band, to 0..255.

    Attributes:
        low: (bands,) the values that become 0.
        high: (bands,) the values that become 255.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def apply(self, bands: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Stretch (bands, H, W) values of any type to uint8; what is not finite becomes 0."""
        low, span = self.low[:, None, None], (self.high - self.low)[:, None, None]
        scaled = (np.nan_to_num(bands.astype(np.float32), posinf=0.0, neginf=0.0) - low) / span * 255.0
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)

    @classmethod
    def of(cls, bands: list[NDArray[np.float64]]) -> Stretch:
        """Take the percentiles of the values of each band."""
        low, high = np.zeros(len(bands)), np.ones(len(bands))
        for index, values in enumerate(bands):
            if values.size:
                low[index], high[index] = np.percentile(values, (LOW_PERCENTILE, HIGH_PERCENTILE))
                if high[index] <= low[index]:  # nearly everything has one value: use all there is
                    low[index], high[index] = float(values.min()), float(values.max())
            if high[index] <= low[index]:
                high[index] = low[index] + 1.0
        return cls(low, high)

    @classmethod
    def measure(cls, dataset: gdal.Dataset, bands: int) -> Stretch | None:
        """Take the percentiles of the first ``bands`` bands from an overview or a sample of the raster.

        Returns:
            The stretch, or None where the sample shows nothing but one value (a large raster that is mostly empty).
        """
        samples = [_sample(dataset, number) for number in range(1, bands + 1)]
        return cls.of(samples) if any(np.ptp(values) > 0 for values in samples if values.size) else None


def _sample(dataset: gdal.Dataset, number: int) -> NDArray[np.float64]:
    """Valid values of a band: from a small overview, or from 8 x 8 spots of a large raster without any."""
    band = dataset.GetRasterBand(number)
    has_overviews = band.GetOverviewCount() > 0
    width, height = dataset.RasterXSize, dataset.RasterYSize
    if has_overviews or max(width, height) <= 4 * SAMPLE_SIDE:
        windows = [(0, 0, width, height)]
        shrink = max(width, height) / SAMPLE_SIDE
    else:
        side_x, side_y, shrink = min(width, 128), min(height, 128), 1.0
        windows = [
            (int(x), int(y), side_x, side_y)
            for x in np.linspace(0, width - side_x, 8)
            for y in np.linspace(0, height - side_y, 8)
        ]
    parts = [_read(band, window, max(shrink, 1.0)) for window in windows]
    return np.concatenate(parts)


def _read(band: gdal.Band, window: tuple[int, int, int, int], shrink: float) -> NDArray[np.float64]:
    """Read the valid finite values of a window, shrunk by a factor."""
    size = max(int(window[2] / shrink), 1), max(int(window[3] / shrink), 1)
    values = np.frombuffer(band.ReadRaster(*window, *size), NUMPY_TYPES[band.DataType])
    mask = np.frombuffer(band.GetMaskBand().ReadRaster(*window, *size, buf_type=gdal.GDT_Byte), np.uint8)
    return values[(mask > 0) & np.isfinite(values)].astype(np.float64)
