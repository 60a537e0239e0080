"""The catalogue of imagery services that anyone may use: addresses, resolutions, licences, whom to credit.

Each is a tiled service in the tiling scheme of the web (EPSG:3857, tiles of 256 x 256 pixels), as GDAL's WMS driver
(service "TMS") opens it. The daily ones are NASA's Global Imagery Browse Services (GIBS), WMTS with a time
(https://nasa-gibs.github.io/gibs-api-docs/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from xml.sax.saxutils import escape

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.tiles import HALF_WORLD_M

TILE_PX = 256
DATE = "{date}"
"""Stands in an address for the day, as ISO 8601."""
GIBS = "https://gibs.earthdata.nasa.gov/wmts/epsg3857/best"
BY_GIBS = (
    "provided by NASA's Global Imagery Browse Services (GIBS), part of NASA's Earth Science Data and Information "
    "System (ESDIS)"
)
NASA_LICENCE = "NASA imagery, free to use with credit"


@dataclass(frozen=True)
class Service:
    """A tiled service of the whole world.

    Attributes:
        key: its name on the command line and in settings.
        title: its name for users.
        address: of a tile, with ${z}, ${y} and ${x}; a daily one also has ``DATE``.
        zoom: the finest one.
        licence: in a few words.
        attribution: whom to credit.
        licence_url: where the whole licence is; "" where the few words are all.
        since: the first day of a daily one; None for any other.
        ask: whether the licence is shown before the first use.
    """

    key: str
    title: str
    address: str
    zoom: int
    licence: str
    attribution: str
    licence_url: str = ""
    since: date | None = None
    ask: bool = False

    @property
    def is_daily(self) -> bool:
        """Whether it has imagery for each day."""
        return self.since is not None

    @property
    def resolution_m(self) -> float:
        """Metres a pixel of the finest zoom, at the equator."""
        return 2 * HALF_WORLD_M / TILE_PX / 2**self.zoom

    def uri(self, day: date | None = None) -> str:
        """The service as GDAL opens it.

        Args:
            day: of a daily one; the same day all over the world, in UTC.

        Raises:
            InputError: a daily one without a day, or with one before its first.
        """
        if self.since is None:
            return tms_description(self.address, self.zoom)
        if day is None:
            raise InputError(
                f"{self.title} is imagery of one day, and the day is not known: write {self.key}@2020-05-01."
            )
        if day < self.since:
            raise InputError(
                f"{self.title} begins on {self.since}, and the day asked for is {day}: choose other imagery."
            )
        return tms_description(self.address.replace(DATE, day.isoformat()), self.zoom)


def tms_description(address: str, zoom: int) -> str:
    """A tiled service of the whole web-map world as GDAL's WMS driver opens it; GDAL caches the tiles.

    Args:
        address: of a tile, with ${z}, ${y} and ${x}; row 0 in the north.
        zoom: the finest one.
    """
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{escape(address)}</ServerUrl></Service>'
        f"<DataWindow><UpperLeftX>{-HALF_WORLD_M}</UpperLeftX><UpperLeftY>{HALF_WORLD_M}</UpperLeftY>"
        f"<LowerRightX>{HALF_WORLD_M}</LowerRightX><LowerRightY>{-HALF_WORLD_M}</LowerRightY>"
        f"<TileLevel>{zoom}</TileLevel>"
        "<TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>"
        "<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
        "<BandsCount>3</BandsCount><ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes><Timeout>30</Timeout><Cache/>"
        "</GDAL_WMS>"
    )


def _daily(key: str, title: str, layer: str, since: date, instrument: str) -> Service:
    return Service(
        key,
        title,
        f"{GIBS}/{layer}/default/{DATE}/GoogleMapsCompatible_Level9/${{z}}/${{y}}/${{x}}.jpg",
        9,
        NASA_LICENCE,
        f"Imagery: {instrument}; {BY_GIBS}",
        since=since,
    )


def _sentinel_2(key: str, layer: str, year: str, data: str, licence: str, licence_url: str) -> Service:
    return Service(
        key,
        f"Sentinel-2 cloudless {year} (EOX)",
        f"https://tiles.maps.eox.at/wmts/1.0.0/{layer}/default/g/${{z}}/${{y}}/${{x}}.jpg",
        14,
        licence,
        f"Sentinel-2 cloudless - https://s2maps.eu by EOX IT Services GmbH (Contains modified Copernicus Sentinel data "
        f"{data})",
        licence_url,
        ask=True,
    )


BLUE_MARBLE = Service(
    "blue-marble",
    "Blue Marble (NASA)",
    f"{GIBS}/BlueMarble_ShadedRelief_Bathymetry/default/GoogleMapsCompatible_Level8/${{z}}/${{y}}/${{x}}.jpeg",
    8,
    NASA_LICENCE,
    f"Imagery: NASA Earth Observatory, Blue Marble Next Generation; {BY_GIBS}",
)
SERVICES = {
    service.key: service
    for service in (
        BLUE_MARBLE,
        _daily("modis-terra", "MODIS Terra, that day (NASA)", "MODIS_Terra_CorrectedReflectance_TrueColor",
               date(2000, 2, 24), "MODIS on Terra"),
        _daily("modis-aqua", "MODIS Aqua, that day (NASA)", "MODIS_Aqua_CorrectedReflectance_TrueColor",
               date(2002, 7, 4), "MODIS on Aqua"),
        _daily("viirs-snpp", "VIIRS Suomi NPP, that day (NASA)", "VIIRS_SNPP_CorrectedReflectance_TrueColor",
               date(2015, 11, 24), "VIIRS on Suomi NPP"),
        _daily("viirs-noaa20", "VIIRS NOAA-20, that day (NASA)", "VIIRS_NOAA20_CorrectedReflectance_TrueColor",
               date(2018, 1, 5), "VIIRS on NOAA-20"),
        _sentinel_2("sentinel-2-2016", "s2cloudless_3857", "2016", "2016 & 2017", "CC BY 4.0",
                    "https://creativecommons.org/licenses/by/4.0/"),
        _sentinel_2("sentinel-2", "s2cloudless-2020_3857", "2020", "2020",
                    "CC BY-NC-SA 4.0: not for commercial use; what is made of it goes on under the same licence",
                    "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
    )
}  # fmt: skip
"""The catalogue by key, coarse to fine."""


def service_uri(name: str, day: date | None = None) -> str:
    """Imagery as GDAL opens it: a service of the catalogue by its key, anything else as it is.

    Args:
        name: a key (a daily one may have its day behind an @, such as modis-terra@2020-05-01), a file, or what else
            GDAL opens.
        day: of a daily one that has none behind its key.

    Raises:
        InputError: as ``Service.uri``, or what is behind the @ is no day.
    """
    key, _, text = name.partition("@")
    if key not in SERVICES:
        return name
    if text:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise InputError(f"'{text}' in '{name}' is no day: write it as 2020-05-01.") from None
    return SERVICES[key].uri(day)


def address_of(uri: str) -> str:
    """The address of a tile in a description of a tiled service; "" for anything else."""
    found = re.search(r"<ServerUrl>(.*?)</ServerUrl>", uri, re.DOTALL)
    return unescape(found.group(1).strip()) if found else ""


def imagery_name(uri: str) -> str:
    """The title of a service of the catalogue, with the day of a daily one; "" for anything else."""
    service = service_of(uri)
    if service is None:
        return ""
    day = re.search(r"/(\d{4}-\d\d-\d\d)/", address_of(uri)) if service.is_daily else None
    return f"{service.title}: {day.group(1)}" if day else service.title


def service_of(uri: str) -> Service | None:
    """The service of the catalogue that a description is of; None for anything else."""
    address = address_of(uri)
    for service in SERVICES.values():
        pattern = re.escape(service.address).replace(re.escape(DATE), r"\d{4}-\d\d-\d\d")
        if address and re.fullmatch(pattern, address):
            return service
    return None
