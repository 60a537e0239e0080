"""Limits of a search: the blocks around the nadir or the photo's centre, in an extent, a polygon, the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.block_table import overlaps_extent
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.opening import short_name
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM, blocks_about
from astroloc_qgis.engine.retrieval.search_polygon import overlaps_polygon
from astroloc_qgis.engine.tiles import Extent


class NoBlocksError(InputError):
    """The limits of a search leave no block of the index."""


@dataclass(frozen=True)
class Limits:
    """The limits of a search that need no imagery (see ``search.retrieve``).

    Attributes:
        nadir: the sub-satellite point.
        radius_km: about it; 0 for no limit.
        centre: latitude, longitude of the photo's middle.
        centre_km: about it; 0 for no limit.
        extent: west, south, east, north, degrees.
        polygon: WKT in longitude and latitude.
    """

    nadir: Nadir | None = None
    radius_km: float = 2500
    centre: tuple[float, float] | None = None
    centre_km: float = CENTRE_KM
    extent: Extent | None = None
    polygon: str | None = None

    def allowed(self, index: Index, reference: Reference | None = None) -> np.ndarray | None:
        """Find the blocks within them that the reference shows, if there is one; as ``allowed_blocks``."""
        return allowed_blocks(
            index, nadir=self.nadir, radius_km=self.radius_km, centre=self.centre, centre_km=self.centre_km,
            extent=self.extent, polygon=self.polygon, reference=reference,
        )  # fmt: skip

    def allowed_or_none(self, index: Index, coverage: Coverage | None) -> np.ndarray | None:
        """The same with the coverage of the reference; all False, rather than an error, where no block is left."""
        try:
            allowed = self.allowed(index)
        except NoBlocksError:
            return np.zeros(len(index), dtype=bool)
        if coverage is None:
            return allowed
        shown = coverage.shows(index.blocks, index.info.block_size)
        return shown if allowed is None else allowed & shown

    @property
    def weighs_nadir(self) -> bool:
        """Whether the distance from the nadir counts in the ranking."""
        return self.nadir is not None and self.radius_km != 0

    def words(self, reference: Reference | None = None) -> list[str]:
        """The limits in words, each as the end of a sentence.

        Raises:
            InputError: one is not valid; of a polygon that is not known here.
        """
        limits = []
        if self.nadir is not None and self.radius_km != 0:
            latitude, longitude = self.nadir.latitude, self.nadir.longitude
            if not (-90 <= latitude <= 90 and -360 <= longitude <= 360):
                raise InputError(f"The nadir {latitude:g},{longitude:g} is not LATITUDE,LONGITUDE in degrees.")
            if not self.radius_km > 0:
                raise InputError(
                    f"The radius about the nadir must be above 0 km (or 0 for no limit), not {self.radius_km:g}."
                )
            limits.append(f"within {self.radius_km:g} km of the nadir {latitude:g},{longitude:g}")
        if self.centre is not None and self.centre_km != 0:
            latitude, longitude = self.centre
            if not (-90 <= latitude <= 90 and -360 <= longitude <= 360):
                raise InputError(f"The centre {latitude:g},{longitude:g} is not LATITUDE,LONGITUDE in degrees.")
            if not self.centre_km > 0:
                raise InputError(
                    f"The radius about the centre must be above 0 km (or 0 for no limit), not {self.centre_km:g}."
                )
            limits.append(f"within {self.centre_km:g} km of the centre {latitude:g},{longitude:g}")
        if self.extent is not None:
            west, south, east, north = self.extent
            if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90 and west != east):
                raise InputError(
                    f"The extent {west:g},{south:g},{east:g},{north:g} is not WEST,SOUTH,EAST,NORTH in degrees."
                )
            limits.append(f"in the extent {west:g},{south:g},{east:g},{north:g}")
        if self.polygon is not None:
            limits.append("in the polygon")
        if reference is not None:
            limits.append(f"in the reference imagery {short_name(reference.uri)}")
        return limits


def allowed_blocks(
    index: Index,
    *,
    nadir: Nadir | None = None,
    radius_km: float = 2500,
    centre: tuple[float, float] | None = None,
    centre_km: float = CENTRE_KM,
    extent: Extent | None = None,
    polygon: str | None = None,
    reference: Reference | None = None,
) -> np.ndarray | None:
    """Find the blocks within all limits (arguments as for ``search.retrieve``).

    Returns:
        (N,) bool; None without any limit, or where the reference shows every block and is the only limit.

    Raises:
        InputError: limits that are not valid.
        NoBlocksError: they leave no block.
    """
    given = Limits(nadir, radius_km, centre, centre_km, extent, polygon)
    limits = given.words()
    inside = []
    if given.weighs_nadir and nadir is not None:
        inside.append(great_circle_km(nadir.lonlat, index.centers_lonlat) <= radius_km)
    if centre is not None and centre_km != 0:
        inside.append(blocks_about(index.blocks, index.info.block_size, centre, centre_km))
    if extent is not None:
        inside.append(overlaps_extent(index.blocks, index.info.block_size, extent))
    if polygon is not None:
        inside.append(overlaps_polygon(index.blocks, index.info.block_size, polygon))
    if reference is not None:
        shown = Coverage(reference).shows(index.blocks, index.info.block_size)
        if not shown.all():
            inside.append(shown)
            limits = given.words(reference)
    if not inside:
        return None
    allowed = np.logical_and.reduce(inside)
    if not allowed.any():
        raise NoBlocksError(
            f"The index {index.folder} has no block {' and '.join(limits)}: widen the search or use another index."
        )
    return np.asarray(allowed)
