"""Working planes: the projections in which a photo is a homography, or nearly one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from osgeo import osr

from astroloc_qgis.engine.geometry.distances import great_circle_km, wrap_lon
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.geometry.projection import Array, spatial_reference, transform_points

PERSPECTIVE_REACH_KM = 1800.0
"""A place farther from the nadir gets a local plane: the horizon of a camera at 420 km is 2,250 km away, and towards it
the near-sided plane degenerates."""


@dataclass(frozen=True)
class WorkingPlane:
    """A projection in which a photo is a homography, or nearly one.

    Attributes:
        proj: PROJ string; units are metres, x east, y north.
    """

    proj: str

    @classmethod
    def local(cls, lon: float, lat: float) -> WorkingPlane:
        """Azimuthal equidistant about a place: for a photo whose nadir is not known."""
        return cls(f"+proj=aeqd +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")

    @classmethod
    def near_sided(cls, lon: float, lat: float, height_m: float = ISS_ALTITUDE_M) -> WorkingPlane:
        """Near-sided perspective, seen from above the nadir.

        A pinhole photo taken from that very point is exactly a homography of this plane, the Earth's curvature
        included: both are central projections from the same centre (Snyder, Map Projections: A Working Manual, 1987,
        p. 169). PROJ uses a sphere of the equatorial radius, which is exact to less than
        half a pixel of a photo 3000 pixels wide (tests/engine/geometry/test_geometry.py measures it).

        Args:
            lon: longitude of the nadir.
            lat: latitude of the nadir.
            height_m: height of the camera above the ground, metres.
        """
        return cls(f"+proj=nsper +h={height_m:.3f} +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")

    @property
    def is_near_sided(self) -> bool:
        """Whether the plane is a near-sided perspective, so that its homographies have a camera."""
        return "+proj=nsper" in self.proj

    @property
    def camera_height_m(self) -> float | None:
        """Height of the camera of a near-sided perspective plane above the ground, metres; None for any other plane."""
        return float(self.proj.split("+h=")[1].split()[0]) if self.is_near_sided else None

    @property
    def srs(self) -> osr.SpatialReference:
        """The plane as GDAL's spatial reference, longitude or x first."""
        return spatial_reference(self.proj)

    def to_lonlat(self, xy: Array) -> Array:
        """(N, 2) metres of the plane -> (N, 2) longitude, latitude; NaN where the point is off the Earth."""
        lonlat = transform_points(xy, self.proj, "EPSG:4326")
        beyond = np.abs(lonlat[:, 0]) > 180  # PROJ's rounding, at the antimeridian
        lonlat[beyond, 0] = wrap_lon(lonlat[beyond, 0])
        return lonlat

    def from_lonlat(self, lonlat: Array) -> Array:
        """(N, 2) longitude, latitude -> (N, 2) metres of the plane; NaN where the plane does not show the point."""
        return transform_points(lonlat, "EPSG:4326", self.proj)


def plane_for(lonlat: Array, nadir: Nadir | None) -> WorkingPlane:
    """The working plane for a place: near-sided perspective where the nadir is known and not too far, else local.

    Args:
        lonlat: (2,) longitude, latitude of the place.
        nadir: the sub-satellite point, where it is known.
    """
    if nadir is not None and great_circle_km(nadir.lonlat, lonlat)[0] < PERSPECTIVE_REACH_KM:
        return WorkingPlane.near_sided(nadir.longitude, nadir.latitude, nadir.altitude_m)
    return WorkingPlane.local(float(lonlat[0]), float(lonlat[1]))
