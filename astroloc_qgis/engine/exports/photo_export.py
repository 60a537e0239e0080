"""One export of one photo: what every form of it is made from, computed once and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.registry import FORMS
from astroloc_qgis.engine.exports.visible_region import VisibleRegion, find_visible_region
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.photo.reading import Photo


@dataclass(frozen=True)
class ExportOptions:
    """How a photo is written.

    Attributes:
        forms: some of ``registry.FORMS``.
        crs: CRS of the rasters, anything PROJ understands.
        resolution: pixel size of the raster in CRS units; None for the photo's own.
        resampling: "nearest", "bilinear", "cubic" or "lanczos".
        compression: "DEFLATE", "LZW", "ZSTD" or "NONE".
        depth: "keep", or "8" for 8 bits of a 16-bit photo.
        transparency: "alpha", or "nodata" for the value 0.
        overviews: whether the GeoTIFF has them.
    """

    forms: tuple[str, ...] = ("geotiff", "footprint_gpkg")
    crs: str = "EPSG:4326"
    resolution: float | None = None
    resampling: str = "cubic"
    compression: str = "DEFLATE"
    depth: str = "keep"
    transparency: str = "alpha"
    overviews: bool = True

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.forms) - set(FORMS)):
            raise InputError(f"There is no form {', '.join(unknown)}: choose among {', '.join(FORMS)}.")
        if not self.forms:
            raise InputError("Choose at least one form to write.")
        if self.depth not in ("keep", "8"):
            raise InputError(f'A depth of "{self.depth}" cannot be written: give "keep" or "8".')
        if self.transparency not in ("alpha", "nodata"):
            raise InputError(f'There is no transparency "{self.transparency}": give "alpha" or "nodata".')


@dataclass
class PhotoExport:
    """A photo on its way into a folder; the functions of ``registry.FORMS`` take it.

    Attributes:
        photo: the photo.
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        stage: temporary folder; its files move to the output folder when all forms are written.
        name: file name without ending.
        options: how the photo is written.
        tie_points: each with "x", "y" (photo pixels), "lon", "lat" and "on".
        facts: facts of the registration.
        progress: told the stage "export" while the raster is warped.
        files: the files written so far, by form.
        temporary: files that only serve others; those that are no form of their own are removed at the end.
    """

    photo: Photo
    homography: Array
    plane: WorkingPlane
    stage: Path
    name: str
    options: ExportOptions
    tie_points: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    progress: Progress
    files: dict[str, Path] = field(default_factory=dict)
    temporary: list[Path] = field(default_factory=list)

    def path(self, ending: str) -> Path:
        """The file in the temporary folder whose name is the export's with this ending, such as "_footprint.gpkg"."""
        return self.stage / f"{self.name}{ending}"

    def shared(self, path: Path, write: Callable[[Path], object]) -> Path:
        """A file that several forms are made from, written at the first call."""
        if path not in self.temporary:
            write(path)
            self.temporary.append(path)
        return path

    def remove_temporary(self) -> None:
        """Remove the files that only served others."""
        for path in set(self.temporary) - set(self.files.values()):
            path.unlink(missing_ok=True)

    @cached_property
    def visible(self) -> VisibleRegion:
        """The part of the photo that sees ground."""
        return find_visible_region(self.homography, self.plane, self.photo.width, self.photo.height)

    @cached_property
    def outline(self) -> Array:
        """(N, 2) longitude, latitude of that part's outline."""
        return self.plane.to_lonlat(apply_homography(self.homography, self.visible.outline()))

    def tie_points_used(self) -> tuple[Array, Array]:
        """(N, 2) photo pixels and (N, 2) longitude, latitude of the tie points that are on."""
        used = [point for point in self.tie_points if point.get("on", True)]
        photo_xy = np.array([[point["x"], point["y"]] for point in used], dtype=np.float64).reshape(-1, 2)
        return photo_xy, np.array([[point["lon"], point["lat"]] for point in used], dtype=np.float64).reshape(-1, 2)
