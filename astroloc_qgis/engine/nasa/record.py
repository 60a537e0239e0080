"""What NASA's photo database says of a photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.tilt import is_high_oblique

Place = tuple[float, float]
"""Latitude, longitude in degrees, WGS 84."""


@dataclass(frozen=True)
class Picture:
    """One of the files of a photo.

    Attributes:
        directory: of the file, below the folder of all pictures.
        filename: in it.
        width, height: pixels; 0 where the database does not say.
    """

    directory: str
    filename: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class NasaRecord:
    """What NASA's photo database says of a photo; None and "" where it says nothing.

    Attributes:
        number: NASA's photo number, as ``nasa_photo_number`` writes it.
        nadir: the sub-satellite point, computed from the time of the camera's clock.
        altitude_km: height of the spacecraft.
        centre: the point in the photo's middle, as a person read it off a map: good to a degree or two.
        outline: four (longitude, latitude) corners that NASA's machine found: upper left, upper right, lower right,
            lower left. It is a hint to be verified, no place.
        outline_centre: of the outline, as NASA's machine says.
        focal_length_mm: of the lens.
        camera: NASA's code of the camera.
        taken: UTC, ISO 8601.
        tilt: angle between the view and straight down, degrees, or "NV" (near vertical), "LO" (low oblique), "HO" (high
            oblique).
        cloud_percent: share of the photo that clouds cover.
        sun_azimuth_deg, sun_elevation_deg: of the Sun at the nadir.
        region, features: what the photo shows, in NASA's words.
        pictures: the files.
    """

    number: str
    nadir: Place | None = None
    altitude_km: float | None = None
    centre: Place | None = None
    outline: tuple[Place, ...] | None = None
    outline_centre: Place | None = None
    focal_length_mm: float | None = None
    camera: str = ""
    taken: str | None = None
    tilt: str = ""
    cloud_percent: float | None = None
    sun_azimuth_deg: float | None = None
    sun_elevation_deg: float | None = None
    region: str = ""
    features: str = ""
    pictures: tuple[Picture, ...] = ()

    @property
    def high_oblique(self) -> bool:
        """Whether the horizon is probably in view: only the ground below it can be georeferenced."""
        return is_high_oblique(self.tilt, self.features)

    @property
    def time(self) -> datetime | None:
        """When it was taken, UTC without a zone, as EXIF's times are."""
        return None if self.taken is None else datetime.fromisoformat(self.taken)

    def proposed_nadir(self) -> Nadir | None:
        """The nadir, with the altitude where that is one of a spacecraft that takes photos."""
        if self.nadir is None:
            return None
        try:
            return Nadir.at(*self.nadir, self.altitude_km, source="nasa")
        except ValueError:
            return Nadir.at(*self.nadir, source="nasa")

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        return asdict(self) | {"high_oblique": self.high_oblique}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> NasaRecord:
        """Read what ``to_json`` gave.

        Raises:
            TypeError, ValueError, KeyError: it is something else.
        """
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        for name in ("nadir", "centre", "outline_centre"):
            if known.get(name) is not None:
                lat, lon = known[name]
                known[name] = (float(lat), float(lon))
        if known.get("outline") is not None:
            known["outline"] = tuple((float(lon), float(lat)) for lon, lat in known["outline"])
        known["pictures"] = tuple(Picture(**one) for one in known.get("pictures", ()))
        record = cls(**known)
        if not isinstance(record.number, str) or not record.number:
            raise ValueError("a record has a number")
        _ = record.time  # refuses what is no time
        return record
